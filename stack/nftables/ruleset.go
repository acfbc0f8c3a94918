package nftables

import (
	"net/netip"
	"slices"
	"strings"

	"dnetsim/stack/netfilter"
)

// Face is what a ruleset needs of its namespace. All of it is required.
type Face struct {
	Options netfilter.Options // its clock, chance, addresses and log; V6 says nothing
	// Rules are the hooks of one address family.
	Rules func(v6 bool) *netfilter.Rules
	// Index is the number of an interface, 0 of none, and Name its inverse.
	Index func(name string) int
	Name  func(index int) string
}

// Ruleset is all that nft has put into one namespace. Use [New]. It is not safe
// for concurrent use.
type Ruleset struct {
	face    Face
	tables  []*table // in the order of their making
	handles uint64   // that tables have got
	hooked  [2]bool  // base chains of a family have been hooked in
	walker  walker
	undo    []func() // of a change under way, what a copy of the tables does not undo
	fields  map[string]*field
}

// New makes a ruleset with no table.
func New(face Face) *Ruleset {
	rs := &Ruleset{face: face, fields: makeFields()}
	rs.walker.rs = rs
	return rs
}

// table is one table. Its objects share one series of handles.
type table struct {
	family  string
	name    string
	handle  uint64
	handles uint64
	dormant bool
	comment string
	objects []*object
	sets    []*set
	chains  []*chain
}

type chain struct {
	name    string
	handle  uint64
	base    *hook // nil for a chain that is jumped to
	comment string
	rules   []*rule
	table   *table
	order   [2]uint64 // when it was registered at the hooks of IPv4 and IPv6, 0 if it is not
}

// hook is where a base chain is.
type hook struct {
	typ      string // filter, nat, route
	hook     netfilter.Hook
	priority int
	drop     bool // the policy
}

var hookNames = []string{"prerouting", "input", "forward", "output", "postrouting"}

type rule struct {
	handle  uint64
	stmts   []stmt
	comment string
}

func (rs *Ruleset) table(family, name string) *table {
	for _, t := range rs.tables {
		if t.family == family && t.name == name {
			return t
		}
	}
	return nil
}

