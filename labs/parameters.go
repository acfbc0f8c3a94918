package labs

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// parameter is a value that is drawn for each learner. In the file, {{NAME}} stands
// for it, {{NAME.KEY}} for a part of it.
type parameter struct {
	name   string
	node   *yaml.Node
	values []value // of which one is drawn
	group  string  // those of a group differ from each other
}

// value is what a parameter may be: a text, a mapping of texts or a subnet.
type value struct {
	text   string
	keys   map[string]string
	subnet netip.Prefix
}

// part is the value's own text, or that of a key: of a mapping one of its keys, of a
// subnet "base", "bits" or the number of an address in it.
func (v value) part(key string) (string, bool) {
	switch {
	case key == "" && v.keys == nil:
		return v.text, true
	case key == "":
		return "", false
	case v.subnet.IsValid() && key == "base":
		return v.subnet.Addr().String(), true
	case v.subnet.IsValid() && key == "bits":
		return strconv.Itoa(v.subnet.Bits()), true
	case v.subnet.IsValid():
		n, err := strconv.ParseUint(key, 10, 16)
		a := v.subnet.Addr().As4()
		binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(a[:])+uint32(n))
		at := netip.AddrFrom4(a)
		return at.String(), err == nil && v.subnet.Contains(at)
	}
	text, ok := v.keys[key]
	return text, ok
}

