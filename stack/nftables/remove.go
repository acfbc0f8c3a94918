package nftables

import (
	"slices"
	"strings"
)

// remove carries out delete, and destroy, which does not mind what is not there.
func (p *parser) remove(gently bool) (func() error, error) {
	what := p.next()
	var do func() error
	var err error
	switch what.text {
	case "table":
		do, err = p.removeTable()
	case "chain":
		do, err = p.removeChain()
	case "rule":
		do, err = p.removeRule()
	case "set", "map":
		do, err = p.removeSet(what.text == "map")
	case "counter", "quota":
		do, err = p.removeObject(what.text)
	case "element":
		do, err = p.elements(true, false)
	default:
		return nil, unexpected(what)
	}
	if err != nil || !gently {
		return do, err
	}
	return func() error {
		if err := do(); err != nil && !strings.Contains(err.Error(), "No such file or directory") {
			return err
		}
		return nil
	}, nil
}

func (p *parser) removeTable() (func() error, error) {
	r, err := p.tableRefOrHandle()
	return func() error {
		i := slices.IndexFunc(p.rs.tables, func(t *table) bool {
			return t.family == r.family && (r.handle != 0 && t.handle == r.handle || r.handle == 0 && t.name == r.table.text)
		})
		if i < 0 {
			return r.missing(r.table, kernel)
		}
		p.rs.tables = slices.Delete(p.rs.tables, i, i+1)
		return nil
	}, err
}

func (p *parser) tableRefOrHandle() (r ref, err error) {
	if r.family, err = p.family(); err != nil {
		return r, err
	}
	if p.accept("handle") {
		r.table = p.peek()
		r.handle, err = p.number()
		return r, err
	}
	r.table, err = p.ident()
	return r, err
}

func (p *parser) removeChain() (func() error, error) {
	r, err := p.objectRef()
	return func() error {
		c, err := r.findChain(p.rs)
		if err != nil {
			return err
		}
		if c.table.uses(func(v *verdict) bool { return v.name == c.name }, c) {
			return wrong(r.object, r.object, "%sDevice or resource busy", kernel)
		}
		c.table.chains = slices.DeleteFunc(c.table.chains, func(x *chain) bool { return x == c })
		return nil
	}, err
}

// uses reports whether a verdict of the table's is like that; the rules of one
// chain are left out.
func (t *table) uses(like func(*verdict) bool, but *chain) bool {
	for _, c := range t.chains {
		for _, r := range c.rules {
			for _, s := range r.stmts {
				if c != but && slices.ContainsFunc(s.verdicts(), like) {
					return true
				}
			}
		}
	}
	return slices.ContainsFunc(t.sets, func(s *set) bool { return slices.ContainsFunc(s.targets(), like) })
}

// targets are all verdicts of the table's.
func (t *table) targets() (out []*verdict) {
	for _, c := range t.chains {
		for _, r := range c.rules {
			for _, s := range r.stmts {
				out = append(out, s.verdicts()...)
			}
		}
	}
	for _, s := range t.sets {
		out = append(out, s.targets()...)
	}
	return out
}

func (p *parser) removeRule() (func() error, error) {
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	if err := p.expect("handle"); err != nil {
		return nil, err
	}
	at := p.peek()
	n, err := p.number()
	return func() error {
		c, err := r.findChain(p.rs)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.rules, func(x *rule) bool { return x.handle == n })
		if i < 0 {
			return r.missing(at, kernel)
		}
		c.rules = slices.Delete(c.rules, i, i+1)
		return nil
	}, err
}

func (p *parser) removeSet(verdicts bool) (func() error, error) {
	r, err := p.objectRef()
	return func() error {
		s, t, err := r.findSet(p.rs)
		if err != nil {
			return err
		}
		if s.verdict != verdicts {
			return r.missing(r.object, kernel)
		}
		for _, c := range t.chains {
			for _, x := range c.rules {
				for _, st := range x.stmts {
					if m, ok := st.(*match); ok && m.name == s.name {
						return wrong(r.object, r.object, "%sDevice or resource busy", kernel)
					}
					if m, ok := st.(*vmap); ok && m.name == s.name {
						return wrong(r.object, r.object, "%sDevice or resource busy", kernel)
					}
				}
			}
		}
		t.sets = slices.DeleteFunc(t.sets, func(x *set) bool { return x == s })
		return nil
	}, err
}

