package print

import (
	"encoding/binary"
	"strconv"
	"strings"

	"dnetsim/link"
)

// flowKey is a TCP connection, whichever way a segment goes: the end with the
// lower port, or the lower address, comes first.
type flowKey struct {
	lowAddr, highAddr string
	lowPort, highPort uint16
}

// flowBase is where the sequence numbers of a connection began.
type flowBase struct{ seq, ack uint32 }

// tcp prints a TCP segment (print-tcp.c).
func (p *Printer) tcp(t *transport) {
	b := t.body
	if len(b) < 4 {
		p.f("%s > %s:", t.src, t.dst)
		p.truncated("tcp")
		return
	}
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	p.endpoints(t, "tcp", sport, dport)
	if len(b) < 20 {
		p.truncated("tcp")
		return
	}
	hlen := int(b[12]>>4) * 4
	if hlen < 20 {
		p.f("tcp %d [bad hdr length %d - too short, < 20]", t.length-hlen, hlen)
		return
	}
	length := t.length - hlen
	if p.opts.Quick {
		p.f("tcp %d", length)
		return
	}
	if length < 0 || hlen > len(b) {
		p.f("tcp %d [bad hdr length %d - too long, > %d]", length, hlen, t.length)
		return
	}
	flags := b[13]
	p.f("Flags [%s]", tcpFlags(flags))
	if p.opts.Verbose > 0 {
		p.tcpChecksum(t)
	}
	seq, ack := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	base, reverse := &flowBase{}, false
	if !p.opts.Absolute && flags&link.FlagACK != 0 {
		seq, ack, base, reverse = p.relative(t, sport, dport, flags, seq, ack)
	}
	if p.opts.Verbose > 1 || length > 0 || flags&(link.FlagSYN|link.FlagFIN|link.FlagRST) != 0 {
		p.f(", seq %d", seq)
		if length > 0 {
			p.f(":%d", seq+uint32(length))
		}
	}
	if flags&link.FlagACK != 0 {
		p.f(", ack %d", ack)
	}
	p.f(", win %d", binary.BigEndian.Uint16(b[14:]))
	if flags&link.FlagURG != 0 {
		p.f(", urg %d", binary.BigEndian.Uint16(b[18:]))
	}
	if hlen > 20 {
		sackBase := base.ack
		if reverse {
			sackBase = base.seq
		}
		p.tcpOptions(b[20:hlen], sackBase)
	}
	p.f(", length %d", length)
	if length > 0 {
		p.tcpPayload(b[hlen:], sport, dport)
	}
}

// endpoints prints "SRC.PORT > DST.PORT: ".
func (p *Printer) endpoints(t *transport, proto string, sport, dport uint16) {
	s, d := p.opts.port(proto, sport), p.opts.port(proto, dport)
	if t.bare {
		p.f("%s > %s: ", s, d)
		return
	}
	p.f("%s.%s > %s.%s: ", t.src, s, t.dst, d)
}

func (o Options) port(proto string, n uint16) string {
	s := strconv.Itoa(int(n))
	if o.Names {
		if name, ok := services[proto+"/"+s]; ok {
			return name
		}
	}
	return s
}

func tcpFlags(f byte) string {
	return joinBits(int(f), []bitName{{link.FlagFIN, "F"}, {link.FlagSYN, "S"}, {link.FlagRST, "R"}, {link.FlagPSH, "P"},
		{link.FlagACK, "."}, {link.FlagURG, "U"}, {link.FlagECE, "E"}, {link.FlagCWR, "W"}}, "", "none")
}

func (p *Printer) tcpChecksum(t *transport) {
	sum, ok := p.verify(t)
	if !ok {
		return
	}
	have := binary.BigEndian.Uint16(t.body[16:])
	p.f(", cksum 0x%04x", have)
	if sum == 0 {
		p.s(" (correct)")
		return
	}
	p.f(" (incorrect -> 0x%04x)", shouldBe(have, sum))
}

