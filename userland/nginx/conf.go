package nginx

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"dnetsim/userland"
)

// emerg is a configuration that nginx refuses, in its words.
type emerg string

func (e emerg) Error() string { return string(e) }

// reader reads configuration files as ngx_conf_file.c does: a directive is obeyed
// as soon as it is complete, so the first mistake from the top is the one told.
type reader struct {
	p    *userland.Process
	conf *config
	file string
	text string
	at   int // next byte
	line int
	nest int // files that include one another
}

// directive is one that has been read; its line is where it ends.
type directive struct {
	name string
	args []string
	file string
	line int
}

// fail is an error at the directive.
func (d *directive) fail(format string, args ...any) error {
	return emerg(fmt.Sprintf("%s in %s:%d", fmt.Sprintf(format, args...), d.file, d.line))
}

func (r *reader) fail(format string, args ...any) error {
	return (&directive{file: r.file, line: r.line}).fail(format, args...)
}

// load reads a file into the scope s.
func (r *reader) load(name string, s *scope) error {
	data, err := r.p.ReadFile(name)
	if err != nil {
		where := ""
		if r.file != "" {
			where = fmt.Sprintf(" in %s:%d", r.file, r.line)
		}
		return emerg(fmt.Sprintf("open() %q failed (%s)%s", name, errnoText(err), where))
	}
	if r.nest > 16 {
		return r.fail("too many levels of include")
	}
	inner := &reader{p: r.p, conf: r.conf, file: name, text: string(data), line: 1, nest: r.nest + 1}
	r.conf.files = append(r.conf.files, source{name, string(data)})
	return inner.block(s, false)
}

// include obeys the directive of that name: a pattern may match nothing.
func (r *reader) include(d *directive, s *scope) error {
	name := r.conf.abs(d.args[0])
	if !strings.ContainsAny(name, "*?[") {
		return r.load(name, s)
	}
	infos, _ := r.p.ReadDir(path.Dir(name))
	var names []string
	for _, i := range infos {
		if ok, _ := path.Match(path.Base(name), i.Name); ok && !strings.HasPrefix(i.Name, ".") {
			names = append(names, path.Join(path.Dir(name), i.Name))
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if err := r.load(n, s); err != nil {
			return err
		}
	}
	return nil
}

// block reads directives up to the brace that ends them, or the file's end.
func (r *reader) block(s *scope, braced bool) error {
	for {
		d, end, err := r.next()
		if err != nil {
			return err
		}
		switch end {
		case 0:
			if braced {
				return r.fail(`unexpected end of file, expecting "}"`)
			}
			return nil
		case '}':
			if !braced {
				return r.fail(`unexpected "}"`)
			}
			return nil
		}
		if err := r.obey(d, end == '{', s); err != nil {
			return err
		}
	}
}

// next reads one directive; end is what ended it: ';', '{', or without a
// directive '}' and 0 for the file's end.
func (r *reader) next() (d *directive, end byte, err error) {
	d = &directive{file: r.file}
	for {
		r.blank()
		if r.at >= len(r.text) {
			if len(d.args) > 0 {
				return nil, 0, r.fail(`unexpected end of file, expecting ";" or "}"`)
			}
			return nil, 0, nil
		}
		switch c := r.text[r.at]; c {
		case ';', '{':
			r.at++
			if len(d.args) == 0 {
				return nil, 0, r.fail("unexpected %q", string(c))
			}
			d.line, d.name, d.args = r.line, d.args[0], d.args[1:]
			return d, c, nil
		case '}':
			r.at++
			if len(d.args) > 0 {
				return nil, 0, r.fail(`unexpected "}"`)
			}
			return nil, '}', nil
		default:
			word, err := r.word()
			if err != nil {
				return nil, 0, err
			}
			d.args = append(d.args, word)
		}
	}
}

// blank skips spaces and comments.
func (r *reader) blank() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case '\n':
			r.line++
		case ' ', '\t', '\r':
		case '#':
			for r.at+1 < len(r.text) && r.text[r.at+1] != '\n' {
				r.at++
			}
		default:
			return
		}
		r.at++
	}
}

// word reads one word: in quotes, or up to a space or what ends a directive. A
// brace after a dollar belongs to a variable's name.
func (r *reader) word() (string, error) {
	var b strings.Builder
	quote := r.text[r.at]
	if quote != '"' && quote != '\'' {
		quote = 0
	} else {
		r.at++
	}
	for ; r.at < len(r.text); r.at++ {
		c := r.text[r.at]
		if c == '\n' {
			r.line++
		}
		switch {
		case c == '\\' && r.at+1 < len(r.text):
			r.at++
			b.WriteString(unescape(r.text[r.at]))
		case quote != 0 && c == quote:
			r.at++
			if r.at < len(r.text) && !strings.ContainsRune(" \t\r\n;{)", rune(r.text[r.at])) {
				return "", r.fail("unexpected %q", string(r.text[r.at]))
			}
			return b.String(), nil
		case quote == 0 && c == '$' && strings.HasPrefix(r.text[r.at:], "${"):
			b.WriteString("${")
			r.at++
		case quote == 0 && strings.IndexByte(" \t\r\n;{", c) >= 0:
			if c == '\n' {
				r.line-- // blank counts it
			}
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", r.fail(`unexpected end of file, expecting ";" or "}"`)
}

// unescape is what a backslash before c stands for; before any other character it
// stays, as a regular expression needs it.
func unescape(c byte) string {
	switch c {
	case '"', '\'', '\\':
		return string(c)
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case 'n':
		return "\n"
	}
	return `\` + string(c)
}

// errnoText is "2: No such file or directory".
func errnoText(err error) string {
	text := userland.Reason(err)
	number := map[string]int{
		"Operation not permitted": 1, "No such file or directory": 2, "No such process": 3, "Permission denied": 13, "Not a directory": 20, "Is a directory": 21,
		"Invalid argument": 22, "Address already in use": 98, "Cannot assign requested address": 99, "Network is unreachable": 101,
		"Connection reset by peer": 104, "Connection timed out": 110, "Connection refused": 111, "No route to host": 113, "Host is unreachable": 113,
	}[text]
	return fmt.Sprintf("%d: %s", number, text)
}
