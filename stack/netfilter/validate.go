package netfilter

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

// acyclic walks the jumps from a chain and reports false on a loop.
func (t *table) acyclic(c *chain) bool {
	const walking, walked = 1, 2
	state := map[string]int{}
	var walk func(c *chain) bool
	walk = func(c *chain) bool {
		state[c.name] = walking
		for _, rule := range c.rules {
			if rule.jump == "" {
				continue
			}
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
