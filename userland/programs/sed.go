package programs

import (
	"io"
	"regexp"
	"strconv"
	"strings"

	"dnetsim/userland"
)

// sedCommand is one command with its addresses.
type sedCommand struct {
	from, to *sedAddress
	not      bool
	verb     byte
	text     string // of a i c, the label of b t :, the file of r w
	rx       *regexp.Regexp
	with     string
	global   bool
	print    bool
	nth      int
	file     string
	table    map[rune]rune
	block    int // where the block ends, for {
	active   bool
	end      int
}

type sedAddress struct {
	line, step int
	last, plus bool
	rx         *regexp.Regexp
}

// editor is one run of sed.
type editor struct {
	*invocation
	cmds    []*sedCommand
	quiet   bool
	ext     bool
	src     string
	opens   []int
	lastRx  *regexp.Regexp
	hold    string
	space   string
	line    int
	next    func() (string, bool)
	isLast  func() bool
	out     io.Writer
	append_ []string
	quit    bool
	status  int
	in      *lineReader
	missing bool // what was printed last lacks its newline
}

// sedArgs lets -i stand alone, as GNU's does: its suffix is part of the word.
func sedArgs(c *invocation) (inPlace bool, suffix string) {
	args := c.Args[:1:1]
	for i, a := range c.Args[1:] {
		switch {
		case a == "--":
			return inPlace, suffix
		case strings.HasPrefix(a, "--in-place"):
			inPlace = true
			_, suffix, _ = strings.Cut(a, "=")
			continue
		case len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, "i") && !strings.Contains(strings.SplitN(a, "i", 2)[0], "e") && (i == 0 || c.Args[i] != "-e"):
			head, tail, _ := strings.Cut(a, "i")
			inPlace, suffix = true, tail
			if head == "-" {
				continue
			}
			a = head
		}
		args = append(args, a)
	}
	c.Args = args
	return inPlace, suffix
}

func sed(c *invocation) int {
	inPlace, suffix := sedArgs(c)
	o := c.parse("nrEe:f:sz|quiet=n,silent=n,expression=e,regexp-extended=E,file=f,separate=s")
	o.set["i"] = inPlace
	o.values["i"] = []string{suffix}
	return sedWith(c, o)
}

func sedWith(c *invocation, o options) int {
	e := &editor{invocation: c, quiet: o.has("n"), ext: o.has("E", "r"), out: c.Stdout}
	var script []string
	script = append(script, o.values["e"]...)
	for _, f := range o.values["f"] {
		data, err := c.ReadFile(f)
		if err != nil {
			return c.fail("couldn't open file %s: %s", f, err)
		}
		script = append(script, strings.TrimSuffix(string(data), "\n"))
	}
	files := o.args
	if len(script) == 0 {
		if len(files) == 0 {
			c.Errorf("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n")
			return 1
		}
		script, files = files[:1], files[1:]
	}
	if err := e.parseScript(strings.Join(script, "\n")); err != nil {
		if c.gnu {
			return c.fail("-e expression #1, char %d: %s", len(strings.Join(script, "\n"))-len(e.src), err)
		}
		return c.fail("%s", err)
	}
	if o.has("i") {
		return e.inPlace(files, o.value("i", ""))
	}
	return e.stream(files)
}

func (e *editor) inPlace(files []string, suffix string) int {
	status := 0
	for _, f := range files {
		data, err := e.ReadFile(f)
		if err != nil {
			e.fail("can't read %s: %s", f, err)
			status = 4
			continue
		}
		if suffix != "" {
			e.WriteFile(f+suffix, data)
		}
		var b strings.Builder
		e.out, e.line, e.quit = &b, 0, false
		e.edit([]io.Reader{strings.NewReader(string(data))})
		e.WriteFile(f, []byte(b.String()))
	}
	return max(status, e.status)
}

func (e *editor) stream(files []string) int {
	if len(files) == 0 {
		files = []string{"-"}
	}
	status := 0
	var rs []io.Reader
	for _, f := range files {
		r, err := e.input(f)
		if err != nil {
			if e.gnu {
				e.fail("can't read %s: %s", f, err)
				status = 2
			} else {
				e.fail("%s: %s", f, err)
				status = 1
			}
			continue
		}
		rs = append(rs, r)
	}
	if len(rs) > 0 {
		e.edit(rs)
	}
	return max(status, e.status)
}

// edit runs the script over the lines of the inputs.
func (e *editor) edit(rs []io.Reader) {
	in := &lineReader{rs: rs}
	e.in, e.missing = in, false
	e.next = in.next
	e.isLast = in.last
	for !e.quit {
		line, ok := e.next()
		if !ok {
			return
		}
		e.line++
		e.space = line
		e.cycle()
		e.Tick()
	}
}

// put prints what was read. A last line that did not end does not end here
// either, unless something comes after it (GNU's output_missing_newline).
func (e *editor) put(s string) {
	e.print(s)
	if e.in.unended && e.isLast() {
		e.missing = true
		return
	}
	io.WriteString(e.out, "\n")
}

