package nftables

import (
	"net/netip"
	"slices"
	"strings"

	"dnetsim/stack/netfilter"
)

// rule reads the statements of a rule up to its end.
func (p *parser) rule(family string) (*rule, error) {
	r := &rule{}
	if p.ended() || p.at("comment") {
		return nil, unexpected(p.peek())
	}
	for !p.ended() {
		if p.accept("comment") {
			c, err := p.name()
			if err != nil {
				return nil, err
			}
			if len(c.text) > 128 {
				return nil, wrong(c, c, "String exceeds maximum length of 128")
			}
			r.comment = c.text
			continue
		}
		s, err := p.statement(family)
		if err != nil {
			return nil, err
		}
		r.stmts = appendStmt(r.stmts, s)
	}
	return r, nil
}

// appendStmt leaves out a test before a field that implies it, as nft's listings do.
func appendStmt(list []stmt, s stmt) []stmt {
	m, ok := s.(*match)
	if !ok || len(list) == 0 {
		return append(list, s)
	}
	before, ok := list[len(list)-1].(*match)
	if ok && before.op == "" && before.mask == "" && before.set == nil && before.name == "" && len(before.sel) == 1 && before.one.single() {
		has := implied{before.sel[0].name, valueOf(before.one.parts[0])}
		if slices.ContainsFunc(m.sel, func(f *field) bool { return slices.Contains(f.implies, has) }) {
			list = list[:len(list)-1]
		}
	}
	return append(list, s)
}

func (p *parser) statement(family string) (stmt, error) {
	t := p.peek()
	switch t.text {
	case "accept", "drop", "continue", "return", "jump", "goto", "queue":
		v, err := p.verdict()
		return &decide{v: v}, err
	case "counter", "quota":
		p.i++
		if s, err := p.use(t.text); s != nil || err != nil {
			return s, err
		}
		return p.counter()
	case "log":
		p.i++
		return p.log()
	case "limit":
		p.i++
		return p.limit()
	case "reject":
		p.i++
		return p.reject(family)
	case "dnat", "snat", "masquerade", "redirect":
		p.i++
		return p.translate(t, family)
	case "notrack", "tproxy", "synproxy", "dup", "fwd", "add", "update", "set", "flow", "xt", "ip6tables":
		return nil, unsimulated(t, "the statement "+t.text, "counter, quota, log, limit, reject, dnat, snat, masquerade, redirect, meta mark set and verdicts are")
	}
	if p.marks() {
		return p.mark()
	}
	return p.match()
}

// marks reports whether "[meta] mark set" comes next.
func (p *parser) marks() bool {
	word := func(k int) string {
		if p.i+k < len(p.toks) {
			return p.toks[p.i+k].text
		}
		return ""
	}
	return word(0) == "meta" && word(1) == "mark" && word(2) == "set" || word(0) == "mark" && word(1) == "set"
}

func (p *parser) mark() (stmt, error) {
	for !p.accept("set") {
		p.i++
	}
	n, err := p.number()
	return &mark{value: uint32(n)}, err
}

func (p *parser) counter() (stmt, error) {
	c := &count{}
	if !p.accept("packets") {
		return c, nil
	}
	var err error
	if c.packets, err = p.number(); err != nil {
		return nil, err
	}
	if err = p.expect("bytes"); err != nil {
		return nil, err
	}
	c.bytes, err = p.number()
	return c, err
}

func (p *parser) log() (stmt, error) {
	l := &logs{level: 4}
	for {
		t := p.peek()
		switch t.text {
		case "prefix":
			p.i++
			x, err := p.name()
			if err != nil {
				return nil, err
			}
			l.prefix = x.text
		case "level":
			p.i++
			x := p.next()
			l.level = slices.Index(logLevels, x.text)
			if x.text == "audit" {
				return nil, unsimulated(x, "the level audit", "use one of "+strings.Join(logLevels, ", "))
			}
			if l.level < 0 {
				return nil, wrong(x, x, "invalid log level")
			}
		case "group", "snaplen", "queue-threshold", "flags":
			return nil, unsimulated(t, "log "+t.text, "log takes prefix and level")
		default:
			return l, nil
		}
	}
}

func (p *parser) limit() (stmt, error) {
	l := &limit{burst: 5}
	if err := p.expect("rate"); err != nil {
		return nil, err
	}
	if !p.accept("over") {
		p.accept("until")
	} else {
		l.over = true
	}
	var err error
	if l.rate, err = p.number(); err != nil {
		return nil, err
	}
	if t := p.peek(); !p.accept("/") {
		return nil, unsimulated(t, "a limit of bytes", "write packets, as \"limit rate 10/second\"")
	}
	u := p.next()
	if limitUnits[u.text] == 0 || l.rate == 0 {
		return nil, wrong(u, u, "invalid limit rate")
	}
	l.unit = u.text
	if p.accept("burst") {
		if l.burst, err = p.number(); err != nil {
			return nil, err
		}
		return l, p.expect("packets")
	}
	return l, nil
}

