package programs

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// parseScript reads a sed script; e.src is what is left when it errs.
func (e *editor) parseScript(script string) error {
	e.src = script
	for {
		e.src = strings.TrimLeft(e.src, " \t\n;")
		if e.src == "" {
			break
		}
		if e.src[0] == '#' {
			_, e.src, _ = strings.Cut(e.src, "\n")
			continue
		}
		if err := e.parseCommand(); err != nil {
			return err
		}
	}
	if len(e.opens) > 0 {
		return errors.New("unmatched `{'")
	}
	return nil
}

func (e *editor) parseCommand() error {
	c := &sedCommand{nth: 1}
	var err error
	if c.from, err = e.address(); err != nil {
		return err
	}
	if c.from != nil {
		e.src = strings.TrimLeft(e.src, " \t")
		if strings.HasPrefix(e.src, ",") {
			e.src = strings.TrimLeft(e.src[1:], " \t")
			if c.to, err = e.address(); err != nil {
				return err
			}
			if c.to == nil {
				return errors.New("unexpected `,'")
			}
		}
	}
	e.src = strings.TrimLeft(e.src, " \t")
	for strings.HasPrefix(e.src, "!") {
		c.not = true
		e.src = strings.TrimLeft(e.src[1:], " \t")
	}
	if e.src == "" {
		return errors.New("missing command")
	}
	c.verb, e.src = e.src[0], e.src[1:]
	if err := e.operands(c); err != nil {
		return err
	}
	e.cmds = append(e.cmds, c)
	return nil
}

func (e *editor) operands(c *sedCommand) error {
	switch c.verb {
	case '{':
		e.opens = append(e.opens, len(e.cmds))
	case '}':
		if len(e.opens) == 0 {
			return errors.New("unexpected `}'")
		}
		k := e.opens[len(e.opens)-1]
		e.opens = e.opens[:len(e.opens)-1]
		e.cmds[k].block = len(e.cmds)
	case 's':
		return e.parseSubst(c)
	case 'y':
		return e.parseMap(c)
	case 'a', 'i', 'c':
		text := strings.TrimLeft(e.src, " \t")
		if rest, ok := strings.CutPrefix(text, "\\"); ok {
			text = strings.TrimPrefix(strings.TrimLeft(rest, " \t"), "\n")
		}
		var b strings.Builder
		i := 0
		for ; i < len(text) && text[i] != '\n'; i++ {
			if text[i] == '\\' && i+1 < len(text) {
				i++
			}
			b.WriteByte(text[i])
		}
		c.text, e.src = b.String(), text[i:]
		if c.text == "" && !strings.HasPrefix(e.src, "\n") && i == 0 {
			return errors.New("expected \\ after `a', `c' or `i'")
		}
	case 'r', 'w', ':', 'b', 't', 'T', 'q', 'Q':
		stops := "\n;}"
		if c.verb == 'r' || c.verb == 'w' {
			stops = "\n"
		}
		k := strings.IndexAny(e.src, stops)
		if k < 0 {
			k = len(e.src)
		}
		c.text, e.src = strings.TrimSpace(e.src[:k]), e.src[k:]
	case 'p', 'P', 'd', 'D', 'n', 'N', 'h', 'H', 'g', 'G', 'x', '=', 'l':
	default:
		return errors.New("unknown command: `" + string(c.verb) + "'")
	}
	rest := strings.TrimLeft(e.src, " \t")
	if rest != "" && strings.IndexByte("\n;}#", rest[0]) < 0 && c.verb != '{' {
		return errors.New("extra characters after command")
	}
	return nil
}

// address reads one address, nil if there is none.
func (e *editor) address() (*sedAddress, error) {
	if e.src == "" {
		return nil, nil
	}
	switch ch := e.src[0]; {
	case ch == '$':
		e.src = e.src[1:]
		return &sedAddress{last: true}, nil
	case ch == '+':
		k := digitRun(e.src[1:])
		n, _ := strconv.Atoi(e.src[1 : 1+k])
		e.src = e.src[1+k:]
		return &sedAddress{plus: true, line: n}, nil
	case isDigit(ch):
		k := digitRun(e.src)
		n, _ := strconv.Atoi(e.src[:k])
		e.src = e.src[k:]
		a := &sedAddress{line: n}
		if rest, ok := strings.CutPrefix(e.src, "~"); ok {
			k := digitRun(rest)
			a.step, _ = strconv.Atoi(rest[:k])
			e.src = rest[k:]
		}
		return a, nil
	case ch == '/' || ch == '\\' && len(e.src) > 1:
		d := ch
		e.src = e.src[1:]
		if ch == '\\' {
			d, e.src = e.src[0], e.src[1:]
		}
		pat, ok := e.until(d, true)
		if !ok {
			return nil, errors.New("unterminated address regex")
		}
		fold := false
		if rest, ok := strings.CutPrefix(e.src, "I"); ok {
			fold, e.src = true, rest
		}
		rx, err := e.regex(pat, fold)
		return &sedAddress{rx: rx}, err
	}
	return nil, nil
}

