package shell

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// declare is export, readonly, local, declare and typeset as the parser sees
// them, with assignments that are not split.
func (s *Shell) declare(c *syntax.DeclClause) {
	s.tail = false
	name := c.Variant.Value
	if s.style == Ash && notInAsh[name] || name == "nameref" {
		s.notFound(name, userland.ErrNotFound)
		return
	}
	s.status = 0
	d := declaration{kind: name}
	if name == "local" && len(s.frames) == 0 {
		s.complain("local", "not in a function")
		s.status = 1
		return
	}
	var plain []string
	for _, a := range c.Args {
		if a.Naked && a.Name == nil {
			ws, ok := s.fields([]*syntax.Word{a.Value})
			if !ok {
				return
			}
			for _, w := range ws {
				if flags, is := strings.CutPrefix(w, "-"); is && flags != "" && len(plain) == 0 {
					d.flags += flags
					continue
				}
				plain = append(plain, w)
			}
			continue
		}
		plain = append(plain, a.Name.Value)
		if !s.declareOne(d, a.Name.Value) {
			return
		}
		if !a.Naked && !s.assign(a) {
			return
		}
		s.attribute(d, a.Name.Value)
		plain = plain[:len(plain)-1]
		d.some = true
	}
	for _, w := range plain {
		d.some = true
		k, v, has := strings.Cut(w, "=")
		if !syntax.ValidName(k) {
			s.badName(name, w)
			return
		}
		if !s.declareOne(d, k) || has && !s.set(k, v) {
			return
		}
		s.attribute(d, k)
	}
	if !d.some {
		s.listVars(d)
	}
}

type declaration struct {
	kind  string
	flags string
	some  bool
}

func (s *Shell) badName(builtin, word string) {
	s.status = 1
	if s.style == Bash {
		s.complain(builtin, "`"+word+"': not a valid identifier")
		return
	}
	s.complain(builtin, word+": bad variable name")
	s.status = 2
}

// declareOne makes a name local where the builtin does, before its assignment.
func (s *Shell) declareOne(d declaration, name string) bool {
	isLocal := d.kind == "local" || (d.kind == "declare" || d.kind == "typeset") && len(s.frames) > 0 && !strings.Contains(d.flags, "g")
	if isLocal {
		s.local(name)
	}
	v := s.vars[name]
	switch {
	case strings.Contains(d.flags, "A") && v.Kind != expand.Associative:
		v.Kind, v.Map = expand.Associative, map[string]string{}
	case strings.Contains(d.flags, "a") && v.Kind != expand.Indexed:
		v.Kind = expand.Indexed
	default:
		return true
	}
	s.vars[name] = v
	return true
}

// attribute gives a name what the builtin stands for, after its assignment.
func (s *Shell) attribute(d declaration, name string) {
	v := s.vars[name]
	off := strings.Contains(d.flags, "n")
	switch {
	case d.kind == "export" && off:
		v.Exported = false
	case d.kind == "export", d.kind != "readonly" && strings.Contains(d.flags, "x"):
		v.Exported = true
	}
	if d.kind == "readonly" || d.kind != "export" && strings.Contains(d.flags, "r") {
		v.ReadOnly = true
	}
	s.vars[name] = v
}

func (s *Shell) listVars(d declaration) {
	for _, n := range s.varNames() {
		v := s.vars[n]
		if d.kind == "export" && !v.Exported || d.kind == "readonly" && !v.ReadOnly || d.kind == "local" {
			continue
		}
		value := ""
		if v.Set {
			value = "=" + quoteWord(v.String())
		}
		switch {
		case s.style == Bash:
			flags := v.Flags()
			if flags == "" {
				flags = "-"
			}
			if v.Set {
				value = "=" + strconv.Quote(v.String())
			}
			fmt.Fprintf(s.out(), "declare -%s %s%s\n", flags, n, value)
		default:
			fmt.Fprintf(s.out(), "%s %s%s\n", d.kind, n, value)
		}
	}
}

// The following run when the word was not literal ("$cmd x=1").
func export(s *Shell, args []string) int   { return s.declareWords(args) }
func readonly(s *Shell, args []string) int { return s.declareWords(args) }
func local(s *Shell, args []string) int    { return s.declareWords(args) }

func (s *Shell) declareWords(args []string) int {
	c := &syntax.DeclClause{Variant: &syntax.Lit{Value: args[0]}}
	for _, a := range args[1:] {
		c.Args = append(c.Args, &syntax.Assign{Naked: true, Value: &syntax.Word{
			Parts: []syntax.WordPart{&syntax.SglQuoted{Value: a}},
		}})
	}
	s.declare(c)
	return s.status
}

