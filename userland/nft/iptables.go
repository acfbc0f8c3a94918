package nft

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/stack"
	"dnetsim/stack/netfilter"
	"dnetsim/userland"
)

// On a host whose iptables is the nf_tables variant, what iptables has made are tables of
// nf_tables: nft lists them, in its own words.

// kinds are the tables of iptables, with the type and priority of their base chains.
var kinds = map[string]string{"filter": "filter", "raw": "raw", "mangle": "mangle", "security": "security", "nat": ""}

// made are the tables of iptables as nft writes them.
func made(ns *stack.Namespace) (out []foreign) {
	for _, v6 := range []bool{false, true} {
		if !ns.Without().IPTables || !stack.Filters(ns, v6) {
			continue
		}
		r := ns.Netfilter(v6)
		family := map[bool]string{false: "ip", true: "ip6"}[v6]
		for _, name := range netfilter.MadeTables(r) {
			out = append(out, foreign{family, name, netfilter.Made(r, name)})
		}
	}
	return out
}

// foreign is a table that iptables has made.
type foreign struct {
	family, name string
	chains       []netfilter.MadeChain
}

// text is the table, or one of its chains.
func (t foreign) text(only string) string {
	var b strings.Builder
	marked := false
	for i, c := range t.chains {
		if only != "" && c.Name != only {
			continue
		}
		if i > 0 && only == "" {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "\tchain %s {\n", c.Name)
		if c.Hook != "" {
			fmt.Fprintf(&b, "\t\ttype %s hook %s priority %s; policy %s;\n", t.kind(c.Hook), c.Hook, t.priority(c.Hook), c.Policy)
		}
		for _, r := range c.Rules {
			text, compat := translate(r, t.family)
			marked = marked || compat
			b.WriteString("\t\t" + text + "\n")
		}
		b.WriteString("\t}\n")
	}
	head := fmt.Sprintf("table %s %s {\n", t.family, t.name)
	if marked {
		head = fmt.Sprintf("# Warning: table %s %s is managed by iptables-nft, do not touch!\n", t.family, t.name) + head
	}
	return head + b.String() + "}\n"
}

func (t foreign) kind(hook string) string {
	switch {
	case t.name == "nat":
		return "nat"
	case t.name == "mangle" && hook == "output":
		return "route"
	}
	return "filter"
}

// priority is a base chain's by the name that nft has for it at that hook.
func (t foreign) priority(hook string) string {
	switch {
	case t.name != "nat":
		return kinds[t.name]
	case hook == "prerouting":
		return "dstnat"
	case hook == "postrouting":
		return "srcnat"
	case hook == "output":
		return "-100"
	}
	return "100"
}

// managed answers a command about the tables of iptables, false if it is about others. What
// would change one of them is refused: here iptables has to.
func managed(p *userland.Process, script string) (status int, done bool) {
	tables := made(p.NS())
	words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(script), ";"))
	if len(tables) == 0 || len(words) < 2 {
		return 0, false
	}
	verb, what, rest := words[0], words[1], words[2:]
	family := "ip"
	if len(rest) > 0 && slices.Contains([]string{"ip", "ip6", "inet", "arp", "bridge", "netdev"}, rest[0]) {
		family, rest = rest[0], rest[1:]
	} else if what == "ruleset" || what == "tables" {
		family = ""
	}
	if what == "ruleset" || what == "tables" {
		return ruleset(p, verb, what, family, tables)
	}
	for _, t := range tables {
		if len(rest) == 0 || t.family != family || t.name != rest[0] {
			continue
		}
		r := p.NS().Netfilter(t.family == "ip6")
		chain := len(rest) == 2 && slices.ContainsFunc(t.chains, func(c netfilter.MadeChain) bool { return c.Name == rest[1] })
		switch {
		case verb == "delete" && what == "table":
			netfilter.DropTable(r, t.name)
			return 0, true
		case verb == "flush" && what == "table":
			r.Run([]string{"-t", t.name, "-F"})
			return 0, true
		case verb == "flush" && what == "chain" && chain:
			r.Run([]string{"-t", t.name, "-F", rest[1]})
			return 0, true
		case verb != "list":
			p.Errorf("dnetsim: table %s %s is of iptables: change it with iptables\n", t.family, t.name)
			return 1, true
		case what == "table":
			p.Printf("%s", t.text(""))
			return 0, true
		case what == "chain" && chain:
			p.Printf("%s", t.text(rest[1]))
			return 0, true
		}
	}
	return 0, false
}

// ruleset lists the tables of iptables, before those of nft's own, or takes them away.
func ruleset(p *userland.Process, verb, what, family string, tables []foreign) (int, bool) {
	for _, t := range tables {
		switch {
		case family != "" && t.family != family:
		case verb == "flush":
			netfilter.DropTable(p.NS().Netfilter(t.family == "ip6"), t.name)
		case verb == "list" && what == "tables":
			p.Printf("table %s %s\n", t.family, t.name)
		case verb == "list":
			p.Printf("%s", t.text(""))
		}
	}
	return 0, false
}
