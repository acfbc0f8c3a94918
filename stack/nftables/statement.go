package nftables

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dnetsim/stack/netfilter"
)

// stmt is one statement of a rule.
type stmt interface {
	// run holds the packet against it: false ends the rule, a verdict decides.
	run(w *walker) (*verdict, bool)
	text(rs *Ruleset, stateless bool) string
	json(rs *Ruleset, stateless bool) any
	link(l *linker) error
	verdicts() []*verdict
	// allowed says what the kind or the hook of a base chain does not let it do.
	allowed(base *chain) error
	tracks() bool
}

// plain is what most statements have in common: nothing to link, and no hook
// where they cannot be.
type plain struct{}

func (plain) link(*linker) error   { return nil }
func (plain) verdicts() []*verdict { return nil }
func (plain) allowed(*chain) error { return nil }
func (plain) tracks() bool         { return false }

// selector is what is looked at: one field or more.
type selector []*field

func (s selector) load(w *walker) ([]byte, bool) {
	b := w.buf[:0]
	for _, f := range s {
		n := len(b)
		var ok bool
		if b, ok = f.load(w, b); !ok {
			return nil, false
		}
		if len(s) > 1 {
			b = pad(b, f.typ, len(b)-n)
		}
	}
	w.buf = b
	return b, true
}

func (s selector) types() []datatype {
	out := make([]datatype, len(s))
	for i, f := range s {
		out[i] = f.typ
	}
	return out
}

func (s selector) String() string {
	out := make([]string, len(s))
	for i, f := range s {
		out[i] = cmp.Or(f.short, f.name)
	}
	return strings.Join(out, " . ")
}

func (s selector) tracks() bool { return slices.ContainsFunc(s, func(f *field) bool { return f.conn }) }

// match is a test.
type match struct {
	plain
	sel  selector
	mask string // of the bits that are looked at; "" is all
	op   string // "", !=, <, >, <=, >=
	one  *elem  // what it is compared with, or
	set  *set   // one of these, or
	name string // of the set
	bits bool   // any of the value's bits
}

func (m *match) run(w *walker) (*verdict, bool) {
	v, ok := m.sel.load(w)
	if !ok {
		return nil, false
	}
	if m.mask != "" {
		for i := range v {
			v[i] &= m.mask[i]
		}
	}
	switch m.op {
	case "<":
		return nil, string(v) < m.one.parts[0]
	case ">":
		return nil, string(v) > m.one.parts[0]
	case "<=":
		return nil, string(v) <= m.one.parts[0]
	case ">=":
		return nil, string(v) >= m.one.parts[0]
	}
	return nil, m.holds(v) == (m.op != "!=")
}

func (m *match) holds(v []byte) bool {
	switch {
	case m.set != nil:
		return m.set.lookup(v) != nil
	case m.bits:
		for i := range v {
			if v[i]&m.one.parts[0][i] != 0 {
				return true
			}
		}
		return false
	}
	return m.one.contains(v)
}

func (m *match) text(rs *Ruleset, _ bool) string {
	left, right := m.sel.String(), ""
	switch {
	case m.name != "":
		right = "@" + m.name
	case m.set != nil:
		right = rs.formatElems(m.set, "")
	default:
		right = rs.formatElem(m.sel.types(), m.one)
	}
	op := ""
	if m.op != "" {
		op = m.op + " "
	}
	d := m.sel[0].typ
	switch {
	case m.mask != "" && d.of().flags:
		return left + " " + op + right + " / " + d.bits(valueOf(m.mask))
	case m.mask != "":
		if op == "" {
			op = "== "
		}
		return left + " & " + rs.format(d, m.mask) + " " + op + right
	case d.of().flags && !m.bits && m.set == nil && op == "":
		op = "== "
	}
	return left + " " + op + right
}

func (m *match) link(l *linker) error {
	if m.name == "" {
		return nil
	}
	if m.set = l.t.set(m.name); m.set == nil {
		return refused("No such file or directory")
	}
	if m.set.verdict || !slices.Equal(m.set.keys, m.sel.types()) {
		return refused("Invalid argument")
	}
	return nil
}

func (m *match) tracks() bool { return m.sel.tracks() }

// vmap looks a verdict up.
type vmap struct {
	plain
	sel  selector
	set  *set
	name string
}

func (m *vmap) run(w *walker) (*verdict, bool) {
	v, ok := m.sel.load(w)
	if !ok {
		return nil, false
	}
	e := m.set.lookup(v)
	if e == nil {
		return nil, false
	}
	return e.v, true
}

func (m *vmap) text(rs *Ruleset, _ bool) string {
	if m.name != "" {
		return m.sel.String() + " vmap @" + m.name
	}
	return m.sel.String() + " vmap " + rs.formatElems(m.set, "")
}

func (m *vmap) link(l *linker) error {
	if m.name == "" {
		return m.set.link(l)
	}
	if m.set = l.t.set(m.name); m.set == nil {
		return refused("No such file or directory")
	}
	if !m.set.verdict || !slices.Equal(m.set.keys, m.sel.types()) {
		return refused("Invalid argument")
	}
	return nil
}

func (m *vmap) verdicts() []*verdict { return m.set.targets() }
func (m *vmap) tracks() bool         { return m.sel.tracks() }

