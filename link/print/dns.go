package print

import (
	"encoding/binary"
	"fmt"
	"strings"
)

var dnsOps = [16]string{"", " inv_q", " stat", " op3", " notify", " update", " op6", " op7",
	" op8", " updateA", " updateD", " updateDA", " updateM", " updateMA", " zoneInit", " zoneRef"}

var dnsResponses = [16]string{"", " FormErr", " ServFail", " NXDomain", " NotImp", " Refused",
	" YXDomain", " YXRRSet", " NXRRSet", " NotAuth", " NotZone", " Resp11", " Resp12", " Resp13",
	" Resp14", " NoChange"}

var dnsTypes = map[uint16]string{1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 11: "WKS",
	12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 35: "NAPTR", 39: "DNAME",
	41: "OPT", 43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 52: "TLSA", 64: "SVCB", 65: "HTTPS",
	251: "IXFR", 252: "AXFR", 255: "ANY", 257: "CAA"}

func dnsType(t uint16) string {
	if s, ok := dnsTypes[t]; ok {
		return s
	}
	return fmt.Sprintf("Type%d", t)
}

func dnsClass(c uint16) string {
	switch c {
	case 3:
		return "CHAOS"
	case 4:
		return "HS"
	case 255:
		return "ANY"
	}
	return fmt.Sprintf("(Class %d)", c)
}

// dnsReader walks a DNS message. After a mistake in it, bad is true and nothing
// more is read.
type dnsReader struct {
	msg []byte
	at  int
	bad bool
}

func (d *dnsReader) u16() uint16 {
	if d.at+2 > len(d.msg) {
		d.bad = true
		return 0
	}
	v := binary.BigEndian.Uint16(d.msg[d.at:])
	d.at += 2
	return v
}

func (d *dnsReader) u32() uint32 { return uint32(d.u16())<<16 | uint32(d.u16()) }

// name reads a name, following compression pointers that lead backwards.
func (d *dnsReader) name() string {
	var out strings.Builder
	at, jumped, limit := d.at, false, len(d.msg)
	for {
		if at >= len(d.msg) {
			d.bad = true
			return ""
		}
		n := int(d.msg[at])
		switch {
		case n == 0:
			if !jumped {
				d.at = at + 1
			}
			if out.Len() == 0 {
				return "."
			}
			return out.String()
		case n&0xc0 == 0xc0:
			if at+1 >= len(d.msg) {
				d.bad = true
				return ""
			}
			to := n&0x3f<<8 | int(d.msg[at+1])
			if to >= limit || to >= at {
				d.bad = true
				return ""
			}
			if !jumped {
				d.at = at + 2
			}
			at, jumped, limit = to, true, to
		case n&0xc0 != 0 || at+1+n > len(d.msg):
			d.bad = true
			return ""
		default:
			out.WriteString(printable(string(d.msg[at+1:at+1+n])) + ".")
			at += 1 + n
		}
	}
}

// dns prints a message of that length (print-domain.c).
func (p *Printer) dns(b []byte, length int) {
	if len(b) < 12 {
		p.truncated("domain")
		return
	}
	d := &dnsReader{msg: b, at: 12}
	id, flags := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	var counts [4]int
	for i := range counts {
		counts[i] = int(binary.BigEndian.Uint16(b[4+2*i:]))
	}
	p.f("%d%s", id, dnsOps[flags>>11&15])
	if flags&0x8000 != 0 {
		p.dnsResponse(d, flags, counts)
	} else {
		p.dnsQuery(d, flags, counts)
	}
	if d.bad {
		p.truncated("domain")
		return
	}
	p.f(" (%d)", length)
}

func (p *Printer) dnsQuery(d *dnsReader, flags uint16, counts [4]int) {
	if flags&0x0100 != 0 {
		p.s("+")
	}
	if flags&0x0010 != 0 {
		p.s("%")
	}
	if flags&0x06cf != 0 {
		p.f(" [b2&3=0x%x]", flags)
	}
	if counts[1] != 0 {
		p.f(" [%da]", counts[1])
	}
	if counts[0] != 1 {
		p.f(" [%dq]", counts[0])
	}
	if counts[2] != 0 {
		p.f(" [%dn]", counts[2])
	}
	if counts[3] != 0 {
		p.f(" [%dau]", counts[3])
	}
	for i := 0; i < counts[0] && !d.bad; i++ {
		p.dnsQuestion(d)
	}
	if p.opts.Verbose > 1 {
		p.dnsRecords(d, counts[1], "")
		p.dnsRecords(d, counts[2], " ns:")
		p.dnsRecords(d, counts[3], " ar:")
	}
}

