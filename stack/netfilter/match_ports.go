package netfilter

import (
	"strconv"
	"strings"
)

// portRange is one of --sport, --dport. The zero value is not a test.
type portRange struct {
	set, not bool
	lo, hi   uint16
}

func (r portRange) test(port uint16) bool {
	return !r.set || (port >= r.lo && port <= r.hi) != r.not
}

func (r portRange) save(w *strings.Builder, opt string) {
	if !r.set || r.lo == 0 && r.hi == 65535 && !r.not {
		return
	}
	not(w, r.not)
	w.WriteString(" " + opt + " " + strconv.Itoa(int(r.lo)))
	if r.lo != r.hi {
		w.WriteString(":" + strconv.Itoa(int(r.hi)))
	}
}

func (r portRange) list(w *strings.Builder, name string, udp, numeric bool) {
	if !r.set || r.lo == 0 && r.hi == 65535 && !r.not {
		return
	}
	w.WriteString(" " + name)
	if r.lo != r.hi {
		w.WriteByte('s')
	}
	w.WriteByte(':')
	if r.not {
		w.WriteByte('!')
	}
	w.WriteString(portName(r.lo, udp, numeric))
	if r.lo != r.hi {
		w.WriteString(":" + portName(r.hi, udp, numeric))
	}
}

// parsePortRange reads "80", "http", "1000:2000", ":1023", "1024:".
func parsePortRange(arg string, not bool) (portRange, error) {
	r := portRange{set: true, not: not}
	lo, hi, isRange := strings.Cut(arg, ":")
	if isRange && lo == "" {
		lo = "0"
	}
	var ok bool
	if r.lo, ok = serviceNumber(lo); !ok {
		return r, usagef("invalid port/service `%s' specified", lo)
	}
	r.hi = r.lo
	if isRange {
		if hi == "" {
			hi = "65535"
		}
		if r.hi, ok = serviceNumber(hi); !ok {
			return r, usagef("invalid port/service `%s' specified", hi)
		}
	}
	if r.lo > r.hi {
		return r, usagef("invalid portrange (min > max)")
	}
	return r, nil
}

// tcpMatch is "-m tcp".
type tcpMatch struct {
	src, dst  portRange
	option    int // --tcp-option, 0 for none
	optionNot bool
	flagsSet  bool
	flagsNot  bool
	mask, cmp uint8
}

func (m *tcpMatch) name() string { return "tcp" }

func (m *tcpMatch) save(w *strings.Builder) {
	m.src.save(w, "--sport")
	m.dst.save(w, "--dport")
	if m.option != 0 {
		not(w, m.optionNot)
		w.WriteString(" --tcp-option " + strconv.Itoa(m.option))
	}
	if m.flagsSet {
		not(w, m.flagsNot)
		w.WriteString(" --tcp-flags " + tcpFlagNames(m.mask) + " " + tcpFlagNames(m.cmp))
	}
}

func (m *tcpMatch) list(w *strings.Builder, numeric bool) {
	w.WriteString(" tcp")
	m.src.list(w, "spt", false, numeric)
	m.dst.list(w, "dpt", false, numeric)
	if m.option != 0 {
		w.WriteString(" option=")
		if m.optionNot {
			w.WriteByte('!')
		}
		w.WriteString(strconv.Itoa(m.option))
	}
	if m.flagsSet {
		w.WriteString(" flags:")
		if m.flagsNot {
			w.WriteByte('!')
		}
		if numeric {
			w.WriteString("0x" + hex2(m.mask) + "/0x" + hex2(m.cmp))
		} else {
			w.WriteString(tcpFlagNames(m.mask) + "/" + tcpFlagNames(m.cmp))
		}
	}
}

