package netfilter

import (
	"fmt"
	"slices"
	"strings"
)

// Version is the iptables whose words and forms are printed, and its variant.
func Version(r *Rules) string {
	if r.opts.NFTables {
		return "v1.8.9 (nf_tables)"
	}
	return "v1.8.9 (legacy)"
}

// Run carries out one iptables (or ip6tables) command line, given without the
// program's name. It returns what the program prints and, when it does not exit
// with 0, how it failed.
func (r *Rules) Run(args []string) (string, *ExitError) {
	ps := r.newParser(args)
	if err := ps.parse(); err != nil {
		return "", r.usage(err, -1, r.program())
	}
	return r.run(ps)
}

func (r *Rules) run(ps *parser) (string, *ExitError) {
	cmd := &ps.cmd
	switch cmd.op {
	case 'V':
		return r.program() + " " + Version(r) + "\n", nil
	case 'h':
		return r.help(), nil
	}
	if !slices.Contains(tableNames[:], cmd.table) {
		return "", &ExitError{3, fmt.Sprintf("%s %s: can't initialize %s table `%s': Table does not exist (do you need to insmod?)\n"+
			"Perhaps %s or your kernel needs to be upgraded.\n", r.program(), Version(r), r.program(), cmd.table, r.program())}
	}
	t := r.table(cmd.table)
	switch cmd.op {
	case 'L':
		return r.runList(t, cmd)
	case 'S':
		return r.runListRules(t, cmd)
	}
	if cmd.op == 'C' {
		return "", r.apply(t, ps)
	}
	changed := cmd.chain
	if cmd.op == 'E' { // other chains jump to it
		changed = ""
	}
	w := t.clone(changed)
	if err := r.apply(w, ps); err != nil {
		return "", err
	}
	// What only takes away leaves a good table good.
	if slices.Contains([]byte("AIR"), cmd.op) && !w.admits(cmd.chain, ps.added) || cmd.op == 'E' {
		if err := r.validate(w); err != nil {
			return "", err
		}
	}
	r.commit(w)
	return "", nil
}

// usage is the failure of a wrong command line, with iptables' hint.
func (r *Rules) usage(err error, line int, prog string) *ExitError {
	text := fmt.Sprintf("%s %s: %v\n", prog, Version(r), err)
	if line >= 0 {
		text += fmt.Sprintf("Error occurred at line: %d\n", line)
	}
	return &ExitError{2, text + fmt.Sprintf("Try `%s -h' or '%s --help' for more information.\n", prog, prog)}
}

// apply carries out a change on a copy of a table.
func (r *Rules) apply(t *table, ps *parser) *ExitError {
	cmd := &ps.cmd
	switch cmd.op {
	case 'A', 'I', 'D', 'C', 'R':
		return r.applyRule(t, ps)
	case 'N':
		return r.newChain(t, cmd.chain)
	case 'X':
		return r.deleteChain(t, cmd.chain)
	case 'E':
		return r.renameChain(t, cmd.chain, cmd.arg)
	case 'P':
		return r.setPolicy(t, cmd)
	case 'F':
		return r.eachChain(t, cmd.chain, func(c *chain) { c.rules = nil })
	case 'Z':
		if cmd.number > 0 {
			return r.zeroRule(t, cmd)
		}
		return r.eachChain(t, cmd.chain, (*chain).zero)
	}
	return r.refused("unknown command")
}

func (r *Rules) eachChain(t *table, name string, do func(*chain)) *ExitError {
	if name == "" {
		for _, c := range t.chains {
			do(c)
		}
		return nil
	}
	c := t.chain(name)
	if c == nil {
		return r.refused(noChain)
	}
	do(c)
	return nil
}

func (c *chain) zero() {
	c.counter.set(0, 0)
	for _, rule := range c.rules {
		rule.counter.set(0, 0)
	}
}

func (r *Rules) zeroRule(t *table, cmd *command) *ExitError {
	c := t.chain(cmd.chain)
	if c == nil {
		return r.refused(noChain)
	}
	if cmd.number > len(c.rules) {
		return r.refused("Index of counter too big.")
	}
	c.rules[cmd.number-1].counter.set(0, 0)
	return nil
}

func (r *Rules) applyRule(t *table, ps *parser) *ExitError {
	cmd := &ps.cmd
	if cmd.op == 'D' && cmd.number > 0 {
		if cmd.hasSpec {
			return r.usage(usagef("Illegal option with delete by number"), -1, r.program())
		}
		return r.deleteNumber(t, cmd)
	}
	rule := ps.rule
	switch cmd.chain {
	case "PREROUTING", "INPUT":
		if rule.out.name != "" {
			return r.usage(usagef("Can't use -o with %s\n", cmd.chain), -1, r.program())
		}
	case "POSTROUTING", "OUTPUT":
		if rule.in.name != "" {
			return r.usage(usagef("Can't use -i with %s\n", cmd.chain), -1, r.program())
		}
	}
	if t.id == natTable && rule.jump == "DROP" {
		return r.usage(usagef("\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n"), -1, r.program())
	}
	list, err := ps.build(t)
	if err != nil {
		return r.usage(err, -1, r.program())
	}
	c := t.chain(cmd.chain)
	if c == nil {
		return r.refused(noChain)
	}
	if ps.refuse && cmd.op != 'D' && cmd.op != 'C' {
		return r.refused(invalidRule)
	}
	ps.added = list
	switch cmd.op {
	case 'A':
		t.use(c)
		c.rules = append(c.rules, list...)
	case 'I':
		at := max(cmd.number, 1)
		if at > len(c.rules)+1 {
			return r.refused("Index of insertion too big.")
		}
		t.use(c)
		// iptables inserts one after the other at the same place.
		for _, x := range list {
			c.rules = slices.Insert(c.rules, at-1, x)
		}
	case 'R':
		if len(list) != 1 {
			return r.usage(usagef("Replacement rule does not specify a unique address"), -1, r.program())
		}
		if cmd.number > len(c.rules) {
			return r.refused("Index of replacement too big.")
		}
		c.rules[cmd.number-1] = list[0]
	default:
		return r.deleteOrCheck(c, list, cmd.op == 'D')
	}
	return nil
}

