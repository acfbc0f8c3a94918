package stack

import (
	"dnetsim/stack/netfilter"
)

// Conntrack returns the tracked connections of both families.
func (ns *Namespace) Conntrack() []netfilter.Flow {
	var out []netfilter.Flow
	for _, r := range ns.filter.rules {
		if r != nil {
			out = append(out, r.Flows()...)
		}
	}
	return out
}

// asked are the settings that every tracked packet asks for, read again only after a
// change. They are few: one for each kind of connection and its state.
type asked struct {
	of      *sysctls
	changed uint64 // how often they had, when these were read
	known   []setting
}

type setting struct {
	key   string
	value int
}

func (a *asked) number(key string) int {
	if a.changed != a.of.changed {
		a.changed, a.known = a.of.changed, a.known[:0]
	}
	for i := range a.known {
		if a.known[i].key == key {
			return a.known[i].value
		}
	}
	v := a.of.number(key)
	a.known = append(a.known, setting{key, v})
	return v
}

// options is what the rules need of the namespace.
func (fw *filtering) options(v6 bool) netfilter.Options {
	return netfilter.Options{
		V6:       v6,
		NFTables: fw.ns.Without().IPTables,
		Now:      fw.ns.loop.Wall,
		Rand:     func() uint32 { return fw.ns.random().Uint32() },
		AddrType: fw.ns.addrs.kind,
		MTU: func(dev string) int {
			if i := fw.ns.devs.byName[dev]; i != nil {
				return i.mtu
			}
			return 0
		},
		OnLog: func(e netfilter.LogEntry) {
			fw.ns.trail.Note(fw.ns.ends.at(nil), "log", e.Prefix, e.Line)
			if fw.log != nil {
				fw.log(e.Level, e.Line)
			}
		},
		Setting: fw.asked.number,
		Charge:  fw.ns.loop.Work,
	}
}
