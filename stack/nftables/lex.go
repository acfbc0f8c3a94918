package nftables

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// token is a word of nft's language, and where it is.
type token struct {
	kind      byte // 's' a word, 'q' one in quotes, 'n' a number, 'a' an address, 'o' a sign, '\n', 0 the end
	text      string
	line      int // from 1, as columns
	col       int
	connected bool // nothing stands between it and the token before
}

// end is the column of the last character.
func (t token) end() int {
	n := len(t.text)
	if t.kind == 'q' {
		n += 2
	}
	return t.col + max(n, 1) - 1
}

var (
	lexIPv4   = regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`)
	lexColons = regexp.MustCompile(`^[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*`)
	lexNumber = regexp.MustCompile(`^(0x[0-9A-Fa-f]+|\d+)`)
	lexWord   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*\*?`)
	lexSign   = regexp.MustCompile(`^(==|!=|<=|>=|<<|>>|[=<>,;{}()\[\]&|^!@:.$/+*-])`)
)

// lex cuts a script into tokens. Comments are left out, and lines that end in a
// backslash go on.
func lex(text string) ([]token, error) {
	var out []token
	for i, line := range strings.Split(text, "\n") {
		joined := false
		for at := 0; at < len(line); {
			rest := line[at:]
			if rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' {
				at++
				continue
			}
			if rest[0] == '#' {
				break
			}
			if rest == `\` {
				joined = true
				break
			}
			t, n := scan(rest)
			if n == 0 {
				return nil, &failure{text: "syntax error, unexpected junk", line: i + 1, col: at + 1, end: at + 1}
			}
			t.line, t.col = i+1, at+1
			t.connected = at > 0 && line[at-1] != ' ' && line[at-1] != '\t'
			out = append(out, t)
			at += n
		}
		if !joined {
			out = append(out, token{kind: '\n', line: i + 1, col: len(line) + 1})
		}
	}
	return out, nil
}

func scan(s string) (t token, n int) {
	if s[0] == '"' {
		if end := strings.IndexByte(s[1:], '"'); end >= 0 {
			return token{kind: 'q', text: s[1 : 1+end]}, end + 2
		}
		return t, 0
	}
	if x := lexColons.FindString(s); x != "" {
		if mac := x[:min(17, len(x))]; isMAC(mac) {
			return token{kind: 'a', text: mac}, len(mac)
		}
		for ; strings.Count(x, ":") >= 2; x = x[:len(x)-1] {
			if a, err := netip.ParseAddr(x); err == nil && a.Is6() {
				return token{kind: 'a', text: x}, len(x)
			}
		}
	}
	for _, l := range []struct {
		re   *regexp.Regexp
		kind byte
	}{{lexIPv4, 'a'}, {lexNumber, 'n'}, {lexWord, 's'}, {lexSign, 'o'}} {
		if x := l.re.FindString(s); x != "" {
			return token{kind: l.kind, text: x}, len(x)
		}
	}
	return t, 0
}

func isMAC(s string) bool {
	_, err := net.ParseMAC(s)
	return err == nil && len(s) == 17
}

// failure is what is wrong with a script, and where.
type failure struct {
	text           string
	line, col, end int // the place, 0 if it is not known yet
}

func (f *failure) Error() string { return f.text }

// refused is what the kernel says to a change.
func refused(errno string) *failure { return &failure{text: "Could not process rule: " + errno} }

// reserved are words of the language that a message names as they are.
var reserved = []string{"add", "create", "insert", "replace", "delete", "destroy", "flush", "list", "reset", "rename", "table", "chain", "rule", "set", "map",
	"element", "ruleset", "ip", "ip6", "inet", "tcp", "udp", "icmp", "icmpv6", "ct", "meta", "counter", "accept", "drop", "jump", "goto", "return", "continue",
	"type", "hook", "priority", "policy", "handle", "index", "position", "to", "comment", "vmap", "log", "limit", "reject", "dnat", "snat", "masquerade", "redirect",
	"iifname", "oifname", "iif", "oif", "mark", "saddr", "daddr", "sport", "dport", "state", "fib", "elements", "flags", "tables", "chains", "sets", "maps"}

// unexpected is the parser's complaint about a token.
func unexpected(t token) *failure {
	what := "string"
	switch {
	case t.kind == 0:
		what = "end of file"
	case t.kind == '\n':
		what = "newline"
	case t.kind == 'o' && len(t.text) == 1:
		what = "'" + t.text + "'"
	case t.kind == 'o':
		what = t.text
	case t.kind == 'n':
		what = "number"
	case t.kind == 'q':
		what = "quoted string"
	case slices.Contains(reserved, t.text):
		what = t.text
	}
	return &failure{text: "syntax error, unexpected " + what, line: t.line, col: t.col, end: t.end()}
}
