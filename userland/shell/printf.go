package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// EchoText is what echo prints for its arguments: -n and -e (and -E) are
// options if allowed.
func EchoText(args []string, options bool) string {
	newline, escapes := true, false
	for options && len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, c := range args[0][1:] {
			switch c {
			case 'n':
				newline = false
			case 'e':
				escapes = true
			case 'E':
				escapes = false
			}
		}
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		var stop bool
		if text, stop = Unescape(text, true); stop {
			return text
		}
	}
	if newline {
		text += "\n"
	}
	return text
}

// Unescape replaces backslash escapes as echo -e (octal as \0nnn) or as the
// format of printf (octal as \nnn) does; stop is true after \c.
func Unescape(text string, echo bool) (out string, stop bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		c := text[i]
		if k := strings.IndexByte(`abefnrtv\`, c); k >= 0 {
			b.WriteByte("\a\b\x1b\f\n\r\t\v\\"[k])
			continue
		}
		switch {
		case c == 'c':
			return b.String(), true
		case c == '"' && !echo:
			b.WriteByte('"')
		case c == '\'' && !echo:
			b.WriteByte('\'')
		case c == 'x':
			n, used := digits(text[i+1:], 16, 2)
			if used == 0 {
				b.WriteString(`\x`)
				continue
			}
			b.WriteByte(byte(n))
			i += used
		case c == 'u' || c == 'U':
			n, used := digits(text[i+1:], 16, map[byte]int{'u': 4, 'U': 8}[c])
			b.WriteString(string(rune(n)))
			i += used
		case c >= '0' && c <= '7' && (!echo || c == '0'):
			if echo {
				n, used := digits(text[i+1:], 8, 3)
				b.WriteByte(byte(n))
				i += used
				continue
			}
			n, used := digits(text[i:], 8, 3)
			b.WriteByte(byte(n))
			i += used - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), false
}

// digits reads up to limit digits of a base.
func digits(text string, base, limit int) (n, used int) {
	for used < limit && used < len(text) {
		d, err := strconv.ParseUint(text[used:used+1], base, 8)
		if err != nil {
			break
		}
		n = n*base + int(d)
		used++
	}
	return n, used
}

// PrintfText is printf(1): args[0] is the format, used again as long as
// arguments are left. The errors have no program's name.
func PrintfText(args []string) (text string, status int, errs []string) {
	f := &formatter{format: args[0], args: args[1:]}
	for round := 0; round == 0 || len(f.args) > 0; round++ {
		before := len(f.args)
		f.round()
		if f.stop || len(f.args) == before || f.b.Len() > maxValue {
			break
		}
	}
	if len(f.errs) > 0 {
		status = 1
	}
	return f.b.String(), status, f.errs
}

type formatter struct {
	format string
	args   []string
	b      strings.Builder
	errs   []string
	stop   bool
}

func (f *formatter) next() string {
	if len(f.args) == 0 {
		return ""
	}
	a := f.args[0]
	f.args = f.args[1:]
	return a
}

// round goes through the format once.
func (f *formatter) round() {
	s := f.format
	for i := 0; i < len(s) && !f.stop; {
		k := strings.IndexByte(s[i:], '%')
		if k < 0 {
			k = len(s) - i
		}
		out, stop := Unescape(s[i:i+k], false)
		f.b.WriteString(out)
		if f.stop = stop; stop {
			return
		}
		if i += k; i < len(s) {
			i = f.directive(s, i+1)
		}
	}
}

// directive prints the directive whose flags start at i and returns where it
// ends.
func (f *formatter) directive(s string, i int) int {
	spec := "%"
	for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
		spec += s[i : i+1]
		i++
	}
	number := func() {
		if i < len(s) && s[i] == '*' {
			n, _ := strconv.Atoi(f.next())
			spec += strconv.Itoa(min(n, 100000))
			i++
			return
		}
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.Atoi(s[start:i])
		if err == nil {
			spec += strconv.Itoa(min(n, 100000))
		}
	}
	number()
	if i < len(s) && s[i] == '.' {
		spec += "."
		i++
		number()
	}
	for i < len(s) && strings.IndexByte("hlLqjzt", s[i]) >= 0 {
		i++
	}
	if i >= len(s) {
		f.errs = append(f.errs, spec+": invalid format")
		f.stop = true
		return i
	}
	f.convert(spec, s[i])
	return i + 1
}

func (f *formatter) convert(spec string, c byte) {
	switch c {
	case '%':
		f.b.WriteByte('%')
	case 's':
		fmt.Fprintf(&f.b, bytewise(spec)+"s", f.next())
	case 'b':
		text, stop := Unescape(f.next(), true)
		fmt.Fprintf(&f.b, bytewise(spec)+"s", text)
		f.stop = stop
	case 'q':
		f.b.WriteString(traceWord(f.next()))
	case 'c':
		a := f.next()
		if a != "" {
			a = a[:1]
		}
		fmt.Fprintf(&f.b, spec+"s", a)
	case 'd', 'i':
		fmt.Fprintf(&f.b, spec+"d", f.integer())
	case 'u':
		fmt.Fprintf(&f.b, strings.ReplaceAll(spec, "+", "")+"d", uint64(f.integer()))
	case 'o', 'x', 'X':
		fmt.Fprintf(&f.b, spec+string(c), uint64(f.integer()))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		a := f.next()
		x, err := strconv.ParseFloat(strings.TrimSpace(a), 64)
		if err != nil && a != "" {
			f.errs = append(f.errs, a+": invalid number")
		}
		if (c == 'e' || c == 'E' || c == 'f' || c == 'F') && !strings.Contains(spec, ".") {
			spec += ".6"
		}
		if c == 'F' {
			c = 'f'
		}
		if (c == 'g' || c == 'G') && !strings.Contains(spec, ".") {
			spec += ".6"
		}
		fmt.Fprintf(&f.b, spec+string(c), x)
	default:
		f.errs = append(f.errs, spec+string(c)+": invalid format")
		f.stop = true
	}
}

// bytewise drops the flags that %s of Go understands and C's does not.
func bytewise(spec string) string {
	return strings.NewReplacer("+", "", " ", "", "#", "", "%0", "%").Replace(spec)
}

// integer reads an argument as C's strtol with base 0, or 'c for a character.
func (f *formatter) integer() int64 {
	a := f.next()
	t := strings.TrimSpace(a)
	if t == "" {
		return 0
	}
	if t[0] == '\'' || t[0] == '"' {
		r, _ := utf8.DecodeRuneInString(t[1:])
		if r == utf8.RuneError {
			return 0
		}
		return int64(r)
	}
	n, err := strconv.ParseInt(t, 0, 64)
	if err == nil && !strings.Contains(t, "_") {
		return n
	}
	if u, uerr := strconv.ParseUint(t, 0, 64); uerr == nil && !strings.Contains(t, "_") {
		return int64(u)
	}
	f.errs = append(f.errs, a+": invalid number")
	k := 0
	for k < len(t) && (t[k] >= '0' && t[k] <= '9' || k == 0 && t[k] == '-') {
		k++
	}
	n, _ = strconv.ParseInt(t[:k], 10, 64)
	return n
}