func (p *Printer) dnsResponse(d *dnsReader, flags uint16, counts [4]int) {
	p.s(dnsResponses[flags&15])
	if flags&0x0400 != 0 {
		p.s("*")
	}
	if flags&0x0080 == 0 {
		p.s("-")
	}
	if flags&0x0200 != 0 {
		p.s("|")
	}
	if flags&0x0020 != 0 {
		p.s("$")
	}
	if counts[0] != 1 {
		p.f(" [%dq]", counts[0])
	}
	for i := 0; i < counts[0] && !d.bad; i++ {
		if p.opts.Verbose > 1 {
			p.s(" q:")
			p.dnsQuestion(d)
			continue
		}
		d.name()
		d.at += 4
	}
	p.f(" %d/%d/%d", counts[1], counts[2], counts[3])
	p.dnsRecords(d, counts[1], "")
	if p.opts.Verbose > 1 {
		p.dnsRecords(d, counts[2], " ns:")
		p.dnsRecords(d, counts[3], " ar:")
	}
}

func (p *Printer) dnsQuestion(d *dnsReader) {
	name := d.name()
	t, class := d.u16(), d.u16()
	if d.bad {
		return
	}
	p.s(" " + dnsType(t))
	if class &^= 0x8000; class != 1 {
		p.s(" " + dnsClass(class))
	}
	p.s("? " + name)
}

func (p *Printer) dnsRecords(d *dnsReader, n int, title string) {
	for i := 0; i < n && !d.bad; i++ {
		if i == 0 {
			p.s(title)
		} else {
			p.s(",")
		}
		p.dnsRecord(d)
	}
}

func (p *Printer) dnsRecord(d *dnsReader) {
	name := d.name()
	if p.opts.Verbose > 0 {
		p.s(" " + name)
	}
	t, class := d.u16(), d.u16()
	ttl := d.u32()
	n := int(d.u16())
	if d.bad || d.at+n > len(d.msg) {
		d.bad = true
		return
	}
	if class&0x7fff != 1 && t != 41 {
		p.s(" " + dnsClass(class&0x7fff))
	}
	if t != 41 && p.opts.Verbose > 2 {
		p.s(" [" + relativeTime(ttl) + "]")
	}
	p.s(" " + dnsType(t))
	end := d.at + n
	p.dnsData(d, t, class, n)
	d.at = end
}

func (p *Printer) dnsData(d *dnsReader, t, class uint16, n int) {
	switch {
	case t == 1 && n == 4 || t == 28 && n == 16:
		p.s(" " + ipString(d.msg[d.at:d.at+n]))
	case t == 2 || t == 5 || t == 12 || t == 39:
		p.s(" " + d.name())
	case t == 6:
		if p.opts.Verbose == 0 {
			return
		}
		p.s(" " + d.name())
		p.s(" " + d.name())
		for range 5 {
			p.f(" %d", d.u32())
		}
	case t == 15:
		pref := d.u16()
		p.f(" %s %d", d.name(), pref)
	case t == 16:
		for end := d.at + n; d.at < end; {
			k := min(int(d.msg[d.at]), end-d.at-1)
			p.s(" \"" + printable(string(d.msg[d.at+1:d.at+1+k])) + "\"")
			d.at += 1 + k
		}
	case t == 33:
		prio, weight, port := d.u16(), d.u16(), d.u16()
		p.f(" %s:%d %d %d", d.name(), port, prio, weight)
	case t == 41:
		p.f(" UDPsize=%d", class)
	}
}

// relativeTime is seconds as tcpdump shortens them: 3600 is "1h".
func relativeTime(secs uint32) string {
	if secs == 0 {
		return "0s"
	}
	out := ""
	for _, u := range []struct {
		unit string
		secs uint32
	}{{"w", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n := secs / u.secs; n > 0 {
			out += fmt.Sprintf("%d%s", n, u.unit)
			secs -= n * u.secs
		}
	}
	return out
}
