package stack

import (
	"dnetsim/stack/netfilter"
)

// Conntrack returns the tracked connections of both families.
func (ns *Namespace) Conntrack() []netfilter.Flow {
	var out []netfilter.Flow
	for _, r := range ns.rules {
		if r != nil {
			out = append(out, r.Flows()...)
		}
	}
	return out
}

// netfilterOptions is what the rules need of the namespace.
func (ns *Namespace) netfilterOptions(v6 bool) netfilter.Options {
	return netfilter.Options{
		V6:       v6,
		Now:      ns.loop.Wall,
		Rand:     func() uint32 { return ns.random().Uint32() },
		AddrType: ns.addrType,
		MTU: func(dev string) int {
			if i := ns.byName[dev]; i != nil {
				return i.mtu
			}
			return 0
		},
		OnLog: func(e netfilter.LogEntry) {
			ns.trail.Note(ns.at(nil), "log", e.Prefix, e.Line)
		},
		Charge: ns.loop.Work,
	}
}
