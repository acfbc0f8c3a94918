package programs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"
)

// invocation is one run of a program: the process, and whose words it uses.
type invocation struct {
	*userland.Process
	gnu bool
}

// applet is a program in both flavours.
type applet func(c *invocation) int

// in makes programs of a table of applets.
func in(gnu bool, tables ...map[string]applet) map[string]userland.Program {
	set := map[string]userland.Program{}
	for _, t := range tables {
		for name, a := range t {
			set[name] = func(p *userland.Process) (status int) {
				c := &invocation{p, gnu}
				defer func() {
					if r := recover(); r != nil {
						u, ok := r.(usageError)
						if !ok {
							panic(r)
						}
						status = u.status
					}
				}()
				return a(c)
			}
		}
	}
	return set
}

// usageError unwinds a program whose command line is wrong.
type usageError struct{ status int }

// name is the program's own, as it opens its messages.
func (c *invocation) name() string { return path.Base(c.Args[0]) }

// fail prints "NAME: text" and returns status 1.
func (c *invocation) fail(format string, args ...any) int {
	c.Errorf("%s: %s\n", c.name(), fmt.Sprintf(format, args...))
	return 1
}

// misuse prints an error of the command line and ends the program.
func (c *invocation) misuse(status int, format string, args ...any) {
	c.fail(format, args...)
	if c.gnu {
		c.Errorf("Try '%s --help' for more information.\n", c.name())
	}
	panic(usageError{status})
}

// options are the letters and long names that were given, and their values.
type options struct {
	set    map[string]bool
	values map[string][]string
	args   []string
}

func (o options) has(names ...string) bool {
	for _, n := range names {
		if o.set[n] {
			return true
		}
	}
	return false
}

// value is the last value of an option, def if it was not given.
func (o options) value(name, def string) string {
	if v := o.values[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return def
}

// parse reads a command line as getopt_long does. spec has the letters, with a
// colon after those that take a value, and after "|" the long names separated
// by commas: "lines=n" is an alias of -n, "color" stands for itself; a "+" in
// front stops at the first operand.
func (c *invocation) parse(spec string) options {
	o := options{set: map[string]bool{}, values: map[string][]string{}}
	letters, longs, _ := strings.Cut(spec, "|")
	ordered := strings.HasPrefix(letters, "+")
	letters = strings.TrimPrefix(letters, "+")
	args := c.Args[1:]
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			o.args = append(o.args, args...)
			return o
		case strings.HasPrefix(a, "--"):
			args = c.longOption(&o, letters, longs, a[2:], args)
		case len(a) > 1 && a[0] == '-':
			args = c.shortOptions(&o, letters, a[1:], args)
		case ordered:
			o.args = append(append(o.args, a), args...)
			return o
		default:
			o.args = append(o.args, a)
		}
	}
	return o
}

func (c *invocation) shortOptions(o *options, letters, word string, args []string) []string {
	for i := 0; i < len(word); i++ {
		k := strings.IndexByte(letters, word[i])
		if k < 0 || word[i] == ':' {
			if c.gnu {
				c.misuse(usageStatus(c.name()), "invalid option -- '%c'", word[i])
			}
			c.misuse(1, "unrecognized option: %c", word[i])
		}
		name := word[i : i+1]
		o.set[name] = true
		if k+1 >= len(letters) || letters[k+1] != ':' {
			continue
		}
		v := word[i+1:]
		if v == "" {
			if len(args) == 0 {
				if c.gnu {
					c.misuse(usageStatus(c.name()), "option requires an argument -- '%s'", name)
				}
				c.misuse(1, "option requires an argument: %s", name)
			}
			v, args = args[0], args[1:]
		}
		o.values[name] = append(o.values[name], v)
		return args
	}
	return args
}

func (c *invocation) longOption(o *options, letters, longs, word string, args []string) []string {
	name, v, has := strings.Cut(word, "=")
	for _, l := range strings.Split(longs, ",") {
		long, short, aliased := strings.Cut(l, "=")
		takes := strings.HasSuffix(long, ":")
		long = strings.TrimSuffix(long, ":")
		if long != name || long == "" {
			continue
		}
		key := long
		if aliased {
			key = short
			k := strings.Index(letters, short)
			takes = k >= 0 && k+1 < len(letters) && letters[k+1] == ':'
		}
		o.set[key] = true
		if takes && !has {
			if len(args) == 0 {
				c.misuse(usageStatus(c.name()), "option '--%s' requires an argument", name)
			}
			v, args = args[0], args[1:]
		}
		if takes || has {
			o.values[key] = append(o.values[key], v)
		}
		return args
	}
	if c.gnu {
		c.misuse(usageStatus(c.name()), "unrecognized option '--%s'", name)
	}
	c.misuse(1, "unrecognized option '--%s'", name)
	return args
}

