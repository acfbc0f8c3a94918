package print

import (
	"encoding/binary"
	"fmt"

	"dnetsim/link"
)

// icmp prints an ICMP message (print-icmp.c).
func (p *Printer) icmp(t *transport) {
	b := t.body
	if len(b) < 8 {
		p.truncated("icmp")
		return
	}
	text := p.icmpText(b)
	if text == "" {
		p.truncated("icmp")
		return
	}
	p.f("ICMP %s, length %d", text, t.length)
	if p.opts.Verbose == 0 {
		return
	}
	if sum, ok := p.verify(t); ok && sum != 0 {
		have := binary.BigEndian.Uint16(b[2:])
		p.f(" (wrong icmp cksum %x (->%x)!)", have, shouldBe(have, sum))
	}
	if icmpIsError(b[0]) {
		p.s("\n\t")
		p.icmpQuoted(b[8:])
	}
}

// icmpQuoted prints the packet that an error quotes. It is cut short, which is
// no reason to complain.
func (p *Printer) icmpQuoted(b []byte) {
	outer := p.quoting
	p.quoting = true
	p.ipv4(b)
	p.quoting = outer
}

func icmpIsError(kind byte) bool {
	return kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12
}

var icmpUnreachable = map[byte]string{
	0: "net %s unreachable", 1: "host %s unreachable", 5: "%s unreachable - source route failed",
	6: "net %s unreachable - unknown", 7: "host %s unreachable - unknown",
	8: "%s unreachable - source host isolated", 9: "net %s unreachable - admin prohibited",
	10: "host %s unreachable - admin prohibited", 11: "net %s unreachable - tos prohibited",
	12: "host %s unreachable - tos prohibited", 13: "host %s unreachable - admin prohibited filter",
	14: "host %s unreachable - host precedence violation", 15: "host %s unreachable - precedence cutoff",
}

var icmpRedirect = map[byte]string{0: "redirect %s to net %s", 1: "redirect %s to host %s",
	2: "redirect-tos %s to net %s", 3: "redirect-tos %s to host %s"}

// icmpText is the middle of the line; empty if the message is too short.
func (p *Printer) icmpText(b []byte) string {
	kind, code := b[0], b[1]
	switch kind {
	case 0, 8:
		word := "reply"
		if kind == 8 {
			word = "request"
		}
		return fmt.Sprintf("echo %s, id %d, seq %d", word, binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]))
	case 3, 5:
		if len(b) < 28 {
			return ""
		}
		dst := ipString(b[24:28])
		if kind == 3 {
			return p.icmpUnreach(b, dst)
		}
		if format, ok := icmpRedirect[code]; ok {
			return fmt.Sprintf(format, dst, ipString(b[4:8]))
		}
		return fmt.Sprintf("redirect-#%d %s to net %s", code, dst, ipString(b[4:8]))
	case 11:
		switch code {
		case 0:
			return "time exceeded in-transit"
		case 1:
			return "ip reassembly time exceeded"
		}
		return fmt.Sprintf("time exceeded-#%d", code)
	case 12:
		if code != 0 {
			return fmt.Sprintf("parameter problem - code %d", code)
		}
		return fmt.Sprintf("parameter problem - octet %d", b[4])
	case 4:
		return "source quench"
	case 13:
		return fmt.Sprintf("time stamp query id %d seq %d", binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]))
	case 14:
		return fmt.Sprintf("time stamp reply id %d seq %d", binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]))
	case 9:
		return "router advertisement"
	case 10:
		return "router solicitation"
	}
	return fmt.Sprintf("type-#%d", kind)
}

func (p *Printer) icmpUnreach(b []byte, dst string) string {
	code, proto := b[1], b[17]
	switch code {
	case 2:
		return fmt.Sprintf("%s protocol %d unreachable", dst, proto)
	case 3:
		l4 := 8 + int(b[8]&15)*4
		if len(b) < l4+4 {
			return ""
		}
		port := binary.BigEndian.Uint16(b[l4+2:])
		switch proto {
		case link.ProtoTCP:
			return fmt.Sprintf("%s tcp port %s unreachable", dst, p.opts.port("tcp", port))
		case link.ProtoUDP:
			return fmt.Sprintf("%s udp port %s unreachable", dst, p.opts.port("udp", port))
		}
		return fmt.Sprintf("%s protocol %d port %d unreachable", dst, proto, port)
	case 4:
		if mtu := binary.BigEndian.Uint16(b[6:]); mtu != 0 {
			return fmt.Sprintf("%s unreachable - need to frag (mtu %d)", dst, mtu)
		}
		return dst + " unreachable - need to frag"
	}
	if format, ok := icmpUnreachable[code]; ok {
		return fmt.Sprintf(format, dst)
	}
	return fmt.Sprintf("#%d %s unreachable", code, dst)
}

var igmpRecords = map[byte]string{1: "is_in", 2: "is_ex", 3: "to_in", 4: "to_ex", 5: "allow", 6: "block"}

// igmp prints an IGMP message (print-igmp.c).
func (p *Printer) igmp(t *transport) {
	b := t.body
	if p.opts.Quick {
		p.s("igmp")
		return
	}
	if len(b) < 8 {
		p.truncated("igmp")
		return
	}
	group := ipString(b[4:8])
	switch b[0] {
	case 0x11:
		p.igmpQuery(b, group)
	case 0x12:
		p.f("igmp v1 report %s", group)
	case 0x16:
		p.f("igmp v2 report %s", group)
	case 0x17:
		p.f("igmp leave %s", group)
	case 0x22:
		p.s("igmp v3 report")
		p.groupRecords(b, 4)
	default:
		p.f("igmp-%d", b[0])
	}
	if p.opts.Verbose > 0 {
		if sum, ok := p.verify(t); ok && sum != 0 {
			p.f(" bad igmp cksum %x!", binary.BigEndian.Uint16(b[2:]))
		}
	}
}

func (p *Printer) igmpQuery(b []byte, group string) {
	p.s("igmp query")
	version := " v2"
	if len(b) >= 12 {
		version = " v3"
	} else if b[1] == 0 {
		version = " v1"
	}
	p.s(version)
	if b[1] != 100 && b[1] != 0 {
		if version == " v3" {
			p.f(" [max resp time %.1fs]", float64(b[1])/10)
		} else {
			p.f(" [max resp time %d]", b[1])
		}
	}
	if group != "0.0.0.0" {
		p.f(" [gaddr %s]", group)
	}
}

// groupRecords prints the records of an IGMPv3 or MLDv2 report, whose addresses
// are size bytes long.
func (p *Printer) groupRecords(b []byte, size int) {
	n := int(binary.BigEndian.Uint16(b[6:]))
	p.f(", %d group record(s)", n)
	if p.opts.Verbose == 0 {
		return
	}
	at := 8
	for range n {
		if at+4+size > len(b) {
			p.s(" [invalid number of groups]")
			return
		}
		sources := int(binary.BigEndian.Uint16(b[at+2:]))
		kind, ok := igmpRecords[b[at]]
		if !ok {
			kind = fmt.Sprintf(" [v3-report-#%d]", b[at])
		}
		p.f(" [gaddr %s %s", ipString(b[at+4:at+4+size]), kind)
		first := at + 4 + size
		at = first + sources*size
		if at > len(b) {
			p.f(" [invalid number of sources %d]", sources)
			return
		}
		if p.opts.Verbose == 1 {
			p.f(", %d source(s)]", sources)
			continue
		}
		p.s(" {")
		for i := first; i < at; i += size {
			p.s(" " + ipString(b[i:i+size]))
		}
		p.s(" }]")
	}
}
