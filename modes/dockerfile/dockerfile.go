// Package dockerfile reads Dockerfiles: lines, words, flags and variables, and refuses
// what is wrong in them with its line, as the classic builder does. What an
// instruction does is the builder's and the image's. Start reading at [Parse].
package dockerfile

import (
	"encoding/json"
	"slices"
	"strings"

	"dnetsim/modes/errdefs"
)

// Instruction is one instruction of a Dockerfile.
type Instruction struct {
	Line     int    // of its first line, from 1
	Name     string // in capitals
	Original string // as it was written, in one line
	Flags    []Flag
	Rest     string   // what follows the flags
	List     []string // Rest, if it is a JSON array of strings
	JSON     bool     // it is one
}

// Flag is --name=value.
type Flag struct{ Name, Value string }

// Flag is the value of a flag, "" if it is not there.
func (i *Instruction) Flag(name string) string {
	for _, f := range i.Flags {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// flags are those of each instruction; an instruction that is not listed is unknown.
var flags = map[string][]string{
	"ADD": {"chown"}, "ARG": nil, "CMD": nil, "COPY": {"chown", "from"}, "ENTRYPOINT": nil, "ENV": nil, "EXPOSE": nil,
	"FROM": {"platform"}, "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"}, "LABEL": nil, "MAINTAINER": nil,
	"ONBUILD": nil, "RUN": {"mount", "network", "security"}, "SHELL": nil, "STOPSIGNAL": nil, "USER": nil, "VOLUME": nil, "WORKDIR": nil,
}

// takesJSON are the instructions whose words may be a JSON array.
var takesJSON = map[string]bool{"ADD": true, "CMD": true, "COPY": true, "ENTRYPOINT": true, "RUN": true, "SHELL": true, "VOLUME": true}

func at(line int, format string, args ...any) error {
	return errdefs.Wrap(errdefs.Invalid(format, args...), "dockerfile parse error line %d: ", line)
}

// Parse reads a Dockerfile.
func Parse(text string) ([]Instruction, error) {
	var out []Instruction
	escape := "\\"
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	directives := true
	for n := 0; n < len(lines); n++ {
		line := strings.TrimLeft(strings.TrimRight(lines[n], "\r"), " \t")
		if key, value, ok := strings.Cut(strings.TrimPrefix(line, "#"), "="); directives && ok && strings.HasPrefix(line, "#") {
			if strings.EqualFold(strings.TrimSpace(key), "escape") {
				if escape = strings.TrimSpace(value); escape != "\\" && escape != "`" {
					return nil, at(n+1, "invalid ESCAPE '%s'. Must be ` or \\", escape)
				}
			}
			continue
		}
		directives = false
		if line == "" || line[0] == '#' {
			continue
		}
		first := n
		for {
			cut, more := strings.CutSuffix(strings.TrimRight(line, " \t"), escape)
			if !more || n+1 >= len(lines) {
				if more {
					line = cut
				}
				break
			}
			n++
			next := strings.TrimRight(lines[n], "\r")
			for n+1 < len(lines) && (strings.TrimSpace(next) == "" || strings.HasPrefix(strings.TrimLeft(next, " \t"), "#")) {
				n++
				next = strings.TrimRight(lines[n], "\r")
			}
			line = cut + next
		}
		i, err := instruction(strings.TrimSpace(line), first+1)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	if len(out) == 0 {
		return nil, errdefs.Invalid("file with no instructions")
	}
	return out, nil
}

// instruction takes one line apart.
func instruction(line string, n int) (Instruction, error) {
	name, rest := word(line)
	i := Instruction{Line: n, Name: strings.ToUpper(name), Original: line}
	known, ok := flags[i.Name]
	if !ok {
		return i, at(n, "unknown instruction: %s", i.Name)
	}
	for strings.HasPrefix(rest, "--") {
		flag, after := word(rest)
		key, value, _ := strings.Cut(flag[2:], "=")
		if !slices.Contains(known, key) {
			return i, at(n, "Unknown flag: %s", key)
		}
		i.Flags, rest = append(i.Flags, Flag{key, value}), after
	}
	if i.Rest = rest; rest == "" {
		switch i.Name {
		case "CMD", "ENTRYPOINT", "RUN":
		case "FROM":
			return i, at(n, "FROM requires either one or three arguments")
		case "COPY", "ADD":
			return i, at(n, "%s requires at least two arguments, but only one was provided. Destination could not be determined.", i.Name)
		case "WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER":
			return i, at(n, "%s requires exactly one argument", i.Name)
		default:
			return i, at(n, "%s requires at least one argument", i.Name)
		}
	}
	if takesJSON[i.Name] && strings.HasPrefix(rest, "[") {
		i.JSON = json.Unmarshal([]byte(rest), &i.List) == nil
	}
	return i, i.check()
}

// check refuses what the number of words makes wrong.
func (i *Instruction) check() error {
	words := len(i.Words())
	switch i.Name {
	case "FROM":
		if f := strings.Fields(i.Rest); len(f) != 1 && (len(f) != 3 || !strings.EqualFold(f[1], "as")) {
			return at(i.Line, "FROM requires either one or three arguments")
		}
	case "COPY", "ADD":
		if words < 2 {
			return at(i.Line, "%s requires at least two arguments, but only one was provided. Destination could not be determined.", i.Name)
		}
	case "STOPSIGNAL", "USER":
		if len(strings.Fields(i.Rest)) != 1 {
			return at(i.Line, "%s requires exactly one argument", i.Name)
		}
	case "SHELL":
		if !i.JSON {
			return at(i.Line, "SHELL requires the arguments to be in JSON form")
		}
	case "ENV", "LABEL":
		if _, err := i.Pairs(); err != nil {
			return err
		}
	}
	return nil
}

// Words are the words of COPY, ADD, VOLUME and EXPOSE.
func (i *Instruction) Words() []string {
	if i.JSON {
		return i.List
	}
	return strings.Fields(i.Rest)
}

// Pair is one of ENV or LABEL, its value with its quotes.
type Pair struct{ Name, Value string }

// Pairs are those of ENV and LABEL: name=value …, or the old form with a blank.
func (i *Instruction) Pairs() ([]Pair, error) {
	words := quoted(i.Rest)
	if len(words) == 0 {
		return nil, nil
	}
	if !strings.Contains(words[0], "=") {
		name, value := word(i.Rest)
		if value == "" {
			return nil, at(i.Line, "%s must have two arguments", i.Name)
		}
		return []Pair{{name, value}}, nil
	}
	var out []Pair
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, at(i.Line, "Syntax error - can't find = in %q. Must be of the form: name=value", w)
		}
		if name == "" {
			return nil, at(i.Line, "%s names can not be blank", i.Name)
		}
		out = append(out, Pair{name, value})
	}
	return out, nil
}

// word cuts the first word off.
func word(s string) (first, rest string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}

// quoted are the words of a line, in which blanks may be quoted or escaped; quotes
// and backslashes stay.
func quoted(s string) (out []string) {
	var b strings.Builder
	var in byte
	for k := 0; k < len(s); k++ {
		c := s[k]
		switch {
		case c == '\\' && in != '\'' && k+1 < len(s):
			b.WriteByte(c)
			k++
			c = s[k]
		case in != 0:
			if c == in {
				in = 0
			}
		case c == '"' || c == '\'':
			in = c
		case c == ' ' || c == '\t':
			if b.Len() > 0 {
				out = append(out, b.String())
				b.Reset()
			}
			continue
		}
		b.WriteByte(c)
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}
