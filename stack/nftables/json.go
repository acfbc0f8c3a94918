package nftables

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The listings of nft -j (libnftables-json(5)): objects keep the order of their keys.

type (
	pair struct {
		key   string
		value any
	}
	members []pair // of an object, in their order
)

// writeJSON writes a value as jansson does: blanks behind commas and colons.
func writeJSON(w io.Writer, v any) {
	switch v := v.(type) {
	case members:
		io.WriteString(w, "{")
		for i, p := range v {
			if i > 0 {
				io.WriteString(w, ", ")
			}
			writeJSON(w, p.key)
			io.WriteString(w, ": ")
			writeJSON(w, p.value)
		}
		io.WriteString(w, "}")
	case []any:
		io.WriteString(w, "[")
		for i, x := range v {
			if i > 0 {
				io.WriteString(w, ", ")
			}
			writeJSON(w, x)
		}
		io.WriteString(w, "]")
	case string:
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.Encode(v)
		io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	case nil:
		io.WriteString(w, "null")
	default: // numbers and truth
		fmt.Fprint(w, v)
	}
}

func one(key string, value any) members { return members{{key, value}} }

// document is what nft -j prints of a listing's items.
func document(items []any) string {
	about := one("metainfo", members{{"version", "1.0.6"}, {"release_name", "Lester Gooch #5"}, {"json_schema_version", 1}})
	var b strings.Builder
	writeJSON(&b, one("nftables", append([]any{about}, items...)))
	b.WriteByte('\n')
	return b.String()
}

func (p *printer) item(kind string, o members) { p.items = append(p.items, one(kind, o)) }

func commented(o members, comment string) members {
	if comment != "" {
		o = append(o, pair{"comment", comment})
	}
	return o
}

func (p *printer) tableItem(t *table) {
	o := members{{"family", t.family}, {"name", t.name}, {"handle", t.handle}}
	if t.dormant {
		o = append(o, pair{"flags", "dormant"})
	}
	p.item("table", commented(o, t.comment))
}

// tableItems are a table's parts, in nft's order: the rules come behind all chains.
func (p *printer) tableItems(t *table, want parts) {
	if !want.only {
		p.tableItem(t)
	}
	in := func(name string, handle uint64) members {
		return members{{"family", t.family}, {"name", name}, {"table", t.name}, {"handle", handle}}
	}
	for _, x := range t.objects {
		if want.object == nil && want.only || want.object != nil && !want.object(x) {
			continue
		}
		o := commented(in(x.name, x.handle), x.comment)
		if x.kind == "counter" {
			o = append(o, pair{"packets", x.packets}, pair{"bytes", x.bytes})
		} else {
			o = append(o, pair{"bytes", x.limit}, pair{"used", x.bytes}, pair{"inv", x.over})
		}
		p.item(x.kind, o)
	}
	for _, s := range t.sets {
		if want.set == nil && want.only || want.set != nil && !want.set(s) {
			continue
		}
		p.setItem(t, s)
	}
	var rules []any
	for _, c := range t.chains {
		if want.chain == nil && want.only || want.chain != nil && !want.chain(c) {
			continue
		}
		p.chainItem(t, c)
		for _, r := range c.rules {
			if want.heads {
				break
			}
			o := commented(members{{"family", t.family}, {"table", t.name}, {"chain", c.name}, {"handle", r.handle}}, r.comment)
			expr := []any{}
			for _, s := range r.stmts {
				expr = append(expr, s.json(p.rs, p.print.stateless))
			}
			rules = append(rules, one("rule", append(o, pair{"expr", expr})))
		}
	}
	p.items = append(p.items, rules...)
}

func (p *printer) chainItem(t *table, c *chain) {
	o := commented(members{{"family", t.family}, {"table", t.name}, {"name", c.name}, {"handle", c.handle}}, c.comment)
	if b := c.base; b != nil {
		policy := "accept"
		if b.drop {
			policy = "drop"
		}
		o = append(o, pair{"type", b.typ}, pair{"hook", hookNames[b.hook]}, pair{"prio", b.priority}, pair{"policy", policy})
	}
	p.item("chain", o)
}