func (r *Rules) deleteNumber(t *table, cmd *command) *ExitError {
	c := t.chain(cmd.chain)
	if c == nil {
		return r.refused(noChain)
	}
	if cmd.number > len(c.rules) {
		return r.refused("Index of deletion too big.")
	}
	c.rules = slices.Delete(c.rules, cmd.number-1, cmd.number)
	return nil
}

func (r *Rules) deleteOrCheck(c *chain, list []*Rule, remove bool) *ExitError {
	for _, x := range list {
		text := x.String()
		i := slices.IndexFunc(c.rules, func(y *Rule) bool { return y.String() == text })
		if i < 0 {
			return r.refused(badRule)
		}
		if remove {
			c.rules = slices.Delete(c.rules, i, i+1)
		}
	}
	return nil
}

func (r *Rules) newChain(t *table, name string) *ExitError {
	if name == "" || standardTarget(name) || newTarget(r.newParser(nil), name) != nil {
		return r.usage(usagef("chain name may not clash with target name\n"), -1, r.program())
	}
	if t.chain(name) != nil {
		return r.refused("Chain already exists.")
	}
	t.addChain(name)
	return nil
}

func (r *Rules) deleteChain(t *table, name string) *ExitError {
	var doomed []*chain
	if name == "" {
		for _, c := range t.chains {
			if !c.builtin {
				doomed = append(doomed, c)
			}
		}
	} else {
		c := t.chain(name)
		if c == nil {
			return r.refused(noChain)
		}
		if c.builtin {
			return r.refused("Invalid argument. Run `dmesg' for more information.")
		}
		doomed = append(doomed, c)
	}
	for _, c := range doomed {
		if t.references(c.name) > 0 {
			return r.refused("Too many links.")
		}
		if len(c.rules) > 0 {
			return r.refused("Directory not empty.")
		}
		t.chains = slices.Delete(t.chains, slices.Index(t.chains, c), slices.Index(t.chains, c)+1)
	}
	return nil
}

func (r *Rules) renameChain(t *table, old, name string) *ExitError {
	c := t.chain(old)
	if t.chain(name) != nil {
		return r.refused("File exists.")
	}
	if c == nil || c.builtin {
		return r.refused(noChain)
	}
	if len(name) > 28 {
		return r.usage(usagef("chain name `%s' too long (must be under 29 chars)", name), -1, r.program())
	}
	t.chains = slices.Delete(t.chains, slices.Index(t.chains, c), slices.Index(t.chains, c)+1)
	k := t.addChain(name)
	k.rules, k.counter = c.rules, c.counter
	for _, ch := range t.chains {
		for i, rule := range ch.rules {
			if rule.jump == old {
				x := *rule
				x.jump, x.saved = name, ""
				ch.rules[i] = &x
			}
		}
	}
	return nil
}

func (r *Rules) setPolicy(t *table, cmd *command) *ExitError {
	c := t.chain(cmd.chain)
	if t.id == natTable && cmd.arg == "DROP" {
		return r.usage(usagef("\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n"), -1, r.program())
	}
	if c == nil || !c.builtin {
		return r.refused("Bad built-in chain name.")
	}
	to, ok := parsePolicy(cmd.arg)
	if !ok {
		return r.refused("Bad policy name. Run `dmesg' for more information.")
	}
	t.use(c)
	c.policy = to
	if cmd.counted {
		c.counter.set(cmd.packets, cmd.bytes)
	}
	return nil
}

func (r *Rules) help() string {
	p := r.program()
	var w strings.Builder
	fmt.Fprintf(&w, "%s %s\n\n", p, Version(r))
	for i, line := range []string{
		"-[ACD] chain rule-specification [options]", "-I chain [rulenum] rule-specification [options]",
		"-R chain rulenum rule-specification [options]", "-D chain rulenum [options]",
		"-[LS] [chain [rulenum]] [options]", "-[FZ] [chain] [options]", "-[NX] chain",
		"-E old-chain-name new-chain-name", "-P chain target [options]", "-h (print this help information)",
	} {
		if i == 0 {
			fmt.Fprintf(&w, "Usage: %s %s\n", p, line)
			continue
		}
		fmt.Fprintf(&w, "       %s %s\n", p, line)
	}
	return w.String()
}
