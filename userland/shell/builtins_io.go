package shell

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// read reads one line, byte by byte, so that what follows it stays for others.
func read(s *Shell, args []string) int {
	o, names, ok := s.readOptions(args[1:])
	if !ok {
		return 2
	}
	if o.prompt != "" && userland.IsTTY(s.in()) {
		io.WriteString(s.errOut(), o.prompt)
	}
	line, status := s.readLine(o)
	if o.array != "" {
		v := expand.Variable{Set: true, Kind: expand.Indexed, List: splitFields(line, s.get("IFS"), -1, o.raw)}
		environ{s}.Set(o.array, v)
		return status
	}
	if len(names) == 0 {
		if s.style == Bash || s.style == HostSh {
			if !o.raw {
				line = unslash(line)
			}
			s.set("REPLY", line)
			return status
		}
		names = []string{"REPLY"}
	}
	fields := splitFields(line, s.get("IFS"), len(names), o.raw)
	for i, n := range names {
		if !syntax.ValidName(n) {
			s.badName("read", n)
			return s.status
		}
		v := ""
		if i < len(fields) {
			v = fields[i]
		}
		if !s.set(n, v) {
			return 1
		}
	}
	return status
}

type readOptions struct {
	raw     bool
	prompt  string
	array   string
	n       int
	delim   byte
	timeout time.Duration
	silent  bool
}

func (s *Shell) readOptions(args []string) (o readOptions, names []string, ok bool) {
	o = readOptions{n: -1, delim: '\n', timeout: -1}
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		for k := 1; k < len(a); k++ {
			c := a[k]
			if c == 'r' || c == 's' || c == 'e' {
				o.raw = o.raw || c == 'r'
				o.silent = o.silent || c == 's'
				continue
			}
			if !strings.ContainsRune("pantdu", rune(c)) {
				s.complain("read", fmt.Sprintf("illegal option -%c", c))
				return o, nil, false
			}
			val := a[k+1:]
			if val == "" {
				if len(args) == 0 {
					s.complain("read", fmt.Sprintf("-%c: option requires an argument", c))
					return o, nil, false
				}
				val, args = args[0], args[1:]
			}
			switch c {
			case 'p':
				o.prompt = val
			case 'a':
				o.array = val
			case 'n':
				o.n, _ = strconv.Atoi(val)
			case 'd':
				o.delim = 0
				if val != "" {
					o.delim = val[0]
				}
			case 't':
				sec, err := strconv.ParseFloat(val, 64)
				if err == nil && sec >= 0 && sec < 1e8 {
					o.timeout = time.Duration(sec * float64(time.Second))
				}
			}
			break
		}
	}
	return o, args, true
}

// maxLine bounds what read keeps.
const maxLine = 1 << 20

// readLine reads up to the delimiter. The status is 1 at the end of the input,
// more than 128 when time ran out.
func (s *Shell) readLine(o readOptions) (string, int) {
	in := s.in()
	if t, ok := in.(*userland.TTY); ok && o.silent {
		t.SetEcho(false)
		defer t.SetEcho(true)
	}
	if o.timeout >= 0 {
		stop := s.alarm(o.timeout)
		defer stop()
	}
	var b []byte
	one := make([]byte, 1)
	for o.n < 0 || len(b) < o.n {
		n, err := in.Read(one)
		if n == 0 {
			if err == sim.ErrInterrupted {
				if o.timeout >= 0 && s.p.Waiting() == 0 {
					return string(b), 142
				}
				s.runTraps()
				if s.flow != onward || s.interactive {
					return string(b), 130
				}
				continue
			}
			return string(b), 1
		}
		switch c := one[0]; {
		case c == '\\' && !o.raw:
			if n, _ := in.Read(one); n == 0 {
				return string(b), 1
			}
			if one[0] != '\n' {
				b = append(b, '\\', one[0])
			}
			continue
		case c == o.delim:
			return string(b), 0
		case c == 0:
			continue
		}
		if b = append(b, one[0]); len(b) > maxLine {
			return string(b), 1
		}
	}
	return string(b), 0
}

// alarm interrupts the running process after d.
func (s *Shell) alarm(d time.Duration) (stop func()) {
	p := s.loop.Current()
	t := s.loop.NewTimer(p.Interrupt)
	t.Reset(d)
	return func() { t.Stop() }
}

