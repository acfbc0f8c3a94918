package link

import (
	"encoding/binary"

	"dnetsim/link/trail"
)

// Segment cuts a TCP frame with GSO into frames of GSO payload bytes each, as a
// network card with TSO does, and gives them to emit in order with complete
// checksums. A frame that needs no cutting goes to emit as it is. Segment takes
// over one reference; emit takes over one for each segment. The trail, if there
// is one, is told that they are pieces, at that place.
//
// IPv4 identifiers count up from the frame's own; FIN and PSH stay for the last
// segment, CWR for the first (as in Linux' tcp_gso_segment).
func Segment(f *Frame, t *trail.Trail, at trail.Place, emit func(*Frame)) {
	h, size, ok := gsoShape(f)
	if !ok || size <= 0 || h.End-h.payload <= size {
		if ok {
			f = f.Private()
			FillChecksum(f)
			f.GSO = 0
		}
		emit(f)
		return
	}
	total := h.End - h.payload
	for off, i := 0, 0; off < total; off, i = off+size, i+1 {
		n := min(size, total-off)
		s := f.pool.New(h.payload + n)
		copy(s.data, f.data[:h.payload])
		copy(s.data[h.payload:], f.data[h.payload+off:h.payload+off+n])
		s.Mark = f.Mark
		h.fixSegment(s.data, off, i, off+n == total)
		s.Checksum = ChecksumPartial
		FillChecksum(s)
		if t != nil {
			s.piece(t, at, f)
		}
		emit(s)
	}
	f.Release()
}

// gso is where the parts of a TCP frame are.
type gso struct {
	Headers
	payload int
}

// gsoShape finds the parts of a frame that asks to be cut.
func gsoShape(f *Frame) (g gso, size int, ok bool) {
	if f.GSO <= 0 {
		return g, 0, false
	}
	h, ok := ParseHeaders(f.data)
	if !ok || !h.IP || h.Fragment || h.Proto != ProtoTCP || h.L4+20 > h.End {
		return g, 0, false
	}
	payload := h.L4 + int(f.data[h.L4+12]>>4)*4
	if payload < h.L4+20 || payload > h.End {
		return g, 0, false
	}
	return gso{h, payload}, f.GSO, true
}

// WireLen is the length of the largest frame that f becomes on a cable: of a
// segment, for one with GSO.
func (f *Frame) WireLen() int {
	if f.GSO == 0 {
		return len(f.data)
	}
	g, size, ok := gsoShape(f)
	if !ok {
		return len(f.data)
	}
	return min(len(f.data), g.payload+size)
}

// TCP flags.
const (
	FlagFIN = 1 << iota
	FlagSYN
	FlagRST
	FlagPSH
	FlagACK
	FlagURG
	FlagECE
	FlagCWR
)

// fixSegment makes the copied headers those of the i-th segment.
func (g *gso) fixSegment(b []byte, off, i int, last bool) {
	if g.V6 {
		binary.BigEndian.PutUint16(b[g.L3+4:], uint16(len(b)-g.L3-40))
	} else {
		ip := b[g.L3:g.L4]
		binary.BigEndian.PutUint16(ip[2:], uint16(len(b)-g.L3))
		binary.BigEndian.PutUint16(ip[4:], binary.BigEndian.Uint16(ip[4:])+uint16(i))
		ip[10], ip[11] = 0, 0
		binary.BigEndian.PutUint16(ip[10:], Fold(Sum16(0, ip)))
	}
	tcp := b[g.L4:]
	binary.BigEndian.PutUint32(tcp[4:], binary.BigEndian.Uint32(tcp[4:])+uint32(off))
	if !last {
		tcp[13] &^= FlagFIN | FlagPSH
	}
	if i > 0 {
		tcp[13] &^= FlagCWR
	}
}
