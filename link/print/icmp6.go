package print

import (
	"encoding/binary"
	"fmt"

	"dnetsim/link"
)

var icmp6Types = map[byte]string{
	1: "destination unreachable", 2: "packet too big", 3: "time exceeded in-transit",
	4: "parameter problem", 128: "echo request", 129: "echo reply", 130: "multicast listener query",
	131: "multicast listener report", 132: "multicast listener done", 133: "router solicitation",
	134: "router advertisement", 135: "neighbor solicitation", 136: "neighbor advertisement",
	137: "redirect", 143: "multicast listener report v2",
}

var icmp6Unreachable = map[byte]string{
	0: "unreachable route", 1: " unreachable prohibited", 2: "beyond scope",
	3: "unreachable address", 4: "unreachable port",
}

// icmp6 prints an ICMPv6 message (print-icmp6.c). With -v the length of a
// neighbour discovery message comes before its details, otherwise last.
func (p *Printer) icmp6(t *transport) {
	b := t.body
	if len(b) < 8 {
		p.truncated("icmp6")
		return
	}
	if p.opts.Verbose > 0 {
		p.icmp6Checksum(t)
	}
	kind, ok := icmp6Types[b[0]]
	if !ok {
		p.f("ICMP6, unknown icmp6 type (%d), length %d", b[0], t.length)
		return
	}
	p.s("ICMP6, " + kind)
	if p.opts.Verbose > 0 && b[0] >= 133 && b[0] <= 137 {
		p.f(", length %d", t.length)
	}
	if !p.icmp6Body(b) {
		p.truncated("icmp6")
		return
	}
	if p.opts.Verbose == 0 {
		p.f(", length %d", t.length)
	}
}

func (p *Printer) icmp6Checksum(t *transport) {
	sum, ok := p.verify(t)
	switch {
	case !ok:
	case sum == 0:
		p.s("[icmp6 sum ok] ")
	default:
		have := binary.BigEndian.Uint16(t.body[2:])
		p.f("[bad icmp6 cksum 0x%04x -> 0x%04x!] ", have, shouldBe(have, sum))
	}
}

// icmp6Body prints what belongs to the type; false if it is cut short.
func (p *Printer) icmp6Body(b []byte) bool {
	word := binary.BigEndian.Uint32(b[4:])
	switch b[0] {
	case 1:
		return p.icmp6Unreach(b)
	case 2:
		p.f(", mtu %d", word)
	case 3:
		if len(b) < 48 {
			return false
		}
		switch b[1] {
		case 0:
			p.s(" for " + ipString(b[32:48]))
		case 1:
			p.s(" (reassembly)")
		default:
			p.f(", unknown code (%d)", b[1])
		}
	case 4:
		names := map[byte]string{0: "erroneous", 1: "next header", 2: "option"}
		if name, ok := names[b[1]]; ok {
			p.f(", %s - octet %d", name, word)
		} else {
			p.f(", code-#%d", b[1])
		}
	case 128, 129:
		p.f(", id %d, seq %d", word>>16, word&0xffff)
	case 130, 131, 132:
		if b[0] == 130 && len(b) >= 28 {
			p.s(" v2")
		}
		if len(b) < 24 {
			return false
		}
		p.f(" max resp delay: %d addr: %s", word>>16, ipString(b[8:24]))
	case 133:
		p.ndOptions(b, 8)
	case 134:
		return p.routerAdvert(b)
	case 135, 136:
		return p.neighbour(b)
	case 137:
		if len(b) < 40 {
			return false
		}
		p.f(", %s to %s", ipString(b[24:40]), ipString(b[8:24]))
		p.ndOptions(b, 40)
	case 143:
		p.groupRecords(b, 16)
	}
	return true
}

func (p *Printer) icmp6Unreach(b []byte) bool {
	if len(b) < 48 {
		return false
	}
	name, ok := icmp6Unreachable[b[1]]
	if !ok {
		name = fmt.Sprintf("unknown unreach code (%d)", b[1])
	}
	p.s(", " + name)
	dst := ipString(b[32:48])
	switch b[1] {
	case 0, 1, 3:
		p.s(" " + dst)
	case 2:
		p.f(" %s, source address %s", dst, ipString(b[16:32]))
	case 4:
		if len(b) < 52 {
			return false
		}
		port := binary.BigEndian.Uint16(b[50:])
		switch b[14] {
		case link.ProtoTCP:
			p.f(", %s tcp port %s", dst, p.opts.port("tcp", port))
		case link.ProtoUDP:
			p.f(", %s udp port %s", dst, p.opts.port("udp", port))
		default:
			p.f(", %s protocol %d port %d unreachable", dst, b[14], port)
		}
	}
	return true
}

func (p *Printer) routerAdvert(b []byte) bool {
	if p.opts.Verbose == 0 {
		return true
	}
	if len(b) < 16 {
		return false
	}
	pref := [4]string{"medium", "high", "rsvd", "low"}[b[5]>>3&3]
	p.f("\n\thop limit %d, Flags [%s], pref %s, router lifetime %ds, reachable time %dms, retrans timer %dms",
		b[4], joinBits(int(b[5]), []bitName{{0x80, "managed"}, {0x40, "other stateful"}, {0x20, "home agent"}}, ", ", "none"),
		pref, binary.BigEndian.Uint16(b[6:]), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:]))
	p.ndOptions(b, 16)
	return true
}

func (p *Printer) neighbour(b []byte) bool {
	if len(b) < 24 {
		return false
	}
	target := ipString(b[8:24])
	if b[0] == 135 {
		p.s(", who has " + target)
	} else {
		p.s(", tgt is " + target)
		if p.opts.Verbose > 0 {
			p.f(", Flags [%s]", joinBits(int(b[4]), []bitName{{0x80, "router"}, {0x40, "solicited"}, {0x20, "override"}}, ", ", "none"))
		}
	}
	p.ndOptions(b, 24)
	return true
}

var ndOptionNames = map[byte]string{1: "source link-address", 2: "destination link-address",
	3: "prefix info", 4: "redirected header", 5: "mtu", 14: "nonce (unknown)", 25: "rdnss", 31: "dnssl"}

// ndOptions prints the options of a neighbour discovery message with -v.
func (p *Printer) ndOptions(b []byte, at int) {
	if p.opts.Verbose == 0 {
		return
	}
	for at+8 <= len(b) {
		kind, n := b[at], 8*int(b[at+1])
		if n == 0 || at+n > len(b) {
			return
		}
		v := b[at : at+n]
		at += n
		name, ok := ndOptionNames[kind]
		if !ok {
			name = "unknown"
		}
		p.f("\n\t  %s option (%d), length %d (%d): ", name, kind, n, v[1])
		switch {
		case kind == 1 || kind == 2:
			var m link.MAC
			copy(m[:], v[2:])
			p.s(p.opts.mac(m))
		case kind == 3 && n >= 32:
			p.f("%s/%d, Flags [%s], valid time %s, pref. time %s", ipString(v[16:32]), v[2],
				joinBits(int(v[3]), []bitName{{0x80, "onlink"}, {0x40, "auto"}, {0x20, "router"}}, ", ", "none"),
				lifetime(binary.BigEndian.Uint32(v[4:])), lifetime(binary.BigEndian.Uint32(v[8:])))
		case kind == 5:
			p.f(" %d", binary.BigEndian.Uint32(v[4:]))
		default:
			p.f("\n\t    0x0000:  %x", v[2:])
		}
	}
}

func lifetime(v uint32) string {
	if v == 0xffffffff {
		return "infinity"
	}
	return fmt.Sprintf("%ds", v)
}
