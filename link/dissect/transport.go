package dissect

import (
	"fmt"
	"strings"

	"dnetsim/link"
)

func (d *dissection) udp(at, end int) {
	if !d.begin("UDP", at, 8) {
		return
	}
	src, dst := d.u16(at), d.u16(at+2)
	d.field("source port", at, 2, "%d", src)
	d.field("destination port", at+2, 2, "%d", dst)
	d.field("length", at+4, 2, "%d", d.u16(at+4))
	d.field("checksum", at+6, 2, "0x%04x", d.u16(at+6))
	switch {
	case src == 53 || dst == 53:
		d.dns(at+8, end)
	case dst == link.VXLANPort || dst == 8472:
		d.vxlan(at+8, end)
	default:
		d.data(at+8, end)
	}
}

func (d *dissection) vxlan(at, end int) {
	if at+8 > end || d.u8(at)&8 == 0 {
		d.data(at, end)
		return
	}
	d.begin("VXLAN", at, 8)
	d.field("flags", at, 1, "0x%02x", d.u8(at))
	d.field("VNI", at+4, 3, "%d", d.u32(at+4)>>8)
	if d.depth++; d.depth > maxDepth {
		d.data(at+8, end)
		return
	}
	d.ethernet(at + 8)
}

var tcpFlags = []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

func (d *dissection) tcp(at, end int) {
	if at+20 > len(d.b) {
		d.begin("TCP", at, 20)
		return
	}
	n := d.u8(at+12) >> 4 * 4
	if n < 20 || at+n > end {
		d.data(at, end)
		return
	}
	d.begin("TCP", at, n)
	d.field("source port", at, 2, "%d", d.u16(at))
	d.field("destination port", at+2, 2, "%d", d.u16(at+2))
	d.field("sequence", at+4, 4, "%d", d.u32(at+4))
	d.field("acknowledgement", at+8, 4, "%d", d.u32(at+8))
	d.field("header length", at+12, 1, "%d bytes", n)
	d.field("flags", at+13, 1, "%s", flags(d.u8(at+13), tcpFlags))
	d.field("window", at+14, 2, "%d", d.u16(at+14))
	d.field("checksum", at+16, 2, "0x%04x", d.u16(at+16))
	d.tcpOptions(at+20, at+n)
	d.data(at+n, end)
}

func (d *dissection) tcpOptions(at, end int) {
	for at < end {
		kind := d.u8(at)
		switch kind {
		case 0:
			return
		case 1:
			at++
			continue
		}
		if at+1 >= end {
			return
		}
		n := d.u8(at + 1)
		if n < 2 || at+n > end {
			return
		}
		switch {
		case kind == 2 && n == 4:
			d.field("option MSS", at, n, "%d", d.u16(at+2))
		case kind == 3 && n == 3:
			d.field("option window scale", at, n, "%d", d.u8(at+2))
		case kind == 4:
			d.field("option SACK permitted", at, n, "yes")
		case kind == 8 && n == 10:
			d.field("option timestamps", at, n, "%d, echo %d", d.u32(at+2), d.u32(at+6))
		default:
			d.field("option", at, n, "kind %d, %d bytes", kind, n)
		}
		at += n
	}
}

var (
	dnsTypes  = map[int]string{1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 41: "OPT"}
	dnsErrors = map[int]string{0: "no error", 1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented", 5: "refused"}
)

func (d *dissection) dns(at, end int) {
	if at+12 > end {
		d.data(at, end)
		return
	}
	d.begin("DNS", at, end-at)
	start, bits := at, d.u16(at+2)
	word := "question"
	if bits&0x8000 != 0 {
		word = "answer"
	}
	d.field("id", at, 2, "%d", d.u16(at))
	d.field("kind", at+2, 2, "%s", word)
	if bits&0x8000 != 0 {
		d.field("result", at+3, 1, "%s", dnsErrors[bits&15])
	}
	counts := [4]int{d.u16(at + 4), d.u16(at + 6), d.u16(at + 8), d.u16(at + 10)}
	at += 12
	for range counts[0] {
		name, next, ok := d.name(start, at, end)
		if !ok || next+4 > end {
			return
		}
		d.field("question", at, next+4-at, "%s %s", name, dnsType(d.u16(next)))
		at = next + 4
	}
	for section, what := range []string{"answer", "authority", "additional"} {
		for range counts[section+1] {
			name, next, ok := d.name(start, at, end)
			if !ok || next+10 > end {
				return
			}
			t, n := d.u16(next), d.u16(next+8)
			if next+10+n > end {
				return
			}
			if t != 41 {
				d.field(what, at, next+10+n-at, "%s %s %s (TTL %d)", name, dnsType(t), d.record(t, start, next+10, n, end), d.u32(next+4))
			}
			at = next + 10 + n
		}
	}
}

func dnsType(t int) string {
	if s := dnsTypes[t]; s != "" {
		return s
	}
	return fmt.Sprintf("type %d", t)
}

func (d *dissection) record(t, start, at, n, end int) string {
	switch {
	case t == 1 && n == 4, t == 28 && n == 16:
		return d.ip(at, n)
	case t == 2, t == 5, t == 12:
		name, _, _ := d.name(start, at, end)
		return name
	}
	return fmt.Sprintf("%d bytes", n)
}

// name is a domain name at an offset, and what follows it.
func (d *dissection) name(start, at, end int) (name string, next int, ok bool) {
	var parts []string
	next = -1
	for range 64 {
		if at >= end {
			return "", 0, false
		}
		switch n := d.u8(at); {
		case n == 0:
			if next < 0 {
				next = at + 1
			}
			return strings.Join(parts, ".") + ".", next, true
		case n&0xc0 == 0xc0:
			if at+2 > end {
				return "", 0, false
			}
			if next < 0 {
				next = at + 2
			}
			at = start + d.u16(at)&0x3fff
		default:
			if at+1+n > end {
				return "", 0, false
			}
			parts = append(parts, string(d.b[at+1:at+1+n]))
			at += 1 + n
		}
	}
	return "", 0, false
}
