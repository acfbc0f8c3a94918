package nftables

import (
	"fmt"
	"slices"
	"strings"
)

// object is a counter or a quota that has a name, or a rule's own quota.
type object struct {
	kind    string // counter, quota
	name    string // "" for a rule's own
	handle  uint64
	comment string
	packets uint64
	bytes   uint64 // what was counted, or used of the quota
	limit   uint64 // of a quota, in bytes
	over    bool   // it matches beyond the limit, else below
}

var objectKinds = []string{"counter", "quota"}

func (t *table) object(kind, name string) *object {
	for _, o := range t.objects {
		if o.kind == kind && o.name == name {
			return o
		}
	}
	return nil
}

// amount writes bytes in the largest unit that leaves no rest.
func amount(n uint64) string {
	units := []string{"bytes", "kbytes", "mbytes"}
	for n > 0 && n%1024 == 0 && len(units) > 1 {
		n, units = n/1024, units[1:]
	}
	return fmt.Sprint(n, " ", units[0])
}

// state is what a listing says of an object.
func (o *object) state(stateless bool) string {
	if o.kind == "counter" {
		if stateless {
			return "packets 0 bytes 0"
		}
		return fmt.Sprintf("packets %d bytes %d", o.packets, o.bytes)
	}
	s := amount(o.limit)
	if o.over {
		s = "over " + s
	}
	if o.bytes > 0 && !stateless {
		s += " used " + amount(o.bytes)
	}
	return s
}

func (o *object) reset() { o.packets, o.bytes = 0, 0 }

// uses is a rule's reference to an object, or its own quota.
type uses struct {
	plain
	kind, name string
	o          *object
}

// run counts the packet; a quota lets the rule go on as long as its limit says so
// (nft_quota_do_eval).
func (u *uses) run(w *walker) (*verdict, bool) {
	n := uint64(len(w.sight.Packet().Data))
	u.o.packets++
	u.o.bytes += n
	return nil, u.kind == "counter" || u.o.bytes >= u.o.limit == u.o.over
}

func (u *uses) text(_ *Ruleset, stateless bool) string {
	if u.name == "" {
		return u.kind + " " + u.o.state(stateless)
	}
	return u.kind + ` name "` + u.name + `"`
}

func (u *uses) link(l *linker) error {
	if u.name == "" {
		return nil
	}
	if u.o = l.t.object(u.kind, u.name); u.o == nil {
		return refused("No such file or directory")
	}
	return nil
}

// bytes reads "25 mbytes".
func (p *parser) bytes() (uint64, error) {
	n, err := p.number()
	if err != nil {
		return 0, err
	}
	u := p.next()
	shift := map[string]uint{"bytes": 0, "kbytes": 10, "mbytes": 20}
	if _, ok := shift[u.text]; !ok {
		return 0, unexpected(u)
	}
	return n << shift[u.text], nil
}

// objectState reads "packets 1 bytes 60", or "over 25 mbytes used 3 kbytes".
func (p *parser) objectState(o *object) (err error) {
	if o.kind == "counter" {
		if err = p.expect("packets"); err != nil {
			return err
		}
		if o.packets, err = p.number(); err != nil {
			return err
		}
		if err = p.expect("bytes"); err != nil {
			return err
		}
		o.bytes, err = p.number()
		return err
	}
	if o.over = p.accept("over"); !o.over {
		p.accept("until")
	}
	if o.limit, err = p.bytes(); err == nil && p.accept("used") {
		o.bytes, err = p.bytes()
	}
	return err
}

// declaration reads what follows an object's name.
func (p *parser) declaration(kind string, name token) (*object, error) {
	o := &object{kind: kind, name: name.text}
	if !p.accept("{") {
		if p.ended() && kind == "counter" {
			return o, nil
		}
		return o, p.objectState(o)
	}
	told := kind == "counter"
	for {
		for p.peek().kind == '\n' || p.at(";") {
			p.i++
		}
		at := p.peek()
		switch {
		case p.accept("}"):
			if !told {
				return nil, unexpected(at)
			}
			return o, nil
		case p.accept("comment"):
			c, err := p.name()
			if err != nil {
				return nil, err
			}
			o.comment = c.text
		default:
			told = true
			if err := p.objectState(o); err != nil {
				return nil, err
			}
		}
	}
}

