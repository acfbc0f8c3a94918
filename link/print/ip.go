package print

import (
	"encoding/binary"

	"dnetsim/link"
)

// transport is a transport part and what its printer must know of the packet
// around it.
type transport struct {
	src, dst   string
	bare       bool   // the addresses are printed already
	proto      uint8  //
	body       []byte // what was captured of it
	length     int    // what its packet says it has
	packet     []byte // from the IP header on, for checksums
	v6         bool   //
	fragmented bool   // first of several: no checksum can be verified
}

// ipv4 prints an IPv4 packet (print-ip.c).
func (p *Printer) ipv4(b []byte) {
	if !p.opts.Ethernet {
		p.s("IP ")
	}
	p.ipv4Packet(b)
}

func (p *Printer) ipv4Packet(b []byte) {
	if len(b) < 20 {
		p.f("truncated-ip %d", len(b))
		return
	}
	hlen, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if b[0]>>4 != 4 || hlen < 20 {
		p.f("bad-hlen %d", hlen)
		return
	}
	if hlen > len(b) || total < hlen {
		p.f("bad-len %d", total)
		return
	}
	frag := binary.BigEndian.Uint16(b[6:])
	if p.opts.Verbose > 0 {
		p.ipv4Details(b, hlen, total, frag)
	}
	if total > len(b) && !p.quoting {
		p.f("truncated-ip - %d bytes missing! ", total-len(b))
	}
	t := transport{
		src: ipString(b[12:16]), dst: ipString(b[16:20]), proto: b[9],
		body: b[hlen:min(total, len(b))], length: total - hlen,
		packet: b, fragmented: frag&0x3fff != 0,
	}
	if frag&0x1fff != 0 {
		p.f("%s > %s: ip-proto-%d", t.src, t.dst, t.proto)
		return
	}
	p.transport(&t)
}

func (p *Printer) ipv4Details(b []byte, hlen, total int, frag uint16) {
	p.f("(tos 0x%x", b[1])
	switch b[1] & 3 {
	case 1:
		p.s(",ECT(1)")
	case 2:
		p.s(",ECT(0)")
	case 3:
		p.s(",CE")
	}
	if b[8] >= 1 {
		p.f(", ttl %d", b[8])
	}
	p.f(", id %d, offset %d, flags [%s], proto %s (%d), length %d",
		binary.BigEndian.Uint16(b[4:]), int(frag&0x1fff)*8,
		joinBits(int(frag), []bitName{{0x2000, "+"}, {0x4000, "DF"}, {0x8000, "rsvd"}}, ", ", "none"),
		ipProtoName(b[9]), b[9], total)
	if hlen > 20 {
		p.ipv4Options(b[20:hlen])
	}
	if !p.opts.NoCheck {
		if s := link.Fold(link.Sum16(0, b[:hlen])); s != 0 {
			have := binary.BigEndian.Uint16(b[10:])
			p.f(", bad cksum %x (->%x)!", have, shouldBe(have, s))
		}
	}
	p.s(")\n    ")
}

func (p *Printer) ipv4Options(b []byte) {
	p.s(", options (")
	for i := 0; i < len(b); {
		if i > 0 {
			p.s(",")
		}
		name := map[byte]string{0: "EOL", 1: "NOP", 7: "RR", 68: "timestamp", 148: "RA"}[b[i]]
		if name == "" {
			name = "unknown"
		}
		p.s(name)
		if b[i] == 0 {
			break
		}
		if b[i] == 1 {
			i++
			continue
		}
		if i+1 >= len(b) || b[i+1] < 2 {
			break
		}
		i += int(b[i+1])
	}
	p.s(")")
}

// shouldBe is the checksum that the field ought to hold, from what it holds and
// the checksum over everything (in_cksum_shouldbe).
func shouldBe(have, computed uint16) uint16 {
	s := uint32(have) + uint32(computed)
	return uint16(s + s>>16)
}

// transport prints what an IP packet carries.
func (p *Printer) transport(t *transport) {
	if t.proto != link.ProtoTCP && t.proto != link.ProtoUDP && !t.bare {
		p.f("%s > %s: ", t.src, t.dst)
	}
	switch t.proto {
	case link.ProtoTCP:
		p.tcp(t)
	case link.ProtoUDP:
		p.udp(t)
	case link.ProtoICMP:
		p.icmp(t)
	case link.ProtoICMPv6:
		p.icmp6(t)
	case link.ProtoIGMP:
		p.igmp(t)
	case link.ProtoESP:
		p.esp(t)
	case 4:
		p.ipv4(t.body)
	case 41:
		p.ipv6(t.body)
	default:
		p.f("ip-proto-%d %d", t.proto, t.length)
	}
}

func (p *Printer) esp(t *transport) {
	if len(t.body) < 8 {
		p.truncated("esp")
		return
	}
	p.f("ESP(spi=0x%08x,seq=0x%x), length %d", binary.BigEndian.Uint32(t.body),
		binary.BigEndian.Uint32(t.body[4:]), t.length)
}