func (r ref) findSet(rs *Ruleset) (*set, *table, error) {
	t, err := r.find(rs, kernel)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range t.sets {
		if r.handle != 0 && s.handle == r.handle || r.handle == 0 && s.name == r.object.text {
			return s, t, nil
		}
	}
	return nil, nil, r.missing(r.object, kernel)
}

func (p *parser) flush() (func() error, error) {
	what := p.next()
	switch what.text {
	case "ruleset":
		family := ""
		if !p.ended() {
			var err error
			if family, err = p.family(); err != nil {
				return nil, err
			}
		}
		return func() error {
			p.rs.tables = slices.DeleteFunc(p.rs.tables, func(t *table) bool { return family == "" || t.family == family })
			return nil
		}, nil
	case "table":
		r, err := p.tableRef()
		return func() error {
			t, err := r.find(p.rs, kernel)
			if err != nil {
				return err
			}
			for _, c := range t.chains {
				c.rules = nil
			}
			return nil
		}, err
	case "chain":
		r, err := p.objectRef()
		return func() error {
			c, err := r.findChain(p.rs)
			if err == nil {
				c.rules = nil
			}
			return err
		}, err
	case "set", "map":
		r, err := p.objectRef()
		return func() error {
			s, _, err := r.findSet(p.rs)
			if err == nil {
				s.elems = nil
				s.index()
			}
			return err
		}, err
	}
	return nil, unexpected(what)
}

func (p *parser) addSet(verb string, verdicts bool) (func() error, error) {
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	do, err := p.setBlock(verb, verdicts, r, r.object)
	return func() error {
		t, err := r.find(p.rs, kernel)
		if err != nil {
			return err
		}
		return do(t)
	}, err
}