// relative turns sequence numbers into those relative to the connection's
// beginning. The first segment seen of a connection, and a SYN, stay absolute.
func (p *Printer) relative(t *transport, sport, dport uint16, flags byte, seq, ack uint32) (uint32, uint32, *flowBase, bool) {
	reverse := sport > dport || sport == dport && t.src > t.dst
	key := flowKey{t.src, t.dst, sport, dport}
	if reverse {
		key = flowKey{t.dst, t.src, dport, sport}
	}
	base, known := p.flows[key]
	if !known || flags&link.FlagSYN != 0 {
		base = &flowBase{seq: seq, ack: ack - 1}
		if reverse {
			base = &flowBase{seq: ack - 1, ack: seq}
		}
		p.flows[key] = base
		return seq, ack, base, reverse
	}
	if reverse {
		return seq - base.ack, ack - base.seq, base, reverse
	}
	return seq - base.seq, ack - base.ack, base, reverse
}

func (p *Printer) tcpOptions(b []byte, sackBase uint32) {
	p.s(", options [")
	sep := ""
	for len(b) > 0 {
		p.s(sep)
		sep = ","
		kind := b[0]
		if kind == 0 {
			p.s("eol")
			break
		}
		if kind == 1 {
			p.s("nop")
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			p.s("[bad opt]")
			break
		}
		p.tcpOption(kind, b[2:b[1]], sackBase)
		b = b[b[1]:]
	}
	p.s("]")
}

func (p *Printer) tcpOption(kind byte, v []byte, sackBase uint32) {
	switch {
	case kind == 2 && len(v) == 2:
		p.f("mss %d", binary.BigEndian.Uint16(v))
	case kind == 3 && len(v) == 1:
		p.f("wscale %d", v[0])
	case kind == 4:
		p.s("sackOK")
	case kind == 5 && len(v)%8 == 0:
		p.f("sack %d ", len(v)/8)
		for i := 0; i < len(v); i += 8 {
			p.f("{%d:%d}", binary.BigEndian.Uint32(v[i:])-sackBase, binary.BigEndian.Uint32(v[i+4:])-sackBase)
		}
	case kind == 8 && len(v) == 8:
		p.f("TS val %d ecr %d", binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]))
	default:
		p.f("unknown-%d 0x%x", kind, v)
	}
}

func (p *Printer) tcpPayload(b []byte, sport, dport uint16) {
	switch {
	case sport == 53 || dport == 53:
		if len(b) > 2 {
			p.s(" ")
			p.dns(b[2:], len(b)-2)
		}
	case isHTTPPort(sport) || isHTTPPort(dport):
		p.s(": ")
		p.http(b)
	}
}

func isHTTPPort(n uint16) bool { return n == 80 || n == 8080 || n == 3128 }

// http prints the first line of a message, all lines of its head with -v, and
// only the word for anything else (print-http.c, txtproto_print).
func (p *Printer) http(b []byte) {
	p.s("HTTP")
	text := string(b)
	if !isHTTPHead(text) {
		return
	}
	if p.opts.Verbose == 0 {
		line, _, _ := strings.Cut(text, "\n")
		p.s(": " + printable(strings.TrimSuffix(line, "\r")))
		return
	}
	p.f(", length: %d", len(b))
	for text != "" {
		line, rest, ok := strings.Cut(text, "\n")
		line = strings.TrimSuffix(line, "\r")
		if !ok || printable(line) != line {
			if line != "" && printable(line) == line {
				p.s("\n\t" + line)
			}
			return
		}
		p.s("\n\t" + line)
		text = rest
	}
}

// isHTTPHead reports whether text begins with a request or a response line.
func isHTTPHead(text string) bool {
	line, _, _ := strings.Cut(text, "\r")
	line, _, _ = strings.Cut(line, "\n")
	words := strings.Fields(line)
	if len(words) < 2 {
		return false
	}
	switch words[0] {
	case "GET", "PUT", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "COPY", "MOVE", "LOCK":
		return true
	}
	_, err := strconv.ParseUint(words[1], 10, 16)
	return strings.HasPrefix(words[0], "HTTP/") && err == nil && len(words[1]) == 3
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r > '~' {
			return '.'
		}
		return r
	}, s)
}
