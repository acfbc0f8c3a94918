package netfilter

import (
	"net/netip"
	"strings"
)

// AddrType is a kind of address, as iptables' addrtype and the routing table
// know it.
type AddrType string

// The kinds of addresses.
const (
	Unicast     AddrType = "UNICAST"
	Local       AddrType = "LOCAL"
	Broadcast   AddrType = "BROADCAST"
	Multicast   AddrType = "MULTICAST"
	Anycast     AddrType = "ANYCAST"
	Blackhole   AddrType = "BLACKHOLE"
	Unreachable AddrType = "UNREACHABLE"
	Prohibit    AddrType = "PROHIBIT"
	Unspec      AddrType = "UNSPEC"
)

// addrType classifies an address, from the namespace if it knows.
func (r *Rules) addrType(w words) AddrType {
	addr := w.addr(r.opts.V6)
	if r.opts.AddrType != nil {
		if t := r.opts.AddrType(addr); t != "" {
			return AddrType(t)
		}
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
	src, dst       []AddrType
	srcNot, dstNot bool
	ifaceIn        bool
	ifaceOut       bool
}

// In the order of the kernel's route types, in which iptables prints them.
var addrTypes = []AddrType{Unspec, Unicast, Local, Broadcast, Anycast, Multicast, Blackhole, Unreachable, Prohibit}

func parseAddrTypes(arg string) ([]AddrType, error) {
	want := map[AddrType]bool{}
	for _, s := range strings.Split(arg, ",") {
		t := AddrType(strings.ToUpper(s))
		found := false
		for _, k := range addrTypes {
			found = found || k == t
		}
		if !found {
			return nil, usagef("addrtype: bad type `%s'", arg)
		}
		want[t] = true
	}
	var types []AddrType
	for _, k := range addrTypes {
		if want[k] {
			types = append(types, k)
		}
	}
	return types, nil
}

func joinTypes(types []AddrType) string {
	var s []string
	for _, t := range types {
		s = append(s, string(t))
	}
	return strings.Join(s, ",")
}

func (m *addrtypeMatch) name() string { return "addrtype" }

func (m *addrtypeMatch) save(w *strings.Builder) {
	if m.src != nil {
		not(w, m.srcNot)
		w.WriteString(" --src-type " + joinTypes(m.src))
	}
	if m.dst != nil {
		not(w, m.dstNot)
		w.WriteString(" --dst-type " + joinTypes(m.dst))
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
	if m.src != nil {
		w.WriteString(" src-type " + bang(m.srcNot) + joinTypes(m.src))
	}
	if m.dst != nil {
		w.WriteString(" dst-type " + bang(m.dstNot) + joinTypes(m.dst))
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
	return (m.src == nil || has(m.src, p.rules.addrType(p.src)) != m.srcNot) &&
		(m.dst == nil || has(m.dst, p.rules.addrType(p.dst)) != m.dstNot)
}

func has(types []AddrType, t AddrType) bool {
	for _, x := range types {
		if x == t {
			return true
		}
	}
	return false
}
