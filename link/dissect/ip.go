package dissect

import (
	"net/netip"
	"strings"

	"dnetsim/link"
)

// ip is an address of n bytes.
func (d *dissection) ip(at, n int) string {
	a, _ := netip.AddrFromSlice(d.b[at : at+n])
	return a.String()
}

// The protocols of IP that are taken apart, and those that have a name.
const (
	protoICMP, protoTCP, protoUDP, protoESP, protoICMPv6 = 1, 6, 17, 50, 58
)

var protocols = map[int]string{1: " (ICMP)", 2: " (IGMP)", 6: " (TCP)", 17: " (UDP)", 44: " (fragment)", 47: " (GRE)", 50: " (ESP)", 51: " (AH)", 58: " (ICMPv6)", 112: " (VRRP)"}

func (d *dissection) ipv4(at int) {
	if at+20 > len(d.b) {
		d.begin("IPv4", at, 20)
		return
	}
	n := d.u8(at) & 15 * 4
	if n < 20 {
		d.data(at, len(d.b))
		return
	}
	if !d.begin("IPv4", at, n) {
		return
	}
	frag := d.u16(at + 6)
	proto := d.u8(at + 9)
	d.field("version", at, 1, "%d", d.u8(at)>>4)
	d.field("header length", at, 1, "%d bytes", n)
	d.field("DSCP", at+1, 1, "%d", d.u8(at+1)>>2)
	d.field("total length", at+2, 2, "%d", d.u16(at+2))
	d.field("identification", at+4, 2, "%d", d.u16(at+4))
	d.field("flags", at+6, 1, "%s", flags(frag>>13, []string{"MF", "DF", "reserved"}))
	d.field("fragment offset", at+6, 2, "%d", frag&0x1fff*8)
	d.field("TTL", at+8, 1, "%d", d.u8(at+8))
	d.field("protocol", at+9, 1, "%d%s", proto, protocols[proto])
	sum := " (correct)"
	if link.Fold(link.Sum16(0, d.b[at:at+n])) != 0 {
		sum = " (wrong)"
	}
	d.field("header checksum", at+10, 2, "0x%04x%s", d.u16(at+10), sum)
	d.field("source", at+12, 4, "%s", d.ip(at+12, 4))
	d.field("destination", at+16, 4, "%s", d.ip(at+16, 4))
	if n > 20 {
		d.field("options", at+20, n-20, "%d bytes", n-20)
	}
	end := min(at+d.u16(at+2), len(d.b))
	if d.u16(at+2) == 0 { // a large segment's length does not fit
		end = len(d.b)
	}
	d.payload(proto, at+n, end, frag&0x1fff != 0)
}

func (d *dissection) ipv6(at int) {
	if !d.begin("IPv6", at, 40) {
		return
	}
	next := d.u8(at + 6)
	d.field("version", at, 1, "%d", d.u8(at)>>4)
	d.field("traffic class", at, 2, "%d", d.u16(at)>>4&0xff)
	d.field("flow label", at+1, 3, "0x%05x", d.u32(at)&0xfffff)
	d.field("payload length", at+4, 2, "%d", d.u16(at+4))
	d.field("next header", at+6, 1, "%d%s", next, protocols[next])
	d.field("hop limit", at+7, 1, "%d", d.u8(at+7))
	d.field("source", at+8, 16, "%s", d.ip(at+8, 16))
	d.field("destination", at+24, 16, "%s", d.ip(at+24, 16))
	end := min(at+40+d.u16(at+4), len(d.b))
	d.extensions(next, at+40, end)
}

// extensions passes the headers between IPv6 and its payload.
func (d *dissection) extensions(next, at, end int) {
	later := false
	for {
		switch next {
		case 0, 43, 60:
			if at+8 > end || at+8+d.u8(at+1)*8 > end {
				d.data(at, end)
				return
			}
			n := 8 + d.u8(at+1)*8
			d.begin("IPv6 options", at, n)
			next = d.u8(at)
			d.field("next header", at, 1, "%d%s", next, protocols[next])
			at += n
		case 44:
			if at+8 > end || !d.begin("IPv6 fragment", at, 8) {
				return
			}
			next, later = d.u8(at), d.u16(at+2)&^7 != 0
			d.field("next header", at, 1, "%d%s", next, protocols[next])
			d.field("fragment offset", at+2, 2, "%d", d.u16(at+2)&^7)
			d.field("more fragments", at+3, 1, "%d", d.u8(at+3)&1)
			d.field("identification", at+4, 4, "0x%08x", d.u32(at+4))
			at += 8
		default:
			d.payload(next, at, end, later)
			return
		}
	}
}

