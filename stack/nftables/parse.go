package nftables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parser reads one script.
type parser struct {
	reader
	printer
	// declared are the sets of the script, by family, table and name.
	declared map[string]*set
	// changes says that some command is not a listing; first and last are the ends of
	// the last command.
	changes     bool
	lists       bool // some command is one
	first, last token
}

// reader goes from token to token.
type reader struct {
	toks  []token
	i     int
	defs  map[string][]token // of define
	depth int                // of what define stands for
}

func (p *reader) peek() token {
	for {
		if p.i >= len(p.toks) {
			t := token{line: 1, col: 1}
			if n := len(p.toks); n > 0 {
				t.line, t.col = p.toks[n-1].line, p.toks[n-1].col
			}
			return t
		}
		t := p.toks[p.i]
		if t.kind != 'o' || t.text != "$" || p.i+1 >= len(p.toks) || p.depth > 1000 {
			return t
		}
		def, ok := p.defs[p.toks[p.i+1].text]
		if !ok {
			return t
		}
		p.depth++
		p.toks = slices.Replace(p.toks, p.i, p.i+2, def...)
	}
}

func (p *reader) next() token {
	t := p.peek()
	p.i++
	return t
}

// at reports whether the next token is that word or sign.
func (p *reader) at(text string) bool {
	t := p.peek()
	return t.text == text && t.kind != 'q'
}

func (p *reader) accept(text string) bool {
	if p.at(text) {
		p.i++
		return true
	}
	return false
}

func (p *reader) expect(text string) error {
	if t := p.next(); t.text != text || t.kind == 'q' {
		return unexpected(t)
	}
	return nil
}

func (p *reader) newlines() {
	for p.peek().kind == '\n' {
		p.i++
	}
}

// ended reports whether a command or a rule ends here.
func (p *reader) ended() bool {
	t := p.peek()
	return t.kind == 0 || t.kind == '\n' || t.kind == 'o' && (t.text == ";" || t.text == "}")
}

// ident is the name of a table, a chain or the like.
func (p *reader) ident() (token, error) {
	t := p.next()
	if t.kind != 's' || strings.HasSuffix(t.text, "*") {
		return t, unexpected(t)
	}
	return t, nil
}

// name is a word, in quotes or not.
func (p *reader) name() (token, error) {
	t := p.next()
	if t.kind != 's' && t.kind != 'q' {
		return t, unexpected(t)
	}
	return t, nil
}

func (p *reader) number() (uint64, error) {
	t := p.next()
	if t.kind != 'n' {
		return 0, unexpected(t)
	}
	n, err := strconv.ParseUint(t.text, 0, 64)
	if err != nil {
		return 0, unexpected(t)
	}
	return n, nil
}

// wrong is an error about what stands between two tokens.
func wrong(from, to token, format string, a ...any) *failure {
	return &failure{text: fmt.Sprintf(format, a...), line: from.line, col: from.col, end: to.end()}
}

// unsimulated says that something of nft is not there, and what is.
func unsimulated(t token, what, instead string) *failure {
	return wrong(t, t, "%s is not simulated here: %s", what, instead)
}

// family is a word for a family, ip if there is none.
func (p *reader) family() (string, error) {
	t := p.peek()
	switch t.text {
	case "ip", "ip6", "inet":
		p.i++
		return t.text, nil
	case "arp", "bridge", "netdev":
		return "", unsimulated(t, "the family "+t.text, "use ip, ip6 or inet")
	}
	return "ip", nil
}

// selector reads "ip saddr . tcp dport".
func (p *parser) selector() (selector, error) {
	var s selector
	for {
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		s = append(s, f)
		if !p.accept(".") {
			return s, nil
		}
	}
}

func (p *parser) field() (*field, error) {
	first := p.peek()
	if first.kind != 's' {
		return nil, unexpected(first)
	}
	for n := 3; n >= 1; n-- {
		var words []string
		for k := 0; k < n && p.i+k < len(p.toks); k++ {
			words = append(words, p.toks[p.i+k].text)
		}
		if f := p.rs.fields[strings.Join(words, " ")]; f != nil && len(words) == n {
			p.i += n
			return f, nil
		}
	}
	switch first.text {
	case "ip", "ip6", "tcp", "udp", "sctp", "dccp", "udplite", "icmp", "icmpv6", "th", "ether", "meta", "ct", "fib", "arp", "vlan", "rt", "ah", "esp", "comp", "socket", "osf", "numgen", "jhash", "exthdr", "payload":
		p.i++
		second := p.peek()
		return nil, wrong(first, second, "\"%s %s\" is not simulated here", first.text, second.text)
	}
	return nil, unexpected(first)
}

