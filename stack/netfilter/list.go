package netfilter

import (
	"fmt"
	"strings"
)

// ListOptions are those of "iptables -L".
type ListOptions struct {
	Verbose     bool // -v: counters and interfaces
	Numeric     bool // -n
	Exact       bool // -x: no K, M, G
	LineNumbers bool // --line-numbers
}

// List prints a chain, or with name "" all chains of the table, as
// "iptables -L" does. It loads the table.
func (r *Rules) List(table, name string, o ListOptions) (string, error) {
	t := r.table(table)
	if t == nil {
		return "", r.refused("Table does not exist (do you need to insmod?)")
	}
	chains := t.chains
	if name != "" {
		c := t.chain(name)
		if c == nil {
			return "", r.refused(noChain)
		}
		chains = []*chain{c}
	}
	var w strings.Builder
	for i, c := range chains {
		if i > 0 {
			w.WriteByte('\n')
		}
		r.listHeader(&w, t, c, o)
		for n, rule := range c.rules {
			r.listRule(&w, rule, n+1, o)
		}
	}
	return w.String(), nil
}

func (r *Rules) runList(t *table, cmd *command) (string, *ExitError) {
	o := ListOptions{Verbose: cmd.verbose > 0, Numeric: cmd.numeric, Exact: cmd.exact, LineNumbers: cmd.lines}
	var text string
	if cmd.number > 0 {
		c := t.chain(cmd.chain)
		if c == nil {
			return "", r.refused(noChain)
		}
		var w strings.Builder
		if cmd.number <= len(c.rules) {
			r.listRule(&w, c.rules[cmd.number-1], cmd.number, o)
		}
		text = w.String()
	} else {
		var err error
		if text, err = r.List(t.name, cmd.chain, o); err != nil {
			return "", err.(*ExitError)
		}
	}
	if cmd.zero {
		if err := r.eachChain(t, cmd.chain, (*chain).zero); err != nil {
			return text, err
		}
	}
	return text, nil
}

func (r *Rules) listHeader(w *strings.Builder, t *table, c *chain, o ListOptions) {
	w.WriteString("Chain " + c.name)
	if c.builtin {
		w.WriteString(" (policy " + c.policy.String())
		if o.Verbose {
			w.WriteString(" " + shortNumber(counted(r, c).packets, "", o.Exact) + " packets, " +
				shortNumber(counted(r, c).bytes, "", o.Exact) + " bytes")
		}
		w.WriteString(")\n")
	} else {
		fmt.Fprintf(w, " (%d references)\n", t.references(c.name))
	}
	if o.LineNumbers {
		w.WriteString("num  ")
	}
	if o.Verbose {
		if o.Exact {
			fmt.Fprintf(w, "%8s %10s ", "pkts", "bytes")
		} else {
			fmt.Fprintf(w, "%5s %5s ", "pkts", "bytes")
		}
	}
	fmt.Fprintf(w, "%-9s  prot opt", "target")
	if o.Verbose {
		fmt.Fprintf(w, " %-6s %-6s ", "in", "out")
	}
	fmt.Fprintf(w, " %-19s  %-19s \n", "source", "destination")
}

// shortNumber prints a counter as xtables_print_num does; width is "" in chain
// headers and "5" in the columns.
func shortNumber(n uint64, width string, exact bool) string {
	if exact {
		if width != "" {
			width = "8"
		}
		return fmt.Sprintf("%"+width+"d", n)
	}
	if n <= 99999 {
		return fmt.Sprintf("%"+width+"d", n)
	}
	if width != "" {
		width = "4"
	}
	for _, unit := range "KMGT" {
		n = (n + 500) / 1000
		if n <= 9999 || unit == 'T' {
			return fmt.Sprintf("%"+width+"d%c", n, unit)
		}
	}
	return ""
}

func (r *Rules) listRule(w *strings.Builder, rule *Rule, number int, o ListOptions) {
	if o.LineNumbers {
		fmt.Fprintf(w, "%-4d ", number)
	}
	if o.Verbose {
		w.WriteString(shortNumber(rule.counter.packets, "5", o.Exact) + " ")
		w.WriteString(shortNumber(rule.counter.bytes, "5", o.Exact) + " ")
	}
	fmt.Fprintf(w, "%-9s ", rule.jump)
	if rule.proto.not {
		w.WriteByte('!')
	} else {
		w.WriteByte(' ')
	}
	if o.Numeric {
		fmt.Fprintf(w, "%-5d", rule.proto.num)
	} else {
		fmt.Fprintf(w, "%-5s", protoName(rule.proto.num))
	}
	if r.opts.V6 {
		w.WriteString("   ")
	} else {
		w.WriteString(map[int]string{-1: "!f ", 0: "-- ", 1: "-f "}[rule.fragment])
	}
	if o.Verbose {
		fmt.Fprintf(w, " %-6s %-6s ", ifaceName(rule.in), ifaceName(rule.out))
	}
	w.WriteString(r.listAddr(rule.src, o) + r.listAddr(rule.dst, o))
	if rule.isGoto {
		w.WriteString("[goto] ")
	}
	for _, m := range rule.matches {
		m.list(w, o.Numeric)
	}
	if rule.target != nil {
		rule.target.list(w, o.Numeric)
	}
	w.WriteByte('\n')
}

func ifaceName(i ifaceTest) string {
	if i.name == "" {
		return bang(i.not) + "*"
	}
	return bang(i.not) + i.name
}

func (r *Rules) listAddr(a addrTest, o ListOptions) string {
	mark := " "
	if a.not {
		mark = "!"
	}
	text := "anywhere"
	switch {
	case a.set:
		text = a.hostString()
	case o.Numeric && r.opts.V6:
		text = "::/0"
	case o.Numeric:
		text = "0.0.0.0/0"
	}
	return fmt.Sprintf("%s%-19s ", mark, text)
}
