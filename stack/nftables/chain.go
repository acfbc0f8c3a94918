package nftables

import (
	"slices"
	"strings"

	"dnetsim/stack/netfilter"
)

// chainBlock is a chain with its rules in a table's block.
func (p *parser) chainBlock(r ref) (make func(*table) error, rules []func(*table) error, err error) {
	name, err := p.ident()
	if err != nil {
		return nil, nil, err
	}
	if err := p.expect("{"); err != nil {
		return nil, nil, err
	}
	h := &chainHead{}
	for {
		for p.peek().kind == '\n' || p.at(";") {
			p.i++
		}
		if p.accept("}") {
			return func(t *table) error { return t.makeChain("add", name, h) }, rules, nil
		}
		if known, err := p.chainPart(h); err != nil {
			return nil, nil, err
		} else if known {
			continue
		}
		first := p.peek()
		x, err := p.rule(r.family)
		if err != nil {
			return nil, nil, err
		}
		if !p.ended() {
			return nil, nil, unexpected(p.peek())
		}
		last := p.toks[p.i-1]
		rules = append(rules, func(t *table) error {
			c := t.chain(name.text)
			if c == nil {
				return wrong(first, last, "%sNo such file or directory", kernel)
			}
			c.rules = append(c.rules, x.with(t))
			return nil
		})
	}
}

// with is the rule with a handle of the table's.
func (r *rule) with(t *table) *rule {
	r.handle = t.newHandle()
	return r
}

// chainHead is what a chain's block says of the chain itself.
type chainHead struct {
	base    *hook
	policy  string
	comment string
	at      token
}

// chainPart reads "type filter hook forward priority 0", a policy or a comment.
func (p *parser) chainPart(h *chainHead) (bool, error) {
	t := p.peek()
	switch {
	case t.text == "type":
		p.i++
		h.at = t
		var err error
		h.base, err = p.hook()
		return true, err
	case t.text == "policy":
		p.i++
		x := p.next()
		if x.text != "accept" && x.text != "drop" {
			return true, unexpected(x)
		}
		h.policy = x.text
		return true, nil
	case t.text == "comment":
		p.i++
		c, err := p.name()
		h.comment = c.text
		return true, err
	case t.text == "flags" || t.text == "device" || t.text == "devices":
		return true, unsimulated(t, "a chain's "+t.text, "leave it out")
	}
	return false, nil
}

func (p *parser) hook() (*hook, error) {
	typ := p.next()
	if typ.text != "filter" && typ.text != "nat" && typ.text != "route" {
		return nil, wrong(typ, typ, "unknown chain type")
	}
	if err := p.expect("hook"); err != nil {
		return nil, err
	}
	h := &hook{typ: typ.text}
	at := p.next()
	i := slices.Index(hookNames, at.text)
	if at.text == "ingress" || at.text == "egress" {
		return nil, unsimulated(at, "the hook "+at.text, "use "+strings.Join(hookNames, ", "))
	}
	if i < 0 {
		return nil, wrong(at, at, "unknown chain hook")
	}
	h.hook = netfilter.Hook(i)
	if err := p.expect("priority"); err != nil {
		return nil, err
	}
	from := p.peek()
	var err error
	if h.priority, err = p.priority(h.hook); err != nil {
		return nil, err
	}
	nat := h.typ == "nat" && (h.hook == netfilter.Forward || h.priority <= -200)
	if nat || h.typ == "route" && h.hook != netfilter.Output {
		return nil, wrong(from, from, "%sOperation not supported", kernel)
	}
	return h, nil
}

// makeChain adds a chain, or changes the policy of one that is there.
func (t *table) makeChain(verb string, name token, h *chainHead) error {
	c := t.chain(name.text)
	switch {
	case c != nil && verb == "create":
		return wrong(name, name, "%sFile exists", kernel)
	case c != nil && h.base != nil && (c.base == nil || c.base.typ != h.base.typ || c.base.hook != h.base.hook || c.base.priority != h.base.priority):
		return wrong(name, name, "%sFile exists", kernel)
	case c == nil:
		if h.base == nil && h.policy != "" {
			return wrong(name, name, "%sOperation not supported", kernel)
		}
		c = &chain{name: name.text, handle: t.newHandle(), base: h.base, comment: h.comment, table: t}
		t.chains = append(t.chains, c)
	}
	if h.policy != "" {
		if c.base == nil || c.base.typ == "nat" && h.policy == "drop" {
			return wrong(name, name, "%sOperation not supported", kernel)
		}
		c.base.drop = h.policy == "drop"
	}
	return nil
}

func (p *parser) addChain(verb string) (func() error, error) {
	r, err := p.objectRef()
	if err != nil {
		return nil, err
	}
	h := &chainHead{}
	if p.accept("{") {
		for !p.accept("}") {
			if p.accept(";") || p.peek().kind == '\n' {
				p.newlines()
				continue
			}
			known, err := p.chainPart(h)
			if err != nil {
				return nil, err
			}
			if !known {
				return nil, unexpected(p.peek())
			}
		}
	}
	return func() error {
		t, err := r.find(p.rs, kernel)
		if err != nil {
			return err
		}
		return t.makeChain(verb, r.object, h)
	}, nil
}
