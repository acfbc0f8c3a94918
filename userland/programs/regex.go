package programs

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// compile makes a regular expression of a POSIX basic or extended one. Back
// references within a pattern are not supported.
func compile(pat string, extended, fold bool) (*regexp.Regexp, error) {
	text, err := translate(pat, extended)
	if err != nil {
		return nil, err
	}
	if fold {
		text = "(?i)" + text
	}
	rx, err := regexp.Compile("(?m)" + text)
	if err != nil {
		return nil, errors.New("Invalid regular expression")
	}
	rx.Longest()
	return rx, nil
}

// wellFormed puts the replacement character in place of every byte that is no
// UTF-8, which is how they read in a text that is searched.
func wellFormed(pat string) string {
	if utf8.ValidString(pat) {
		return pat
	}
	return strings.Map(func(r rune) rune { return r }, pat)
}

// translate rewrites a POSIX pattern in Go's syntax.
func translate(pat string, extended bool) (string, error) {
	pat = wellFormed(pat)
	var b strings.Builder
	start := true // where * is literal and ^ an anchor in a basic pattern
	for i := 0; i < len(pat); i++ {
		ch := pat[i]
		switch {
		case ch == '[':
			end, text := bracket(pat, i)
			if end < 0 {
				return "", errors.New("Unmatched [, [^, [:, [., or [=")
			}
			b.WriteString(text)
			i = end
		case ch == '\\':
			if i++; i >= len(pat) {
				return "", errors.New("Trailing backslash")
			}
			opens, err := escape(&b, pat[i], extended)
			if err != nil {
				return "", err
			}
			start = opens
			continue
		case extended:
			if ch == '{' && (i+1 >= len(pat) || !isDigit(pat[i+1]) && pat[i+1] != ',') {
				b.WriteString(`\{`)
				break
			}
			if (ch == '*' || ch == '+' || ch == '?') && start {
				break
			}
			b.WriteByte(ch)
			start = ch == '(' || ch == '|'
			continue
		case ch == '*' && start:
			b.WriteString(`\*`)
		case ch == '^' && !start:
			b.WriteString(`\^`)
		case ch == '^':
			b.WriteByte('^')
			continue
		case ch == '$' && i+1 < len(pat) && !strings.HasPrefix(pat[i+1:], `\)`) && !strings.HasPrefix(pat[i+1:], `\|`):
			b.WriteString(`\$`)
		case strings.IndexByte("+?(){}|", ch) >= 0:
			b.WriteByte('\\')
			b.WriteByte(ch)
		default:
			b.WriteByte(ch)
		}
		start = false
	}
	return b.String(), nil
}

// escape writes a backslash sequence; opens is true after one that begins a
// group or an alternative.
func escape(b *strings.Builder, ch byte, extended bool) (opens bool, err error) {
	switch {
	case ch >= '1' && ch <= '9':
		return false, errors.New("Invalid back reference")
	case ch == '<' || ch == '>':
		b.WriteString(`\b`)
	case ch == '`':
		b.WriteString(`\A`)
	case ch == '\'':
		b.WriteString(`\z`)
	case strings.IndexByte("wWsSbBnt", ch) >= 0:
		b.WriteByte('\\')
		b.WriteByte(ch)
	case !extended && strings.IndexByte("(){}|+?", ch) >= 0:
		b.WriteByte(ch)
		return ch == '(' || ch == '|', nil
	case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || isDigit(ch) || ch >= 128 || ch == '\n':
		b.WriteByte(ch)
	default:
		b.WriteByte('\\')
		b.WriteByte(ch)
	}
	return false, nil
}

// bracket rewrites a bracket expression that opens at i and returns where it
// ends, -1 if it does not.
func bracket(pat string, i int) (int, string) {
	k := i + 1
	text := "["
	if k < len(pat) && pat[k] == '^' {
		text += "^"
		k++
	}
	first := true
	for ; k < len(pat); k++ {
		ch := pat[k]
		switch {
		case ch == ']' && !first:
			return k, text + "]"
		case strings.HasPrefix(pat[k:], "[:"):
			end := strings.Index(pat[k:], ":]")
			if end < 0 {
				return -1, ""
			}
			text += pat[k : k+end+2]
			k += end + 1
		case ch == '\\' || ch == '[' || ch == ']' || ch == '&' || ch == '~':
			text += `\` + string(ch)
		default:
			text += string(ch)
			if ch >= 128 {
				text = text[:len(text)-len(string(ch))] + pat[k:k+1]
			}
		}
		first = false
	}
	return -1, ""
}