// verify computes a transport's checksum: zero when the field is right. It
// reports false if that cannot be known.
func (p *Printer) verify(t *transport) (computed uint16, ok bool) {
	if p.opts.NoCheck || t.fragmented || len(t.body) < t.length {
		return 0, false
	}
	var s uint32
	if t.proto != link.ProtoICMP && t.proto != link.ProtoIGMP {
		if t.v6 {
			s = link.Sum16(0, t.packet[8:40])
		} else {
			s = link.Sum16(0, t.packet[12:20])
		}
		s += uint32(t.proto) + uint32(t.length)
	}
	return link.Fold(link.Sum16(s, t.body[:t.length])), true
}

func ipProtoName(n uint8) string {
	switch n {
	case 0:
		return "Options"
	case link.ProtoICMP:
		return "ICMP"
	case link.ProtoIGMP:
		return "IGMP"
	case 4:
		return "IPIP"
	case link.ProtoTCP:
		return "TCP"
	case link.ProtoUDP:
		return "UDP"
	case 41:
		return "IPv6"
	case 44:
		return "Fragment"
	case 47:
		return "GRE"
	case link.ProtoESP:
		return "ESP"
	case 51:
		return "AH"
	case link.ProtoICMPv6:
		return "ICMPv6"
	case 89:
		return "OSPF"
	case 112:
		return "VRRP"
	case link.ProtoSCTP:
		return "SCTP"
	}
	return "unknown"
}

// bitName names one bit of a field of flags.
type bitName struct {
	bit  int
	name string
}

// joinBits names the bits that are set in v.
func joinBits(v int, names []bitName, sep, none string) string {
	out := ""
	for _, n := range names {
		if v&n.bit == 0 {
			continue
		}
		if out != "" {
			out += sep
		}
		out += n.name
	}
	if out == "" {
		return none
	}
	return out
}

// ipv6 prints an IPv6 packet with its extension headers (print-ip6.c).
func (p *Printer) ipv6(b []byte) {
	if !p.opts.Ethernet {
		p.s("IP6 ")
	}
	if len(b) < 40 {
		p.f("truncated-ip6 %d", len(b))
		return
	}
	if b[0]>>4 != 6 {
		p.s("IP6, wrong link-layer encapsulation (invalid)")
		return
	}
	payload := int(binary.BigEndian.Uint16(b[4:]))
	if p.opts.Verbose > 0 {
		flow := binary.BigEndian.Uint32(b)
		p.s("(")
		if flow&0x0ff00000 != 0 {
			p.f("class 0x%02x, ", flow>>20&0xff)
		}
		if flow&0xfffff != 0 {
			p.f("flowlabel 0x%05x, ", flow&0xfffff)
		}
		p.f("hlim %d, next-header %s (%d) payload length: %d) ", b[7], ipProtoName(b[6]), b[6], payload)
	}
	if payload+40 > len(b) {
		p.f("truncated-ip6 - %d bytes missing!", payload+40-len(b))
	}
	t := transport{
		src: ipString(b[8:24]), dst: ipString(b[24:40]), proto: b[6], v6: true,
		body: b[40:min(len(b), 40+payload)], length: payload, packet: b,
	}
	p.ipv6Extensions(&t)
}

// ipv6Extensions prints extension headers and then the transport.
func (p *Printer) ipv6Extensions(t *transport) {
	for {
		switch t.proto {
		case 0, 43, 60, 44:
		default:
			p.transport(t)
			return
		}
		if !t.bare {
			p.f("%s > %s: ", t.src, t.dst)
			t.bare = true
		}
		if len(t.body) < 8 {
			p.truncated("ip6")
			return
		}
		n := 8
		if t.proto != 44 {
			n = 8 * (int(t.body[1]) + 1)
		}
		if n > len(t.body) {
			p.truncated("ip6")
			return
		}
		if t.proto == 44 {
			off := binary.BigEndian.Uint16(t.body[2:])
			p.f("frag (%d|%d) ", off&^7, t.length-8)
			t.fragmented = true
			if off>>3 != 0 {
				return
			}
		} else {
			p.extension(t.proto, t.body[:n])
		}
		t.proto, t.body, t.length = t.body[0], t.body[n:], t.length-n
	}
}

func (p *Printer) extension(proto uint8, b []byte) {
	p.s(map[uint8]string{0: "HBH ", 43: "srcrt ", 60: "DSTOPT "}[proto])
	if p.opts.Verbose == 0 || proto == 43 {
		return
	}
	for i := 2; i < len(b); {
		switch {
		case b[i] == 0:
			p.s("(pad1)")
			i++
			continue
		case i+1 >= len(b):
			return
		case b[i] == 1:
			p.s("(padn)")
		case b[i] == 5 && i+4 <= len(b):
			p.f("(rtalert: 0x%04x) ", binary.BigEndian.Uint16(b[i+2:]))
		default:
			p.f("(opt_type 0x%02x: len=%d)", b[i], b[i+1])
		}
		i += 2 + int(b[i+1])
	}
	p.s(" ")
}