// placeholder is {{name}} or {{name.key}}. What Go templates have, as in docker's
// --format, begins otherwise or is a word of theirs.
var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+))?\}\}`) })

var templateWords = []string{"end", "else", "break", "continue", "println"}

// draw chooses a learner's values. The same learner draws the same of the same lab
// on every machine; one parameter more changes no other.
func draw(all []parameter, lab, learner string) map[string]value {
	out := map[string]value{}
	taken := map[string]map[int]bool{}
	for _, p := range all {
		i := int(dice(lab, learner, p.name) % uint64(len(p.values)))
		if p.group != "" {
			if taken[p.group] == nil {
				taken[p.group] = map[int]bool{}
			}
			for n := 0; taken[p.group][i] && n < len(p.values); n++ {
				i = (i + 1) % len(p.values)
			}
			taken[p.group][i] = true
		}
		out[p.name] = p.values[i]
	}
	return out
}

// dice is a number that a lab, a learner and a word make.
func dice(lab, learner, word string) uint64 {
	sum := sha256.Sum256([]byte(lab + "\n" + learner + "\n" + word))
	return binary.BigEndian.Uint64(sum[:8])
}

// fill puts values into the text. The lines stay the same lines.
func (r *reader) fill(source []byte, values map[string]value) []byte {
	lines := strings.Split(string(source), "\n")
	for i, line := range lines {
		lines[i] = r.fillLine(i+1, r.fillLine(i+1, line, values), values) // values may name others
	}
	return []byte(strings.Join(lines, "\n"))
}

func (r *reader) fillLine(number int, line string, values map[string]value) string {
	return placeholder().ReplaceAllStringFunc(line, func(whole string) string {
		m := placeholder().FindStringSubmatch(whole)
		v, ok := values[m[1]]
		at := place{number, strings.Index(line, whole) + 1}
		if !ok {
			if m[2] == "" && slices.Contains(templateWords, m[1]) || strings.HasPrefix(strings.TrimSpace(line), "#") {
				return whole
			}
			r.addAt(at, "declare it in parameters:", "there is no parameter %q", m[1])
			return whole
		}
		text, ok := v.part(m[2])
		if !ok {
			r.addAt(at, "write "+v.forms(m[1]), "parameter %s has no part %q", m[1], m[2])
		}
		if r.filled += len(text); r.filled > maxFilled {
			r.addAt(place{1, 1}, "let values be short", "the values of the parameters make it longer than %d MB", maxFilled>>20)
			return ""
		}
		return text
	})
}

// forms are the ways to write a parameter of the value's kind.
func (v value) forms(name string) string {
	switch {
	case v.subnet.IsValid():
		return fmt.Sprintf("{{%s}}, {{%s.base}}, {{%s.bits}} or {{%s.7}}, an address in it", name, name, name, name)
	case v.keys != nil:
		var all []string
		for k := range v.keys {
			all = append(all, "{{"+name+"."+k+"}}")
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	return "{{" + name + "}}"
}

// parameters reads the declarations, before anything is filled in.
func (r *reader) parameters(n *yaml.Node) (out []parameter) {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		r.add(n, "write `NAME: [ONE, ANOTHER]` lines", "parameters must be a mapping")
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p := parameter{name: n.Content[i].Value, node: n.Content[i]}
		if !regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(p.name) || slices.Contains(templateWords, p.name) {
			r.add(p.node, "use small letters, digits and hyphens", "a parameter cannot be called %q", p.name)
			continue
		}
		r.values(&p, follow(n.Content[i+1]))
		if len(p.values) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func (r *reader) values(p *parameter, n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		for _, c := range n.Content {
			p.values = append(p.values, r.choice(follow(c)))
		}
		var b strings.Builder
		for _, v := range p.values {
			if v.keys != nil {
				return
			}
			b.WriteString(v.text + "\n")
		}
		p.group = b.String()
	case yaml.MappingNode:
		r.range_(p, n)
	}
	if len(p.values) == 0 {
		r.add(n, "write a list such as [web, shop], {subnet: 172.16.0.0/14, bits: 24} or {from: 10, to: 99}", "parameter %s has no values", p.name)
	}
}

// choice is one value of a list.
func (r *reader) choice(n *yaml.Node) value {
	if n.Kind == yaml.ScalarNode {
		return value{text: n.Value}
	}
	v := value{keys: map[string]string{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		c := follow(n.Content[i+1])
		if n.Kind != yaml.MappingNode || c.Kind != yaml.ScalarNode || strings.Contains(strings.TrimRight(c.Value, "\n"), "\n") {
			r.add(n, "write KEY: TEXT, each text one line", "a choice is a text or a mapping of texts")
			return v
		}
		v.keys[n.Content[i].Value] = strings.TrimRight(c.Value, "\n")
	}
	return v
}

// maxValues bounds what a parameter is drawn from.
const maxValues = 4096

// maxFilled bounds what values add to a file, in bytes.
const maxFilled = 4 << 20

// range_ is a parameter that is a subnet of a pool, or a number.
func (r *reader) range_(p *parameter, n *yaml.Node) {
	var pool netip.Prefix
	bits, from, to := 24, 0, -1
	number := func(v *yaml.Node, into *int) {
		x, err := strconv.Atoi(v.Value)
		if err != nil {
			r.add(v, "write a whole number", "%q is no number", v.Value)
		}
		*into = x
	}
	r.mapping(n, "parameter "+p.name, map[string]func(k, v *yaml.Node){
		"subnet": func(_, v *yaml.Node) {
			var err error
			if pool, err = netip.ParsePrefix(v.Value); err != nil || !pool.Addr().Is4() {
				r.add(v, "write a pool such as 172.16.0.0/14", "%q is no IPv4 pool", v.Value)
			}
		},
		"bits": func(_, v *yaml.Node) { number(v, &bits) },
		"from": func(_, v *yaml.Node) { number(v, &from) },
		"to":   func(_, v *yaml.Node) { number(v, &to) },
	})
	if pool.IsValid() && bits >= pool.Bits() && bits <= 30 {
		p.group = fmt.Sprintf("%s/%d", pool, bits)
		base := pool.Masked().Addr().As4()
		for i := 0; i < 1<<(bits-pool.Bits()) && i < maxValues; i++ {
			a := base
			binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(base[:])+uint32(i)<<(32-bits))
			s := netip.PrefixFrom(netip.AddrFrom4(a), bits)
			p.values = append(p.values, value{text: s.String(), subnet: s})
		}
		return
	}
	for i := from; i <= to && len(p.values) < maxValues; i++ {
		p.values = append(p.values, value{text: strconv.Itoa(i)})
	}
	p.group = fmt.Sprintf("%d-%d", from, to)
}