func unset(s *Shell, args []string) int {
	status, fn := 0, false
	for _, a := range args[1:] {
		switch a {
		case "-f":
			fn = true
			continue
		case "-v":
			continue
		}
		if fn {
			delete(s.funcs, a)
			continue
		}
		if name, idx, ok := strings.Cut(strings.TrimSuffix(a, "]"), "["); ok {
			s.unsetElem(name, idx)
			continue
		}
		if s.vars[a].ReadOnly {
			if s.style == Bash {
				s.complain("unset", a+": cannot unset: readonly variable")
			} else {
				s.complain("unset", a+": is read only")
			}
			status = 1
			continue
		}
		if _, ok := s.vars[a]; !ok && s.style == Bash {
			delete(s.funcs, a)
		}
		delete(s.vars, a)
	}
	return status
}

func (s *Shell) unsetElem(name, idx string) {
	v := s.vars[name]
	if v.Kind == expand.Associative {
		delete(v.Map, idx)
		return
	}
	if i, err := strconv.Atoi(idx); err == nil && i >= 0 && i < len(v.List) {
		v.List = append(append([]string(nil), v.List[:i]...), v.List[i+1:]...)
		s.vars[name] = v
	}
}

func set(s *Shell, args []string) int {
	if len(args) == 1 {
		for _, n := range s.varNames() {
			if v := s.vars[n]; v.Set {
				fmt.Fprintf(s.out(), "%s=%s\n", n, quoteWord(v.String()))
			}
		}
		return 0
	}
	status, used := s.setFlags(args[1:])
	if status == 0 && used >= 0 {
		s.params = append([]string(nil), args[1+used:]...)
	}
	return status
}

// setFlags reads options and tells where the positional parameters begin, -1
// if there are none.
func (s *Shell) setFlags(args []string) (status, params int) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return 0, i + 1
		}
		if a == "-" {
			return 0, i + 1
		}
		if len(a) < 2 || a[0] != '-' && a[0] != '+' {
			return 0, i
		}
		on := a[0] == '-'
		for _, letter := range []byte(a[1:]) {
			if letter == 'o' {
				if i++; i >= len(args) {
					s.listOptions(on)
					return 0, -1
				}
				if !s.setOption(0, args[i], on) {
					if s.style == Bash {
						s.complain("set", args[i]+": invalid option name")
					} else {
						s.complain("set", "illegal option -o "+args[i])
					}
					return 2, -1
				}
				continue
			}
			if !s.setOption(letter, "", on) {
				if s.style == Bash {
					s.complain("set", fmt.Sprintf("%c%c: invalid option", a[0], letter))
				} else {
					s.complain("set", fmt.Sprintf("illegal option %c%c", a[0], letter))
				}
				return 2, -1
			}
		}
	}
	return 0, -1
}

func (s *Shell) listOptions(human bool) {
	opts := append([]shellOption(nil), shellOptions...)
	sort.Slice(opts, func(i, k int) bool { return opts[i].name < opts[k].name })
	for _, o := range opts {
		on := *o.of(&s.opts)
		switch {
		case human && on:
			fmt.Fprintf(s.out(), "%-15s\ton\n", o.name)
		case human:
			fmt.Fprintf(s.out(), "%-15s\toff\n", o.name)
		case on:
			fmt.Fprintf(s.out(), "set -o %s\n", o.name)
		default:
			fmt.Fprintf(s.out(), "set +o %s\n", o.name)
		}
	}
}

func alias(s *Shell, args []string) int {
	status := 0
	if len(args) == 1 {
		names := make([]string, 0, len(s.aliases))
		for n := range s.aliases {
			names = append(names, n)
		}
		sort.Strings(names)
		args = append(args, names...)
	}
	for _, a := range args[1:] {
		if n, v, ok := strings.Cut(a, "="); ok {
			s.aliases[n] = v
			continue
		}
		v, ok := s.aliases[a]
		if !ok {
			s.complain("alias", a+" not found")
			status = 1
			continue
		}
		if s.style == Bash {
			io.WriteString(s.out(), "alias ")
		}
		fmt.Fprintf(s.out(), "%s=%s\n", a, quoteWord(v))
	}
	return status
}

func unalias(s *Shell, args []string) int {
	for _, a := range args[1:] {
		if a == "-a" {
			s.aliases = map[string]string{}
		}
		delete(s.aliases, a)
	}
	return 0
}
