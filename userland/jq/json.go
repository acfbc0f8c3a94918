package jq

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// order knows in which order the keys of objects are printed: of an object of the
// input, its own; of one that the filter builds, the filter's; of others, that in which
// their keys were first met.
type order struct {
	of       map[uintptr][]string // by the map's address
	keep     []map[string]any     // so that no address is used twice
	literals [][]string           // of the filter's objects
	rank     map[string]int
}

func newOrder() *order { return &order{of: map[uintptr][]string{}, rank: map[string]int{}} }

func (o *order) met(key string) {
	if _, ok := o.rank[key]; !ok {
		o.rank[key] = len(o.rank)
	}
}

func (o *order) keys(m map[string]any) []string {
	same := func(list []string) bool {
		if len(list) != len(m) {
			return false
		}
		return !slices.ContainsFunc(list, func(k string) bool { _, ok := m[k]; return !ok })
	}
	if list := o.of[reflect.ValueOf(m).Pointer()]; same(list) {
		return list
	}
	for _, list := range o.literals {
		if same(list) {
			return list
		}
	}
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b string) int {
		x, known := o.rank[a]
		y, also := o.rank[b]
		switch {
		case known && also:
			return x - y
		case known:
			return -1
		case also:
			return 1
		}
		return strings.Compare(a, b)
	})
	return out
}

// reader reads JSON values one after the other.
type reader struct {
	text  string
	at    int
	order *order
	depth int
	// more is what comes after the text, "" at its end; nil if the text is all.
	more  func() string
	gone  int // lines of text that was read and dropped
	found int // newlines before counted
	upTo  int // how far of the text they were counted
}

// dropAfter is how much text that was read is kept.
const dropAfter = 1 << 20

// extend gets more of the text, twice as much at least where a value is large, so that
// trying again costs no more than reading did. It reports false at the end.
func (r *reader) extend() bool {
	if r.more == nil {
		return false
	}
	if r.at > dropAfter {
		r.line()
		r.gone, r.text, r.at, r.found, r.upTo = r.gone+r.found, r.text[r.at:], 0, 0, 0
	}
	var b strings.Builder
	b.WriteString(r.text)
	want := 0
	if n := len(r.text) - r.at; n > 1<<16 {
		want = 2 * n
	}
	for {
		part := r.more()
		b.WriteString(part)
		if part == "" {
			r.more = nil
		}
		if part == "" || b.Len()-r.at >= want && strings.IndexByte(part, '\n') >= 0 {
			break
		}
	}
	grown := b.Len() > len(r.text)
	r.text = b.String()
	return grown
}

// line is how many newlines were read, that right behind the last value included.
func (r *reader) line() int {
	end := r.at
	if end < len(r.text) && r.text[end] == '\n' {
		end++
	}
	if end > r.upTo {
		r.found += strings.Count(r.text[r.upTo:end], "\n")
		r.upTo = end
	}
	return r.gone + r.found
}

// badJSON is a parse error in jq's words.
type badJSON struct {
	what string
	at   int
}

func (e badJSON) Error() string { return e.what }

// maxDepth is jq's bound for values within values.
const maxDepth = 256

// next is the next value; ok is false at the end.
func (r *reader) next() (v any, ok bool, err error) {
	for {
		if r.blanks(); r.at >= len(r.text) {
			if r.extend() {
				continue
			}
			return nil, false, nil
		}
		start := r.at
		v, short, err := r.try()
		if short || err == nil && r.at >= len(r.text) && r.more != nil && !ends(v) {
			if r.depth, r.at = 0, start; r.extend() {
				continue
			}
			v, _, err = r.try()
		}
		return v, err == nil, err
	}
}

// ends reports whether a value says by itself where it ends: numbers and names do not.
func ends(v any) bool {
	switch v.(type) {
	case nil, bool, json.Number:
		return false
	}
	return true
}

// try reads a value of the text that there is; short says that it is not whole.
func (r *reader) try() (v any, short bool, err error) {
	defer func() {
		if bad := recover(); bad != nil {
			e, is := bad.(badJSON)
			if !is {
				panic(bad)
			}
			line, column := r.place(e.at)
			short = e.at >= len(r.text)
			err = fmt.Errorf("parse error: %s at %sline %d, column %d", e.what, map[bool]string{true: "EOF at "}[e.at >= len(r.text)], line, column)
		}
	}()
	return r.value(), false, nil
}

