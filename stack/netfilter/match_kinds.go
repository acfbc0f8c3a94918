package netfilter

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// icmpMatch is "-m icmp", or "-m icmp6" when v6.
type icmpMatch struct {
	v6, set, not bool
	kind         uint8
	code         int // -1 for any
}

type icmpName struct {
	name string
	kind uint8
	code int
}

// In the order of iptables' tables: the first entry that fits names a type.
var icmpNames = []icmpName{
	{"any", 255, -1}, {"echo-reply", 0, -1}, {"pong", 0, -1}, {"destination-unreachable", 3, -1},
	{"network-unreachable", 3, 0}, {"host-unreachable", 3, 1}, {"protocol-unreachable", 3, 2},
	{"port-unreachable", 3, 3}, {"fragmentation-needed", 3, 4}, {"source-route-failed", 3, 5},
	{"network-unknown", 3, 6}, {"host-unknown", 3, 7}, {"network-prohibited", 3, 9}, {"host-prohibited", 3, 10},
	{"TOS-network-unreachable", 3, 11}, {"TOS-host-unreachable", 3, 12}, {"communication-prohibited", 3, 13},
	{"host-precedence-violation", 3, 14}, {"precedence-cutoff", 3, 15}, {"source-quench", 4, -1},
	{"redirect", 5, -1}, {"network-redirect", 5, 0}, {"host-redirect", 5, 1}, {"TOS-network-redirect", 5, 2},
	{"TOS-host-redirect", 5, 3}, {"echo-request", 8, -1}, {"ping", 8, -1}, {"router-advertisement", 9, -1},
	{"router-solicitation", 10, -1}, {"time-exceeded", 11, -1}, {"ttl-exceeded", 11, -1},
	{"ttl-zero-during-transit", 11, 0}, {"ttl-zero-during-reassembly", 11, 1}, {"parameter-problem", 12, -1},
	{"ip-header-bad", 12, 0}, {"required-option-missing", 12, 1}, {"timestamp-request", 13, -1},
	{"timestamp-reply", 14, -1}, {"address-mask-request", 17, -1}, {"address-mask-reply", 18, -1},
}

var icmp6Names = []icmpName{
	{"destination-unreachable", 1, -1}, {"no-route", 1, 0}, {"communication-prohibited", 1, 1},
	{"beyond-scope", 1, 2}, {"address-unreachable", 1, 3}, {"port-unreachable", 1, 4}, {"failed-policy", 1, 5},
	{"reject-route", 1, 6}, {"packet-too-big", 2, -1}, {"time-exceeded", 3, -1}, {"ttl-exceeded", 3, -1},
	{"ttl-zero-during-transit", 3, 0}, {"ttl-zero-during-reassembly", 3, 1}, {"parameter-problem", 4, -1},
	{"bad-header", 4, 0}, {"unknown-header-type", 4, 1}, {"unknown-option", 4, 2}, {"echo-request", 128, -1},
	{"ping", 128, -1}, {"echo-reply", 129, -1}, {"pong", 129, -1}, {"mld-listener-query", 130, -1},
	{"mld-listener-report", 131, -1}, {"mld-listener-done", 132, -1}, {"router-solicitation", 133, -1},
	{"router-advertisement", 134, -1}, {"neighbour-solicitation", 135, -1}, {"neighbor-solicitation", 135, -1},
	{"neighbour-advertisement", 136, -1}, {"neighbor-advertisement", 136, -1}, {"redirect", 137, -1},
}

func (m *icmpMatch) names() []icmpName {
	if m.v6 {
		return icmp6Names
	}
	return icmpNames
}

func (m *icmpMatch) name() string {
	if m.v6 {
		return "icmp6"
	}
	return "icmp"
}

func (m *icmpMatch) parse(arg string) error {
	if arg == "" {
		return usagef("Unknown ICMP type `%s'", arg)
	}
	for _, n := range m.names() {
		if strings.HasPrefix(n.name, strings.ToLower(arg)) && (len(n.name) == len(arg) || m.unique(arg)) {
			m.kind, m.code = n.kind, n.code
			return nil
		}
	}
	kind, code, hasCode := strings.Cut(arg, "/")
	k, err := strconv.ParseUint(kind, 0, 8)
	if err != nil {
		return usagef("Invalid ICMP type `%s'", arg)
	}
	m.kind, m.code = uint8(k), -1
	if hasCode {
		c, err := strconv.ParseUint(code, 0, 8)
		if err != nil {
			return usagef("Invalid ICMP code `%s'", code)
		}
		m.code = int(c)
	}
	return nil
}

func (m *icmpMatch) unique(prefix string) bool {
	n := 0
	for _, x := range m.names() {
		if strings.HasPrefix(x.name, strings.ToLower(prefix)) {
			n++
		}
	}
	return n == 1
}

func (m *icmpMatch) save(w *strings.Builder) {
	not(w, m.not)
	opt := " --icmp-type "
	if m.v6 {
		opt = " --icmpv6-type "
	}
	if !m.v6 && m.kind == 255 {
		w.WriteString(opt + "any")
		return
	}
	w.WriteString(opt + strconv.Itoa(int(m.kind)))
	if m.code >= 0 {
		w.WriteString("/" + strconv.Itoa(m.code))
	}
}

func (m *icmpMatch) list(w *strings.Builder, numeric bool) {
	if m.v6 {
		w.WriteString(" ipv6-icmp")
	} else {
		w.WriteString(" icmp")
	}
	if !numeric {
		for _, n := range m.names() {
			if n.kind == m.kind && n.code == m.code {
				w.WriteByte(' ')
				if m.not {
					w.WriteByte('!')
				}
				w.WriteString(n.name)
				return
			}
		}
	}
	if m.not {
		w.WriteString(" !")
	}
	w.WriteString("type " + strconv.Itoa(int(m.kind)))
	if m.code >= 0 {
		w.WriteString(" code " + strconv.Itoa(m.code))
	}
}