func unslash(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) {
			i++
		}
		b.WriteByte(line[i])
	}
	return b.String()
}

// splitFields splits a line as read does: at most n fields, the last of which
// takes the rest without surrounding white space. A negative n is no limit.
func splitFields(line, ifs string, n int, raw bool) []string {
	white := func(c byte) bool { return strings.IndexByte(ifs, c) >= 0 && strings.IndexByte(" \t\n", c) >= 0 }
	delim := func(c byte) bool { return strings.IndexByte(ifs, c) >= 0 }
	i := 0
	for i < len(line) && white(line[i]) {
		i++
	}
	var out []string
	for i < len(line) {
		if n > 0 && len(out) == n-1 {
			return append(out, lastField(line[i:], ifs, raw))
		}
		var b strings.Builder
		for i < len(line) && !delim(line[i]) {
			if line[i] == '\\' && !raw && i+1 < len(line) {
				i++
			}
			b.WriteByte(line[i])
			i++
		}
		out = append(out, b.String())
		for i < len(line) && white(line[i]) {
			i++
		}
		if i < len(line) && delim(line[i]) && !white(line[i]) {
			i++
			for i < len(line) && white(line[i]) {
				i++
			}
		}
	}
	return out
}

// lastField is the rest of the line, trimmed; a single separator that ends an
// only field goes too.
func lastField(rest, ifs string, raw bool) string {
	end := len(rest)
	for end > 0 && strings.IndexByte(ifs, rest[end-1]) >= 0 && strings.IndexByte(" \t\n", rest[end-1]) >= 0 {
		if !raw && end > 1 && rest[end-2] == '\\' {
			break
		}
		end--
	}
	rest = rest[:end]
	if k := strings.IndexAny(rest, ifs); k >= 0 && k == len(rest)-1 && ifs != "" {
		rest = rest[:k]
	}
	if raw {
		return rest
	}
	return unslash(rest)
}

func getopts(s *Shell, args []string) int {
	if len(args) < 3 {
		s.complain("getopts", "usage: getopts optstring name [arg ...]")
		return 2
	}
	spec, name := args[1], args[2]
	params := s.params
	if len(args) > 3 {
		params = args[3:]
	}
	quiet := strings.HasPrefix(spec, ":")
	spec = strings.TrimPrefix(spec, ":")
	ind, _ := strconv.Atoi(s.get("OPTIND"))
	ind = max(ind, 1)
	setInd := func() {
		keep := s.optind
		s.set("OPTIND", strconv.Itoa(ind))
		s.optind = keep
	}
	end := func() int {
		s.optind = 0
		s.set(name, "?")
		setInd()
		return 1
	}
	if ind > len(params) {
		return end()
	}
	word := params[ind-1]
	if s.optind == 0 {
		if len(word) < 2 || word[0] != '-' {
			return end()
		}
		if word == "--" {
			ind++
			return end()
		}
		s.optind = 1
	}
	c := word[s.optind]
	s.optind++
	if s.optind >= len(word) {
		ind++
		s.optind = 0
	}
	k := strings.IndexByte(spec, c)
	delete(s.vars, "OPTARG")
	switch {
	case c == ':' || k < 0:
		if quiet {
			s.set("OPTARG", string(c))
		} else if s.style == Bash {
			io.WriteString(s.errOut(), s.name+": illegal option -- "+string(c)+"\n")
		} else {
			io.WriteString(s.errOut(), s.name+": Illegal option -"+string(c)+"\n")
		}
		s.set(name, "?")
	case k+1 < len(spec) && spec[k+1] == ':':
		switch {
		case s.optind > 0:
			s.set("OPTARG", word[s.optind:])
			ind++
			s.optind = 0
			s.set(name, string(c))
		case ind <= len(params):
			s.set("OPTARG", params[ind-1])
			ind++
			s.set(name, string(c))
		case quiet:
			s.set("OPTARG", string(c))
			s.set(name, ":")
		default:
			if s.style == Bash {
				io.WriteString(s.errOut(), s.name+": option requires an argument -- "+string(c)+"\n")
			} else {
				io.WriteString(s.errOut(), s.name+": No arg for -"+string(c)+" option\n")
			}
			s.set(name, "?")
		}
	default:
		s.set(name, string(c))
	}
	setInd()
	return 0
}
