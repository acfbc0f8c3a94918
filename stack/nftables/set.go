package nftables

import (
	"slices"
	"strconv"
	"strings"
)

// set is a set or a map to verdicts, with a name or within a rule.
type set struct {
	name    string // "" within a rule
	handle  uint64
	verdict bool // it maps to verdicts
	keys    []datatype
	flags   []string
	size    string
	typeof  string // what it was declared by instead of a type
	comment string
	elems   []*elem
	exact   map[string]*elem // by value, of those that are one
	ranges  []*elem
}

// elem is an element: a value, a range of values, or what begins so.
type elem struct {
	parts   []string // the value, or one of each part of a concatenation
	hi      string   // the end of a range
	prefix  int      // bits of a prefix, -1 without
	wild    bool     // "eth*"
	v       *verdict
	comment string
}

// key is what elements of one value are looked up by.
func (s *set) key(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	var b []byte
	for i, p := range parts {
		b = pad(append(b, p...), s.keys[i], len(p))
	}
	return string(b)
}

// pad fills a name up, so that concatenations of names are told apart.
func pad(b []byte, d datatype, n int) []byte {
	if d == ifname {
		b = append(b, make([]byte, 16-n)...)
	}
	return b
}

func (e *elem) single() bool { return e.hi == "" && !e.wild }

// contains reports whether a value is one of the element's.
func (e *elem) contains(v []byte) bool {
	switch {
	case e.wild:
		return strings.HasPrefix(string(v), e.parts[0])
	case e.hi != "":
		return string(v) >= e.parts[0] && string(v) <= e.hi && len(v) == len(e.hi)
	}
	return string(v) == e.parts[0]
}

// index makes the elements ready to be looked up.
func (s *set) index() {
	s.exact, s.ranges = make(map[string]*elem, len(s.elems)), nil
	slices.SortStableFunc(s.elems, func(a, b *elem) int {
		for i := range a.parts {
			if c := s.keys[i].less(a.parts[i], b.parts[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	for _, e := range s.elems {
		if e.single() {
			s.exact[s.key(e.parts)] = e
			continue
		}
		s.ranges = append(s.ranges, e)
	}
}

func (s *set) lookup(v []byte) *elem {
	if e := s.exact[string(v)]; e != nil {
		return e
	}
	for _, e := range s.ranges {
		if e.contains(v) {
			return e
		}
	}
	return nil
}

// same names an element by its value or range.
func (e *elem) same() string {
	name := strings.Join(e.parts, "\x00") + "\x00" + e.hi
	if e.wild {
		name += "*"
	}
	return name
}

// named are the elements by what [elem.same] calls them.
func (s *set) named() map[string]*elem {
	out := make(map[string]*elem, len(s.elems))
	for _, e := range s.elems {
		out[e.same()] = e
	}
	return out
}

// overlaps reports whether a range meets another element of the set.
func (s *set) overlaps(rs *Ruleset, e *elem) bool {
	rs.charge(len(s.elems) / workObjects)
	for _, x := range s.elems {
		lo, hi := x.parts[0], x.hi
		if hi == "" {
			hi = lo
		}
		end := e.hi
		if end == "" {
			end = e.parts[0]
		}
		if (e.hi != "" || x.hi != "") && len(e.parts) == 1 && e.parts[0] <= hi && lo <= end {
			return true
		}
	}
	return false
}

func (s *set) flag(name string) bool { return slices.Contains(s.flags, name) }

func (s *set) link(l *linker) error {
	for _, e := range s.elems {
		if e.v != nil {
			if err := e.v.link(l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *set) targets() (out []*verdict) {
	for _, e := range s.elems {
		if e.v != nil {
			out = append(out, e.v)
		}
	}
	return out
}

func (v *verdict) link(l *linker) error {
	v.to = nil
	if v.name == "" {
		return nil
	}
	if v.to = l.t.chain(v.name); v.to == nil {
		return refused("No such file or directory")
	}
	if v.to.base != nil {
		return refused("Operation not supported")
	}
	return nil
}

// formatElem prints an element's value.
func (rs *Ruleset) formatElem(keys []datatype, e *elem) string {
	out := make([]string, len(e.parts))
	for i, p := range e.parts {
		out[i] = rs.format(keys[i], p)
	}
	text := strings.Join(out, " . ")
	switch {
	case e.wild:
		text = strings.TrimSuffix(text, `"`) + `*"`
	case e.prefix >= 0:
		text += "/" + strconv.Itoa(e.prefix)
	case e.hi != "":
		text += "-" + rs.format(keys[0], e.hi)
	}
	return text
}

// formatElems prints the elements between braces, each line after the first
// behind the indent; an anonymous set is one line.
func (rs *Ruleset) formatElems(s *set, indent string) string {
	var b strings.Builder
	b.WriteString("{ ")
	on := 0
	for i, e := range s.elems {
		if i > 0 {
			b.WriteByte(',')
			if on++; indent != "" && (on >= s.keys[0].of().perLine || len(s.keys) > 1) {
				b.WriteString("\n" + indent)
				on = 0
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(rs.formatElem(s.keys, e))
		if e.comment != "" {
			b.WriteString(` comment "` + e.comment + `"`)
		}
		if e.v != nil {
			b.WriteString(" : " + e.v.String())
		}
	}
	b.WriteString(" }")
	return b.String()
}

func typeName(keys []datatype) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.of().name
	}
	return strings.Join(names, " . ")
}
