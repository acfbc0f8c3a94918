package programs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/getopt"
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

// parse reads a command line by [getopt.Parse]. spec has the letters, as getopt
// wants them, and after "|" the long names separated by commas: "lines=n" is an
// alias of -n, "color" stands for itself, with a colon if it takes a value and two
// if it may.
func (c *invocation) parse(spec string) options { return c.parseArgs(c.Args[1:], spec) }

func (c *invocation) parseArgs(args []string, spec string) options {
	letters, longs, _ := strings.Cut(spec, "|")
	keys, long := []string{}, map[string]string{}
	for _, l := range strings.TrimPrefix(letters, "+") {
		keys = append(keys, string(l))
	}
	for _, l := range strings.Split(longs, ",") {
		name, as, aliased := strings.Cut(l, "=")
		switch {
		case !aliased:
			name, as = strings.TrimRight(name, ":"), l
			keys = append(keys, name)
		case strings.Contains(letters, as+":"):
			as += ":"
		}
		long[name] = as
	}
	delete(long, "")
	got, err := getopt.Parse(args, letters, long)
	switch e := err.(type) {
	case getopt.NotSimulated:
		c.fail("%v", e)
		panic(usageError{notSimulated})
	case getopt.Error:
		c.wrongOption(e)
	}
	o := options{set: map[string]bool{}, values: map[string][]string{}, args: got.Rest}
	for _, k := range keys {
		if got.Has(k) {
			o.set[k] = true
			o.values[k] = slices.DeleteFunc(got.All(k), func(v string) bool { return !takesValue(letters, longs, k) && v == "" })
		}
	}
	return o
}

// takesValue reports whether an option has a value in a spec.
func takesValue(letters, longs, name string) bool {
	return strings.Contains(letters, name+":") || slices.Contains(strings.Split(longs, ","), name+":")
}

// notSimulated is the status of a program that was asked for what is not.
const notSimulated = 2

// wrongOption ends the program with what the C library of its flavour says: musl's
// getopt, in busybox, has words of its own for letters.
func (c *invocation) wrongOption(e getopt.Error) {
	text := string(e)
	if c.gnu {
		c.misuse(usageStatus(c.name()), "%s", text)
	}
	for glibc, musl := range map[string]string{"invalid option -- '": "unrecognized option: ", "option requires an argument -- '": "option requires an argument: "} {
		if letter, ok := strings.CutPrefix(text, glibc); ok {
			text = musl + strings.TrimSuffix(letter, "'")
		}
	}
	c.misuse(1, "%s", text)
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
