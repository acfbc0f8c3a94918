package stack

import (
	"net/netip"
	"slices"
	"sort"
)

// route is one entry of a routing table. Its interface is kept by pointer, so
// that a rename or a change of index does not touch it.
type route struct {
	Route
	dev  *Interface // nil for a route with legs, and for one to nowhere
	legs []*route   // the ways of a route with several next hops
	dead bool       // a leg whose interface is down, or has lost its addresses
}

// table is one routing table of one family.
type table struct {
	id     TableID
	routes []*route // length descending, metric; stable
}

// family is the routing tables of IPv4 or IPv6 and the rules that choose among
// them. Of the local table only what was added by hand is stored: the rest
// follows from the addresses.
type family struct {
	main  table
	more  []*table // every other one that was ever written to, as the kernel dumps them
	rules []*Rule  // by priority; nil: those of a new namespace, see startRules
	// policy tells that a lookup has to walk the rules: the answer is no longer
	// "ours, or what main says".
	policy bool
}

// fib is the forwarding information base of a namespace. It needs init.
type fib struct {
	families [2]family // IPv4, IPv6
}

func (t *fib) init() {
	for k := range t.families {
		t.families[k].main.id = TableMain
	}
}

// of is the family that routes to dst.
func (t *fib) of(dst netip.Addr) *family {
	if dst.Is6() {
		return &t.families[1]
	}
	return &t.families[0]
}

// table returns the table of a number, or nil if nothing was ever put there.
func (f *family) table(id TableID) *table {
	if id == TableMain {
		return &f.main
	}
	for _, t := range f.more {
		if t.id == id {
			return t
		}
	}
	return nil
}

// makeTable returns the table of a number, made if need be. The kernel hashes
// the numbers into 256 chains and puts a new table at the head of its own
// (fib_new_table); a dump goes through the chains.
func (f *family) makeTable(id TableID) *table {
	if t := f.table(id); t != nil {
		return t
	}
	t := &table{id: id}
	at := slices.IndexFunc(f.more, func(o *table) bool { return o.id&255 >= id&255 })
	if at < 0 {
		at = len(f.more)
	}
	f.more = slices.Insert(f.more, at, t)
	f.policy = f.policy || id == TableLocal || id == TableDefault
	return t
}

// tables are all tables in the order of a dump: main is the oldest of its chain.
func (f *family) tables() []*table {
	at := slices.IndexFunc(f.more, func(o *table) bool { return o.id&255 > TableMain })
	if at < 0 {
		at = len(f.more)
	}
	return slices.Insert(slices.Clone(f.more), at, &f.main)
}

// routeBefore is the order of a table: longest prefix first, then lowest
// metric.
func routeBefore(a, b *route) bool {
	if a.Dst.Bits() != b.Dst.Bits() {
		return a.Dst.Bits() > b.Dst.Bits()
	}
	return a.Metric < b.Metric
}

// insert puts a route into the table that it names.
func (t *fib) insert(r *route) {
	tb := t.of(r.Dst.Addr()).makeTable(r.Table)
	i := sort.Search(len(tb.routes), func(i int) bool { return routeBefore(r, tb.routes[i]) })
	tb.routes = slices.Insert(tb.routes, i, r)
}

// remove takes out, of all tables, the routes that are not to be kept.
func (t *fib) remove(keep func(*route) bool) {
	for k := range t.families {
		f := &t.families[k]
		t.removeFrom(&f.main, keep)
		for _, tb := range f.more {
			t.removeFrom(tb, keep)
		}
	}
}

func (t *fib) removeFrom(tb *table, keep func(*route) bool) {
	out := tb.routes[:0]
	for _, r := range tb.routes {
		if keep(r) && r.survives(keep) {
			out = append(out, r)
		}
	}
	if len(out) < len(tb.routes) {
		clear(tb.routes[len(out):])
		tb.routes = out
	}
}

// usable reports whether the route may carry packets now: the interface is up,
// and has a carrier if the sysctl asks for one.
func (r *route) usable() bool {
	if r.dev == nil {
		return true
	}
	if r.dead || !r.dev.up {
		return false
	}
	return r.dev.Carrier() || !r.dev.conf.flag(r.Dst.Addr().Is6(), "ignore_routes_with_linkdown")
}

// direct reports whether the route leads to neighbours: its scope is link.
func (r *route) direct() bool {
	return r.Type == 0 && !r.Via.IsValid() && (r.Scope != ScopeGlobal || r.Dst.Addr().Is6())
}

// lookup is fib_table_lookup: the route to the flow's destination. nil means no
// route; a "throw" route says so too, that other tables may be asked.
func (t *table) lookup(f *flow) *route {
	if t == nil {
		return nil
	}
	for _, r := range t.routes {
		if !r.Dst.Contains(f.dst) {
			continue
		}
		if r.legs != nil {
			if r = r.legFor(f); r == nil {
				continue
			}
		}
		if f.out != nil && r.dev != f.out {
			continue
		}
		if !r.usable() || f.direct && !r.direct() {
			continue
		}
		if r.Type == RouteThrow {
			return nil
		}
		return r
	}
	return nil
}

// survives reports whether a way is left of a route: legs that are not to be
// kept die, and the route with the last of them (fib_sync_down_dev).
func (r *route) survives(keep func(*route) bool) bool {
	alive := r.legs == nil
	for _, l := range r.legs {
		l.dead = l.dead || !keep(l)
		alive = alive || !l.dead
	}
	return alive
}

// revive makes the legs by an interface live again that is up and has an address
// of the family (fib_sync_up).
func (t *fib) revive(i *Interface) {
	for k := range t.families {
		f := &t.families[k]
		if !slices.ContainsFunc(i.ipAddrs.list, func(a *ifAddr) bool { return a.is4() == (k == 0) }) {
			continue
		}
		for _, tb := range append([]*table{&f.main}, f.more...) {
			for _, r := range tb.routes {
				for _, l := range r.legs {
					l.dead = l.dead && l.dev != i
				}
			}
		}
	}
}

// legFor is fib_select_path: the first way by the interface that is asked for,
// or the one that the flow's addresses choose among those that live, in
// proportion to the weights. The kernel's hash has a secret, this one has none.
func (r *route) legFor(f *flow) *route {
	total := 0
	for _, l := range r.legs {
		switch {
		case !l.usable():
		case f.out != nil:
			if l.dev == f.out {
				return l
			}
		default:
			total += l.weight()
		}
	}
	if total == 0 {
		return nil
	}
	at := int(flowHash(f.src, f.dst) % uint64(total))
	for _, l := range r.legs {
		if !l.usable() {
			continue
		}
		if at -= l.weight(); at < 0 {
			return l
		}
	}
	return nil
}

func (r *route) weight() int { return max(r.Hops[0].Weight, 1) }

// flowHash mixes the addresses of a flow (layer 3, fib_multipath_hash_policy 0).
func flowHash(src, dst netip.Addr) uint64 {
	h := uint64(14695981039346656037)
	for _, a := range [2]netip.Addr{src, dst} {
		for _, b := range a.As16() {
			h = (h ^ uint64(b)) * 1099511628211
		}
	}
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}