// print writes text after what was printed last.
func (e *editor) print(text string) {
	if e.missing {
		e.missing = false
		text = "\n" + text
	}
	io.WriteString(e.out, text)
}

// cycle runs the script on one line.
func (e *editor) cycle() {
	deleted := e.script()
	if !deleted && !e.quiet {
		e.put(e.space)
	}
	for _, a := range e.append_ {
		e.print(a)
	}
	e.append_ = nil
}

// script runs the commands and reports whether the line was deleted.
func (e *editor) script() (deleted bool) {
	replaced := false
	for pc := 0; pc < len(e.cmds); pc++ {
		e.Toil(len(e.space)) // a loop of labels may never end
		c := e.cmds[pc]
		if e.selects(c) == c.not {
			if c.verb == '{' {
				pc = c.block
			}
			continue
		}
		switch c.verb {
		case '{', '}', ':':
		case 's':
			if e.substitute(c) {
				replaced = true
			}
		case 'p':
			e.put(e.space)
		case 'P':
			first, _, _ := strings.Cut(e.space, "\n")
			e.print(first + "\n")
		case 'd':
			return true
		case 'D':
			_, rest, ok := strings.Cut(e.space, "\n")
			if !ok {
				return true
			}
			e.space = rest
			pc = -1
		case 'q', 'Q':
			e.quit = true
			e.status, _ = strconv.Atoi(strings.TrimSpace(c.text))
			return c.verb == 'Q'
		case 'n', 'N':
			if e.isLast() {
				if c.verb == 'n' || !e.gnu {
					return false
				}
				e.quit = true
				return false
			}
			if c.verb == 'n' && !e.quiet {
				e.put(e.space)
			}
			line, _ := e.next()
			e.line++
			if c.verb == 'N' {
				line = e.space + "\n" + line
			}
			e.space = line
		case 'a':
			e.append_ = append(e.append_, c.text+"\n")
		case 'i':
			e.print(c.text + "\n")
		case 'c':
			if c.to == nil || !c.active || c.not {
				e.print(c.text + "\n")
			}
			return true
		case 'r':
			data, _ := e.ReadFile(c.text)
			e.append_ = append(e.append_, string(data))
		case 'w':
			e.appendTo(c.text)
		case '=':
			e.print(strconv.Itoa(e.line) + "\n")
		case 'h':
			e.hold = e.space
		case 'H':
			e.hold += "\n" + e.space
		case 'g':
			e.space = e.hold
		case 'G':
			e.space += "\n" + e.hold
		case 'x':
			e.space, e.hold = e.hold, e.space
		case 'y':
			e.space = strings.Map(func(r rune) rune {
				if to, ok := c.table[r]; ok {
					return to
				}
				return r
			}, e.space)
		case 'l':
			e.print(strings.Trim(strconv.QuoteToASCII(e.space), `"`) + "$\n")
		case 'b', 't', 'T':
			if c.verb == 't' && !replaced || c.verb == 'T' && replaced {
				break
			}
			replaced = false
			pc = e.label(c.text)
		}
	}
	return false
}

func (e *editor) label(name string) int {
	for i, c := range e.cmds {
		if c.verb == ':' && c.text == name && name != "" {
			return i
		}
	}
	return len(e.cmds)
}

func (e *editor) appendTo(name string) {
	if f, err := e.OpenFile(name, userland.O_WRONLY|userland.O_CREAT|userland.O_APPEND, 0o666); err == nil {
		io.WriteString(f, e.space+"\n")
		f.Close()
	}
}

// selects reports whether a command's addresses include the current line.
func (e *editor) selects(c *sedCommand) bool {
	switch {
	case c.from == nil:
		return true
	case c.to == nil:
		return e.at(c.from)
	case c.active:
		done := false
		switch {
		case c.to.plus:
			done = e.line >= c.end
		case c.to.rx != nil:
			done = c.to.rx.MatchString(e.space)
		case c.to.last:
			done = e.isLast()
		default:
			done = e.line >= c.to.line
			if e.line > c.to.line {
				c.active = false
				return e.at(c.from)
			}
		}
		c.active = !done
		return true
	case e.at(c.from) || c.from.line == 0 && c.from.rx == nil && !c.from.last && c.from.step == 0 && e.line == 1:
		c.active = true
		switch {
		case c.to.plus:
			c.end = e.line + c.to.line
			c.active = c.to.line > 0
		case c.to.rx == nil && !c.to.last:
			c.active = c.to.line > e.line
		case c.to.last:
			c.active = !e.isLast()
		}
		return true
	}
	return false
}

func (e *editor) at(a *sedAddress) bool {
	switch {
	case a.rx != nil:
		return a.rx.MatchString(e.space)
	case a.last:
		return e.isLast()
	case a.step > 0:
		return e.line >= a.line && (e.line-a.line)%a.step == 0
	}
	return e.line == a.line
}