// makeObject adds an object, unless there is one of that name.
func (t *table) makeObject(verb string, name token, o *object) error {
	switch old := t.object(o.kind, o.name); {
	case old == nil:
		o.handle = t.newHandle()
		t.objects = append(t.objects, o)
	case verb == "create":
		return wrong(name, name, "%sFile exists", kernel)
	}
	return nil
}

func (p *parser) addObject(verb, kind string) (func() error, error) {
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	o, err := p.declaration(kind, r.object)
	return func() error {
		t, err := r.find(p.rs, kernel)
		if err != nil {
			return err
		}
		return t.makeObject(verb, r.object, o)
	}, err
}

// use reads a rule's counter or quota behind its first word; nil is a counter of its own.
func (p *parser) use(kind string) (stmt, error) {
	if p.accept("name") {
		t, err := p.name()
		return &uses{kind: kind, name: t.text}, err
	}
	if kind == "counter" {
		return nil, nil
	}
	o := &object{kind: kind}
	return &uses{kind: kind, o: o}, p.objectState(o)
}

func (p *parser) removeObject(kind string) (func() error, error) {
	r, err := p.objectRef()
	return func() error {
		t, err := r.find(p.rs, kernel)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.objects, func(o *object) bool {
			return o.kind == kind && (r.handle != 0 && o.handle == r.handle || r.handle == 0 && o.name == r.object.text)
		})
		if i < 0 {
			return r.missing(r.object, kernel)
		}
		for _, c := range t.chains {
			for _, x := range c.rules {
				for _, s := range x.stmts {
					if u, ok := s.(*uses); ok && u.kind == kind && u.name == t.objects[i].name {
						return wrong(r.object, r.object, "%sDevice or resource busy", kernel)
					}
				}
			}
		}
		t.objects = slices.Delete(t.objects, i, i+1)
		return nil
	}, err
}

// object prints one in its table.
func (p *printer) object(o *object) {
	fmt.Fprintf(&p.out, "\t%s %s {%s\n", o.kind, o.name, p.print.handle(o.handle))
	if o.comment != "" {
		fmt.Fprintf(&p.out, "\t\tcomment \"%s\"\n", o.comment)
	}
	fmt.Fprintf(&p.out, "\t\t%s\n\t}\n", o.state(p.print.stateless))
}

// objectsOf lists the objects of a kind, or the one that is named, and resets them.
func (p *parser) objectsOf(what token, resets bool) (func() error, error) {
	kind, all := strings.CutSuffix(what.text, "s")
	if !slices.Contains(objectKinds, kind) {
		return nil, nil
	}
	var r ref
	var err error
	switch {
	case !all:
		r, err = p.objectRef()
	case p.accept("table"):
		r, err = p.tableRef()
	case !p.ended():
		r.family, err = p.family()
	}
	wanted := func(t *table) bool {
		return (r.family == "" || r.family == t.family) && (r.table.text == "" || r.table.text == t.name)
	}
	mine := func(o *object) bool {
		return o.kind == kind && (all || o.name == r.object.text || r.handle != 0 && o.handle == r.handle)
	}
	return func() error {
		if r.table.text != "" {
			t, err := r.find(p.rs, "")
			if err != nil {
				return err
			}
			if !all && !slices.ContainsFunc(t.objects, mine) {
				return r.missing(r.object, "")
			}
		}
		for _, t := range p.rs.tables {
			if !wanted(t) || len(t.objects) == 0 {
				continue
			}
			p.table(t, parts{only: true, object: mine})
			for _, o := range t.objects {
				if resets && mine(o) {
					o.reset()
				}
			}
		}
		return nil
	}, err
}