// value reads one value of a type.
func (p *parser) value(d datatype) (string, error) {
	t := p.next()
	if t.kind == 0 || t.kind == '\n' || t.kind == 'o' {
		return "", unexpected(t)
	}
	v, err := p.rs.parse(d, t.text)
	if err != nil {
		return "", wrong(t, t, "%s", err)
	}
	return v, nil
}

// elem reads a value, a prefix, a range or the beginning of a name, or a
// concatenation of values.
func (p *parser) elem(keys []datatype) (*elem, error) {
	e := &elem{prefix: -1}
	d := keys[0]
	if t := p.peek(); d == ifname && (t.kind == 's' || t.kind == 'q') && strings.HasSuffix(t.text, "*") {
		p.i++
		e.wild, e.parts = true, []string{strings.TrimSuffix(t.text, "*")}
		return e, nil
	}
	for i, k := range keys {
		if i > 0 {
			if err := p.expect("."); err != nil {
				return nil, err
			}
		}
		v, err := p.value(k)
		if err != nil {
			return nil, err
		}
		e.parts = append(e.parts, v)
	}
	if len(keys) > 1 {
		return e, nil
	}
	switch {
	case d.of().size > 0 && !d.of().flags && p.at("/"):
		p.i++
		return e, p.prefix(e, d)
	case d.of().size > 0 && p.at("-"):
		p.i++
		from := p.peek()
		hi, err := p.value(d)
		if err != nil {
			return nil, err
		}
		if hi < e.parts[0] {
			return nil, wrong(from, from, "Range negative size")
		}
		e.hi = hi
	}
	return e, nil
}

// prefix makes a value the range of the addresses with its first bits.
func (p *parser) prefix(e *elem, d datatype) error {
	at := p.peek()
	n, err := p.number()
	if err != nil {
		return err
	}
	if int(n) > 8*d.of().size {
		return wrong(at, at, "Prefix length %d is invalid for type of %d bits width", n, 8*d.of().size)
	}
	if int(n) == 8*d.of().size {
		return nil
	}
	lo, hi := []byte(e.parts[0]), []byte(e.parts[0])
	for i := range lo {
		m := byte(0xff)
		if kept := int(n) - 8*i; kept < 8 {
			m = ^(0xff >> max(kept, 0))
		}
		lo[i], hi[i] = lo[i]&m, hi[i]|^m
	}
	e.parts[0], e.hi, e.prefix = string(lo), string(hi), int(n)
	return nil
}

// braces reads elements between braces; verdicts says that each has one.
func (p *parser) braces(s *set) error {
	if err := p.expect("{"); err != nil {
		return err
	}
	seen := s.named()
	for {
		p.newlines()
		if p.accept("}") {
			s.index()
			return nil
		}
		first := p.peek()
		e, err := p.elem(s.keys)
		if err != nil {
			return err
		}
		for done := false; !done; {
			t := p.peek()
			switch {
			case p.accept("comment"):
				c, err := p.name()
				if err != nil {
					return err
				}
				e.comment = c.text
			case t.text == "timeout" || t.text == "expires" || t.text == "counter":
				return unsimulated(t, "an element's "+t.text, "leave it out")
			default:
				done = true
			}
		}
		if p.accept(":") {
			if !s.verdict {
				return wrong(first, p.peek(), "a map to something else than verdicts is not simulated here")
			}
			if e.v, err = p.verdict(); err != nil {
				return err
			}
		}
		if seen[e.same()] == nil {
			seen[e.same()] = e
			s.elems = append(s.elems, e)
		}
		p.newlines()
		if !p.accept(",") && !p.at("}") {
			return unexpected(p.peek())
		}
	}
}

// verdict reads accept, drop, "jump chain" and the like.
func (p *parser) verdict() (*verdict, error) {
	t := p.next()
	switch t.text {
	case "accept", "drop", "continue", "return":
		return &verdict{kind: t.text}, nil
	case "jump", "goto":
		c, err := p.ident()
		return &verdict{kind: t.text, name: c.text}, err
	case "queue":
		return nil, unsimulated(t, "queue", "packets cannot be given to a program")
	}
	return nil, unexpected(t)
}
