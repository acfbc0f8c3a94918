package nftables

import (
	"net/netip"
	"strconv"

	"dnetsim/link/trail"
	"dnetsim/stack/netfilter"
)

// walker takes packets through chains. It is used again for each.
type walker struct {
	rs    *Ruleset
	sight *netfilter.Sight
	chain *chain // whose rule is looked at, and which
	at    int
	buf   []byte
}

// verdict ends a rule, and for all but continue the chain.
type verdict struct {
	kind string // accept, drop, continue, return, jump, goto
	name string // of the chain
	to   *chain
}

func (v *verdict) String() string {
	if v.name != "" {
		return v.kind + " " + v.name
	}
	return v.kind
}

// visit takes a packet through a base chain.
func (w *walker) visit(c *chain, s *netfilter.Sight) {
	w.sight = s
	switch w.walk(c, 0) {
	case "accept", "drop":
		return
	}
	if c.base.drop {
		s.Stop(netfilter.Drop, netfilter.RejectNone, &trail.Rule{Table: c.table.family + " " + c.table.name, Chain: c.name, Text: "policy drop"})
	}
}

// walk runs a chain: accept, drop, or "" at its end.
func (w *walker) walk(c *chain, depth int) string {
	for i, r := range c.rules {
		w.chain, w.at = c, i
		if !w.sight.Step(w.rule) {
			return "drop"
		}
		v := w.judge(r)
		if v == nil || v.kind == "continue" {
			continue
		}
		switch v.kind {
		case "accept", "drop":
			return v.kind
		case "rejected":
			return "drop"
		case "return":
			return ""
		}
		if v.to == nil || depth > maxJumps {
			continue
		}
		if end := w.walk(v.to, depth+1); end != "" || v.kind == "goto" {
			return end
		}
	}
	return ""
}

// judge holds a packet against one rule. Nil is as continue.
func (w *walker) judge(r *rule) *verdict {
	for _, s := range r.stmts {
		v, ok := s.run(w)
		if !ok {
			return nil
		}
		if v != nil {
			if v.kind == "drop" {
				w.sight.Stop(netfilter.Drop, netfilter.RejectNone, w.rule())
			}
			return v
		}
	}
	return nil
}

// rule is the rule that is looked at, as the trail names it.
func (w *walker) rule() *trail.Rule {
	t := w.chain.table
	return &trail.Rule{Table: t.family + " " + t.name, Chain: w.chain.name, Number: w.at + 1, Text: w.rs.text(w.chain.rules[w.at], true)}
}

// address is one of the packet's two.
func (w *walker) address(src bool) netip.Addr {
	h, at, n := w.sight.Header(), 16, 4
	if w.sight.Packet().V6 {
		at, n = 24, 16
	}
	if src {
		at -= n
	}
	a, _ := netip.AddrFromSlice(h[at : at+n])
	return a
}

// deviceName is the name of the interface with a number.
func (w *walker) deviceName(index int) string {
	if name := w.rs.face.Name(index); name != "" {
		return name
	}
	return strconv.Itoa(index)
}
