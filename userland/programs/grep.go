package programs

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// search is one run of grep.
type search struct {
	*invocation
	o             options
	rx            []*regexp.Regexp
	max           int
	before, after int
	names         bool
}

func egrep(c *invocation) int { return grepAs(c, "E") }
func fgrep(c *invocation) int { return grepAs(c, "F") }
func grep(c *invocation) int  { return grepAs(c, "") }

func grepAs(c *invocation, mode string) int {
	o := c.parse("EFGPivclLnoqshHwxre:f:m:A:B:C:aRz|extended-regexp=E,fixed-strings=F,ignore-case=i,invert-match=v,count=c,files-with-matches=l,line-number=n,only-matching=o,quiet=q,silent=q,no-messages=s,word-regexp=w,line-regexp=x,recursive=r,regexp=e,file=f,max-count=m,color::,colour::,after-context=A,before-context=B,context=C,line-buffered")
	if mode != "" {
		o.set[mode] = true
	}
	s := &search{invocation: c, o: o, max: -1}
	pats := o.values["e"]
	for _, f := range o.values["f"] {
		data, err := c.ReadFile(f)
		if err != nil {
			c.cannotOpen(f, err)
			return 2
		}
		pats = append(pats, textLines(data)...)
	}
	if len(pats) == 0 && len(o.values["f"]) == 0 {
		if len(o.args) == 0 {
			if c.gnu {
				c.Errorf("Usage: %s [OPTION]... PATTERNS [FILE]...\nTry '%s --help' for more information.\n", c.name(), c.name())
			} else {
				c.Errorf("BusyBox v1.35.0 multi-call binary.\n\nUsage: grep [-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...\n")
			}
			return 2
		}
		pats, o.args = []string{o.args[0]}, o.args[1:]
	}
	for _, p := range pats {
		for _, line := range strings.Split(p, "\n") {
			rx, err := s.pattern(line)
			if err != nil {
				c.fail("%s", err)
				return 2
			}
			s.rx = append(s.rx, rx)
		}
	}
	number := func(key, def string) int {
		n, err := strconv.Atoi(o.value(key, def))
		if err != nil {
			c.misuse(2, "%s: invalid context length argument", o.value(key, def))
		}
		return n
	}
	s.max = number("m", "-1")
	ctx := o.value("C", "0")
	s.before, s.after = number("B", ctx), number("A", ctx)
	return s.all(o.args)
}

func (s *search) pattern(p string) (*regexp.Regexp, error) {
	extended := s.o.has("E", "P")
	if s.o.has("F") {
		p, extended = regexp.QuoteMeta(wellFormed(p)), true
		if s.o.has("x") {
			p = "^(" + p + ")$"
		}
		if s.o.has("w") {
			p = `\b(` + p + `)\b`
		}
		if s.o.has("i") {
			p = "(?i)" + p
		}
		return regexp.Compile(p)
	}
	t, err := translate(p, extended)
	if err != nil {
		return nil, err
	}
	if s.o.has("w") {
		t = `\b(?:` + t + `)\b`
	}
	if s.o.has("x") {
		t = "^(?:" + t + ")$"
	}
	if s.o.has("i") {
		t = "(?i)" + t
	}
	rx, err := regexp.Compile(t)
	if err != nil {
		return nil, fmt.Errorf("Invalid regular expression")
	}
	rx.Longest()
	return rx, nil
}

// all searches the files and returns grep's status: 0 found, 1 not, 2 trouble.
func (s *search) all(files []string) int {
	if s.o.has("r", "R") {
		if len(files) == 0 {
			files = []string{"."}
		}
		var found []string
		for _, f := range files {
			found = append(found, s.walk(f, 0)...)
		}
		files = found
		s.names = true
	}
	s.names = (s.names || len(files) > 1 || s.o.has("H")) && !s.o.has("h")
	if len(files) == 0 {
		files = []string{"-"}
	}
	found, trouble := false, false
	for _, f := range files {
		r, err := s.input(f)
		if err != nil {
			trouble = true
			if !s.o.has("s") {
				s.fail("%s: %s", f, err)
			}
			continue
		}
		hit := s.one(f, r)
		r.Close()
		if hit && s.o.has("q") {
			return 0
		}
		found = found || hit
	}
	switch {
	case trouble:
		return 2
	case found:
		return 0
	}
	return 1
}

func (s *search) walk(name string, depth int) []string {
	i, err := s.Stat(name)
	if err != nil || !i.IsDir() || depth > 64 {
		return []string{name}
	}
	entries, _ := s.ReadDir(name)
	var out []string
	for _, e := range entries {
		if e.IsDir() || e.Kind == userland.Regular {
			out = append(out, s.walk(strings.TrimSuffix(name, "/")+"/"+e.Name, depth+1)...)
		}
	}
	return out
}

func (s *search) matches(line string) bool {
	for _, rx := range s.rx {
		if rx.MatchString(line) {
			return true
		}
	}
	return false
}

// one searches one file and reports whether a line was selected.
func (s *search) one(name string, r io.Reader) bool {
	count, n, pending, last := 0, 0, 0, 0
	var held []string
	quiet := s.o.has("q", "c", "l", "L")
	show := name
	if name == "-" {
		show = "(standard input)"
	}
	emit := func(n int, line, sep string) {
		prefix := ""
		if s.names {
			prefix = show + sep
		}
		if s.o.has("n") {
			prefix += strconv.Itoa(n) + sep
		}
		io.WriteString(s.Stdout, prefix+line+"\n")
		last = n
	}
	lines(r, func(line string, _ bool) bool {
		n++
		if s.matches(line) == s.o.has("v") {
			if pending > 0 && !quiet {
				emit(n, line, "-")
				pending--
			} else if s.before > 0 {
				held = append(held, line)
				if len(held) > s.before {
					held = held[1:]
				}
			}
			return true
		}
		count++
		if s.o.has("q") || s.o.has("l", "L") {
			return false
		}
		if !quiet {
			if first := n - len(held); (s.before > 0 || s.after > 0) && last > 0 && first > last+1 {
				io.WriteString(s.Stdout, "--\n")
			}
			for i, h := range held {
				emit(n-len(held)+i, h, "-")
			}
			held = nil
			if s.o.has("o") {
				s.parts(line, func(m string) { emit(n, m, ":") })
			} else {
				emit(n, line, ":")
			}
			pending = s.after
		}
		return s.max < 0 || count < s.max
	})
	switch {
	case s.o.has("q"):
	case s.o.has("c"):
		if s.names {
			io.WriteString(s.Stdout, show+":")
		}
		fmt.Fprintln(s.Stdout, count)
	case s.o.has("l") && count > 0:
		fmt.Fprintln(s.Stdout, show)
	case s.o.has("L") && count == 0:
		fmt.Fprintln(s.Stdout, show)
	}
	return count > 0
}

// parts are the matched parts of a line, for -o.
func (s *search) parts(line string, fn func(string)) {
	if s.o.has("v") {
		return
	}
	for at := 0; at < len(line); {
		best := []int(nil)
		for _, rx := range s.rx {
			for _, m := range rx.FindAllStringIndex(line[at:], -1) {
				if m[1] > m[0] {
					if best == nil || m[0] < best[0] {
						best = m
					}
					break
				}
			}
		}
		if best == nil {
			return
		}
		fn(line[at+best[0] : at+best[1]])
		at += best[1]
	}
}