// setBlock reads a set's declaration.
func (p *parser) setBlock(verb string, verdicts bool, r ref, name token) (func(*table) error, error) {
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	s := &set{name: name.text, verdict: verdicts}
	for {
		for p.peek().kind == '\n' || p.at(";") {
			p.i++
		}
		t := p.next()
		var err error
		switch {
		case t.text == "}" && t.kind == 'o':
			if len(s.keys) == 0 {
				return nil, wrong(name, name, "set definition does not specify key")
			}
			s.index()
			p.declared[r.family+" "+r.table.text+" "+name.text] = s
			return func(t *table) error { return t.makeSet(p.rs, verb, name, s) }, nil
		case t.text == "type":
			err = p.setType(s)
		case t.text == "typeof":
			from := p.i
			var sel selector
			if sel, err = p.selector(); err == nil {
				var words []string
				for _, w := range p.toks[from:p.i] {
					words = append(words, w.text)
				}
				s.keys, s.typeof = sel.types(), strings.Join(words, " ")
				err = p.mapped(s)
			}
		case t.text == "flags":
			err = p.setFlags(s)
		case t.text == "size":
			s.size = p.next().text
		case t.text == "comment":
			var c token
			c, err = p.name()
			s.comment = c.text
		case t.text == "auto-merge":
			err = unsimulated(t, "auto-merge", "leave it out, and write ranges that do not overlap")
		case t.text == "elements":
			if err = p.expect("="); err == nil {
				if len(s.keys) == 0 {
					return nil, wrong(t, t, "set definition does not specify key")
				}
				err = p.braces(s)
			}
		case t.text == "timeout" || t.text == "gc-interval" || t.text == "counter" || t.text == "policy":
			err = unsimulated(t, "a set's "+t.text, "leave it out")
		default:
			err = unexpected(t)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) setType(s *set) error {
	for {
		t := p.next()
		i := slices.IndexFunc(datatypes[:], func(k kind) bool { return k.name == t.text && k.name != "integer" })
		if i < 0 {
			return wrong(t, t, "unknown datatype %s", t.text)
		}
		s.keys = append(s.keys, datatype(i))
		if !p.accept(".") {
			return p.mapped(s)
		}
	}
}

// mapped reads what a map leads to.
func (p *parser) mapped(s *set) error {
	if !s.verdict {
		return nil
	}
	if err := p.expect(":"); err != nil {
		return err
	}
	t := p.next()
	if t.text != "verdict" {
		return unsimulated(t, "a map to "+t.text, "maps to verdicts are")
	}
	return nil
}

func (p *parser) setFlags(s *set) error {
	for {
		t := p.next()
		switch t.text {
		case "interval", "constant":
			s.flags = append(s.flags, t.text)
		case "timeout", "dynamic":
			return unsimulated(t, "the flag "+t.text, "interval and constant are")
		default:
			return unexpected(t)
		}
		if !p.accept(",") {
			return nil
		}
	}
}

func (t *table) makeSet(rs *Ruleset, verb string, name token, s *set) error {
	old := t.set(name.text)
	if old == nil {
		if err := s.ranged(name, s.elems); err != nil {
			return err
		}
		s.handle = t.newHandle()
		t.sets = append(t.sets, s)
		return nil
	}
	if verb == "create" || old.verdict != s.verdict || !slices.Equal(old.keys, s.keys) {
		return wrong(name, name, "%sFile exists", kernel)
	}
	return old.include(rs, name, s.elems, false)
}

// ranged refuses ranges in a set that is not one of ranges.
func (s *set) ranged(at token, elems []*elem) error {
	if !s.flag("interval") && slices.ContainsFunc(elems, func(e *elem) bool { return !e.single() }) {
		return wrong(at, at, "You must add 'flags interval' to your set declaration if you want to add %s elements", "prefix")
	}
	return nil
}

// include adds elements. Those that are there already are no error, unless they
// lead elsewhere or must be new.
func (s *set) include(rs *Ruleset, at token, elems []*elem, create bool) error {
	if err := s.ranged(at, elems); err != nil {
		return err
	}
	known := s.named()
	for _, e := range elems {
		old := known[e.same()]
		switch {
		case old != nil && (create || old.v != nil && e.v != nil && old.v.String() != e.v.String()):
			return wrong(at, at, "%sFile exists", kernel)
		case old != nil:
			continue
		case s.flag("interval") && s.overlaps(rs, e):
			return wrong(at, at, "interval overlaps with an existing one")
		}
		known[e.same()] = e
		s.elems = append(s.elems, e)
	}
	s.index()
	return nil
}

// elements adds elements to a set, or takes them out. The set's type is known when
// the command is read, so it is looked for in the script, too.
func (p *parser) elements(remove, create bool) (func() error, error) {
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	keys, verdicts := p.setKeys(r)
	if keys == nil {
		return nil, r.missing(r.object, "")
	}
	some := &set{keys: keys, verdict: verdicts}
	if err := p.braces(some); err != nil {
		return nil, err
	}
	return func() error {
		s, _, err := r.findSet(p.rs)
		if err != nil {
			return err
		}
		if !remove {
			return s.include(p.rs, r.object, some.elems, create)
		}
		known, gone := s.named(), map[*elem]bool{}
		for _, e := range some.elems {
			old := known[e.same()]
			if old == nil {
				return r.missing(r.object, kernel)
			}
			gone[old] = true
		}
		s.elems = slices.DeleteFunc(s.elems, func(x *elem) bool { return gone[x] })
		s.index()
		return nil
	}, nil
}

// setKeys is the type of a set that is there, or that the script declares before.
func (p *parser) setKeys(r ref) ([]datatype, bool) {
	if t := p.rs.table(r.family, r.table.text); t != nil {
		if s := t.set(r.object.text); s != nil {
			return s.keys, s.verdict
		}
	}
	s := p.declared[r.family+" "+r.table.text+" "+r.object.text]
	if s == nil {
		return nil, false
	}
	return s.keys, s.verdict
}