// regex compiles a pattern; an empty one is the last one again.
func (e *editor) regex(pat string, fold bool) (*regexp.Regexp, error) {
	if pat == "" {
		if e.lastRx == nil {
			return nil, errors.New("no previous regular expression")
		}
		return e.lastRx, nil
	}
	rx, err := compile(pat, e.ext, fold)
	if err == nil {
		e.lastRx = rx
	}
	return rx, err
}

// until takes the text up to an unescaped delimiter.
func (e *editor) until(d byte, pattern bool) (string, bool) {
	var b strings.Builder
	inClass := false
	for i := 0; i < len(e.src); i++ {
		ch := e.src[i]
		switch {
		case ch == '\\' && i+1 < len(e.src):
			i++
			if e.src[i] == d && !(pattern && strings.IndexByte("|(){}+?.*[]^$", d) >= 0 && d != '|') {
				b.WriteByte(d)
				continue
			}
			if e.src[i] == '\n' && !pattern {
				b.WriteByte('\n')
				continue
			}
			b.WriteByte('\\')
			b.WriteByte(e.src[i])
			continue
		case pattern && ch == '[' && !inClass:
			inClass = true
			if i+1 < len(e.src) && e.src[i+1] == ']' {
				b.WriteByte(ch)
				i++
				ch = e.src[i]
			}
		case ch == ']' && inClass:
			inClass = false
		case ch == d && !inClass:
			e.src = e.src[i+1:]
			return b.String(), true
		}
		b.WriteByte(ch)
	}
	return "", false
}

func (e *editor) parseSubst(c *sedCommand) error {
	if e.src == "" {
		return errors.New("unterminated `s' command")
	}
	d := e.src[0]
	e.src = e.src[1:]
	pat, ok := e.until(d, true)
	if ok {
		c.with, ok = e.until(d, false)
	}
	if !ok {
		return errors.New("unterminated `s' command")
	}
	fold := false
	for e.src != "" {
		switch ch := e.src[0]; {
		case ch == 'g':
			c.global = true
		case ch == 'p':
			c.print = true
		case ch == 'i' || ch == 'I':
			fold = true
		case ch >= '1' && ch <= '9':
			k := digitRun(e.src)
			c.nth, _ = strconv.Atoi(e.src[:k])
			e.src = e.src[k-1:]
		case ch == 'w':
			k := strings.IndexByte(e.src, '\n')
			if k < 0 {
				k = len(e.src)
			}
			c.file, e.src = strings.TrimSpace(e.src[1:k]), e.src[k:]
			continue
		case strings.IndexByte(" \t\n;}#", ch) >= 0:
			var err error
			c.rx, err = e.regex(pat, fold)
			return err
		default:
			return errors.New("unknown option to `s'")
		}
		e.src = e.src[1:]
	}
	var err error
	c.rx, err = e.regex(pat, fold)
	return err
}

func (e *editor) parseMap(c *sedCommand) error {
	if e.src == "" {
		return errors.New("unterminated `y' command")
	}
	d := e.src[0]
	e.src = e.src[1:]
	from, ok := e.until(d, false)
	to, ok2 := e.until(d, false)
	a, b := []rune(strings.ReplaceAll(from, `\n`, "\n")), []rune(strings.ReplaceAll(to, `\n`, "\n"))
	if !ok || !ok2 {
		return errors.New("unterminated `y' command")
	}
	if len(a) != len(b) {
		return errors.New("strings for `y' command are different lengths")
	}
	c.table = map[rune]rune{}
	for i := range a {
		c.table[a[i]] = b[i]
	}
	return nil
}
