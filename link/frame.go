package link

import (
	"encoding/binary"
	"time"

	"dnetsim/link/trail"
)

// HeaderLen is the length of an Ethernet header without VLAN tag. Lengths of
// frames count it; an MTU does not.
const HeaderLen = 14

// EtherTypes (IEEE 802 numbers).
const (
	TypeIPv4 uint16 = 0x0800
	TypeARP  uint16 = 0x0806
	TypeVLAN uint16 = 0x8100
	TypeIPv6 uint16 = 0x86dd
)

// Checksum says what is known about the transport checksum in a frame's bytes,
// as the kernel's skb->ip_summed does. It is metadata: it travels with the
// frame across virtual links and is settled where bytes become visible.
type Checksum uint8

const (
	// ChecksumComplete: the bytes hold the right checksum; nobody need look.
	ChecksumComplete Checksum = iota
	// ChecksumPartial: the transport checksum is still to be filled in
	// (CHECKSUM_PARTIAL); see [FillChecksum].
	ChecksumPartial
	// ChecksumUnknown: the receiver must verify it (CHECKSUM_NONE).
	ChecksumUnknown
)

// Frame is an Ethernet frame without preamble and FCS. It is shared: whoever
// holds a reference may read it, and changes bytes only after [Frame.Private].
// References are counted; the last [Frame.Release] gives the frame back to its
// pool, after which nobody may touch it.
//
// Frames belong to one loop and are not safe for concurrent use.
type Frame struct {
	data []byte
	refs int32
	pool *Pool

	// GSO is the TCP payload size that this frame is to be cut into, 0 for an
	// ordinary frame. A frame with GSO may be larger than any MTU.
	GSO int
	// Checksum is the state of the transport checksum.
	Checksum Checksum
	// Mark is the packet mark (skb->mark) for the rooms above; 0 is none.
	Mark uint32
	// Tag is the packet's identity in the trail.
	Tag trail.Tag
	// Context is what a bridge's hook has learned about the frame, for the hooks
	// behind it (skb->nf_bridge and skb->_nfct); nil is nothing. Every frame that
	// has it holds a reference.
	Context Context
	lag     time.Duration // how long after the first of its segments the last one is here, see train.go
}

// Context is what frames carry for who has put it there. It is told how many
// frames do.
type Context interface {
	Retain()
	Release()
}

// SetContext puts c into the frame, nil for nothing, and takes over one reference.
func (f *Frame) SetContext(c Context) {
	if f.Context != nil {
		f.Context.Release()
	}
	f.Context = c
}

// Pool keeps released frames for reuse, small ones apart from large ones, so
// that it never has more of a size than were in use at once. A nil *Pool works
// and keeps nothing. One pool per loop is enough.
type Pool struct {
	free [len(sizes) + 1][]*Frame
	made int // frames that belong to this pool, in use or not
}

// sizes are the capacities of frames, in bytes: what signalling fits into, what
// an MTU of 1500 fits into; larger ones have what they need.
var sizes = [...]int{256, 1664}

func class(n int) int {
	for i, s := range sizes {
		if n <= s {
			return i
		}
	}
	return len(sizes)
}

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{} }

// New returns a frame of n bytes with one reference. The bytes are not cleared.
func (p *Pool) New(n int) *Frame {
	if p == nil {
		return &Frame{data: make([]byte, n), refs: 1}
	}
	i := class(n)
	room := n
	if i < len(sizes) {
		room = sizes[i]
	}
	k := len(p.free[i])
	if k == 0 {
		p.made++
		return &Frame{data: make([]byte, n, room), refs: 1, pool: p}
	}
	f := p.free[i][k-1]
	p.free[i] = p.free[i][:k-1]
	if cap(f.data) < n {
		f.data = make([]byte, n)
	}
	f.data = f.data[:n]
	f.refs = 1
	return f
}

// NewFrame returns a frame over b, which it takes over, with one reference and
// no pool.
func NewFrame(b []byte) *Frame { return &Frame{data: b, refs: 1} }

// Bytes is the whole frame from its destination address on. It is valid while
// the caller holds a reference.
func (f *Frame) Bytes() []byte { return f.data }

// Len is the number of bytes, Ethernet header included, FCS not.
func (f *Frame) Len() int { return len(f.data) }

// Retain adds a reference and returns f.
func (f *Frame) Retain() *Frame {
	if f.refs <= 0 {
		panic("link: Retain of a released frame")
	}
	f.refs++
	return f
}

// Release drops one reference.
func (f *Frame) Release() {
	f.refs--
	if f.refs > 0 {
		return
	}
	if f.refs < 0 {
		panic("link: frame released twice")
	}
	if f.Context != nil {
		f.SetContext(nil)
	}
	if p := f.pool; p != nil {
		f.GSO, f.Checksum, f.Mark, f.Tag, f.lag = 0, ChecksumComplete, 0, trail.Tag{}, 0
		i := class(cap(f.data))
		p.free[i] = append(p.free[i], f)
	}
}

// Clone returns a private copy with one reference.
func (f *Frame) Clone() *Frame {
	c := f.pool.New(len(f.data))
	copy(c.data, f.data)
	c.GSO, c.Checksum, c.Mark, c.Tag, c.lag = f.GSO, f.Checksum, f.Mark, f.Tag, f.lag
	c.copyContext(f)
	return c
}

func (f *Frame) copyContext(of *Frame) {
	if of.Context != nil {
		of.Context.Retain()
		f.SetContext(of.Context)
	}
}

// Private returns a frame whose bytes the caller may change: f itself if the
// caller's reference is the only one, else a copy, and the reference is given
// up for it.
func (f *Frame) Private() *Frame {
	if f.refs == 1 {
		return f
	}
	c := f.Clone()
	f.Release()
	return c
}

// Dst is the destination address; zero if the frame is too short to have one.
func (f *Frame) Dst() MAC { return MACAt(f.data, 0) }

// Src is the source address.
func (f *Frame) Src() MAC { return MACAt(f.data, 6) }

// MACAt is the address at an offset of a frame, 0 for the destination and 6 for
// the source; zero if the frame is too short for an Ethernet header.
func MACAt(b []byte, off int) (m MAC) {
	if len(b) >= HeaderLen {
		copy(m[:], b[off:off+6])
	}
	return m
}

// dstKey and srcKey are the keys of the addresses of a frame that has a whole
// header.
func (f *Frame) dstKey() uint64 { return binary.BigEndian.Uint64(f.data) >> 16 }
func (f *Frame) srcKey() uint64 { return binary.BigEndian.Uint64(f.data[4:]) & (1<<48 - 1) }

// EtherType is the type field; 0 if the frame is too short.
func (f *Frame) EtherType() uint16 {
	if len(f.data) < HeaderLen {
		return 0
	}
	return binary.BigEndian.Uint16(f.data[12:])
}

// Payload is what follows the Ethernet header.
func (f *Frame) Payload() []byte {
	if len(f.data) < HeaderLen {
		return nil
	}
	return f.data[HeaderLen:]
}

// SetDst changes the destination address; the caller holds the only reference.
func (f *Frame) SetDst(m MAC) { copy(f.data[:6], m[:]) }

// Receiver takes frames. Receive takes over one reference: it releases the
// frame or hands it on.
type Receiver interface{ Receive(f *Frame) }

// ReceiverFunc is a function as a Receiver.
type ReceiverFunc func(f *Frame)

// Receive calls fn.
func (fn ReceiverFunc) Receive(f *Frame) { fn(f) }
