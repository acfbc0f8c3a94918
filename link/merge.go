package link

import (
	"bytes"
	"encoding/binary"

	"dnetsim/link/trail"
)

// maxMerged is how long a merged IP packet becomes (gro_max_size of Linux, which
// leaves IPv4's length field whole).
const maxMerged = 0xffff

// mergeable are the TCP flags that segments may have and still be merged; the last
// one may have FIN and PSH.
const mergeable = FlagACK | FlagECE

// Merge appends the segment next to the frame into, as generic receive offload does,
// and reports whether that can be: both are TCP segments of one connection, next
// follows on into, and headers and options say the same (tcp_gro_receive of Linux). A
// merged frame has GSO. It takes over a reference of each if it merges them and none
// if not; the merged frame is the one that it returns, which has room for more. The
// trail, if somebody listens, is told at that place.
func Merge(into, next *Frame, t *trail.Trail, at trail.Place) (*Frame, bool) {
	g, ok := mergeShape(into)
	if !ok || g.End != len(into.data) {
		return into, false
	}
	h, ok := mergeShape(next)
	size := into.GSO
	if size == 0 {
		size = g.End - g.payload
	}
	have, more := g.End-g.payload, h.End-h.payload
	switch {
	case !ok || have <= 0 || more <= 0 || more > size && next.GSO != size || next.GSO != 0 && next.GSO != size:
		return into, false
	case have%size != 0 || into.data[g.L4+13]&^(mergeable|FlagCWR) != 0 || next.data[h.L4+13]&^(mergeable|FlagFIN|FlagPSH) != 0:
		return into, false
	case g.End-g.L3+more > maxMerged || !g.follows(&h, into.data, next.data, uint32(have)):
		return into, false
	}
	into = into.roomy(t, at)
	into.data = append(into.data, next.data[h.payload:h.End]...)
	into.GSO, into.Checksum = size, ChecksumPartial
	into.data[g.L4+13] |= next.data[h.L4+13]
	n := len(into.data) - g.L3
	if g.V6 {
		binary.BigEndian.PutUint16(into.data[g.L3+4:], uint16(n-40))
	} else {
		ip := into.data[g.L3:g.L4]
		binary.BigEndian.PutUint16(ip[2:], uint16(n))
		ip[10], ip[11] = 0, 0
		binary.BigEndian.PutUint16(ip[10:], Fold(Sum16(0, ip)))
	}
	next.Arrived(t, at, trail.None)
	return into, true
}

// mergeShape finds the parts of a frame that may be merged with others.
func mergeShape(f *Frame) (g gso, ok bool) {
	h, ok := ParseHeaders(f.data)
	if !ok || !h.IP || h.Fragment || h.More || h.Proto != ProtoTCP || h.L4+20 > h.End || f.Checksum == ChecksumUnknown {
		return g, false
	}
	if !h.V6 && h.L4-h.L3 != 20 || h.V6 && h.L4-h.L3 != 40 { // options
		return g, false
	}
	payload := h.L4 + int(f.data[h.L4+12]>>4)*4
	return gso{h, payload}, payload >= h.L4+20 && payload <= h.End && h.End <= len(f.data)
}

// follows reports whether b continues a, which has so many bytes: the same headers
// but for lengths, checksums, IPv4's identifier, the sequence number and the flags.
func (g *gso) follows(h *gso, a, b []byte, have uint32) bool {
	if g.payload != h.payload || g.V6 != h.V6 || !bytes.Equal(a[:g.L3], b[:h.L3]) {
		return false
	}
	x, y := a[g.L3:g.payload], b[h.L3:h.payload]
	if g.V6 {
		if !bytes.Equal(x[:4], y[:4]) || !bytes.Equal(x[6:40], y[6:40]) {
			return false
		}
	} else if !bytes.Equal(x[:2], y[:2]) || !bytes.Equal(x[6:10], y[6:10]) || !bytes.Equal(x[12:20], y[12:20]) {
		return false
	}
	x, y = a[g.L4:g.payload], b[h.L4:h.payload]
	return bytes.Equal(x[:4], y[:4]) && // ports
		binary.BigEndian.Uint32(x[4:])+have == binary.BigEndian.Uint32(y[4:]) &&
		bytes.Equal(x[8:13], y[8:13]) && bytes.Equal(x[14:16], y[14:16]) && bytes.Equal(x[18:], y[18:])
}

// roomy is the frame with room for whatever may be merged with it, and an identity of
// its own. It takes over the reference.
func (f *Frame) roomy(t *trail.Trail, at trail.Place) *Frame {
	if f.refs == 1 && cap(f.data) >= HeaderLen+vLANHeaderLen+maxMerged {
		return f
	}
	c := f.pool.New(HeaderLen + vLANHeaderLen + maxMerged)
	c.data = c.data[:copy(c.data, f.data)]
	c.GSO, c.Checksum, c.Mark = f.GSO, f.Checksum, f.Mark
	c.copyContext(f)
	if t.On() {
		c.Tag = trail.Tag{Parent: t.Identify(&f.Tag).ID}
		c.Tell(t, at, trail.Join, trail.None)
	}
	f.Arrived(t, at, trail.None)
	return c
}