// rejectKinds are what reject may answer with, by the family that says it.
var rejectKinds = map[string]map[string][2]netfilter.RejectKind{
	"icmp": {
		"net-unreachable": {netfilter.RejectNet}, "host-unreachable": {netfilter.RejectHost}, "prot-unreachable": {netfilter.RejectProtocol},
		"port-unreachable": {netfilter.RejectPort}, "net-prohibited": {netfilter.RejectNetProhibited}, "host-prohibited": {netfilter.RejectHostProhibited},
		"admin-prohibited": {netfilter.RejectAdminProhibited},
	},
	"icmpv6": {
		"no-route": {1: netfilter.Reject6NoRoute}, "admin-prohibited": {1: netfilter.Reject6AdminProhibited}, "addr-unreachable": {1: netfilter.Reject6Address},
		"port-unreachable": {1: netfilter.Reject6Port}, "policy-fail": {1: netfilter.Reject6PolicyFail}, "reject-route": {1: netfilter.Reject6Route},
	},
	"icmpx": {
		"port-unreachable": {netfilter.RejectPort, netfilter.Reject6Port}, "no-route": {netfilter.RejectNet, netfilter.Reject6NoRoute},
		"host-unreachable": {netfilter.RejectHost, netfilter.Reject6Address}, "admin-prohibited": {netfilter.RejectAdminProhibited, netfilter.Reject6AdminProhibited},
	},
}

func (p *parser) reject(family string) (stmt, error) {
	r := &reject{}
	protocol := map[string]string{"ip": "icmp", "ip6": "icmpv6", "inet": "icmpx"}[family]
	what := "port-unreachable"
	if p.accept("with") {
		t := p.next()
		if t.text == "tcp" {
			r.with, r.kind = "tcp reset", [2]netfilter.RejectKind{netfilter.RejectTCPReset, netfilter.RejectTCPReset}
			return r, p.expect("reset")
		}
		if rejectKinds[t.text] == nil {
			return nil, unexpected(t)
		}
		if t.text == "icmp" && family == "ip6" || t.text == "icmpv6" && family == "ip" {
			return nil, wrong(t, t, "conflicting protocols specified: %s vs. %s", family, t.text)
		}
		p.accept("type")
		k := p.next()
		protocol, what = t.text, k.text
		if _, ok := rejectKinds[protocol][what]; !ok {
			return nil, wrong(k, k, "Could not parse %s code", protocol)
		}
	}
	r.kind = rejectKinds[protocol][what]
	if what != "port-unreachable" {
		r.with = protocol + " " + what
	}
	return r, nil
}

func (p *parser) translate(verb token, family string) (stmt, error) {
	s := &translate{kind: verb.text}
	kind := strings.ToUpper(verb.text)
	if t := p.peek(); t.text == "ip" || t.text == "ip6" {
		p.i++
		if family == "inet" {
			s.family = t.text
		}
		family = t.text
	}
	ports := verb.text == "masquerade" || verb.text == "redirect"
	var lo, hi netip.Addr
	var portLo, portHi uint16
	if to := p.peek(); p.accept("to") || !ports {
		if !ports && to.text != "to" {
			return nil, unexpected(to)
		}
		first := p.i
		var err error
		if !p.at(":") {
			if ports {
				return nil, unexpected(p.peek())
			}
			if lo, hi, err = p.addressRange(&family, s); err != nil {
				return nil, err
			}
		}
		if p.accept(":") {
			if portLo, portHi, err = p.portRange(); err != nil {
				return nil, err
			}
		}
		for _, t := range p.toks[first:p.i] {
			s.to += t.text
		}
	}
	random := false
	for {
		t := p.peek()
		if t.text != "random" && t.text != "fully-random" && t.text != "persistent" {
			break
		}
		p.i++
		s.flags = append(s.flags, t.text)
		random = random || t.text != "persistent"
		if !p.accept(",") {
			break
		}
	}
	s.t = netfilter.NewTranslation(kind, lo, hi, portLo, portHi, random)
	return s, nil
}