// usageStatus is the exit status of GNU programs for a wrong command line.
func usageStatus(name string) int {
	switch name {
	case "grep", "egrep", "fgrep", "ls", "sort", "awk":
		return 2
	}
	return 1
}

// cannotOpen prints why a file could not be opened, in the flavour's words.
func (c *invocation) cannotOpen(file string, err error) int {
	if c.gnu {
		return c.fail("%s: %s", file, err)
	}
	return c.fail("can't open '%s': %s", file, err)
}

// input opens a file, or standard input for "-".
func (c *invocation) input(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(c.Stdin), nil
	}
	f, err := c.Open(file)
	if err != nil {
		return nil, err
	}
	if f.Stat().IsDir() {
		return nil, userland.EISDIR
	}
	return f, nil
}

// inputs calls fn with every file, standard input if there is none, and returns
// the status: 1 if one could not be opened.
func (c *invocation) inputs(files []string, fn func(name string, r io.Reader) int) int {
	if len(files) == 0 {
		files = []string{"-"}
	}
	status := 0
	for _, name := range files {
		r, err := c.input(name)
		if err != nil {
			c.cannotOpen(name, err)
			status = 1
			continue
		}
		status = max(status, fn(name, r))
		r.Close()
	}
	return status
}

// maxLine bounds a line that a program keeps in memory.
const maxLine = 16 << 20

// lines calls fn with every line without its newline; fn returns false to stop.
// last is true for a final line that has no newline.
func lines(r io.Reader, fn func(line string, unended bool) bool) error {
	br := bufio.NewReader(r)
	for {
		var b []byte
		for {
			part, err := br.ReadSlice('\n')
			b = append(b, part...)
			if err == bufio.ErrBufferFull && len(b) < maxLine {
				continue
			}
			if err == nil {
				break
			}
			if len(b) > 0 && !fn(string(b), true) {
				return nil
			}
			if err == io.EOF {
				return nil
			}
			return err
		}
		if !fn(string(b[:len(b)-1]), false) {
			return nil
		}
	}
}

const (
	// maxInput bounds what a program that needs all of its input at once takes,
	// in bytes and lines; a real one would meet the end of memory later.
	maxInput = 32 << 20
	maxLines = 1 << 21
)

// slurp reads everything. More than a program may take is a failure of its own.
func (c *invocation) slurp(r io.Reader) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, maxInput+1))
	c.within(len(b))
	if len(b) > maxLines && bytes.Count(b, []byte("\n")) > maxLines {
		c.within(maxInput + 1)
	}
	c.Toil(len(b))
	return b
}

// within ends a program that has taken in more than it may hold.
func (c *invocation) within(n int) {
	if n <= maxInput {
		return
	}
	if c.gnu {
		c.fail("memory exhausted")
	} else {
		c.fail("out of memory")
	}
	panic(usageError{2 - oneIf(!c.gnu)})
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// stepCost is how many bytes copied a component of a path that was looked up
// stands for.
const stepCost = 256

// Lstat, Stat and ReadDir of a program are work: a walk over a tree that has no
// end, or that is beyond all measure, passes through them.
func (c *invocation) Lstat(name string) (userland.Info, error) {
	defer c.walked(c.Machine.FS().Steps())
	return c.Process.Lstat(name)
}

func (c *invocation) Stat(name string) (userland.Info, error) {
	defer c.walked(c.Machine.FS().Steps())
	return c.Process.Stat(name)
}

func (c *invocation) walked(before int) {
	c.Toil((c.Machine.FS().Steps() - before) * stepCost)
}

func (c *invocation) ReadDir(name string) ([]userland.Info, error) {
	infos, err := c.Process.ReadDir(name)
	c.Toil(len(infos) * 64)
	return infos, err
}

// textLines splits a text into lines.
func textLines(b []byte) []string {
	t := strings.TrimSuffix(string(b), "\n")
	if t == "" && len(b) == 0 {
		return nil
	}
	return strings.Split(t, "\n")
}

var errInterrupted = sim.ErrInterrupted