// place is a position as jq counts it: a column is the number of bytes read in a line.
func (r *reader) place(at int) (line, column int) {
	before := r.text[:min(at+1, len(r.text))]
	if at >= len(r.text) {
		before = r.text
	}
	return r.gone + strings.Count(before, "\n") + 1, len(before) - 1 - strings.LastIndexByte(before, '\n')
}

func (r *reader) blanks() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

func (r *reader) peek() byte {
	r.blanks()
	if r.at >= len(r.text) {
		panic(badJSON{"Unfinished JSON term", r.at})
	}
	return r.text[r.at]
}

func (r *reader) value() any {
	if r.depth++; r.depth > maxDepth {
		panic(badJSON{"Exceeds depth limit for parsing", r.at})
	}
	defer func() { r.depth-- }()
	switch c := r.peek(); c {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		return r.str()
	case ']', '}':
		panic(badJSON{"Unmatched '" + string(c) + "'", r.at})
	case ':', ',':
		panic(badJSON{"Expected value before '" + string(c) + "'", r.at})
	}
	return r.word()
}

func (r *reader) object() any {
	m, keys := map[string]any{}, []string(nil)
	r.at++
	for r.peek() != '}' {
		if len(keys) > 0 {
			if r.text[r.at] != ',' {
				panic(badJSON{"Expected separator between values", r.at})
			}
			r.at++
		}
		if r.peek() != '"' {
			r.value()
			panic(badJSON{"Object keys must be strings", min(r.at, len(r.text)-1)})
		}
		k := r.str()
		if r.peek() != ':' {
			panic(badJSON{"Objects must consist of key:value pairs", r.at})
		}
		r.at++
		if _, twice := m[k]; !twice {
			keys = append(keys, k)
		}
		r.order.met(k)
		m[k] = r.value()
	}
	r.at++
	r.order.of[reflect.ValueOf(m).Pointer()] = keys
	r.order.keep = append(r.order.keep, m)
	return m
}

func (r *reader) array() any {
	list := []any{}
	r.at++
	for r.peek() != ']' {
		if len(list) > 0 {
			if r.text[r.at] != ',' {
				panic(badJSON{"Expected separator between values", r.at})
			}
			r.at++
		}
		list = append(list, r.value())
	}
	r.at++
	return list
}

func (r *reader) str() string {
	end := r.at + 1
	for {
		switch {
		case end >= len(r.text):
			panic(badJSON{"Unfinished string", len(r.text)})
		case r.text[end] == '\\':
			end += 2
			continue
		case r.text[end] != '"':
			end++
			continue
		}
		break
	}
	raw := strings.ToValidUTF8(r.text[r.at:end+1], string(utf8.RuneError))
	raw = strings.NewReplacer("\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(raw) // jq takes them as they are
	var s string
	if json.Unmarshal([]byte(raw), &s) != nil {
		panic(badJSON{"Invalid escape", end})
	}
	r.at = end + 1
	return s
}

// word is a number or a name. What is none is found where it ends, as jq does.
func (r *reader) word() any {
	end := r.at
	for end < len(r.text) && strings.IndexByte(" \t\r\n[]{},:\"", r.text[end]) < 0 {
		end++
	}
	w := r.text[r.at:end]
	var v any
	switch w {
	case "true":
		v = true
	case "false":
		v = false
	case "null", "nan":
	default:
		if _, err := strconv.ParseFloat(w, 64); err != nil && !strings.Contains(err.Error(), "range") || strings.ContainsAny(w, "xX_pPiInN") {
			what := "Invalid numeric literal"
			if c := w[0]; c >= 'a' && c <= 'z' && end < len(r.text) && len(w) <= 5 && strings.ContainsAny(w[:1], "tfn") {
				what = "Invalid literal"
			}
			panic(badJSON{what, end})
		}
		v = json.Number(w)
	}
	r.at = end
	return v
}
