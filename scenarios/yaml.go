package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// Limits on what a file may make the reader do: aliases that multiply, and
// nesting that only an attacker writes.
const (
	maxFileBytes = 4 << 20
	maxDepth     = 32
	maxNodes     = 200_000
)

// stepNode is where a step stands in the file.
type stepNode struct {
	step   *yaml.Node // as it stands in its list: an alias is one
	inFlow bool       // the list is one in brackets
}

// reader turns YAML nodes into values and collects every mistake on the way.
type reader struct {
	problems
	source []byte
}

func at(n *yaml.Node) place { return place{n.Line, n.Column} }

var yamlLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^yaml: (?:unmarshal errors:\s*)?(?:line (\d+): )?(.*)$`)
})

// documents parses the text and returns the root mapping of each document that
// has something in it, or fewer after a problem was added.
func (r *reader) documents(source []byte) []*yaml.Node {
	if len(source) > maxFileBytes {
		r.add(place{1, 1}, fmt.Sprintf("a scenario has at most %d bytes", maxFileBytes), "the file has more")
		return nil
	}
	var out []*yaml.Node
	budget := maxNodes
	for d := yaml.NewDecoder(bytes.NewReader(source)); ; {
		var doc yaml.Node
		err := d.Decode(&doc)
		if err == io.EOF {
			break
		}
		if err != nil {
			r.notYAML(err)
			return nil
		}
		root := doc.Content[0]
		if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
			continue
		}
		if !r.measure(root, 0, &budget) {
			return nil
		}
		if root.Kind != yaml.MappingNode {
			r.add(at(root), "begin with `name:`, `hosts:` and `steps:`", "a scenario is a mapping, not %s", kindName(root))
			return nil
		}
		out = append(out, root)
	}
	if len(out) == 0 {
		r.add(place{1, 1}, "begin with `name:`, `hosts:` and `steps:`", "the file is empty")
	}
	return out
}

// notYAML adds the parser's problem.
func (r *reader) notYAML(err error) {
	p, what := place{1, 1}, err.Error()
	if m := yamlLine().FindStringSubmatch(strings.ReplaceAll(what, "\n", " ")); m != nil {
		what = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.line = n
		}
	}
	if r.mistaken(p.line) {
		return
	}
	if strings.Contains(what, "cannot start any token") {
		r.add(p, "use blanks instead", "not YAML: a tab stands where a value or blanks are expected")
		return
	}
	r.add(p, "write YAML; `dnetsim show overlay-ping` prints an example", "not YAML: %s", what)
}

// measure walks the document with its aliases followed, so that a small file
// cannot stand for a huge one.
func (r *reader) measure(n *yaml.Node, depth int, budget *int) bool {
	if *budget--; *budget < 0 {
		r.add(at(n), "write the parts out instead of repeating them by alias", "the document is too large once its aliases are followed")
		return false
	}
	if depth > maxDepth {
		r.add(at(n), fmt.Sprintf("at most %d levels", maxDepth), "nested too deeply")
		return false
	}
	if n.Kind == yaml.AliasNode {
		return r.measure(n.Alias, depth+1, budget)
	}
	for _, c := range n.Content {
		if !r.measure(c, depth+1, budget) {
			return false
		}
	}
	return true
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return fmt.Sprintf("%q", n.Value)
	}
	return "an alias"
}

func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// pair is one key of a mapping and its value.
type pair struct {
	key   string
	keyAt place
	value *yaml.Node
}

// pairs returns a mapping's pairs in order. Duplicate keys are problems.
func (r *reader) pairs(n *yaml.Node, what string) []pair {
	n = follow(n)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.add(at(n), "write `key: value` lines", "%s must be a mapping, not %s", what, kindName(n))
		return nil
	}
	own := map[string]bool{}
	var out, merged []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], follow(n.Content[i+1])
		if k.Tag == "!!merge" {
			merged = append(merged, r.merged(v, what)...)
			continue
		}
		if own[k.Value] {
			r.add(at(k), "keep one of them", "%s has %q twice", what, k.Value)
			continue
		}
		own[k.Value] = true
		out = append(out, pair{k.Value, at(k), v})
	}
	// What is merged in gives way to the mapping's own keys, and to what was
	// merged before it (YAML's merge type).
	for _, p := range merged {
		if !own[p.key] {
			own[p.key] = true
			out = append(out, p)
		}
	}
	return out
}

// merged are the pairs behind a << key: a mapping's, or those of a list of them.
func (r *reader) merged(n *yaml.Node, what string) (out []pair) {
	if n.Kind != yaml.SequenceNode {
		return r.pairs(n, what)
	}
	for _, c := range n.Content {
		out = append(out, r.pairs(c, what)...)
	}
	return out
}

func (r *reader) text(p pair) string {
	if p.value.Kind != yaml.ScalarNode || p.value.Tag == "!!null" {
		r.add(at(p.value), "write a text", "%s must be a text, not %s", p.key, kindName(p.value))
		return ""
	}
	return p.value.Value
}

func (r *reader) texts(p pair) []string {
	if p.value.Kind == yaml.ScalarNode && p.value.Tag != "!!null" {
		return []string{p.value.Value}
	}
	if p.value.Kind != yaml.SequenceNode {
		r.add(at(p.value), "write a list such as [a, b]", "%s must be a list, not %s", p.key, kindName(p.value))
		return nil
	}
	out := []string{}
	for _, c := range p.value.Content {
		c = follow(c)
		if c.Kind != yaml.ScalarNode {
			r.add(at(c), "write a text", "%s must be a list of texts", p.key)
			continue
		}
		out = append(out, c.Value)
	}
	return out
}

func (r *reader) flag(p pair) bool {
	v, err := strconv.ParseBool(p.value.Value)
	if err != nil || p.value.Kind != yaml.ScalarNode {
		r.add(at(p.value), "write true or false", "%s must be true or false, not %s", p.key, kindName(p.value))
	}
	return v
}

func (r *reader) number(p pair, low, high int64) int64 {
	v, err := strconv.ParseInt(p.value.Value, 0, 64)
	if err != nil || p.value.Kind != yaml.ScalarNode || v < low || v > high {
		r.add(at(p.value), fmt.Sprintf("write a whole number from %d to %d", low, high), "%s cannot be %s", p.key, kindName(p.value))
		return low
	}
	return v
}

// maxTime is the longest time that a file may name: far beyond any run, and
// far from where arithmetic with times ends.
const maxTime = 10 * 365 * 24 * time.Hour

// seed reads a seed: all 64 bits.
func (r *reader) seed(p pair) uint64 {
	v, err := strconv.ParseUint(p.value.Value, 0, 64)
	if err != nil || p.value.Kind != yaml.ScalarNode {
		r.add(at(p.value), fmt.Sprintf("write a whole number from 0 to %d", uint64(math.MaxUint64)), "%s cannot be %s", p.key, kindName(p.value))
	}
	return v
}

func (r *reader) duration(p pair) time.Duration {
	d, err := time.ParseDuration(p.value.Value)
	if err == nil && d > maxTime {
		r.add(at(p.value), fmt.Sprintf("at most %v", maxTime), "%s cannot be %s", p.key, kindName(p.value))
		return 0
	}
	if err != nil || p.value.Kind != yaml.ScalarNode || d < 0 {
		r.add(at(p.value), "write a time such as 200us, 3ms or 30s", "%s cannot be %s", p.key, kindName(p.value))
		return 0
	}
	return d
}

// maxLead keeps clocks where Linux and its dates have them.
const maxLead = 50 * 365 * 24 * time.Hour

// lead reads how far a clock is ahead, or with a minus behind.
func (r *reader) lead(p pair) time.Duration {
	d, err := time.ParseDuration(p.value.Value)
	if err != nil || p.value.Kind != yaml.ScalarNode || d.Abs() > maxLead {
		r.add(at(p.value), "write how far the clock is ahead, such as 3h, or behind, such as -10m", "%s cannot be %s", p.key, kindName(p.value))
		return 0
	}
	return d
}

// minShare is the smallest probability above 0 that a file may name: less never
// happens to the frames of a run.
const minShare = 1e-12

// share reads a probability: 0.02 or 2%.
func (r *reader) share(p pair) float64 {
	s, scale := p.value.Value, 1.0
	if strings.HasSuffix(s, "%") {
		s, scale = strings.TrimSuffix(s, "%"), 100
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	v /= scale
	if !(v >= minShare && v <= 1 || v == 0) || err != nil || p.value.Kind != yaml.ScalarNode { // NaN is neither
		r.add(at(p.value), "write a share such as 0.02 or 2%", "%s cannot be %s", p.key, kindName(p.value))
		return 0
	}
	return v
}

// maxRate is the fastest cable, in bits per second; ordinaryRate is that of a
// LAN's cables of which the file says nothing, gigabit Ethernet's.
const (
	maxRate      = 1e13
	ordinaryRate = 1e9
)

// rate reads bits per second: 10mbit, 1gbit, 64kbit as tc writes them.
func (r *reader) rate(p pair) int64 {
	s := strings.ToLower(p.value.Value)
	scale := int64(1)
	for _, u := range []struct {
		suffix string
		scale  int64
	}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}} {
		if strings.HasSuffix(s, u.suffix) {
			s, scale = strings.TrimSuffix(s, u.suffix), u.scale
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	v *= float64(scale)
	if !(v >= 1 && v <= maxRate) || err != nil || p.value.Kind != yaml.ScalarNode { // NaN is neither
		r.add(at(p.value), "write a rate such as 100mbit or 1gbit, from 1bit to 10000gbit", "%s cannot be %s", p.key, kindName(p.value))
		return 0
	}
	return int64(v)
}

// json turns a node into JSON text with the keys in the file's order, the form
// that a person would have in daemon.json.
func (r *reader) json(n *yaml.Node, indent string) string {
	n = follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) == 0 {
			return "{}"
		}
		var b strings.Builder
		b.WriteString("{\n")
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, _ := json.Marshal(n.Content[i].Value)
			fmt.Fprintf(&b, "%s  %s: %s", indent, k, r.json(n.Content[i+1], indent+"  "))
			if i+3 < len(n.Content) {
				b.WriteString(",")
			}
			b.WriteString("\n")
		}
		return b.String() + indent + "}"
	case yaml.SequenceNode:
		parts := make([]string, len(n.Content))
		for i, c := range n.Content {
			parts[i] = r.json(c, indent)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	switch n.Tag {
	case "!!int", "!!float", "!!bool", "!!null":
		var v any
		if err := n.Decode(&v); err == nil {
			if b, err := json.Marshal(v); err == nil {
				return string(b)
			}
		}
	}
	b, _ := json.Marshal(n.Value)
	return string(b)
}
