package print

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
)

// ethernet prints a frame from its Ethernet header on (print-ether.c).
func (p *Printer) ethernet(b []byte) {
	if len(b) < link.HeaderLen {
		p.truncated("ether")
		return
	}
	etherType := binary.BigEndian.Uint16(b[12:])
	if p.opts.Ethernet {
		p.etherHeader(b, etherType)
	}
	if etherType < 1536 {
		if !p.opts.Ethernet {
			p.etherHeader(b, etherType)
		}
		p.llc(b[link.HeaderLen:min(len(b), link.HeaderLen+int(etherType))])
		return
	}
	p.etherPayload(b, etherType, link.HeaderLen)
}

func (p *Printer) etherHeader(b []byte, etherType uint16) {
	p.f("%s > %s, ", p.opts.mac(link.MACAt(b, 6)), p.opts.mac(link.MACAt(b, 0)))
	switch {
	case etherType < 1536:
		p.f("802.3, length %d: ", etherType)
		return
	case p.opts.Quick:
		p.s(etherTypeName(etherType))
	default:
		p.f("ethertype %s (0x%04x)", etherTypeName(etherType), etherType)
	}
	p.f(", length %d: ", len(b))
}

// mac is an address as tcpdump prints it: with -n bare, else with the maker.
func (o Options) mac(m link.MAC) string {
	switch {
	case !o.Names:
		return m.String()
	case m.IsBroadcast():
		return "Broadcast"
	}
	return m.String() + " (oui Unknown)"
}

func etherTypeName(t uint16) string {
	switch t {
	case link.TypeIPv4:
		return "IPv4"
	case link.TypeARP:
		return "ARP"
	case link.TypeIPv6:
		return "IPv6"
	case link.TypeVLAN:
		return "802.1Q"
	case 0x88cc:
		return "LLDP"
	case 0x8808:
		return "MPCP"
	}
	return "Unknown"
}

// etherPayload prints what follows an EtherType at offset at of the frame.
func (p *Printer) etherPayload(b []byte, etherType uint16, at int) {
	body := b[at:]
	switch etherType {
	case link.TypeIPv4:
		p.ipv4(body)
	case link.TypeIPv6:
		p.ipv6(body)
	case link.TypeARP:
		p.arp(body)
	case link.TypeVLAN:
		p.vlan(b, at)
	default:
		if !p.opts.Ethernet {
			p.etherHeader(b, etherType)
		}
		if p.opts.Hex == 0 && !p.opts.ASCII {
			p.hexASCII(body)
		}
	}
}

func (p *Printer) vlan(b []byte, at int) {
	if len(b) < at+4 {
		p.truncated("vlan")
		return
	}
	tag := binary.BigEndian.Uint16(b[at:])
	next := binary.BigEndian.Uint16(b[at+2:])
	if p.opts.Ethernet {
		p.f("vlan %d, p %d, ", tag&0xfff, tag>>13)
		if tag&0x1000 != 0 {
			p.s("DEI, ")
		}
		p.f("ethertype %s (0x%04x), ", etherTypeName(next), next)
	}
	p.etherPayload(b, next, at+4)
}

func (p *Printer) llc(b []byte) {
	if len(b) < 3 {
		p.truncated("llc")
		return
	}
	if b[0] == 0x42 && b[1] == 0x42 {
		p.f("LLC, dsap STP (0x42) Individual, ssap STP (0x42) Command, ctrl 0x%02x: STP, length %d", b[2], len(b)-3)
		return
	}
	p.f("LLC, dsap Unknown (0x%02x), ssap Unknown (0x%02x), ctrl 0x%02x, length %d", b[0], b[1], b[2], len(b))
}

// arp prints an ARP packet (print-arp.c).
func (p *Printer) arp(b []byte) {
	if len(b) < 8 {
		p.truncated("arp")
		return
	}
	hrd, pro := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	hlen, plen := int(b[4]), int(b[5])
	op := binary.BigEndian.Uint16(b[6:])
	if len(b) < 8+2*(hlen+plen) {
		p.truncated("arp")
		return
	}
	if !p.opts.Ethernet {
		p.s("ARP, ")
	}
	strange := pro != link.TypeIPv4 || plen != 4 || hlen != 6
	if strange || p.opts.Verbose > 0 {
		p.f("%s (len %d), %s (len %d)", arpHardware(hrd), hlen, etherTypeName(pro), plen)
		if strange {
			p.f(", length %d", len(b))
			return
		}
		p.s(", ")
	}
	var sha, tha link.MAC
	copy(sha[:], b[8:])
	spa := ipString(b[14:18])
	copy(tha[:], b[18:])
	tpa := ipString(b[24:28])
	switch op {
	case 1:
		p.f("Request who-has %s", tpa)
		if !tha.IsZero() {
			p.f(" (%s)", p.opts.mac(tha))
		}
		p.f(" tell %s", spa)
	case 2:
		p.f("Reply %s is-at %s", spa, p.opts.mac(sha))
	case 3:
		p.f("Reverse Request who-is %s tell %s", p.opts.mac(tha), p.opts.mac(sha))
	case 4:
		p.f("Reverse Reply %s at %s", p.opts.mac(tha), tpa)
	default:
		p.f("Unknown (%d) ", op)
		p.hexASCII(b)
		return
	}
	p.f(", length %d", len(b))
}

func arpHardware(h uint16) string {
	if h == 1 {
		return "Ethernet"
	}
	return "Unknown Hardware"
}

// ipString is an IPv4 or IPv6 address of 4 or 16 bytes.
func ipString(b []byte) string {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return "[|ip]"
	}
	return a.String()
}

// dump prints what -x, -xx, -X, -XX and -A ask for.
func (p *Printer) dump(frame []byte) {
	body := frame
	if p.opts.Hex == 1 || p.opts.Hex == 3 || p.opts.Hex == 0 {
		body = frame[min(len(frame), link.HeaderLen):]
	}
	switch {
	case p.opts.Hex == 1 || p.opts.Hex == 2:
		p.hex(body)
	case p.opts.Hex >= 3:
		p.hexASCII(body)
	case p.opts.ASCII:
		p.s("\n")
		for _, c := range body {
			if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
				p.out = append(p.out, c)
			} else if c != '\r' {
				p.out = append(p.out, '.')
			}
		}
	}
}

func (p *Printer) hex(b []byte) {
	for i, c := range b {
		if i%16 == 0 {
			p.f("\n\t0x%04x: ", i)
		}
		if i%2 == 0 {
			p.s(" ")
		}
		p.f("%02x", c)
	}
}

func (p *Printer) hexASCII(b []byte) {
	for i := 0; i < len(b); i += 16 {
		row := b[i:min(len(b), i+16)]
		p.f("\n\t0x%04x: ", i)
		start := len(p.out)
		for k, c := range row {
			if k%2 == 0 {
				p.s(" ")
			}
			p.f("%02x", c)
		}
		for len(p.out) < start+40 {
			p.s(" ")
		}
		p.s("  ")
		for _, c := range row {
			if c <= ' ' || c >= 0x7f {
				c = '.'
			}
			p.out = append(p.out, c)
		}
	}
}
