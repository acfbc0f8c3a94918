package stack

import (
	"encoding/binary"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// packet copies a packet of netstack's into one of ours.
func (t *transport) packet(pb *gstack.PacketBuffer) *packet {
	v6 := pb.NetworkProtocolNumber == header.IPv6ProtocolNumber
	p := t.ns.newPacket(pb.Size(), v6)
	at := 0
	for _, b := range pb.AsSlices() {
		at += copy(p.nf.Data[at:], b)
	}
	switch proto := p.proto(); proto {
	case protoTCP:
		t.offloadTCP(p, pb)
	case protoUDP:
		p.unbound = t.unbound
		t.offloadUDP(p)
	case protoICMP, protoICMPv6:
	default:
		t.ns.discard(nil, trail.Nonsense, p)
		return nil
	}
	if !t.dev.offload {
		p.f.Checksum = link.ChecksumUnknown
	}
	return p
}

// offloadTCP carries over what is left to do for the segment.
func (t *transport) offloadTCP(p *packet, pb *gstack.PacketBuffer) {
	b := p.payload()
	// With checksum offload netstack leaves the sum of the pseudo header in
	// every segment, those without GSO (SYN, RST) included.
	p.nf.ChecksumPartial = t.dev.offload
	if g := pb.GSOOptions; g.Type != gstack.GSONone {
		size := int(g.MSS) - sackLen(b)
		if n := len(b) - int(b[12]>>4)*4; n > size && size > 0 {
			p.f.GSO = size
		}
	}
	if b[13]&0x02 != 0 {
		if h, err := t.ns.routeOut(p.flow()); err == nil {
			clampMSS(p, h.mtu)
		}
	}
}

// withSACKRoom is a packet as netstack should see it. Netstack keeps room in
// every segment for as many SACK blocks as there can be, Linux only in those
// that carry some: in a SYN that permits SACK the MSS grows by that room, and
// [transport.offloadTCP] cuts the segments that do carry blocks. The checksum
// is not looked at again.
func withSACKRoom(d []byte, header int) []byte {
	b := d[min(header, len(d)):]
	if len(b) < 20 || b[13]&0x02 == 0 {
		return d
	}
	mss, sack, stamps := tcpOption(b, 2), tcpOption(b, 4), tcpOption(b, 8)
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
	binary.BigEndian.PutUint16(tcpOption(d[header:], 2), uint16(n))
	return d
}

// sackLen is how much of a segment's header its SACK blocks take, padding
// included.
func sackLen(b []byte) int {
	if blocks := tcpOption(b, 5); blocks != nil {
		return len(blocks) + 4
	}
	return 0
}

// tcpOption is the value of an option of a TCP header, nil if it is not there.
func tcpOption(b []byte, kind byte) []byte {
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

// offloadUDP leaves the checksum to the receiver or the card: only the sum of
// the pseudo header is in the packet.
func (t *transport) offloadUDP(p *packet) {
	b := p.payload()
	if len(b) < 8 || p.nf.V6 {
		return
	}
	if p.dontFragment() && len(p.nf.Data) > 1280 {
		// Path MTU discovery as Linux does it for UDP by default: what is too
		// large goes without DF. Sockets that insist were refused before.
		if h, err := t.ns.routeOut(p.flow()); err == nil && len(p.nf.Data) > h.mtu {
			p.nf.Data[6] &^= 0x40
			binary.BigEndian.PutUint16(p.nf.Data[4:], t.ns.nextID())
			headerChecksum(p.nf.Data)
		}
	}
	if !t.dev.offload {
		return
	}
	binary.BigEndian.PutUint16(b[6:], p.pseudoSum(protoUDP, len(b)))
	p.nf.ChecksumPartial = true
}

// clampMSS lowers the MSS option of a SYN to what the route carries: netstack
// knows one device with a large MTU, the namespace has many.
func clampMSS(p *packet, mtu int) {
	b := p.payload()
	limit := mtu - p.headerLen() - 20
	if len(b) < 20 {
		return
	}
	mss := tcpOption(b, 2)
	if len(mss) != 2 {
		return
	}
	old := binary.BigEndian.Uint16(mss)
	if int(old) <= limit {
		return
	}
	binary.BigEndian.PutUint16(mss, uint16(limit))
	if !p.nf.ChecksumPartial {
		c := ^binary.BigEndian.Uint16(b[16:])
		s := uint32(c) + uint32(^old) + uint32(limit)
		binary.BigEndian.PutUint16(b[16:], ^sum(s, nil))
	}
}