func (p *printer) setItem(t *table, s *set) {
	var typ any = s.keys[0].of().name
	if len(s.keys) > 1 {
		var all []any
		for _, k := range s.keys {
			all = append(all, k.of().name)
		}
		typ = all
	}
	kind := "set"
	o := commented(members{{"family", t.family}, {"name", s.name}, {"table", t.name}, {"type", typ}, {"handle", s.handle}}, s.comment)
	if s.verdict {
		kind, o = "map", append(o, pair{"map", "verdict"})
	}
	if n, err := strconv.Atoi(s.size); err == nil {
		o = append(o, pair{"size", n})
	}
	if len(s.flags) > 0 {
		o = append(o, pair{"flags", words(s.flags)})
	}
	if len(s.elems) > 0 && !p.print.terse {
		o = append(o, pair{"elem", p.rs.elements(s)})
	}
	p.item(kind, o)
}

func words(list []string) (out []any) {
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// single is a list, or what is alone in it.
func single(list []any) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// elements are those of a set, or of a map with their verdicts.
func (rs *Ruleset) elements(s *set) (out []any) {
	for _, e := range s.elems {
		v := rs.element(s.keys, e)
		if e.comment != "" {
			v = one("elem", members{{"val", v}, {"comment", e.comment}})
		}
		if e.v != nil {
			v = []any{v, e.v.json()}
		}
		out = append(out, v)
	}
	return out
}

// element is a value, a range, a prefix or a concatenation.
func (rs *Ruleset) element(keys []datatype, e *elem) any {
	if len(e.parts) > 1 {
		var all []any
		for i, part := range e.parts {
			all = append(all, rs.value(keys[i], part))
		}
		return one("concat", all)
	}
	v := rs.value(keys[0], e.parts[0])
	switch {
	case e.wild:
		return fmt.Sprint(v, "*")
	case e.prefix >= 0:
		return one("prefix", members{{"addr", v}, {"len", e.prefix}})
	case e.hi != "":
		return one("range", []any{v, rs.value(keys[0], e.hi)})
	}
	return v
}

// value is a number where a listing prints one, else the word.
func (rs *Ruleset) value(d datatype, v string) any {
	text := rs.format(d, v)
	switch {
	case d == ifname || d == ifIndex:
		return strings.Trim(text, `"`)
	case d.of().flags:
		return single(words(strings.Split(text, ",")))
	}
	if n, err := strconv.ParseUint(text, 0, 64); err == nil && d != ipv4Addr && d != ipv6Addr && d != etherAddr {
		return n
	}
	return text
}

func (f *field) json() any {
	w := strings.Fields(f.name)
	switch {
	case w[0] == "meta" || w[0] == "ct":
		return one(w[0], one("key", w[1]))
	case w[0] == "fib":
		return one("fib", members{{"result", w[2]}, {"flags", []any{w[1]}}})
	}
	return one("payload", members{{"protocol", w[0]}, {"field", w[1]}})
}

func (s selector) json() any {
	if len(s) == 1 {
		return s[0].json()
	}
	var all []any
	for _, f := range s {
		all = append(all, f.json())
	}
	return one("concat", all)
}

func (m *match) json(rs *Ruleset, _ bool) any {
	left, op := m.sel.json(), m.op
	d := m.sel[0].typ
	if m.mask != "" {
		left = one("&", []any{left, either(rs.value(d, m.mask))})
	}
	var right any
	switch {
	case m.name != "":
		right = "@" + m.name
	case m.set != nil:
		right = one("set", rs.elements(m.set))
	default:
		right = rs.element(m.sel.types(), m.one)
		if !m.bits {
			right = either(right)
		}
	}
	switch {
	case m.bits && op == "":
		op = "in"
	case op == "":
		op = "=="
	}
	return one("match", members{{"op", op}, {"left", left}, {"right", right}})
}

// either joins bits: {"|": [{"|": ["fin", "syn"]}, "rst"]}.
func either(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	v = list[0]
	for _, x := range list[1:] {
		v = one("|", []any{v, x})
	}
	return v
}

func (m *vmap) json(rs *Ruleset, _ bool) any {
	var data any = "@" + m.name
	if m.name == "" {
		data = one("set", rs.elements(m.set))
	}
	return one("vmap", members{{"key", m.sel.json()}, {"data", data}})
}

func (v *verdict) json() any {
	if v.name != "" {
		return one(v.kind, one("target", v.name))
	}
	return one(v.kind, nil)
}

func (d *decide) json(*Ruleset, bool) any { return d.v.json() }

func (c *count) json(_ *Ruleset, stateless bool) any {
	if stateless {
		return one("counter", nil)
	}
	return one("counter", members{{"packets", c.packets}, {"bytes", c.bytes}})
}

func (u *uses) json(_ *Ruleset, stateless bool) any {
	if u.name != "" {
		return one(u.kind, u.name)
	}
	in := func(n uint64) (uint64, string) {
		text, unit, _ := strings.Cut(amount(n), " ")
		x, _ := strconv.ParseUint(text, 10, 64)
		return x, unit
	}
	n, unit := in(u.o.limit)
	o := members{{"val", n}, {"val_unit", unit}}
	if u.o.over {
		o = append(o, pair{"inv", true})
	}
	if u.o.bytes > 0 && !stateless {
		n, unit := in(u.o.bytes)
		o = append(o, pair{"used", n}, pair{"used_unit", unit})
	}
	return one("quota", o)
}

func (t *translate) json(*Ruleset, bool) any {
	var o members
	if t.family != "" {
		o = append(o, pair{"family", t.family})
	}
	addr, port := t.to, ""
	if i := strings.LastIndex(addr, ":"); i >= 0 && (strings.Count(addr, ":") == 1 || addr[i-1] == ']') {
		addr, port = addr[:i], addr[i+1:]
	}
	ends := func(text string, as func(string) any) any {
		if lo, hi, ok := strings.Cut(text, "-"); ok {
			return one("range", []any{as(lo), as(hi)})
		}
		return as(text)
	}
	if addr != "" {
		o = append(o, pair{"addr", ends(addr, func(s string) any { return strings.Trim(s, "[]") })})
	}
	if port != "" {
		o = append(o, pair{"port", ends(port, func(s string) any {
			n, err := strconv.Atoi(s)
			if err != nil {
				return s
			}
			return n
		})})
	}
	if len(t.flags) > 0 {
		o = append(o, pair{"flags", single(words(t.flags))})
	}
	if o == nil {
		return one(t.kind, nil)
	}
	return one(t.kind, o)
}

func (r *reject) json(*Ruleset, bool) any {
	if r.with == "" {
		return one("reject", nil)
	}
	if r.with == "tcp reset" {
		return one("reject", one("type", r.with))
	}
	kind, code, _ := strings.Cut(r.with, " ")
	return one("reject", members{{"type", kind}, {"expr", code}})
}

func (l *logs) json(*Ruleset, bool) any {
	var o members
	if l.prefix != "" {
		o = append(o, pair{"prefix", l.prefix})
	}
	if l.level != 4 {
		o = append(o, pair{"level", logLevels[l.level]})
	}
	if o == nil {
		return one("log", nil)
	}
	return one("log", o)
}

func (l *limit) json(*Ruleset, bool) any {
	o := members{{"rate", l.rate}, {"burst", l.burst}, {"per", l.unit}}
	if l.over {
		o = append(o, pair{"inv", true})
	}
	return one("limit", o)
}

func (m *mark) json(*Ruleset, bool) any {
	return one("mangle", members{{"key", one("meta", one("key", "mark"))}, {"value", m.value}})
}