// decide is a verdict.
type decide struct {
	plain
	v *verdict
}

func (d *decide) run(*walker) (*verdict, bool) { return d.v, true }
func (d *decide) text(*Ruleset, bool) string   { return d.v.String() }
func (d *decide) link(l *linker) error         { return d.v.link(l) }
func (d *decide) verdicts() (list []*verdict)  { return append(list, d.v) }

// count counts packets and their bytes.
type count struct {
	plain
	packets, bytes uint64
}

func (c *count) run(w *walker) (*verdict, bool) {
	c.packets++
	c.bytes += uint64(len(w.sight.Packet().Data))
	return nil, true
}

func (c *count) text(_ *Ruleset, stateless bool) string {
	if stateless {
		return "counter"
	}
	return fmt.Sprintf("counter packets %d bytes %d", c.packets, c.bytes)
}

// translate is dnat, snat, masquerade and redirect.
type translate struct {
	plain
	kind   string
	family string // "ip" or "ip6" where it was said, as inet needs it
	to     string // as it is printed
	flags  []string
	t      *netfilter.Translation
}

func (t *translate) run(w *walker) (*verdict, bool) {
	w.sight.Bind(t.t, w.rule())
	return &verdict{kind: "accept"}, true
}

func (t *translate) text(*Ruleset, bool) string {
	s := t.kind
	if t.family != "" {
		s += " " + t.family
	}
	if t.to != "" {
		s += " to " + t.to
	}
	if len(t.flags) > 0 {
		s += " " + strings.Join(t.flags, ",")
	}
	return s
}

func (t *translate) tracks() bool { return true }

func (t *translate) allowed(base *chain) error {
	hooks := []netfilter.Hook{netfilter.Prerouting, netfilter.Output}
	switch t.kind {
	case "snat":
		hooks = []netfilter.Hook{netfilter.Postrouting, netfilter.Input}
	case "masquerade":
		hooks = []netfilter.Hook{netfilter.Postrouting}
	}
	if base.base.typ != "nat" || !slices.Contains(hooks, base.base.hook) {
		return refused("Operation not supported")
	}
	return nil
}

// reject answers the packet and drops it.
type reject struct {
	plain
	with string // as it is printed, "" for port-unreachable
	kind [2]netfilter.RejectKind
}

func (r *reject) run(w *walker) (*verdict, bool) {
	k := r.kind[0]
	if w.sight.Packet().V6 {
		k = r.kind[1]
	}
	if k == netfilter.RejectNone || k == netfilter.RejectTCPReset && w.sight.Protocol() != 6 {
		return nil, false
	}
	w.sight.Stop(netfilter.Reject, k, w.rule())
	return &verdict{kind: "rejected"}, true
}

func (r *reject) text(*Ruleset, bool) string {
	if r.with == "" {
		return "reject"
	}
	return "reject with " + r.with
}

func (r *reject) allowed(base *chain) error {
	if base.base.hook == netfilter.Postrouting || base.base.typ == "nat" {
		return refused("Operation not supported")
	}
	return nil
}

// logs writes to the kernel's log.
type logs struct {
	plain
	prefix string
	level  int
}

var logLevels = []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}

func (l *logs) run(w *walker) (*verdict, bool) {
	w.sight.Log(l.prefix, l.level)
	return nil, true
}

func (l *logs) text(*Ruleset, bool) string {
	s := "log"
	if l.prefix != "" {
		s += ` prefix "` + l.prefix + `"`
	}
	if l.level != 4 {
		s += " level " + logLevels[l.level]
	}
	return s
}

// limit is a bucket of tokens that fills at a rate.
type limit struct {
	plain
	over    bool
	rate    uint64
	unit    string
	burst   uint64
	tokens  float64
	last    int64 // virtual nanoseconds
	started bool
}

var limitUnits = map[string]float64{"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}

func (l *limit) run(w *walker) (*verdict, bool) {
	now := w.rs.face.Options.Now().UnixNano()
	if !l.started {
		l.started, l.tokens, l.last = true, float64(l.burst), now
	}
	l.tokens = min(float64(l.burst), l.tokens+float64(now-l.last)/1e9*float64(l.rate)/limitUnits[l.unit])
	l.last = now
	within := l.tokens >= 1
	if within {
		l.tokens--
	}
	return nil, within != l.over
}

func (l *limit) text(*Ruleset, bool) string {
	s := "limit rate "
	if l.over {
		s += "over "
	}
	return s + fmt.Sprintf("%d/%s burst %d packets", l.rate, l.unit, l.burst)
}

// mark sets the packet's mark.
type mark struct {
	plain
	value uint32
}

func (m *mark) run(w *walker) (*verdict, bool) {
	w.sight.Packet().Mark = m.value
	return nil, true
}

func (m *mark) text(*Ruleset, bool) string { return fmt.Sprintf("meta mark set 0x%08x", m.value) }

// text prints a rule, without its counters' values if it is stateless.
func (rs *Ruleset) text(r *rule, stateless bool) string {
	parts := make([]string, 0, len(r.stmts)+1)
	for _, s := range r.stmts {
		parts = append(parts, s.text(rs, stateless))
	}
	if r.comment != "" {
		parts = append(parts, `comment "`+r.comment+`"`)
	}
	return strings.Join(parts, " ")
}
