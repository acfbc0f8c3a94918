package programs

import (
	"bytes"
	"io"
	"strings"
)

// lineReader reads lines of several inputs with one line of look-ahead, which
// is read only when somebody asks whether a line is the last.
type lineReader struct {
	rs      []io.Reader
	buf     []byte
	ahead   *string
	aheadU  bool
	unended bool
}

func (l *lineReader) read() (string, bool, bool) {
	for {
		if k := bytes.IndexByte(l.buf, '\n'); k >= 0 {
			line := string(l.buf[:k])
			l.buf = l.buf[k+1:]
			return line, false, true
		}
		if len(l.rs) == 0 {
			if len(l.buf) == 0 {
				return "", false, false
			}
			line := string(l.buf)
			l.buf = nil
			return line, true, true
		}
		chunk := make([]byte, 8192)
		n, err := l.rs[0].Read(chunk)
		l.buf = append(l.buf, chunk[:n]...)
		if err != nil {
			l.rs = l.rs[1:]
			if len(l.rs) > 0 && len(l.buf) > 0 {
				l.buf = append(l.buf, '\n')
			}
		}
	}
}

func (l *lineReader) next() (string, bool) {
	if l.ahead != nil {
		s := *l.ahead
		l.ahead, l.unended = nil, l.aheadU
		return s, true
	}
	s, u, ok := l.read()
	l.unended = u
	return s, ok
}

func (l *lineReader) last() bool {
	if l.ahead != nil {
		return false
	}
	s, u, ok := l.read()
	if ok {
		l.ahead, l.aheadU = &s, u
	}
	return !ok
}

// substitute is the s command.
func (e *editor) substitute(c *sedCommand) bool {
	var b strings.Builder
	at, n, done := 0, 0, false
	for at <= len(e.space) {
		m := c.rx.FindStringSubmatchIndex(e.space[at:])
		if m == nil {
			break
		}
		if at > 0 && strings.HasPrefix(c.rx.String(), "(?m)^") {
			break
		}
		n++
		b.WriteString(e.space[at : at+m[0]])
		if n >= c.nth {
			b.WriteString(sedReplacement(c.with, e.space[at:], m))
			done = true
		} else {
			b.WriteString(e.space[at+m[0] : at+m[1]])
		}
		next := at + m[1]
		if m[1] == m[0] {
			if next < len(e.space) {
				b.WriteByte(e.space[next])
			}
			next++
		}
		at = next
		if done && !c.global {
			break
		}
	}
	if !done {
		return false
	}
	if at < len(e.space) {
		b.WriteString(e.space[at:])
	}
	e.space = b.String()
	if c.print {
		e.put(e.space)
	}
	if c.file != "" {
		e.appendTo(c.file)
	}
	return true
}

// sedReplacement fills in & and \1 to \9, and GNU's \U \L \u \l \E.
func sedReplacement(with, src string, m []int) string {
	var b strings.Builder
	mode, once := byte(0), byte(0)
	add := func(s string) {
		switch mode {
		case 'U':
			s = strings.ToUpper(s)
		case 'L':
			s = strings.ToLower(s)
		}
		if once != 0 && s != "" {
			if once == 'u' {
				s = strings.ToUpper(s[:1]) + s[1:]
			} else {
				s = strings.ToLower(s[:1]) + s[1:]
			}
			once = 0
		}
		b.WriteString(s)
	}
	group := func(k int) string {
		if 2*k+1 < len(m) && m[2*k] >= 0 {
			return src[m[2*k]:m[2*k+1]]
		}
		return ""
	}
	for i := 0; i < len(with); i++ {
		switch ch := with[i]; {
		case ch == '&':
			add(group(0))
		case ch == '\\' && i+1 < len(with):
			i++
			switch d := with[i]; {
			case isDigit(d):
				add(group(int(d - '0')))
			case d == 'n':
				add("\n")
			case d == 't':
				add("\t")
			case d == 'U' || d == 'L':
				mode = d
			case d == 'E':
				mode = 0
			case d == 'u' || d == 'l':
				once = d
			default:
				add(string(d))
			}
		default:
			add(with[i : i+1])
		}
	}
	return b.String()
}
