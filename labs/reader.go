package labs

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/scenarios"

	"go.yaml.in/yaml/v3"
)

// place is a position in a lab's file, from 1.
type place struct{ line, column int }

// reader turns a lab's file into a Lab and collects every mistake on the way.
type reader struct {
	file   string
	source []byte // with the learner's values
	list   scenarios.Problems
	filled int // bytes of values
	words  *scenarios.Words
	texts  []Text // all texts that a learner may see
	where  []*yaml.Node
}

func (r *reader) addAt(at place, instead, format string, args ...any) {
	p := scenarios.Problem{File: r.file, Line: at.line, Column: at.column, What: fmt.Sprintf(format, args...), Instead: instead}
	if !slices.Contains(r.list, p) {
		r.list = append(r.list, p)
	}
}

func (r *reader) add(n *yaml.Node, instead, format string, args ...any) {
	r.addAt(place{n.Line, n.Column}, instead, format, args...)
}

// err is nil, or every problem in the order of the file.
func (r *reader) err() error {
	if len(r.list) == 0 {
		return nil
	}
	sort.SliceStable(r.list, func(i, j int) bool {
		a, b := r.list[i], r.list[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return r.list
}

// took adds what another reader found.
func (r *reader) took(n *yaml.Node, err error) bool {
	if err == nil {
		return true
	}
	if ps, ok := err.(scenarios.Problems); ok {
		r.list = append(r.list, ps...)
	} else {
		r.add(n, "", "%v", err)
	}
	return false
}

func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// mapping reads a mapping: a function for each key that it may have.
func (r *reader) mapping(n *yaml.Node, what string, keys map[string]func(k, v *yaml.Node)) {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		r.add(n, "write `key: value` lines", "%s must be a mapping", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], follow(n.Content[i+1])
		read := keys[k.Value]
		switch {
		case seen[k.Value]:
			r.add(k, "keep one of them", "%s has %q twice", what, k.Value)
		case read == nil:
			r.add(k, scenarios.Suggest(k.Value, slices.Sorted(maps.Keys(keys))), "unknown key %q in %s", k.Value, what)
		default:
			read(k, v)
		}
		seen[k.Value] = true
	}
}

// items are the nodes of a list; a single one is a list of one.
func (r *reader) items(n *yaml.Node) []*yaml.Node {
	if n = follow(n); n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, c := range n.Content {
		out = append(out, follow(c))
	}
	return out
}

func (r *reader) word(v *yaml.Node) string {
	if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
		r.add(v, "write a text", "a text is missing")
		return ""
	}
	return v.Value
}

func (r *reader) number(v *yaml.Node, low, high int) int {
	n, err := strconv.Atoi(v.Value)
	if err != nil || n < low || n > high {
		r.add(v, fmt.Sprintf("write a whole number from %d to %d", low, high), "%q is none that fits", v.Value)
		return low
	}
	return n
}

func (r *reader) yes(v *yaml.Node) bool {
	b, err := strconv.ParseBool(v.Value)
	if err != nil {
		r.add(v, "write true or false", "%q is neither yes nor no", v.Value)
	}
	return b
}

func (r *reader) duration(v *yaml.Node) time.Duration {
	d, err := time.ParseDuration(v.Value)
	if err != nil || d < 0 || d > time.Hour {
		r.add(v, "write a time such as 30s, at most 1h", "%q is no time", v.Value)
		return 0
	}
	return d
}

// text reads a text: a plain one is English, a mapping has one for each language.
func (r *reader) text(v *yaml.Node) Text {
	t := Text{}
	switch v.Kind {
	case yaml.ScalarNode:
		t[English] = strings.TrimSpace(v.Value)
	case yaml.MappingNode:
		for i := 0; i+1 < len(v.Content); i += 2 {
			k, c := v.Content[i], follow(v.Content[i+1])
			if len(k.Value) != 2 || c.Kind != yaml.ScalarNode {
				r.add(k, "write `en: TEXT` and `zh: TEXT`", "%q is no language with a text", k.Value)
				continue
			}
			t[k.Value] = strings.TrimSpace(c.Value)
		}
	}
	if t[English] == "" {
		r.add(v, "write a text, or `en: TEXT`", "the English text is missing")
	}
	r.texts, r.where = append(r.texts, t), append(r.where, v)
	return t
}

// steps reads lines and checks as a scenario has them.
func (r *reader) steps(n *yaml.Node) []scenarios.Step {
	if r.words == nil {
		return nil
	}
	steps, err := r.words.Steps(n)
	r.took(n, err)
	return steps
}

// scalar and pairOf make nodes that another reader gets, at a node's place.
func scalar(at *yaml.Node, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Line: at.Line, Column: at.Column}
}

func mappingOf(at *yaml.Node, content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: content, Line: at.Line, Column: at.Column}
}