// addressRange reads "10.0.0.1", "10.0.0.1-10.0.0.9" or "[2001:db8::1]".
func (p *parser) addressRange(family *string, s *translate) (lo, hi netip.Addr, err error) {
	one := func() (netip.Addr, error) {
		bracket := p.accept("[")
		t := p.next()
		a, bad := netip.ParseAddr(t.text)
		switch {
		case t.kind != 'a' && t.kind != 's':
			return a, unexpected(t)
		case bad != nil:
			return a, unsimulated(t, "a map of addresses", "write the address")
		case *family == "inet":
			*family, s.family = "ip", "ip"
			if a.Is6() {
				*family, s.family = "ip6", "ip6"
			}
		}
		if a.Is6() != (*family == "ip6") {
			return a, wrong(t, t, "Could not resolve hostname: Address family for hostname not supported")
		}
		if bracket {
			return a, p.expect("]")
		}
		return a, nil
	}
	if lo, err = one(); err != nil {
		return lo, hi, err
	}
	hi = lo
	if p.accept("-") {
		hi, err = one()
	}
	return lo, hi, err
}

func (p *parser) portRange() (lo, hi uint16, err error) {
	one := func() (uint16, error) {
		t := p.next()
		v, err := p.rs.parse(inetService, t.text)
		if err != nil {
			return 0, wrong(t, t, "%s", err)
		}
		return uint16(valueOf(v)), nil
	}
	if lo, err = one(); err != nil {
		return lo, hi, err
	}
	hi = lo
	if p.accept("-") {
		hi, err = one()
	}
	return lo, hi, err
}

var comparisons = map[string]string{"==": "", "eq": "", "!=": "!=", "ne": "!=", "<": "<", "lt": "<", ">": ">", "gt": ">", "<=": "<=", "le": "<=", ">=": ">=", "ge": ">="}

// match reads a test, or a look-up of a verdict.
func (p *parser) match() (stmt, error) {
	first := p.peek()
	sel, err := p.selector()
	if err != nil {
		return nil, err
	}
	if p.accept("vmap") {
		m := &vmap{sel: sel}
		if p.accept("@") {
			t, err := p.ident()
			m.name = t.text
			return m, err
		}
		m.set = &set{keys: sel.types(), verdict: true}
		return m, p.braces(m.set)
	}
	m := &match{sel: sel}
	d := sel[0].typ
	if t := p.peek(); p.accept("&") || p.accept("and") {
		if len(sel) > 1 || d.of().size == 0 {
			return nil, wrong(t, t, "Binary operation (&) is undefined for %s", d.of().name)
		}
		if m.mask, err = p.flags(d); err != nil {
			return nil, err
		}
	}
	exact := false
	if op, ok := comparisons[p.peek().text]; ok && p.peek().kind != 'q' {
		m.op, exact = op, op == "" && (p.at("==") || p.at("eq"))
		p.i++
	}
	switch {
	case p.accept("@"):
		t, err := p.ident()
		m.name = t.text
		return m, err
	case p.at("{"):
		m.set = &set{keys: sel.types()}
		if err := p.braces(m.set); err != nil {
			return nil, err
		}
		if len(m.set.elems) == 0 {
			return nil, wrong(first, p.peek(), "Set is empty")
		}
		if len(m.set.elems) == 1 { // nft makes a value of it
			m.one, m.set = m.set.elems[0], nil
		}
		return m, nil
	case d.of().flags && len(sel) == 1:
		return m, p.flagValue(m, d, exact)
	}
	from := p.peek()
	m.one, err = p.elem(sel.types())
	if err == nil && !m.one.single() && m.op != "" && m.op != "!=" {
		return nil, wrong(from, p.peek(), "a range cannot be compared with %s", m.op)
	}
	return m, err
}

// flags reads "syn", "(fin|syn|rst)" or a number.
func (p *parser) flags(d datatype) (string, error) {
	paren := p.accept("(")
	n := uint64(0)
	for {
		v, err := p.value(d)
		if err != nil {
			return "", err
		}
		n |= valueOf(v)
		if !p.accept("|") && !p.accept("or") && !(d.of().flags && p.accept(",")) {
			break
		}
	}
	if paren {
		if err := p.expect(")"); err != nil {
			return "", err
		}
	}
	return d.number(n), nil
}

// flagValue reads what a field of bits is compared with: any of these bits, unless
// a mask or == asks for just these.
func (p *parser) flagValue(m *match, d datatype, exact bool) error {
	v, err := p.flags(d)
	if err != nil {
		return err
	}
	m.one = &elem{parts: []string{v}, prefix: -1}
	if p.accept("/") {
		if m.mask, err = p.flags(d); err != nil {
			return err
		}
	}
	m.bits = m.mask == "" && !exact && valueOf(v) != 0
	return nil
}
