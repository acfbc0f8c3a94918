package programs

import (
	"strings"

	"dnetsim/userland/shell"
)

// awkToken is one token: kind is 'n' number, 's' string, 'r' regular
// expression, 'i' name, 'f' name directly before a parenthesis, 'o' operator or
// keyword, '\n' newline, 0 end.
type awkToken struct {
	kind byte
	text string
}

var awkKeywords = map[string]bool{
	"BEGIN": true, "END": true, "if": true, "else": true, "while": true, "for": true, "do": true,
	"break": true, "continue": true, "next": true, "exit": true, "print": true, "printf": true,
	"function": true, "return": true, "delete": true, "in": true, "getline": true,
}

var awkOperators = []string{
	"&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "!=", "<=", ">=", "!~", ">>",
	"**", "+", "-", "*", "/", "%", "^", "=", "<", ">", "!", "~", "?", ":", ",", "(", ")", "[", "]",
	"{", "}", "$", ";", "|",
}

// awkTokens splits a program; bad is the text that is no token.
func awkTokens(src string) (out []awkToken, bad string) {
	for src != "" {
		ch := src[0]
		switch {
		case ch == ' ' || ch == '\t' || ch == '\r':
			src = src[1:]
		case strings.HasPrefix(src, "\\\n"):
			src = src[2:]
		case ch == '#':
			if k := strings.IndexByte(src, '\n'); k >= 0 {
				src = src[k:]
			} else {
				src = ""
			}
		case ch == '\n':
			out = append(out, awkToken{'\n', "\n"})
			src = src[1:]
		case isDigit(ch) || ch == '.' && len(src) > 1 && isDigit(src[1]):
			k := numberPrefix(src)
			out = append(out, awkToken{'n', src[:k]})
			src = src[k:]
		case ch == '"':
			k := 1
			for k < len(src) && src[k] != '"' {
				if src[k] == '\\' {
					k++
				}
				k++
			}
			if k >= len(src) {
				return nil, src
			}
			text, _ := shell.Unescape(strings.ReplaceAll(src[1:k], `\/`, "/"), false)
			out = append(out, awkToken{'s', text})
			src = src[k+1:]
		case ch == '/' && awkRegexMayStart(out):
			k, class := 1, false
			for k < len(src) && (src[k] != '/' || class) && src[k] != '\n' {
				switch src[k] {
				case '\\':
					k++
				case '[':
					class = true
				case ']':
					class = false
				}
				k++
			}
			if k >= len(src) || src[k] != '/' {
				return nil, src
			}
			out = append(out, awkToken{'r', strings.ReplaceAll(src[1:k], `\/`, "/")})
			src = src[k+1:]
		case ch == '_' || ch|32 >= 'a' && ch|32 <= 'z':
			k := 1
			for k < len(src) && (src[k] == '_' || isDigit(src[k]) || src[k]|32 >= 'a' && src[k]|32 <= 'z') {
				k++
			}
			kind := byte('i')
			switch {
			case awkKeywords[src[:k]]:
				kind = 'o'
			case k < len(src) && src[k] == '(':
				kind = 'f'
			}
			out = append(out, awkToken{kind, src[:k]})
			src = src[k:]
		default:
			found := false
			for _, op := range awkOperators {
				if strings.HasPrefix(src, op) {
					out = append(out, awkToken{'o', op})
					src, found = src[len(op):], true
					break
				}
			}
			if !found {
				return nil, src
			}
		}
	}
	return append(out, awkToken{}), ""
}

// awkRegexMayStart tells a regular expression from a division by what stands
// before it.
func awkRegexMayStart(out []awkToken) bool {
	if len(out) == 0 {
		return true
	}
	switch t := out[len(out)-1]; t.kind {
	case 'n', 's', 'r', 'i':
		return false
	case 'o':
		return t.text != ")" && t.text != "]" && t.text != "$" && t.text != "++" && t.text != "--"
	}
	return true
}

// numberPrefix is the length of the number that a text begins with, 0 if none.
func numberPrefix(s string) int {
	k := 0
	if k < len(s) && (s[k] == '+' || s[k] == '-') {
		k++
	}
	start := k
	for k < len(s) && isDigit(s[k]) {
		k++
	}
	n := k - start
	if k < len(s) && s[k] == '.' {
		k++
		f := k
		for k < len(s) && isDigit(s[k]) {
			k++
		}
		n += k - f
	}
	if n == 0 {
		return 0
	}
	if k < len(s) && (s[k] == 'e' || s[k] == 'E') {
		e := k + 1
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if e < len(s) && isDigit(s[e]) {
			for e < len(s) && isDigit(s[e]) {
				e++
			}
			k = e
		}
	}
	return k
}
