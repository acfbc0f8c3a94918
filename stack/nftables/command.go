package nftables

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ref names a table, and something in it.
type ref struct {
	family string
	table  token
	object token // of objectRef; or a handle
	handle uint64
}

func (p *parser) tableRef() (r ref, err error) {
	if r.family, err = p.family(); err != nil {
		return r, err
	}
	r.table, err = p.ident()
	return r, err
}

func (p *parser) objectRef() (r ref, err error) {
	if r, err = p.tableRef(); err != nil {
		return r, err
	}
	if p.accept("handle") {
		r.object = p.peek()
		r.handle, err = p.number()
		return r, err
	}
	r.object, err = p.ident()
	return r, err
}

// kernel is how an error of the kernel begins, which nft puts before those that it
// does not find out itself.
const kernel = "Could not process rule: "

func (r ref) missing(at token, by string) error {
	return wrong(at, at, "%sNo such file or directory", by)
}

func (r ref) find(rs *Ruleset, by string) (*table, error) {
	if t := rs.table(r.family, r.table.text); t != nil {
		return t, nil
	}
	return nil, r.missing(r.table, by)
}

func (r ref) findChain(rs *Ruleset) (*chain, error) {
	t, err := r.find(rs, kernel)
	if err != nil {
		return nil, err
	}
	for _, c := range t.chains {
		if r.handle != 0 && c.handle == r.handle || r.handle == 0 && c.name == r.object.text {
			return c, nil
		}
	}
	return nil, r.missing(r.object, kernel)
}

// script reads all commands, which are then carried out in their order.
func (p *parser) script() ([]func() error, error) {
	var out []func() error
	for {
		for p.peek().kind == '\n' || p.at(";") {
			p.i++
		}
		first := p.peek()
		if first.kind == 0 {
			return out, nil
		}
		start := p.i
		do, err := p.command()
		if err == nil && !p.ended() {
			err = unexpected(p.peek())
		}
		if err != nil {
			return nil, err
		}
		last := p.toks[max(p.i, start+1)-1]
		p.first, p.last = first, last
		out = append(out, func() error { return placed(do(), first, last) })
	}
}

// placed gives an error that has no place that of the whole command.
func placed(err error, first, last token) error {
	var f *failure
	if errors.As(err, &f) && f.line == 0 {
		f.line, f.col, f.end = first.line, first.col, last.end()
		if last.line != first.line {
			f.end = first.end()
		}
	}
	return err
}

func (p *parser) command() (func() error, error) {
	t := p.next()
	if t.text != "list" {
		p.changes = true
	}
	switch t.text {
	case "list":
		p.lists = true
		return p.list()
	case "add", "create", "insert", "replace":
		return p.add(t.text)
	case "table":
		return p.addTable("add")
	case "delete", "destroy":
		return p.remove(t.text == "destroy")
	case "flush":
		return p.flush()
	case "rename":
		return p.rename()
	case "reset":
		return p.reset()
	case "define":
		return p.define()
	case "include", "monitor", "export", "import", "describe":
		return nil, unsimulated(t, t.text, "the commands are list, add, create, insert, replace, delete, destroy, flush, rename, reset and define")
	case "chain", "set", "map", "element", "counter", "quota":
		p.i--
		return p.add("add")
	}
	return nil, unexpected(t)
}

func (p *parser) define() (func() error, error) {
	name, err := p.ident()
	if err != nil {
		return nil, err
	}
	if err := p.expect("="); err != nil {
		return nil, err
	}
	from, depth := p.i, 0
	for {
		t := p.peek()
		if t.kind == 0 || depth == 0 && (t.kind == '\n' || t.text == ";" && t.kind == 'o') {
			break
		}
		if t.kind == 'o' && t.text == "{" {
			depth++
		}
		if t.kind == 'o' && t.text == "}" {
			depth--
		}
		p.i++
	}
	p.defs[name.text] = slices.Clone(p.toks[from:p.i])
	return func() error { return nil }, nil
}

func (p *parser) add(verb string) (func() error, error) {
	what := p.next()
	switch what.text {
	case "table":
		return p.addTable(verb)
	case "chain":
		return p.addChain(verb)
	case "rule":
		return p.addRule(verb)
	case "set", "map":
		return p.addSet(verb, what.text == "map")
	case "element":
		return p.elements(false, verb == "create")
	case "counter", "quota":
		return p.addObject(verb, what.text)
	case "flowtable", "limit", "ct", "secmark", "synproxy":
		return nil, unsimulated(what, "the object "+what.text, "tables, chains, rules, sets, maps, counters and quotas are")
	}
	if (what.text == "ip" || what.text == "ip6" || what.text == "inet" || what.kind == 's') && verb != "create" {
		p.i-- // "rule" may be left out
		return p.addRule(verb)
	}
	return nil, unexpected(what)
}

