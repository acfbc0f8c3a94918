package programs

import (
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// findTest is one primary of find's expression.
type findTest func(name string, i userland.Info) bool

// finder is one run of find.
type finder struct {
	*invocation
	args     []string
	maxDepth int
	minDepth int
	follow   bool // -L: links are what they lead to
	roots    bool // -H: those on the command line are
	acted    bool
	pruned   bool
	status   int
}

func find(c *invocation) int {
	f := &finder{invocation: c, maxDepth: math.MaxInt, args: c.Args[1:]}
	for ; len(f.args) > 0; f.args = f.args[1:] {
		if a := f.args[0]; a == "-L" || a == "-H" || a == "-P" {
			f.follow, f.roots = a == "-L", a == "-H"
			continue
		}
		break
	}
	var roots []string
	for len(f.args) > 0 && !strings.HasPrefix(f.args[0], "-") && f.args[0] != "(" && f.args[0] != "!" {
		roots = append(roots, f.args[0])
		f.args = f.args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	test := findTest(func(string, userland.Info) bool { return true })
	if len(f.args) > 0 {
		test = f.or()
		if len(f.args) > 0 {
			c.misuse(1, "unexpected argument '%s'", f.args[0])
		}
	}
	for _, r := range roots {
		if _, err := c.Lstat(r); err != nil {
			if c.gnu {
				f.status = c.fail("‘%s’: %s", r, err)
			} else {
				f.status = c.fail("%s: %s", r, err)
			}
			continue
		}
		f.walk(r, nil, test)
	}
	return f.status
}

// stat looks at a file as find does at this depth: with -L a link that leads
// nowhere is itself.
func (f *finder) stat(name string, depth int) (userland.Info, error) {
	if f.follow || f.roots && depth == 0 {
		if i, err := f.Stat(name); err == nil {
			return i, nil
		}
	}
	return f.Lstat(name)
}

// walk visits a file and what is below it; above are the inodes of the
// directories that it is in.
func (f *finder) walk(name string, above []uint64, test findTest) {
	depth := len(above)
	i, err := f.stat(name, depth)
	if err != nil {
		f.status = f.fail("%s: %s", name, err)
		return
	}
	if k := slices.Index(above, i.Inode); i.IsDir() && k >= 0 {
		top := name
		for range depth - k {
			top = top[:strings.LastIndexByte(top, '/')]
		}
		f.status = f.fail("File system loop detected; ‘%s’ is part of the same file system loop as ‘%s’.", name, top)
		return
	}
	f.pruned = false
	if depth >= f.minDepth && test(name, i) && !f.acted {
		f.Printf("%s\n", name)
	}
	if !i.IsDir() || depth >= f.maxDepth || f.pruned {
		return
	}
	entries, _ := f.ReadDir(name)
	above = append(above[:depth:depth], i.Inode)
	for _, e := range entries {
		f.walk(strings.TrimSuffix(name, "/")+"/"+e.Name, above, test)
	}
}

func (f *finder) take() string {
	if len(f.args) == 0 {
		f.misuse(1, "missing argument")
	}
	a := f.args[0]
	f.args = f.args[1:]
	return a
}

func (f *finder) or() findTest {
	t := f.and()
	for len(f.args) > 0 && (f.args[0] == "-o" || f.args[0] == "-or") {
		f.take()
		a, b := t, f.and()
		t = func(n string, i userland.Info) bool { return a(n, i) || b(n, i) }
	}
	return t
}

func (f *finder) and() findTest {
	t := f.primary()
	for len(f.args) > 0 && f.args[0] != "-o" && f.args[0] != "-or" && f.args[0] != ")" {
		if f.args[0] == "-a" || f.args[0] == "-and" {
			f.take()
		}
		a, b := t, f.primary()
		t = func(n string, i userland.Info) bool { return a(n, i) && b(n, i) }
	}
	return t
}

func (f *finder) primary() findTest {
	yes := func(string, userland.Info) bool { return true }
	switch a := f.take(); a {
	case "!", "-not":
		t := f.primary()
		return func(n string, i userland.Info) bool { return !t(n, i) }
	case "(":
		t := f.or()
		if f.take() != ")" {
			f.misuse(1, "invalid expression")
		}
		return t
	case "-name", "-iname":
		pat := f.take()
		return func(n string, _ userland.Info) bool {
			base := path.Base(n)
			if a == "-iname" {
				return shell.Glob(strings.ToLower(pat), strings.ToLower(base))
			}
			return shell.Glob(pat, base)
		}
	case "-path", "-wholename":
		pat := f.take()
		return func(n string, _ userland.Info) bool { return shell.Glob(pat, n) }
	case "-follow":
		f.follow = true
		return yes
	case "-xdev", "-mount", "-noleaf":
		return yes
	case "-type":
		k := f.take()
		return func(_ string, i userland.Info) bool { return i.ModeString()[:1] == strings.Replace(k, "f", "-", 1) }
	case "-maxdepth":
		f.maxDepth, _ = strconv.Atoi(f.take())
		return yes
	case "-mindepth":
		f.minDepth, _ = strconv.Atoi(f.take())
		return yes
	case "-print":
		f.acted = true
		return func(n string, _ userland.Info) bool { f.Printf("%s\n", n); return true }
	case "-print0":
		f.acted = true
		return func(n string, _ userland.Info) bool { f.Printf("%s\x00", n); return true }
	case "-delete":
		f.acted = true
		return func(n string, _ userland.Info) bool { return f.Machine.FS().RemoveAll(f.Abs(n)) == nil }
	case "-prune":
		return func(string, userland.Info) bool { f.pruned = true; return true }
	case "-empty":
		return func(n string, i userland.Info) bool {
			if i.IsDir() {
				e, _ := f.ReadDir(n)
				return len(e) == 0
			}
			return i.Size == 0
		}
	case "-size":
		return f.number(f.take(), func(i userland.Info, unit int64) int64 { return (i.Size + unit - 1) / unit })
	case "-mtime", "-mmin":
		unit := 24 * time.Hour
		if a == "-mmin" {
			unit = time.Minute
		}
		return f.number(f.take(), func(i userland.Info, _ int64) int64 { return int64(f.Wall().Sub(i.ModTime) / unit) })
	case "-newer":
		ref, err := f.Stat(f.take())
		return func(_ string, i userland.Info) bool { return err == nil && i.ModTime.After(ref.ModTime) }
	case "-exec":
		return f.exec()
	default:
		if f.gnu {
			f.misuse(1, "unknown predicate `%s'", a)
		}
		f.misuse(1, "unrecognized: %s", a)
	}
	return yes
}

// number reads +N, -N or N with find's size suffixes.
func (f *finder) number(text string, of func(userland.Info, int64) int64) findTest {
	sign := byte(0)
	if text != "" && (text[0] == '+' || text[0] == '-') {
		sign, text = text[0], text[1:]
	}
	unit := int64(512)
	if k := strings.IndexAny(text, "ckMGwb"); k >= 0 {
		unit = map[byte]int64{'c': 1, 'k': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'w': 2, 'b': 512}[text[k]]
		text = text[:k]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.misuse(1, "invalid number '%s'", text)
	}
	return func(_ string, i userland.Info) bool {
		switch v := of(i, unit); sign {
		case '+':
			return v > n
		case '-':
			return v < n
		default:
			return v == n
		}
	}
}

func (f *finder) exec() findTest {
	f.acted = true
	var cmd []string
	for {
		a := f.take()
		if a == ";" || a == "+" {
			break
		}
		cmd = append(cmd, a)
	}
	return func(n string, _ userland.Info) bool {
		args := make([]string, len(cmd))
		for i, a := range cmd {
			args[i] = strings.ReplaceAll(a, "{}", n)
		}
		p, err := f.Spawn(args...)
		if err != nil {
			f.fail("%s: %s", args[0], userland.ENOENT)
			return false
		}
		return p.Wait() == 0
	}
}
