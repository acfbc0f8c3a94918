package stack

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	gstack "gvisor.dev/gvisor/pkg/tcpip/stack"

	"dnetsim/link"
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
		t.offloadUDP(p)
	case protoICMP, protoICMPv6:
	default:
		p.release()
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
		if n := len(b) - int(b[12]>>4)*4; n > int(g.MSS) && g.MSS > 0 {
			p.f.GSO = int(g.MSS)
		}
	}
	if b[13]&0x02 != 0 {
		if h, err := t.ns.routeOut(p.dst(), p.src(), nil); err == nil {
			clampMSS(p, h.mtu)
		}
	}
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
		if h, err := t.ns.routeOut(p.dst(), p.src(), nil); err == nil && len(p.nf.Data) > h.mtu {
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
	for o := b[20:min(int(b[12]>>4)*4, len(b))]; len(o) > 0; {
		switch {
		case o[0] == 0:
			return
		case o[0] == 1:
			o = o[1:]
			continue
		case len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o):
			return
		case o[0] == 2 && o[1] == 4:
			old := binary.BigEndian.Uint16(o[2:])
			if int(old) <= limit {
				return
			}
			binary.BigEndian.PutUint16(o[2:], uint16(limit))
			if !p.nf.ChecksumPartial {
				c := ^binary.BigEndian.Uint16(b[16:])
				s := uint32(c) + uint32(^old) + uint32(limit)
				binary.BigEndian.PutUint16(b[16:], ^sum(s, nil))
			}
			return
		}
		o = o[o[1]:]
	}
}