func (p *parser) addTable(verb string) (func() error, error) {
	r, err := p.tableRef()
	if err != nil {
		return nil, err
	}
	var body []func(*table) error
	dormant, comment := false, ""
	if p.accept("{") {
		if body, dormant, comment, err = p.tableBody(r); err != nil {
			return nil, err
		}
	}
	return func() error {
		t := p.rs.table(r.family, r.table.text)
		if t != nil && verb == "create" {
			return wrong(r.table, r.table, "%sFile exists", kernel)
		}
		if t == nil {
			p.rs.handles++
			t = &table{family: r.family, name: r.table.text, handle: p.rs.handles, comment: comment}
			p.rs.tables = append(p.rs.tables, t)
		}
		t.dormant = dormant
		for _, do := range body {
			if err := do(t); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// tableBody is what stands in a table's block. As nft does, it makes sets and
// chains first, and then the rules.
func (p *parser) tableBody(r ref) (body []func(*table) error, dormant bool, comment string, err error) {
	var rules []func(*table) error
	for {
		for p.peek().kind == '\n' || p.at(";") {
			p.i++
		}
		t := p.next()
		switch {
		case t.text == "}" && t.kind == 'o':
			return append(body, rules...), dormant, comment, nil
		case t.text == "flags":
			f, err := p.name()
			if err != nil || f.text != "dormant" {
				return nil, false, "", unexpected(f)
			}
			dormant = true
		case t.text == "comment":
			c, err := p.name()
			if err != nil {
				return nil, false, "", err
			}
			comment = c.text
		case t.text == "chain":
			var in []func(*table) error
			do, in, err := p.chainBlock(r)
			if err != nil {
				return nil, false, "", err
			}
			body, rules = append(body, do), append(rules, in...)
		case t.text == "set" || t.text == "map":
			name, err := p.ident()
			if err != nil {
				return nil, false, "", err
			}
			do, err := p.setBlock("add", t.text == "map", r, name)
			if err != nil {
				return nil, false, "", err
			}
			body = append(body, do)
		case t.text == "counter" || t.text == "quota":
			name, err := p.ident()
			if err != nil {
				return nil, false, "", err
			}
			o, err := p.declaration(t.text, name)
			if err != nil {
				return nil, false, "", err
			}
			body = append(body, func(t *table) error { return t.makeObject("add", name, o) })
		case t.kind == 's' && slices.Contains([]string{"flowtable", "limit", "ct", "secmark", "synproxy"}, t.text):
			return nil, false, "", unsimulated(t, "the object "+t.text, "tables, chains, rules, sets, maps, counters and quotas are")
		default:
			return nil, false, "", unexpected(t)
		}
	}
}

func (p *parser) addRule(verb string) (func() error, error) {
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	at := p.peek()
	by := ""
	var n uint64
	if at.text == "handle" || at.text == "position" || at.text == "index" {
		p.i++
		by = at.text
		if n, err = p.number(); err != nil {
			return nil, err
		}
	}
	if verb == "replace" && by != "handle" {
		return nil, unexpected(at)
	}
	x, err := p.rule(r.family)
	if err != nil {
		return nil, err
	}
	return func() error {
		c, err := r.findChain(p.rs)
		if err != nil {
			return err
		}
		i := len(c.rules)
		switch {
		case by == "index" && int(n) < len(c.rules):
			i = int(n)
		case by == "handle" || by == "position":
			i = slices.IndexFunc(c.rules, func(y *rule) bool { return y.handle == n })
		case by == "" && verb == "insert":
			i = 0
		}
		if by != "" && (i < 0 || i == len(c.rules)) {
			return refused("No such file or directory")
		}
		switch {
		case verb == "replace":
			c.rules[i] = x.with(c.table)
			return nil
		case by != "" && verb == "add":
			i++
		}
		c.rules = slices.Insert(c.rules, i, x.with(c.table))
		return nil
	}, nil
}

// rename gives a chain another name.
func (p *parser) rename() (func() error, error) {
	if err := p.expect("chain"); err != nil {
		return nil, err
	}
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	name, err := p.ident()
	return func() error {
		c, err := r.findChain(p.rs)
		if err != nil {
			return err
		}
		if c.table.chain(name.text) != nil {
			return wrong(name, name, "%sFile exists", kernel)
		}
		old := c.name
		for _, v := range c.table.targets() { // rules are shared with the copy that a failure goes back to
			if v.name == old {
				v.name = name.text
				p.rs.undo = append(p.rs.undo, func() { v.name = old })
			}
		}
		c.name = name.text
		return nil
	}, err
}

// reset lists and sets the counters of rules to nothing.
func (p *parser) reset() (func() error, error) {
	what := p.next()
	p.lists = true
	if do, err := p.objectsOf(what, true); do != nil {
		return do, err
	}
	if what.text != "rules" && what.text != "rule" {
		return nil, unsimulated(what, "reset "+what.text, "reset rules [table [family] name], counters, counter, quotas and quota are")
	}
	var r ref
	if !p.ended() {
		p.accept("table")
		var err error
		if r, err = p.tableRef(); err != nil {
			return nil, err
		}
	}
	return func() error {
		for _, t := range p.rs.tables {
			if r.table.text != "" && (t.family != r.family || t.name != r.table.text) {
				continue
			}
			p.table(t, parts{})
			for _, c := range t.chains {
				for _, x := range c.rules {
					for _, s := range x.stmts {
						switch k := s.(type) {
						case *count:
							k.packets, k.bytes = 0, 0
						case *uses:
							if k.name == "" {
								k.o.reset()
							}
						}
					}
				}
			}
		}
		return nil
	}, nil
}

// Error is how nft ended: with status 1 and this on standard error.
type Error struct{ Text string }

func (e *Error) Error() string { return strings.TrimSuffix(e.Text, "\n") }

// failed is a failure as nft prints it, with the line that it is in.
func failed(err error, file, text string) *Error {
	var f *failure
	if !errors.As(err, &f) {
		return &Error{"Error: " + err.Error() + "\n"}
	}
	if f.line == 0 {
		return &Error{"Error: " + f.text + "\n"}
	}
	where := ""
	if file != "" {
		where = fmt.Sprintf("%s:%d:%d-%d: ", file, f.line, f.col, max(f.col, f.end))
	}
	line := ""
	if lines := strings.Split(text, "\n"); f.line <= len(lines) {
		line = strings.ReplaceAll(lines[f.line-1], "\t", " ")
	}
	return &Error{fmt.Sprintf("%sError: %s\n%s\n%s%s\n", where, f.text, line, strings.Repeat(" ", f.col-1), strings.Repeat("^", max(1, f.end-f.col+1)))}
}
