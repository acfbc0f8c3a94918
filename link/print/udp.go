package print

import (
	"encoding/binary"

	"dnetsim/link"
)

// udp prints a UDP datagram (print-udp.c).
func (p *Printer) udp(t *transport) {
	b := t.body
	if len(b) < 8 {
		p.f("%s > %s:", t.src, t.dst)
		p.truncated("udp")
		return
	}
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	ulen := int(binary.BigEndian.Uint16(b[4:]))
	p.endpoints(t, "udp", sport, dport)
	if ulen < 8 {
		p.f("truncated-udplength %d", ulen)
		return
	}
	if p.opts.Verbose > 1 && !p.opts.Quick {
		p.udpChecksum(t)
	}
	payload := b[8:]
	is := func(n uint16) bool { return sport == n || dport == n }
	switch {
	case p.opts.Quick:
		p.f("UDP, length %d", ulen-8)
	case is(53) || is(5353):
		p.dns(payload, min(ulen-8, t.length-8))
	case dport == link.VXLANPort:
		p.vxlan(payload)
	case is(67) || is(68):
		p.bootp(payload)
	default:
		p.f("UDP, length %d", ulen-8)
	}
}

// udpChecksum prints what -vv says about the checksum. tcpdump 4.99 says
// nothing with -v alone.
func (p *Printer) udpChecksum(t *transport) {
	have := binary.BigEndian.Uint16(t.body[6:])
	if have == 0 && !t.v6 {
		p.s("[no cksum] ")
		return
	}
	sum, ok := p.verify(t)
	switch {
	case !ok:
	case sum == 0:
		p.s("[udp sum ok] ")
	default:
		p.f("[bad udp cksum 0x%04x -> 0x%04x!] ", have, shouldBe(have, sum))
	}
}

// vxlan prints a VXLAN header and the frame within, which gets a line of its
// own (print-vxlan.c).
func (p *Printer) vxlan(b []byte) {
	if len(b) < 8 {
		p.truncated("vxlan")
		return
	}
	p.f("VXLAN, flags [%s] (0x%02x), vni %d\n", joinBits(int(b[0]), []bitName{{8, "I"}}, "", "."),
		b[0], binary.BigEndian.Uint32(b[4:])>>8)
	p.ethernet(b[8:])
}

// bootp prints the first words of a DHCP message (print-bootp.c).
func (p *Printer) bootp(b []byte) {
	p.s("BOOTP/DHCP, ")
	if len(b) < 34 {
		p.truncated("bootp")
		return
	}
	var chaddr link.MAC
	copy(chaddr[:], b[28:])
	switch b[0] {
	case 1:
		p.f("Request from %s", p.opts.mac(chaddr))
	case 2:
		p.s("Reply")
	default:
		p.f("unknown (0x%02x)", b[0])
	}
	p.f(", length %d", len(b))
}