func hex2(b uint8) string {
	const digits = "0123456789ABCDEF"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func (m *tcpMatch) test(p *packet) bool {
	if !p.hasPorts || p.proto != 6 {
		return false
	}
	if !m.src.test(p.sport) || !m.dst.test(p.dport) {
		return false
	}
	if m.option != 0 && hasTCPOption(p.transport, uint8(m.option)) == m.optionNot {
		return false
	}
	return !m.flagsSet || (p.tcpFlags&m.mask == m.cmp) != m.flagsNot
}

func hasTCPOption(h []byte, kind uint8) bool {
	for i := 20; i < len(h); {
		switch {
		case h[i] == kind:
			return true
		case h[i] == 0:
			return false
		case h[i] == 1:
			i++
		case i+1 >= len(h) || h[i+1] < 2:
			return false
		default:
			i += int(h[i+1])
		}
	}
	return false
}

var tcpFlagBits = []struct {
	name string
	bit  uint8
}{{"FIN", 1}, {"SYN", 2}, {"RST", 4}, {"PSH", 8}, {"ACK", 16}, {"URG", 32}}

func tcpFlagNames(flags uint8) string {
	if flags == 0 {
		return "NONE"
	}
	var names []string
	for _, f := range tcpFlagBits {
		if flags&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ",")
}

func parseTCPFlags(arg string) (uint8, error) {
	var flags uint8
next:
	for _, name := range strings.Split(arg, ",") {
		switch strings.ToUpper(name) {
		case "ALL":
			flags |= 0x3f
			continue
		case "NONE":
			continue
		}
		for _, f := range tcpFlagBits {
			if f.name == strings.ToUpper(name) {
				flags |= f.bit
				continue next
			}
		}
		return 0, usagef("Unknown TCP flag `%s'", name)
	}
	return flags, nil
}

// udpMatch is "-m udp" and, with other names, "-m sctp" and its kin.
type udpMatch struct{ src, dst portRange }

func (m *udpMatch) name() string { return "udp" }

func (m *udpMatch) save(w *strings.Builder) {
	m.src.save(w, "--sport")
	m.dst.save(w, "--dport")
}

func (m *udpMatch) list(w *strings.Builder, numeric bool) {
	w.WriteString(" udp")
	m.src.list(w, "spt", true, numeric)
	m.dst.list(w, "dpt", true, numeric)
}

func (m *udpMatch) test(p *packet) bool {
	return p.hasPorts && p.proto == 17 && m.src.test(p.sport) && m.dst.test(p.dport)
}

// multiportMatch is "-m multiport".
type multiportMatch struct {
	opt   string // "sports", "dports", "ports"
	not   bool
	ports []portRange
}

func (m *multiportMatch) name() string { return "multiport" }

func (m *multiportMatch) write(w *strings.Builder, numeric bool) {
	for i, r := range m.ports {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(portName(r.lo, false, numeric))
		if r.lo != r.hi {
			w.WriteString(":" + portName(r.hi, false, numeric))
		}
	}
}

func (m *multiportMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --" + m.opt + " ")
	m.write(w, true)
}

func (m *multiportMatch) list(w *strings.Builder, numeric bool) {
	w.WriteString(" multiport " + m.opt + " ")
	if m.not {
		w.WriteString(" !")
	}
	m.write(w, numeric)
}

func (m *multiportMatch) test(p *packet) bool {
	if !p.hasPorts {
		return false
	}
	hit := false
	for _, r := range m.ports {
		in := func(port uint16) bool { return port >= r.lo && port <= r.hi }
		hit = hit || m.opt != "dports" && in(p.sport) || m.opt != "sports" && in(p.dport)
	}
	return hit != m.not
}

func parseMultiport(opt, arg string, not bool) (*multiportMatch, error) {
	m := &multiportMatch{opt: opt, not: not}
	for _, s := range strings.Split(arg, ",") {
		r, err := parsePortRange(s, false)
		if err != nil {
			return nil, err
		}
		m.ports = append(m.ports, r)
	}
	if len(m.ports) > 15 {
		return nil, usagef("too many ports specified")
	}
	return m, nil
}
