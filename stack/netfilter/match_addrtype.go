package netfilter

import (
	"net/netip"
	"slices"
	"strings"
)

// AddrType is a kind of address, as iptables' addrtype and the routing table
// know it, with the kernel's numbers (linux/rtnetlink.h).
type AddrType uint8

// The kinds of addresses.
const (
	Unspec AddrType = iota
	Unicast
	Local
	Broadcast
	Anycast
	Multicast
	Blackhole
	Unreachable
	Prohibit
)

var addrTypeNames = [...]string{"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT"}

// String is the kind in iptables' words.
func (t AddrType) String() string { return addrTypeNames[t] }

// addrType classifies an address, by the namespace if there is one.
func (r *Rules) addrType(w words) AddrType {
	addr := w.addr(r.opts.V6)
	if r.opts.AddrType != nil {
		return r.opts.AddrType(addr)
	}
	switch {
	case addr.IsUnspecified():
		return Unspec
	case addr.IsLoopback():
		return Local
	case addr.IsMulticast():
		return Multicast
	case addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return Broadcast
	}
	return Unicast
}

// addrtypeMatch is "-m addrtype".
type addrtypeMatch struct {
	src, dst       addrTypes // empty: any
	srcNot, dstNot bool
	ifaceIn        bool
	ifaceOut       bool
}

// addrTypes is a set of kinds, a bit for each.
type addrTypes uint16

func parseAddrTypes(arg string) (set addrTypes, err error) {
	for name := range strings.SplitSeq(arg, ",") {
		t := slices.Index(addrTypeNames[:], strings.ToUpper(name))
		if t < 0 {
			return 0, usagef("addrtype: bad type `%s'", arg)
		}
		set |= 1 << t
	}
	return set, nil
}

func (set addrTypes) has(t AddrType) bool { return set>>t&1 != 0 }

// String is the kinds in the order of their numbers, in which iptables prints
// them.
func (set addrTypes) String() string {
	var s []string
	for t, name := range addrTypeNames {
		if set.has(AddrType(t)) {
			s = append(s, name)
		}
	}
	return strings.Join(s, ",")
}

func (m *addrtypeMatch) name() string { return "addrtype" }

func (m *addrtypeMatch) save(w *strings.Builder) {
	if m.src != 0 {
		not(w, m.srcNot)
		w.WriteString(" --src-type " + m.src.String())
	}
	if m.dst != 0 {
		not(w, m.dstNot)
		w.WriteString(" --dst-type " + m.dst.String())
	}
	m.limits(w, " --")
}

func (m *addrtypeMatch) limits(w *strings.Builder, prefix string) {
	if m.ifaceIn {
		w.WriteString(prefix + "limit-iface-in")
	}
	if m.ifaceOut {
		w.WriteString(prefix + "limit-iface-out")
	}
}

func (m *addrtypeMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" ADDRTYPE match")
	if m.src != 0 {
		w.WriteString(" src-type " + bang(m.srcNot) + m.src.String())
	}
	if m.dst != 0 {
		w.WriteString(" dst-type " + bang(m.dstNot) + m.dst.String())
	}
	m.limits(w, " ")
}

func bang(not bool) string {
	if not {
		return "!"
	}
	return ""
}

func (m *addrtypeMatch) test(p *packet) bool {
	return (m.src == 0 || m.src.has(p.rules.addrType(p.src)) != m.srcNot) &&
		(m.dst == 0 || m.dst.has(p.rules.addrType(p.dst)) != m.dstNot)
}