func (m *icmpMatch) test(p *packet) bool {
	if !p.hasICMP || p.proto != 1 && p.proto != 58 {
		return false
	}
	any := !m.v6 && m.kind == 255
	return (any || p.icmpType == m.kind && (m.code < 0 || m.code == int(p.icmpCode))) != m.not
}

// commentMatch is "-m comment": it accepts every packet.
type commentMatch struct{ text string }

func (m *commentMatch) name() string { return "comment" }

func (m *commentMatch) save(w *strings.Builder) {
	w.WriteString(" --comment")
	saveString(w, m.text)
}

func (m *commentMatch) list(w *strings.Builder, _ bool) { w.WriteString(" /* " + m.text + " */") }

func (m *commentMatch) test(*packet) bool { return true }

// markMatch is "-m mark".
type markMatch struct {
	not         bool
	value, mask uint32
}

func (m *markMatch) name() string { return "mark" }

func (m *markMatch) text() string {
	s := fmt.Sprintf("0x%x", m.value)
	if m.mask != math.MaxUint32 {
		s += fmt.Sprintf("/0x%x", m.mask)
	}
	return s
}

func (m *markMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --mark " + m.text())
}

func (m *markMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" mark match")
	not(w, m.not)
	w.WriteString(" " + m.text())
}

func (m *markMatch) test(p *packet) bool { return (p.nf.Mark&m.mask == m.value) != m.not }

// parseMark reads "0x10" or "0x10/0xff"; the default mask is all ones.
func parseMark(opt, arg string) (value, mask uint32, err error) {
	v, k, hasMask := strings.Cut(arg, "/")
	n, e := strconv.ParseUint(v, 0, 32)
	if e != nil {
		return 0, 0, usagef("%s: bad mark value for option \"--%s\", or out of range", "mark", opt)
	}
	value, mask = uint32(n), math.MaxUint32
	if hasMask {
		n, e = strconv.ParseUint(k, 0, 32)
		if e != nil {
			return 0, 0, usagef("%s: bad mask value for option \"--%s\", or out of range", "mark", opt)
		}
		mask = uint32(n)
	}
	return value, mask, nil
}

// macMatch is "-m mac".
type macMatch struct {
	not bool
	mac string // six lower-case pairs with colons
	raw [6]byte
}

func (m *macMatch) name() string { return "mac" }

func (m *macMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --mac-source " + m.mac)
}

func (m *macMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" MAC")
	not(w, m.not)
	w.WriteString(" " + m.mac)
}

func (m *macMatch) test(p *packet) bool {
	return p.nf.HasMAC && p.in != "" && (p.nf.SrcMAC == m.raw) != m.not
}

// lengthMatch is "-m length", in bytes of the IP packet.
type lengthMatch struct {
	not    bool
	lo, hi int
}

func (m *lengthMatch) name() string { return "length" }

func (m *lengthMatch) text() string {
	s := strconv.Itoa(m.lo)
	if m.lo != m.hi {
		s += ":" + strconv.Itoa(m.hi)
	}
	return s
}

func (m *lengthMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --length " + m.text())
}

func (m *lengthMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" length " + bang(m.not) + m.text())
}

func (m *lengthMatch) test(p *packet) bool { return (p.length >= m.lo && p.length <= m.hi) != m.not }

// pkttypeMatch is "-m pkttype".
type pkttypeMatch struct {
	not  bool
	kind string
}

func (m *pkttypeMatch) name() string { return "pkttype" }

func (m *pkttypeMatch) save(w *strings.Builder) {
	not(w, m.not)
	w.WriteString(" --pkt-type " + m.kind)
}

func (m *pkttypeMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" PKTTYPE ")
	if m.not {
		w.WriteByte('!')
	}
	w.WriteString("= " + m.kind)
}

func (m *pkttypeMatch) test(p *packet) bool {
	kind := "unicast"
	switch p.rules.addrType(p.dst) {
	case Broadcast:
		kind = "broadcast"
	case Multicast:
		kind = "multicast"
	}
	return (kind == m.kind) != m.not
}

// physdevMatch is "-m physdev": the ports of a bridged packet.
type physdevMatch struct {
	in, out                ifaceTest
	isIn, isOut, isBridged int // 1 wanted, -1 refused
}

func (m *physdevMatch) name() string { return "physdev" }

func (m *physdevMatch) write(w *strings.Builder) {
	flag := func(v int, name string) {
		if v != 0 {
			not(w, v < 0)
			w.WriteString(" --physdev-" + name)
		}
	}
	flag(m.isIn, "is-in")
	saveIface(w, "--physdev-in", m.in)
	flag(m.isOut, "is-out")
	saveIface(w, "--physdev-out", m.out)
	flag(m.isBridged, "is-bridged")
}

func (m *physdevMatch) save(w *strings.Builder) { m.write(w) }

func (m *physdevMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" PHYSDEV match")
	m.write(w)
}

func (m *physdevMatch) test(p *packet) bool {
	in, out := p.nf.PhysIn, p.nf.PhysOut
	flag := func(v int, is bool) bool { return v == 0 || is == (v > 0) }
	return flag(m.isIn, in != "") && flag(m.isOut, out != "") && flag(m.isBridged, in != "" && out != "") &&
		m.in.test(in) && m.out.test(out)
}
