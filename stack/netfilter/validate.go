package netfilter

import "slices"

// validate refuses what the kernel refuses when a table is committed: loops,
// targets outside their tables and hooks, port matches without their protocol.
func (r *Rules) validate(t *table) *ExitError {
	for _, c := range t.chains {
		if c.builtin && !t.acyclic(c) {
			return r.refused("Too many levels of symbolic links.")
		}
	}
	for _, c := range t.chains {
		for _, rule := range c.rules {
			if !rule.sound(t.id) {
				return r.refused(invalidRule)
			}
		}
	}
	// Which hooks reach each chain is found by walking it once per hook.
	for _, c := range t.chains {
		if c.builtin && !t.hooksFit(c, c.hook, map[string]bool{}) {
			return r.refused(invalidRule)
		}
	}
	return nil
}

// admits reports whether it is plain that a table that was good before rules were added
// to a chain is good with them: with a thousand networks most rules are of a kind that the
// chain has already. Where it does not, validate says what is wrong, if anything is.
func (t *table) admits(to string, added []*Rule) bool {
	c := t.chain(to)
	return !slices.ContainsFunc(added, func(rule *Rule) bool { return !rule.sound(t.id) || !t.fits(c, rule, added) })
}

// fits reports whether it is plain that a rule in a chain makes no loop and has its
// target at hooks that the target is for.
func (t *table) fits(c *chain, rule *Rule, added []*Rule) bool {
	if hooked(rule.target) && (!c.builtin || !hookAllowed(rule.target, c.hook)) {
		return false
	}
	if rule.jump == "" || standardTarget(rule.jump) {
		return true
	}
	next := t.chain(rule.jump)
	if next == nil {
		return true
	}
	for _, other := range c.rules {
		if other.jump == rule.jump && !slices.Contains(added, other) {
			return !next.builtin // the way is there already
		}
	}
	// A chain that no hook led to may have been in a loop all along.
	return t.acyclic(next) && t.below(next, map[*chain]bool{}, func(n *chain) bool {
		return n != c && !n.builtin && !slices.ContainsFunc(n.rules, func(x *Rule) bool { return hooked(x.target) })
	})
}

// below visits a chain and those that it leads to, until visit says no.
func (t *table) below(c *chain, seen map[*chain]bool, visit func(*chain) bool) bool {
	if seen[c] {
		return true
	}
	seen[c] = true
	if !visit(c) {
		return false
	}
	last := ""
	for _, rule := range c.rules {
		if rule.jump == last || standardTarget(rule.jump) {
			continue
		}
		last = rule.jump
		if next := t.chain(rule.jump); next != nil && !t.below(next, seen, visit) {
			return false
		}
	}
	return true
}

// hooked reports whether a target is for some hooks only, see [hookAllowed].
func hooked(t target) bool {
	switch t.(type) {
	case *rejectTarget, *natTarget, *tcpmssTarget:
		return true
	}
	return false
}

// acyclic walks the jumps from a chain and reports false on a loop.
func (t *table) acyclic(c *chain) bool {
	const walking, walked = 1, 2
	state := map[string]int{}
	var walk func(c *chain) bool
	walk = func(c *chain) bool {
		state[c.name] = walking
		last := ""
		for _, rule := range c.rules {
			if rule.jump == last || standardTarget(rule.jump) {
				continue
			}
			last = rule.jump
			next := t.chain(rule.jump)
			if next == nil || state[next.name] == walked {
				continue
			}
			if state[next.name] == walking || next.builtin || !walk(next) {
				return false
			}
		}
		state[c.name] = walked
		return true
	}
	return walk(c)
}

func (t *table) hooksFit(c *chain, hook int, seen map[string]bool) bool {
	seen[c.name] = true
	for _, rule := range c.rules {
		if !hookAllowed(rule.target, hook) {
			return false
		}
		if next := t.chain(rule.jump); next != nil && !seen[next.name] && !t.hooksFit(next, hook, seen) {
			return false
		}
	}
	return true
}

func hookAllowed(t target, hook int) bool {
	switch t := t.(type) {
	case *rejectTarget:
		return hook == hookInput || hook == hookForward || hook == hookOutput
	case *natTarget:
		switch t.kind {
		case "MASQUERADE":
			return hook == hookPostrouting
		case "SNAT":
			return hook == hookPostrouting || hook == hookInput
		}
		return hook == hookPrerouting || hook == hookOutput
	case *tcpmssTarget:
		return !t.clamp || hook == hookForward || hook == hookOutput || hook == hookPostrouting
	}
	return true
}

// sound reports whether the kernel would take the rule in the table.
func (r *Rule) sound(table int) bool {
	switch r.target.(type) {
	case *natTarget:
		if table != natTable {
			return false
		}
	case *rejectTarget:
		if table != filterTable {
			return false
		}
	case *markTarget:
	case traceTarget:
		if table != rawTable {
			return false
		}
	case checksumTarget:
		if table != mangleTable {
			return false
		}
	}
	for _, m := range r.matches {
		want := uint8(0)
		switch m := m.(type) {
		case *tcpMatch:
			want = 6
		case *udpMatch:
			want = 17
		case *icmpMatch:
			want = 1
			if m.v6 {
				want = 58
			}
		}
		if want != 0 && (!r.proto.set || r.proto.not || r.proto.num != want) {
			return false
		}
	}
	return true
}
