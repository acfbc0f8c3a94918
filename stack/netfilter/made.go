package netfilter

import (
	"cmp"
	"slices"
	"strings"
)

// MadeChain is a chain as nf_tables has it from iptables' nf_tables variant.
type MadeChain struct {
	Name   string
	Hook   string // "prerouting" and so on of a built-in chain, else ""
	Policy string // "accept" or "drop" of a built-in chain
	Rules  []MadeRule
}

// MadeRule is a rule by its words, as iptables-save writes them behind "-A CHAIN".
type MadeRule struct {
	Text           string
	Packets, Bytes uint64
}

// MadeTables are the tables that somebody has put something into, in the order in which
// nf_tables got them.
func MadeTables(r *Rules) []string { return slices.Clone(r.made) }

// DropTable deletes a table with all that is in it, as nft can; its chains are as new.
func DropTable(r *Rules, table string) {
	r.made = slices.DeleteFunc(r.made, func(n string) bool { return n == table })
	r.commit(newTable(table))
}

// Made are the chains of a table in the order in which nf_tables got them: a built-in one
// comes with its first rule or policy. It is empty of a table that nobody has put
// anything into.
func Made(r *Rules, table string) (out []MadeChain) {
	i := slices.Index(tableNames[:], table)
	if i < 0 {
		return nil
	}
	var chains []*chain
	for _, c := range r.tables[i].chains {
		if c.made > 0 {
			chains = append(chains, c)
		}
	}
	slices.SortFunc(chains, func(a, b *chain) int { return cmp.Compare(a.made, b.made) })
	for _, c := range chains {
		m := MadeChain{Name: c.name}
		if c.builtin {
			m.Hook, m.Policy = strings.ToLower(c.name), strings.ToLower(c.policy.String())
		}
		for _, rule := range c.rules {
			var w strings.Builder
			rule.save(&w)
			m.Rules = append(m.Rules, MadeRule{strings.TrimSpace(w.String()), rule.counter.packets, rule.counter.bytes})
		}
		out = append(out, m)
	}
	return out
}
