package transport

import (
	"encoding/binary"
	"slices"

	"dnetsim/link/trail"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"
)

// send gives a packet of netstack's to the network layer.
func (t *Layer) send(pb *gstack.PacketBuffer) error {
	v6 := pb.NetworkProtocolNumber == header.IPv6ProtocolNumber
	p := t.net.NewPacket(pb.Size(), v6)
	d, at := p.Bytes(), 0
	views, skip := pb.AsViewList()
	for v := views.Front(); v != nil; v = v.Next() {
		b := v.AsSlice()
		n := min(skip, len(b)) // room for headers that was not needed
		skip -= n
		at += copy(d[at:], b[n:])
	}
	o := Offload{Summed: !t.offload}
	switch b := d[headerLen(d):]; protocol(d) {
	case header.TCPProtocolNumber:
		o.Segment = segmentSize(b, pb.GSOOptions)
		// With checksum offload netstack leaves the sum of the pseudo header in
		// every segment, those without GSO (SYN, RST) included.
		o.Partial = t.offload
	case header.UDPProtocolNumber:
		o.Unbound = t.unbound
		if t.offload && !v6 && len(b) >= header.UDPMinimumSize {
			h := header.IPv4(d)
			header.UDP(b).SetChecksum(header.PseudoHeaderChecksum(header.UDPProtocolNumber, h.SourceAddress(), h.DestinationAddress(), uint16(len(b))))
			o.Partial = true
		}
	case header.ICMPv4ProtocolNumber, header.ICMPv6ProtocolNumber:
	default:
		p.Drop(trail.Nonsense)
		return nil
	}
	return p.Send(o)
}

// segmentSize is how much of a TCP packet goes into each segment, 0 if all of it
// is one.
func segmentSize(b []byte, g gstack.GSO) int {
	if g.Type == gstack.GSONone {
		return 0
	}
	size := int(g.MSS) - sackLen(b)
	if n := len(b) - int(b[12]>>4)*4; n > size && size > 0 {
		return size
	}
	return 0
}

// withSACKRoom is a packet as netstack should see it. Netstack keeps room in
// every segment for as many SACK blocks as there can be, Linux only in those
// that carry some: in a SYN that permits SACK the MSS grows by that room, and
// [segmentSize] cuts the segments that do carry blocks. The checksum
// is not looked at again.
func withSACKRoom(d []byte, header int) []byte {
	b := d[min(header, len(d)):]
	if len(b) < 20 || b[13]&0x02 == 0 {
		return d
	}
	mss, sack, stamps := TCPOption(b, 2), TCPOption(b, 4), TCPOption(b, 8)
	if len(mss) != 2 || sack == nil {
		return d
	}
	room := 36 // two bytes of padding and four blocks
	if stamps != nil {
		room = 28 // three blocks, the timestamps need the rest
	}
	n := int(binary.BigEndian.Uint16(mss)) + room
	if n > 60000 {
		return d // close to the largest packet: loopback
	}
	d = slices.Clone(d)
	binary.BigEndian.PutUint16(TCPOption(d[header:], 2), uint16(n))
	return d
}

// sackLen is how much of a segment's header its SACK blocks take, padding
// included.
func sackLen(b []byte) int {
	if blocks := TCPOption(b, 5); blocks != nil {
		return len(blocks) + 4
	}
	return 0
}

// TCPOption is the value of an option of a TCP header, nil if it is not there.
func TCPOption(b []byte, kind byte) []byte {
	for o := b[min(20, len(b)):min(int(b[12]>>4)*4, len(b))]; len(o) > 0; {
		switch {
		case o[0] == 0:
			return nil
		case o[0] == 1:
			o = o[1:]
			continue
		case len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o):
			return nil
		case o[0] == kind:
			return o[2:o[1]:o[1]]
		}
		o = o[o[1]:]
	}
	return nil
}
