package pcapfilter

import (
	"errors"
	"fmt"
	"strconv"

	"dnetsim/link"
)

// errSyntax is what tcpdump says of an expression that it cannot read. Other
// errors of [Parse] are tcpdump's own sentences too.
var errSyntax = errors.New("syntax error")

// Filter is a compiled tcpdump expression. A nil Filter matches every frame.
// It is not safe for concurrent use.
type Filter struct {
	match predicate
	pkt   packet
}

// packet is a frame with its headers found.
type packet struct {
	b []byte
	h link.Headers
}

type predicate func(*packet) bool

// Parse compiles a tcpdump expression (pcap-filter(7)): not, and, or with
// parentheses; host, net, port, portrange, proto with the qualifiers src, dst,
// ether, ip, ip6, arp, tcp, udp, …; greater, less, broadcast, multicast, vlan;
// and comparisons such as "tcp[tcpflags] & tcp-syn != 0". The empty expression
// matches everything. As in libpcap, and and or bind equally, from left to
// right. Host names are not looked up.
func Parse(expr string) (*Filter, error) {
	toks, err := tokens(expr)
	if err != nil {
		return nil, err
	}
	if len(toks) == 0 {
		return &Filter{}, nil
	}
	p := &parser{toks: toks}
	m, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.toks) {
		return nil, errSyntax
	}
	return &Filter{match: m}, nil
}

// Match reports whether a frame passes the filter.
func (f *Filter) Match(frame []byte) bool {
	if f == nil || f.match == nil {
		return true
	}
	h, ok := link.ParseHeaders(frame)
	if !ok {
		return false
	}
	f.pkt = packet{frame, h}
	return f.match(&f.pkt)
}

// tokens splits an expression into words, numbers, addresses and
// operators.
func tokens(s string) ([]string, error) {
	var toks []string
	depth := 0 // of square brackets: in them a colon is an operator
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '\\':
			i++
		case wordByte(c):
			j := i
			for j < len(s) && (wordByte(s[j]) || j > i && joins(s[i:j], s[j], s[j+1:], depth)) {
				j++
			}
			toks = append(toks, s[i:j])
			i = j
		default:
			n := 1
			if i+1 < len(s) {
				switch s[i : i+2] {
				case "&&", "||", "!=", ">=", "<=", "==", "<<", ">>":
					n = 2
				}
			}
			op := s[i : i+n]
			switch op {
			case "[":
				depth++
			case "]":
				depth--
			}
			if n == 1 && !isOperator(c) {
				return nil, errSyntax
			}
			toks = append(toks, op)
			i += n
		}
	}
	return toks, nil
}

func isOperator(c byte) bool {
	switch c {
	case '(', ')', '[', ']', '!', '&', '|', '^', '<', '>', '=', '+', '-', '*', '/', '%', ':':
		return true
	}
	return false
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.'
}

// joins reports whether c belongs to a word that has begun: a hyphen in
// tcp-syn, a colon in an address, a slash before a prefix length.
func joins(word string, c byte, rest string, depth int) bool {
	switch c {
	case ':':
		return depth == 0
	case '-':
		return isTCPFlagPrefix(word) || depth == 0 && word != "len" && rest != "" && wordByte(rest[0])
	case '/':
		return depth == 0 && rest != "" && rest[0] >= '0' && rest[0] <= '9'
	}
	return false
}

func isTCPFlagPrefix(w string) bool { return w == "tcp" || w == "icmp" || w == "icmp6" }

// parser reads tokens. last is the qualifier that a bare identifier
// inherits: "port 80 or 443".
type parser struct {
	toks []string
	at   int
	last qualifier
}

func (p *parser) peek() string {
	if p.at < len(p.toks) {
		return p.toks[p.at]
	}
	return ""
}

func (p *parser) next() string {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) accept(words ...string) bool {
	for _, w := range words {
		if p.at < len(p.toks) && p.toks[p.at] == w {
			p.at++
			return true
		}
	}
	return false
}

func (p *parser) expression() (predicate, error) {
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	for {
		switch {
		case p.accept("and", "&&"):
			right, err := p.unary()
			if err != nil {
				return nil, err
			}
			l := left
			left = func(k *packet) bool { return l(k) && right(k) }
		case p.accept("or", "||"):
			right, err := p.unary()
			if err != nil {
				return nil, err
			}
			l := left
			left = func(k *packet) bool { return l(k) || right(k) }
		default:
			return left, nil
		}
	}
}

func (p *parser) unary() (predicate, error) {
	if p.accept("not", "!") {
		m, err := p.unary()
		if err != nil {
			return nil, err
		}
		return func(k *packet) bool { return !m(k) }, nil
	}
	start := p.at
	if m, ok := p.relation(); ok {
		return m, nil
	}
	p.at = start
	if p.accept("(") {
		m, err := p.expression()
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, errSyntax
		}
		return m, nil
	}
	return p.primitive()
}

// number reads a token as a number.
func number(tok string) (uint32, bool) {
	n, err := strconv.ParseUint(tok, 0, 32)
	return uint32(n), err == nil
}

// numberArg reads the number after a keyword.
func (p *parser) numberArg() (int, error) {
	n, ok := number(p.next())
	if !ok {
		return 0, errSyntax
	}
	return int(n), nil
}

func unknownHost(name string) error { return fmt.Errorf("unknown host '%s'", name) }
