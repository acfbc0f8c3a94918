package dockerfile

import (
	"strings"

	"dnetsim/modes/errdefs"
)

// Expand takes the quotes off a word and puts variables in: $name, ${name},
// ${name:-word} and ${name:+word}. A variable that is not set is empty.
func Expand(word string, lookup func(name string) (string, bool)) (string, error) {
	x := expander{s: word, lookup: lookup}
	out, err := x.run(0)
	return out, err
}

type expander struct {
	s      string
	at     int
	lookup func(string) (string, bool)
}

// run expands up to a closing character, which stays; 0 is the end.
func (x *expander) run(until byte) (string, error) {
	var b strings.Builder
	for x.at < len(x.s) {
		c := x.s[x.at]
		if until != 0 && c == until {
			return b.String(), nil
		}
		x.at++
		switch c {
		case '\'':
			end := strings.IndexByte(x.s[x.at:], '\'')
			if end < 0 {
				return "", errdefs.Invalid("unexpected end of statement while looking for matching single-quote")
			}
			b.WriteString(x.s[x.at : x.at+end])
			x.at += end + 1
		case '"':
			if err := x.double(&b); err != nil {
				return "", err
			}
		case '\\':
			if x.at < len(x.s) {
				b.WriteByte(x.s[x.at])
				x.at++
			}
		case '$':
			v, err := x.variable()
			if err != nil {
				return "", err
			}
			b.WriteString(v)
		default:
			b.WriteByte(c)
		}
	}
	if until != 0 {
		return "", errdefs.Invalid("syntax error: missing '}'")
	}
	return b.String(), nil
}

// double is what is between double quotes.
func (x *expander) double(b *strings.Builder) error {
	for x.at < len(x.s) {
		c := x.s[x.at]
		x.at++
		switch {
		case c == '"':
			return nil
		case c == '$':
			v, err := x.variable()
			if err != nil {
				return err
			}
			b.WriteString(v)
		case c == '\\' && x.at < len(x.s) && strings.IndexByte(`"$\`, x.s[x.at]) >= 0:
			b.WriteByte(x.s[x.at])
			x.at++
		default:
			b.WriteByte(c)
		}
	}
	return errdefs.Invalid("unexpected end of statement while looking for matching double-quote")
}

// variable is what follows a dollar.
func (x *expander) variable() (string, error) {
	if x.at >= len(x.s) || x.s[x.at] != '{' {
		name := x.name()
		if name == "" {
			return "$", nil
		}
		v, _ := x.lookup(name)
		return v, nil
	}
	x.at++
	name := x.name()
	if name == "" || x.at >= len(x.s) {
		return "", errdefs.Invalid("syntax error: bad substitution")
	}
	v, set := x.lookup(name)
	switch c := x.s[x.at]; {
	case c == '}':
		x.at++
		return v, nil
	case c == ':' && x.at+1 < len(x.s):
		how := x.s[x.at+1]
		x.at += 2
		other, err := x.run('}')
		if err != nil {
			return "", err
		}
		x.at++
		switch how {
		case '-':
			if !set || v == "" {
				v = other
			}
			return v, nil
		case '+':
			if set && v != "" {
				return other, nil
			}
			return "", nil
		}
		return "", errdefs.Invalid("unsupported modifier (%c) in substitution", how)
	}
	return "", errdefs.Invalid("missing ':' in substitution")
}

func (x *expander) name() string {
	from := x.at
	for x.at < len(x.s) {
		c := x.s[x.at]
		if c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' && x.at > from {
			x.at++
			continue
		}
		break
	}
	return x.s[from:x.at]
}