func (t *table) chain(name string) *chain {
	for _, c := range t.chains {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (t *table) set(name string) *set {
	for _, s := range t.sets {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (t *table) newHandle() uint64 {
	t.handles++
	return t.handles
}

// clone copies the tables for a change that may fail half way; rules do not
// change once they are in a chain, and stay shared with their counters.
func clone(tables []*table) []*table {
	out := make([]*table, len(tables))
	for i, t := range tables {
		k := *t
		k.objects = slices.Clone(t.objects)
		k.chains, k.sets = make([]*chain, len(t.chains)), make([]*set, len(t.sets))
		for j, c := range t.chains {
			x := *c
			x.rules, x.table = slices.Clone(c.rules), &k
			if c.base != nil {
				b := *c.base
				x.base = &b
			}
			k.chains[j] = &x
		}
		for j, s := range t.sets {
			x := *s
			x.elems = slices.Clone(s.elems)
			x.index()
			k.sets[j] = &x
		}
		out[i] = &k
	}
	return out
}

// change carries out a batch of commands as one: all of it, or nothing.
func (rs *Ruleset) change(do func() error) error {
	objects := 0
	for _, t := range rs.tables {
		for _, c := range t.chains {
			objects += len(c.rules)
		}
		for _, s := range t.sets {
			objects += len(s.elems)
		}
	}
	rs.charge(objects / workObjects)
	before, handles := clone(rs.tables), rs.handles
	rs.undo = nil
	err := do()
	if err == nil {
		err = rs.link()
	}
	if err != nil {
		for _, back := range slices.Backward(rs.undo) {
			back()
		}
		rs.tables, rs.handles = before, handles
		rs.link() // the copy is good: it was in force
	}
	rs.hookIn()
	return err
}

// link resolves the names of chains and sets.
func (rs *Ruleset) link() error {
	for _, t := range rs.tables {
		l := linker{t: t}
		for _, c := range t.chains {
			l.chain = c
			for _, r := range c.rules {
				for _, s := range r.stmts {
					if err := s.link(&l); err != nil {
						return err
					}
				}
			}
		}
		l.chain = nil
		for _, s := range t.sets {
			if err := s.link(&l); err != nil {
				return err
			}
		}
		for _, c := range t.chains {
			if c.base != nil {
				if err := c.follow(c, map[*chain]int{}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// linker is where names are looked up while a table's rules are linked.
type linker struct {
	t     *table
	chain *chain // whose rule it is, nil for an element of a set
}

// maxJumps is how deep chains may jump (NFT_JUMP_STACK_SIZE).
const maxJumps = 16

// follow looks for jumps that go round or too deep, and for what a chain of that
// hook cannot do (nft_table_validate). deep is how far the chains that were looked at
// lead, below zero while they are looked at.
func (c *chain) follow(base *chain, deep map[*chain]int) error {
	deep[c] = -1
	most := 0
	for _, r := range c.rules {
		for _, s := range r.stmts {
			if err := s.allowed(base); err != nil {
				return err
			}
			for _, v := range s.verdicts() {
				if v.to == nil {
					continue
				}
				d, seen := deep[v.to]
				if seen && d < 0 {
					return refused("Too many links")
				}
				if !seen {
					if err := v.to.follow(base, deep); err != nil {
						return err
					}
				}
				most = max(most, deep[v.to]+1)
			}
		}
	}
	if deep[c] = most; most > maxJumps {
		return refused("Too many links")
	}
	return nil
}

// hookIn gives the base chains to the hooks. Those that are new there are registered, in
// the order of the tables; those of a dormant table are not.
func (rs *Ruleset) hookIn() {
	for k, v6 := range []bool{false, true} {
		var list []netfilter.Base
		track := false
		for _, t := range rs.tables {
			if v6 && t.family == "ip" || !v6 && t.family == "ip6" {
				continue
			}
			for _, c := range t.chains {
				track = track || !t.dormant && c.tracks()
				switch {
				case c.base == nil:
					continue
				case t.dormant:
					c.order[k] = 0
					continue
				case c.order[k] == 0:
					c.order[k] = netfilter.Register(rs.face.Rules(v6))
				}
				list = append(list, netfilter.Base{Hook: c.base.hook, Priority: c.base.priority, Order: c.order[k], NAT: c.base.typ == "nat",
					Visit: func(s *netfilter.Sight) { rs.walker.visit(c, s) }})
			}
		}
		if len(list) > 0 || rs.hooked[k] {
			rs.face.Rules(v6).SetBases(list, track)
			rs.hooked[k] = true
		}
	}
}

// tracks reports whether the chain needs to know of connections.
func (c *chain) tracks() bool {
	return c.base != nil && c.base.typ == "nat" || slices.ContainsFunc(c.rules, func(r *rule) bool {
		return slices.ContainsFunc(r.stmts, func(s stmt) bool { return s.tracks() })
	})
}

// Tables lists the tables as "ip docker-bridges", in the order of their making.
func (rs *Ruleset) Tables() []string {
	var out []string
	for _, t := range rs.tables {
		out = append(out, t.family+" "+t.name)
	}
	return out
}

// find is a chain of a table that is named as [Ruleset.Tables] names it.
func (rs *Ruleset) find(name, chain string) *chain {
	family, name, _ := strings.Cut(name, " ")
	if t := rs.table(family, name); t != nil {
		return t.chain(chain)
	}
	return nil
}

// Hook is the hook from which packets come to a chain, "" if from none: its own,
// or that of the first base chain that leads there.
func (rs *Ruleset) Hook(table, name string) string {
	c := rs.find(table, name)
	if c == nil {
		return ""
	}
	for _, b := range c.table.chains {
		if b.base != nil && b.leads(c, map[*chain]bool{}) {
			return hookNames[b.base.hook]
		}
	}
	return ""
}

// leads reports whether a packet may come from a chain to another; seen are those
// that were asked.
func (c *chain) leads(to *chain, seen map[*chain]bool) bool {
	if c == to {
		return true
	}
	seen[c] = true
	for _, r := range c.rules {
		for _, s := range r.stmts {
			for _, v := range s.verdicts() {
				if v.to != nil && !seen[v.to] && v.to.leads(to, seen) {
					return true
				}
			}
		}
	}
	return false
}

// Handle is the handle of a chain's rule, counted from 1; 0 if there is none.
func (rs *Ruleset) Handle(table, chain string, number int) uint64 {
	c := rs.find(table, chain)
	if c == nil || number < 1 || number > len(c.rules) {
		return 0
	}
	return c.rules[number-1].handle
}

// addrType classifies an address for fib.
func (rs *Ruleset) addrType(a netip.Addr) netfilter.AddrType {
	if rs.face.Options.AddrType == nil {
		return netfilter.Unicast
	}
	return rs.face.Options.AddrType(a)
}
