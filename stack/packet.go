package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack/netfilter"
)

// IP protocol numbers.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// packet is one IP packet on its way through the network layer. It owns its
// frame: nobody else may change the bytes. nf.Data is the packet within the
// frame, from the IP header on.
type packet struct {
	ns    *Namespace // whose protocols have it or made it
	f     *link.Frame
	nf    netfilter.Packet
	in    *Interface // where it came in; nil if it was made here
	oif   *Interface // the interface that the sender asked for
	group bool       // it came as a link-layer broadcast or multicast
	bcast bool       // its destination is a broadcast address
	// unbound tells that the sender left the source to the route.
	unbound bool
	// bridge is the one whose first hook has read it, while it is what that has
	// learned of a frame; carriers are the frames that have it.
	bridge   *Interface
	carriers int
	home     *packetPool
	// rewritten tells that NAT changed its destination.
	rewritten bool
	balanced  bool // IPVS has sent it elsewhere
}

// packetPool keeps what packets were, for the next. A run has one.
type packetPool struct{ free []*packet }

// keptPackets is how many it keeps at most: those of a burst of TCP, at one instant,
// are some thousand.
const keptPackets = 4096

type packetsKey struct{}

// packetsOf is a run's pool.
func packetsOf(loop *sim.Loop) *packetPool {
	return loop.Shared(packetsKey{}, func() any { return &packetPool{} }).(*packetPool)
}

func (pp *packetPool) get() *packet {
	if n := len(pp.free); n > 0 {
		p := pp.free[n-1]
		pp.free = pp.free[:n-1]
		return p
	}
	return &packet{home: pp}
}

// gone gives a packet back that has ended, or whose frame somebody else has now.
// Nobody may look at it any more.
func (p *packet) gone() {
	home := p.home
	*p = packet{home: home}
	if len(home.free) < keptPackets {
		home.free = append(home.free, p)
	}
}

// packetOf makes a packet from a frame that came in; the frame's bytes become
// private.
func (ns *Namespace) packetOf(f *link.Frame) *packet {
	f = f.Private()
	p := ns.packets.get()
	p.f = f
	p.nf.Data = f.Payload()
	p.nf.V6 = f.EtherType() == link.TypeIPv6
	p.nf.ChecksumPartial = f.Checksum == link.ChecksumPartial
	p.nf.Mark = f.Mark
	p.nf.SrcMAC, p.nf.DstMAC, p.nf.HasMAC = [6]byte(f.Src()), [6]byte(f.Dst()), true
	p.group = f.Dst().IsMulticast()
	return p
}

// newPacket makes a packet of n bytes with room for the Ethernet header.
func (ns *Namespace) newPacket(n int, v6 bool) *packet {
	f := ns.pool.New(link.HeaderLen + n)
	typ := link.TypeIPv4
	if v6 {
		typ = link.TypeIPv6
	}
	putEther(f.Bytes(), MAC{}, MAC{}, typ) // until it gets a link header, see trail.Event
	p := ns.packets.get()
	p.f = f
	p.nf.Data = f.Bytes()[link.HeaderLen:]
	p.nf.V6 = v6
	return p
}

// trim shortens the packet to n bytes.
func (p *packet) trim(n int) { p.nf.Data = p.nf.Data[:n] }

// settle makes the frame agree with the packet's length: frames are sent whole.
func (p *packet) settle(ns *Namespace) {
	if p.f.Len() == link.HeaderLen+len(p.nf.Data) {
		return
	}
	q := ns.newPacket(len(p.nf.Data), p.nf.V6)
	copy(q.nf.Data, p.nf.Data)
	q.f.GSO, q.f.Checksum, q.f.Mark, q.f.Tag = p.f.GSO, p.f.Checksum, p.f.Mark, p.f.Tag
	p.f.Release()
	p.f, p.nf.Data = q.f, q.nf.Data
	q.gone()
}

// release gives the frame of a packet back whose story goes on in others: in
// its fragments, in the encapsulation around it, in the joined packet. Every
// other end is told (end.go).
func (p *packet) release() {
	p.f.Release()
	p.gone()
}

func (p *packet) src() netip.Addr {
	if p.nf.V6 {
		return netip.AddrFrom16([16]byte(p.nf.Data[8:24]))
	}
	return netip.AddrFrom4([4]byte(p.nf.Data[12:16]))
}

func (p *packet) dst() netip.Addr {
	if p.nf.V6 {
		return netip.AddrFrom16([16]byte(p.nf.Data[24:40]))
	}
	return netip.AddrFrom4([4]byte(p.nf.Data[16:20]))
}

// headerLen is the length of the IP header; extension headers of IPv6 belong to
// the payload.
func (p *packet) headerLen() int {
	if p.nf.V6 {
		return 40
	}
	return int(p.nf.Data[0]&15) * 4
}

func (p *packet) proto() uint8 {
	if p.nf.V6 {
		return p.nf.Data[6]
	}
	return p.nf.Data[9]
}

func (p *packet) ttl() uint8 {
	if p.nf.V6 {
		return p.nf.Data[7]
	}
	return p.nf.Data[8]
}

// payload is what follows the IP header.
func (p *packet) payload() []byte { return p.nf.Data[p.headerLen():] }

// decrementTTL takes one off the TTL and keeps the checksum right (RFC 1141).
func (p *packet) decrementTTL() {
	d := p.nf.Data
	if p.nf.V6 {
		d[7]--
		return
	}
	d[8]--
	sum := uint32(binary.BigEndian.Uint16(d[10:])) + 0x100
	binary.BigEndian.PutUint16(d[10:], uint16(sum+sum>>16))
}

func (p *packet) dontFragment() bool { return p.nf.V6 || p.nf.Data[6]&0x40 != 0 }

// fragment reports whether an IPv4 packet is any part of a fragmented one.
func (p *packet) fragment() bool {
	return !p.nf.V6 && binary.BigEndian.Uint16(p.nf.Data[6:])&0x3fff != 0
}

// laterFragment reports whether it is one without the transport header.
func (p *packet) laterFragment() bool {
	return !p.nf.V6 && binary.BigEndian.Uint16(p.nf.Data[6:])&0x1fff != 0
}

// headerChecksum writes the IPv4 header checksum.
func headerChecksum(h []byte) {
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], ^sum(0, h[:int(h[0]&15)*4]))
}

// sum is the ones' complement sum of b, added to s (RFC 1071).
func sum(s uint32, b []byte) uint16 { return ^link.Fold(link.Sum16(s, b)) }

// pseudoSum is the sum of the pseudo header for n bytes of transport data.
func (p *packet) pseudoSum(proto uint8, n int) uint16 {
	addrs := p.nf.Data[12:20]
	if p.nf.V6 {
		addrs = p.nf.Data[8:40]
	}
	return sum(uint32(proto)+uint32(n), addrs)
}
