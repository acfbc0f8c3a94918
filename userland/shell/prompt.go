package shell

import (
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Prompt is PS1 expanded, or PS2 while text is incomplete.
func (s *Shell) Prompt(more bool) string {
	if more {
		return s.get("PS2")
	}
	ps := s.get("PS1")
	var b strings.Builder
	for i := 0; i < len(ps); i++ {
		if ps[i] != '\\' || i+1 == len(ps) {
			b.WriteByte(ps[i])
			continue
		}
		i++
		switch ps[i] {
		case 'u':
			b.WriteString(userName(s))
		case 'h':
			host, _, _ := strings.Cut(s.m.Hostname(), ".")
			b.WriteString(host)
		case 'H':
			b.WriteString(s.m.Hostname())
		case 'w':
			b.WriteString(s.tilde(s.dir))
		case 'W':
			d := s.tilde(s.dir)
			if d != "~" && d != "/" {
				d = path.Base(d)
			}
			b.WriteString(d)
		case '$':
			if s.p == nil || s.p.UID == 0 {
				b.WriteByte('#')
			} else {
				b.WriteByte('$')
			}
		case 's':
			b.WriteString(strings.TrimPrefix(path.Base(s.name), "-"))
		case 't':
			b.WriteString(s.m.Wall().Format("15:04:05"))
		case 'n':
			b.WriteByte('\n')
		case 'e':
			b.WriteByte(27)
		case 'v':
			b.WriteString("5.2")
		case '[', ']':
		default:
			b.WriteByte(ps[i])
		}
	}
	return b.String()
}

// userName is who runs the shell, in bash's words if nobody has the number.
func userName(s *Shell) string {
	if s.p == nil || s.p.UID == 0 {
		return "root"
	}
	if name := s.m.FS().NameOf("/etc/passwd", s.p.UID); name != "" {
		return name
	}
	return "I have no name!"
}

// tilde shortens the home directory, as \w does.
func (s *Shell) tilde(dir string) string {
	home := s.get("HOME")
	if home == "" || home == "/" {
		return dir
	}
	if dir == home {
		return "~"
	}
	if rest, ok := strings.CutPrefix(dir, home+"/"); ok {
		return "~/" + rest
	}
	return dir
}

// warn prints an error of the shell itself, in its style.
func (s *Shell) warn(text string) { io.WriteString(s.errOut(), s.prefix("")+text+"\n") }

// complain prints an error of a builtin.
func (s *Shell) complain(builtin, text string) {
	io.WriteString(s.errOut(), s.prefix(builtin)+text+"\n")
}

// prefix opens a message: "sh: ", "bash: line 1: ", "sh: cd: line 1: ".
func (s *Shell) prefix(builtin string) string {
	at := "line " + strconv.Itoa(s.line) + ": "
	switch {
	case s.style == Bash && s.interactive:
		at = ""
	case s.style == Bash:
	case s.interactive, s.style == HostSh && !s.script, s.style == Ash && !s.script && builtin == "":
		at = ""
	}
	name := s.name + ": "
	switch {
	case builtin == "":
		return name + at
	case s.style == Bash:
		return name + at + builtin + ": "
	case s.script:
		return name + at + builtin + ": "
	}
	return name + builtin + ": " + at
}

// syntaxError prints what the parser says, in the shell's words.
func (s *Shell) syntaxError(err error) {
	s.status = 2
	text := err.Error()
	var pe syntax.ParseError
	var le syntax.LangError
	switch {
	case errors.As(err, &pe):
		text = pe.Text
	case errors.As(err, &le):
		text = le.Feature
	}
	if s.style == Bash {
		name := s.name
		if !s.script && !s.interactive {
			name += ": -c"
		}
		io.WriteString(s.errOut(), name+": line "+strconv.Itoa(s.line)+": syntax error: "+text+"\n")
		return
	}
	switch {
	case strings.Contains(text, "without closing quote"):
		text = "unterminated quoted string"
	case strings.Contains(text, "reached EOF"), strings.Contains(text, "must end with"), strings.Contains(text, "must be followed"):
		text = "unexpected end of file (" + text + ")"
	}
	s.warn("syntax error: " + text)
}