// payload is what an IP packet carries; a later fragment is data.
func (d *dissection) payload(proto, at, end int, later bool) {
	switch {
	case at >= end:
	case later:
		d.data(at, end)
	case proto == protoICMP:
		d.icmp(at, end)
	case proto == protoICMPv6:
		d.icmp6(at, end)
	case proto == protoUDP:
		d.udp(at, end)
	case proto == protoTCP:
		d.tcp(at, end)
	case proto == protoESP:
		if d.begin("ESP", at, 8) {
			d.field("SPI", at, 4, "0x%08x", d.u32(at))
			d.field("sequence", at+4, 4, "%d", d.u32(at+4))
			d.data(at+8, end)
		}
	default:
		d.data(at, end)
	}
}

// flags names the bits that are set, from the lowest on.
func flags(bits int, names []string) string {
	var out []string
	for i, n := range names {
		if bits>>i&1 != 0 {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, " ")
}

var icmpTypes = map[int]string{0: " (echo reply)", 3: " (destination unreachable)", 5: " (redirect)", 8: " (echo request)", 11: " (time exceeded)", 12: " (parameter problem)"}

var unreachable = map[int]string{0: " (network)", 1: " (host)", 2: " (protocol)", 3: " (port)", 4: " (fragmentation needed)", 9: " (network prohibited)", 10: " (host prohibited)", 13: " (administratively prohibited)"}

func (d *dissection) icmp(at, end int) {
	if !d.begin("ICMP", at, 8) {
		return
	}
	t, code := d.u8(at), d.u8(at+1)
	d.field("type", at, 1, "%d%s", t, icmpTypes[t])
	switch t {
	case 3:
		d.field("code", at+1, 1, "%d%s", code, unreachable[code])
	default:
		d.field("code", at+1, 1, "%d", code)
	}
	d.field("checksum", at+2, 2, "0x%04x", d.u16(at+2))
	switch t {
	case 0, 8:
		d.field("identifier", at+4, 2, "%d", d.u16(at+4))
		d.field("sequence", at+6, 2, "%d", d.u16(at+6))
		d.data(at+8, end)
	case 3, 5, 11, 12:
		if t == 3 && code == 4 {
			d.field("MTU of next hop", at+6, 2, "%d", d.u16(at+6))
		}
		if t == 5 {
			d.field("gateway", at+4, 4, "%s", d.ip(at+4, 4))
		}
		d.quoted(func() { d.ipv4(at + 8) })
	default:
		d.data(at+8, end)
	}
}

// quoted takes the packet apart that an error is about.
func (d *dissection) quoted(take func()) {
	if d.depth++; d.depth > maxDepth {
		return
	}
	k := len(d.layers)
	take()
	for i := range d.layers[k:] {
		d.layers[k+i].Name = "quoted " + d.layers[k+i].Name
	}
}

var icmp6Types = map[int]string{
	1: " (destination unreachable)", 2: " (packet too big)", 3: " (time exceeded)", 4: " (parameter problem)", 128: " (echo request)", 129: " (echo reply)",
	130: " (listener query)", 131: " (listener report)", 133: " (router solicitation)", 134: " (router advertisement)", 135: " (neighbour solicitation)",
	136: " (neighbour advertisement)", 137: " (redirect)", 143: " (listener report v2)",
}

func (d *dissection) icmp6(at, end int) {
	if !d.begin("ICMPv6", at, 8) {
		return
	}
	t := d.u8(at)
	d.field("type", at, 1, "%d%s", t, icmp6Types[t])
	d.field("code", at+1, 1, "%d", d.u8(at+1))
	d.field("checksum", at+2, 2, "0x%04x", d.u16(at+2))
	switch t {
	case 128, 129:
		d.field("identifier", at+4, 2, "%d", d.u16(at+4))
		d.field("sequence", at+6, 2, "%d", d.u16(at+6))
		d.data(at+8, end)
	case 1, 2, 3, 4:
		if t == 2 {
			d.field("MTU", at+4, 4, "%d", d.u32(at+4))
		}
		d.quoted(func() { d.ipv6(at + 8) })
	case 135, 136:
		if at+24 <= end {
			d.field("target", at+8, 16, "%s", d.ip(at+8, 16))
			d.end(at + 24)
			if at+32 <= end && d.u8(at+24) <= 2 && d.u8(at+25) == 1 {
				d.field("link address", at+26, 6, "%s", d.mac(at+26))
				d.end(at + 32)
			}
		}
	default:
		d.data(at+8, end)
	}
}
