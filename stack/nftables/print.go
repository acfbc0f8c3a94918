package nftables

import (
	"fmt"
	"slices"
	"strings"
)

// printer writes listings.
type printer struct {
	rs    *Ruleset
	print printing
	out   strings.Builder
	items []any // of -j
}

// printing is how a listing looks.
type printing struct {
	handles   bool // -a
	stateless bool // -s
	terse     bool // -t: sets without their elements
	json      bool // -j
}

func (o printing) handle(n uint64) string {
	if !o.handles {
		return ""
	}
	return fmt.Sprintf(" # handle %d", n)
}

// parts are those of a table that a listing asks for, by their names; nil is all.
type parts struct {
	only  bool // just what is named
	chain func(*chain) bool
	set   func(*set) bool
	heads bool // chains without their rules

	object func(*object) bool
}

func (p *printer) table(t *table, want parts) {
	if p.print.json {
		p.tableItems(t, want)
		return
	}
	w, o := &p.out, p.print
	fmt.Fprintf(w, "table %s %s {%s\n", t.family, t.name, o.handle(t.handle))
	if !want.only && t.dormant {
		w.WriteString("\tflags dormant\n")
	}
	if !want.only && t.comment != "" {
		fmt.Fprintf(w, "\tcomment \"%s\"\n", t.comment)
	}
	gap := ""
	for _, x := range t.objects {
		if want.object == nil && want.only || want.object != nil && !want.object(x) {
			continue
		}
		w.WriteString(gap)
		p.object(x)
		if gap = "\n"; want.only {
			gap = ""
		}
	}
	for _, s := range t.sets {
		if want.set == nil && want.only || want.set != nil && !want.set(s) {
			continue
		}
		w.WriteString(gap)
		p.set(s)
		if gap = "\n"; want.only {
			gap = ""
		}
	}
	for _, c := range t.chains {
		if want.chain == nil && want.only || want.chain != nil && !want.chain(c) {
			continue
		}
		w.WriteString(gap)
		p.chain(c, want.heads)
		if gap = "\n"; want.only {
			gap = ""
		}
	}
	w.WriteString("}\n")
}

// titles is "list tables".
func (p *printer) titles(tables []*table) error {
	for _, t := range tables {
		if p.print.json {
			p.tableItem(t)
			continue
		}
		fmt.Fprintf(&p.out, "table %s %s%s\n", t.family, t.name, p.print.handle(t.handle))
	}
	return nil
}

func (p *printer) chain(c *chain, head bool) {
	w, o := &p.out, p.print
	fmt.Fprintf(w, "\tchain %s {%s\n", c.name, o.handle(c.handle))
	if c.comment != "" {
		fmt.Fprintf(w, "\t\tcomment \"%s\"\n", c.comment)
	}
	if b := c.base; b != nil {
		policy := "accept"
		if b.drop {
			policy = "drop"
		}
		fmt.Fprintf(w, "\t\ttype %s hook %s priority %s; policy %s;\n", b.typ, hookNames[b.hook], priorityName(b.priority, b.hook), policy)
	}
	if !head {
		for _, r := range c.rules {
			fmt.Fprintf(w, "\t\t%s%s\n", p.rs.text(r, o.stateless), o.handle(r.handle))
		}
	}
	w.WriteString("\t}\n")
}

func (p *printer) set(s *set) {
	w, o := &p.out, p.print
	kind, typ := "set", typeName(s.keys)
	if s.verdict {
		kind, typ = "map", typ+" : verdict"
	}
	word := "type"
	if s.typeof != "" {
		word, typ = "typeof", s.typeof
		if s.verdict {
			typ += " : verdict"
		}
	}
	fmt.Fprintf(w, "\t%s %s {%s\n\t\t%s %s\n", kind, s.name, o.handle(s.handle), word, typ)
	if s.size != "" {
		fmt.Fprintf(w, "\t\tsize %s\n", s.size)
	}
	if len(s.flags) > 0 {
		fmt.Fprintf(w, "\t\tflags %s\n", strings.Join(s.flags, ","))
	}
	if s.comment != "" {
		fmt.Fprintf(w, "\t\tcomment \"%s\"\n", s.comment)
	}
	if len(s.elems) > 0 && !o.terse {
		fmt.Fprintf(w, "\t\telements = %s\n", p.rs.formatElems(s, "\t\t\t     "))
	}
	w.WriteString("\t}\n")
}

// list carries out "list …".
func (p *parser) list() (func() error, error) {
	what := p.next()
	family, all := "", true
	only := func() error { // a family, if one is named
		if p.ended() {
			return nil
		}
		var err error
		all = false
		family, err = p.family()
		return err
	}
	tables := func() []*table {
		return slices.DeleteFunc(slices.Clone(p.rs.tables), func(t *table) bool { return !all && t.family != family })
	}
	each := func(want parts) func() error {
		return func() error {
			for _, t := range tables() {
				p.table(t, want)
			}
			return nil
		}
	}
	switch what.text {
	case "ruleset":
		return each(parts{}), only()
	case "tables":
		return func() error { return p.titles(tables()) }, only()
	case "chains":
		return each(parts{only: true, heads: true, chain: func(*chain) bool { return true }}), only()
	case "sets":
		return each(parts{only: true, set: func(s *set) bool { return !s.verdict }}), only()
	case "maps":
		return each(parts{only: true, set: func(s *set) bool { return s.verdict }}), only()
	case "table":
		ref, err := p.tableRef()
		return func() error {
			t, err := ref.find(p.rs, "")
			if err == nil {
				p.table(t, parts{})
			}
			return err
		}, err
	case "chain":
		ref, err := p.objectRef()
		return func() error {
			t, err := ref.find(p.rs, "")
			if err != nil {
				return err
			}
			if t.chain(ref.object.text) == nil {
				return ref.missing(ref.object, "")
			}
			p.table(t, parts{only: true, chain: func(c *chain) bool { return c.name == ref.object.text }})
			return nil
		}, err
	case "set", "map":
		ref, err := p.objectRef()
		return func() error {
			t, err := ref.find(p.rs, "")
			if err != nil {
				return err
			}
			if s := t.set(ref.object.text); s == nil || s.verdict != (what.text == "map") {
				return ref.missing(ref.object, "")
			}
			p.table(t, parts{only: true, set: func(s *set) bool { return s.name == ref.object.text }})
			return nil
		}, err
	case "counters", "counter", "quotas", "quota":
		return p.objectsOf(what, false)
	case "flowtables", "limits", "meters", "hooks":
		return nil, unsimulated(what, "list "+what.text, "list ruleset, tables, table, chains, chain, sets, set, maps, map, counters, counter, quotas and quota are")
	}
	return nil, unexpected(what)
}
