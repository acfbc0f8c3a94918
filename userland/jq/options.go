package jq

import (
	"errors"
	"fmt"
	"strings"

	"dnetsim/userland"
)

// settings are jq's options.
type settings struct {
	null, raw, join, slurp, status bool
	rawInput                       bool
	filter                         string
	haveFilter                     bool
	files                          []string
	names                          []string // of variables, with their $
	values                         []any
	named                          map[string]any
	positional                     []any
	print                          printer
}

const usage = "Usage:\tjq [OPTIONS] FILTER [FILES...]\n\tjq [OPTIONS] --args FILTER [ARGUMENTS...]\n\tjq [OPTIONS] --jsonargs FILTER [JSON_VALUES...]\n\n" +
	"jq is a tool for processing JSON inputs, applying the given filter to\nits JSON text inputs and producing the filter's results as JSON on\nstandard output.\n"

// options reads the command line. done says that jq ends with the status.
func (s *settings) options(p *userland.Process) (status int, done bool) {
	args := p.Args[1:]
	bad := func(format string, a ...any) (int, bool) {
		p.Errorf("jq: error: "+format+"\nUse jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://stedolan.github.io/jq\n", a...)
		return exitUsage, true
	}
	rest := 0 // what words behind the filter are: files, texts, JSON
	for i := 0; i < len(args); i++ {
		a := args[i]
		take := func(n int) []string {
			if i+n >= len(args) {
				return nil
			}
			i += n
			return args[i-n+1 : i+1]
		}
		switch {
		case a == "--":
			for _, w := range args[i+1:] {
				s.word(w, rest)
			}
			return 0, false
		case !strings.HasPrefix(a, "-") || a == "-":
			if status := s.word(a, rest); status != "" {
				return bad("%s", status)
			}
			continue
		case strings.HasPrefix(a, "--"):
		default:
			file, ok := s.letters(a[1:])
			if !ok {
				return bad("Unknown arguments")
			}
			if !file {
				continue
			}
			a = "--from-file"
		}
		switch a {
		case "--args":
			rest = 1
		case "--jsonargs":
			rest = 2
		case "--version":
			p.Printf("jq-1.6\n")
			return 0, true
		case "--help":
			p.Printf("%s", usage)
			return 0, true
		case "--stream", "--seq", "--raw-output0":
			p.Errorf("jq: dnetsim does not simulate %s\n", a)
			return exitUsage, true
		case "--unbuffered":
		default:
			if known, wrong := s.valued(p, a, take); wrong != "" {
				return bad("%s", wrong)
			} else if !known && !s.flag(strings.TrimPrefix(a, "--")) {
				return bad("Unknown arguments")
			}
		}
	}
	return 0, false
}

// letters takes short options; file says that -f is among them.
func (s *settings) letters(list string) (file, ok bool) {
	for _, c := range list {
		if c == 'f' {
			file = true
		} else if !s.flag(string(c)) {
			return false, false
		}
	}
	return file, true
}

// valued takes an option that has values behind it.
func (s *settings) valued(p *userland.Process, option string, take func(int) []string) (known bool, wrong string) {
	switch option {
	case "--arg", "--argjson", "--slurpfile", "--rawfile":
		v := take(2)
		if v == nil {
			return true, fmt.Sprintf("%s takes two parameters (e.g. %s varname value)", option, option)
		}
		value, err := s.argument(p, option, v[1])
		if err != nil {
			return true, err.Error()
		}
		s.names, s.values = append(s.names, "$"+v[0]), append(s.values, value)
		s.named[v[0]] = value
	case "--indent":
		v, n := take(1), 0
		if v == nil {
			return true, "--indent takes one parameter"
		}
		if _, err := fmt.Sscan(v[0], &n); err != nil || n < 0 || n > 7 {
			return true, "Cannot indent more than 7 characters"
		}
		s.print.indent = strings.Repeat(" ", n)
	case "--from-file":
		v := take(1)
		if v == nil {
			return true, "-f takes a parameter (e.g. -f file)"
		}
		text, err := p.ReadFile(v[0])
		if err != nil {
			return true, fmt.Sprintf("Could not open %s: %s", v[0], userland.Reason(err))
		}
		if s.haveFilter { // what stood there was a file
			s.files = append([]string{s.filter}, s.files...)
		}
		s.filter, s.haveFilter = string(text), true
	default:
		return false, ""
	}
	return true, ""
}

// word takes a word that is no option: the filter, and then files or arguments.
func (s *settings) word(w string, rest int) (wrong string) {
	switch {
	case !s.haveFilter:
		s.filter, s.haveFilter = w, true
	case rest == 0:
		s.files = append(s.files, w)
	case rest == 1:
		s.positional = append(s.positional, w)
	default:
		v, ok, err := (&reader{text: w, order: s.print.order}).next()
		if err != nil || !ok {
			return "Invalid JSON text passed to --jsonargs"
		}
		s.positional = append(s.positional, v)
	}
	return ""
}

func (s *settings) argument(p *userland.Process, option, text string) (any, error) {
	switch option {
	case "--arg":
		return text, nil
	case "--argjson":
		v, ok, err := (&reader{text: text, order: s.print.order}).next()
		if err != nil || !ok {
			return nil, errors.New("Invalid JSON text passed to --argjson")
		}
		return v, nil
	}
	data, err := p.ReadFile(text)
	if err != nil {
		return nil, fmt.Errorf("Bad JSON in %s %s: Could not open %s: %s", option, text, text, userland.Reason(err))
	}
	if option == "--rawfile" {
		return string(data), nil
	}
	list, r := []any{}, &reader{text: string(data), order: s.print.order}
	for {
		v, ok, err := r.next()
		if err != nil {
			return nil, fmt.Errorf("Bad JSON in %s %s: %v", option, text, err)
		}
		if !ok {
			return list, nil
		}
		list = append(list, v)
	}
}

// flag takes an option without a value, by its letter or its name.
func (s *settings) flag(name string) bool {
	switch name {
	case "n", "null-input":
		s.null = true
	case "r", "raw-output":
		s.raw = true
	case "j", "join-output":
		s.raw, s.join = true, true
	case "c", "compact-output":
		s.print.indent = ""
	case "s", "slurp":
		s.slurp = true
	case "R", "raw-input":
		s.rawInput = true
	case "S", "sort-keys":
		s.print.sorted = true
	case "a", "ascii-output":
		s.print.ascii = true
	case "e", "exit-status":
		s.status = true
	case "C", "color-output":
		s.print.colour = true
	case "M", "monochrome-output":
		s.print.colour = false
	case "tab":
		s.print.indent = "\t"
	default:
		return false
	}
	return true
}
