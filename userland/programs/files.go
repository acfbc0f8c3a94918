package programs

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"dnetsim/userland"
)

var fileTable = map[string]applet{
	"ls": ls, "stat": stat, "basename": basename, "dirname": dirname, "mkdir": mkdir, "rmdir": rmdir,
	"rm": rm, "cp": cp, "mv": mv, "ln": ln, "touch": touch, "chmod": chmod, "chown": chown,
	"chgrp": chown, "readlink": readlink, "realpath": realpath, "mktemp": mktemp, "find": find,
	"du": du, "df": df, "sync": nothing, "truncate": truncate, "unlink": rm, "dd": dd,
	"cmp": cmp, "diff": diff,
}

func nothing(*invocation) int { return 0 }

// cannot prints why something could not be done, in the flavour's words:
// GNU's verb, busybox's can't.
func (c *invocation) cannot(what, file string, err error) int {
	if c.gnu {
		return c.fail("cannot %s '%s': %s", what, file, err)
	}
	return c.fail("can't %s '%s': %s", strings.TrimSuffix(what, " file"), file, err)
}

func (c *invocation) needs(o options, n int) {
	if len(o.args) >= n {
		return
	}
	if len(o.args) == 1 && n == 2 && c.gnu {
		c.misuse(1, "missing destination file operand after '%s'", o.args[0])
	}
	if c.gnu {
		c.misuse(1, "missing operand")
	}
	c.misuse(1, "missing operand")
}

func mkdir(c *invocation) int {
	o := c.parse("pm:v|parents=p,mode=m,verbose=v")
	c.needs(o, 1)
	status := 0
	mode := uint32(0o777) &^ c.Umask
	if m, err := strconv.ParseUint(o.value("m", ""), 8, 32); err == nil {
		mode = uint32(m)
	}
	for _, d := range o.args {
		var err error
		if o.has("p") {
			err = c.Machine.FS().MkdirAll(c.Abs(d), mode)
		} else {
			err = c.Machine.FS().Mkdir(c.Abs(d), mode)
		}
		if err != nil {
			if c.gnu {
				status = c.fail("cannot create directory '%s': %s", d, err)
			} else {
				status = c.fail("can't create directory '%s': %s", d, err)
			}
		}
	}
	return status
}

func rmdir(c *invocation) int {
	o := c.parse("p|parents=p,ignore-fail-on-non-empty")
	c.needs(o, 1)
	status := 0
	for _, d := range o.args {
		i, err := c.Lstat(d)
		if err == nil && !i.IsDir() {
			err = userland.ENOTDIR
		}
		if err == nil {
			err = c.Machine.FS().Remove(c.Abs(d))
		}
		if err != nil {
			if c.gnu {
				status = c.fail("failed to remove '%s': %s", d, err)
			} else {
				status = c.fail("'%s': %s", d, err)
			}
		}
	}
	return status
}

func rm(c *invocation) int {
	o := c.parse("rRfivd|recursive=r,force=f,verbose=v,dir=d")
	if !o.has("f") {
		c.needs(o, 1)
	}
	status := 0
	for _, f := range o.args {
		i, err := c.Lstat(f)
		switch base := path.Base(f); {
		case err == userland.ENOENT && o.has("f"):
			continue
		case base == "." || base == "..":
			status = c.fail("refusing to remove '.' or '..' directory: skipping '%s'", f)
			continue
		case c.Abs(f) == "/":
			status = c.fail("it is dangerous to operate recursively on '/'")
			continue
		case err != nil:
		case i.IsDir() && !o.has("r", "R", "d"):
			if c.gnu {
				err = userland.EISDIR
			} else {
				status = c.fail("'%s' is a directory", f)
				continue
			}
		case i.IsDir() && o.has("d") && !o.has("r", "R"):
			err = c.Machine.FS().Remove(c.Abs(f))
		default:
			err = c.Machine.FS().RemoveAll(c.Abs(f))
		}
		if err != nil {
			status = c.cannot("remove", f, err)
			continue
		}
		if o.has("v") {
			c.Printf("removed '%s'\n", f)
		}
	}
	return status
}

// target decides whether the last operand is a directory to put things into.
func (c *invocation) target(o options) (sources []string, dest string, dir bool) {
	sources, dest = o.args[:len(o.args)-1], o.args[len(o.args)-1]
	if t := o.value("t", ""); t != "" {
		sources, dest = o.args, t
	}
	i, err := c.Stat(dest)
	dir = err == nil && i.IsDir() && !o.has("T", "n")
	if len(sources) > 1 && !dir {
		if c.gnu {
			c.misuse(1, "target '%s' is not a directory", dest)
		}
		c.misuse(1, "can't create '%s': %s", dest, userland.ENOTDIR)
	}
	return sources, dest, dir
}

func cp(c *invocation) int {
	o := c.parse("rRapfvidLPTt:u|recursive=r,archive=a,preserve=p,force=f,verbose=v")
	c.needs(o, 2)
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := dest
		if dir {
			to = strings.TrimSuffix(dest, "/") + "/" + path.Base(s)
		}
		status = max(status, c.copy(s, to, o, 0))
	}
	return status
}

func (c *invocation) copy(from, to string, o options, depth int) int {
	fs := c.Machine.FS()
	i, err := c.Lstat(from)
	keep := o.has("a", "d", "P")
	if err == nil && i.Kind == userland.Link && !keep && (depth == 0 || o.has("L")) {
		i, err = c.Stat(from)
	}
	if err != nil {
		if c.gnu {
			return c.fail("cannot stat '%s': %s", from, err)
		}
		return c.fail("can't stat '%s': %s", from, err)
	}
	switch {
	case i.Kind == userland.Link:
		fs.RemoveAll(c.Abs(to))
		err = fs.Symlink(i.Target, c.Abs(to))
	case i.IsDir():
		if !o.has("r", "R", "a") {
			if c.gnu {
				return c.fail("-r not specified; omitting directory '%s'", from)
			}
			return c.fail("omitting directory '%s'", from)
		}
		if depth > 64 || strings.HasPrefix(c.Abs(to)+"/", c.Abs(from)+"/") {
			return c.fail("cannot copy a directory, '%s', into itself, '%s'", from, to)
		}
		if err = fs.Mkdir(c.Abs(to), i.Mode); err == userland.EEXIST {
			err = nil
		}
		entries, _ := c.ReadDir(from)
		status := 0
		for _, e := range entries {
			status = max(status, c.copy(from+"/"+e.Name, to+"/"+e.Name, o, depth+1))
		}
		if err == nil {
			return status
		}
	default:
		if a, aerr := c.Stat(to); aerr == nil && a.Inode == i.Inode {
			return c.fail("'%s' and '%s' are the same file", from, to)
		}
		var data []byte
		if data, err = c.ReadFile(from); err == nil {
			err = fs.WriteFile(c.Abs(to), data, i.Mode&^c.Umask)
		}
		if err == nil && o.has("a", "p") {
			fs.Chmod(c.Abs(to), i.Mode)
			fs.Chtimes(c.Abs(to), i.ModTime)
		}
	}
	if err != nil {
		if c.gnu {
			return c.fail("cannot create regular file '%s': %s", to, err)
		}
		return c.fail("can't create '%s': %s", to, err)
	}
	if o.has("v") {
		c.Printf("'%s' -> '%s'\n", from, to)
	}
	return 0
}

func mv(c *invocation) int {
	o := c.parse("fivnTt:u|force=f,verbose=v")
	delete(o.set, "n")
	c.needs(o, 2)
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := dest
		if dir {
			to = strings.TrimSuffix(dest, "/") + "/" + path.Base(s)
		}
		if _, err := c.Lstat(s); err != nil {
			if c.gnu {
				status = c.fail("cannot stat '%s': %s", s, err)
			} else {
				status = c.fail("can't rename '%s': %s", s, err)
			}
			continue
		}
		if err := c.Machine.FS().Rename(c.Abs(s), c.Abs(to)); err != nil {
			if c.gnu {
				status = c.fail("cannot move '%s' to '%s': %s", s, to, err)
			} else {
				status = c.fail("can't rename '%s': %s", s, err)
			}
		}
	}
	return status
}

func ln(c *invocation) int {
	o := c.parse("sfnvTt:|symbolic=s,force=f,no-dereference=n")
	c.needs(o, 1)
	if len(o.args) == 1 {
		o.args = append(o.args, ".")
	}
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := dest
		if dir {
			to = strings.TrimSuffix(dest, "/") + "/" + path.Base(s)
		}
		fs := c.Machine.FS()
		if o.has("f") {
			fs.Remove(c.Abs(to))
		}
		var err error
		if o.has("s") {
			err = fs.Symlink(s, c.Abs(to))
		} else {
			err = fs.Link(c.Abs(s), c.Abs(to))
		}
		if err != nil {
			kind := "hard link"
			if o.has("s") {
				kind = "symbolic link"
			}
			if c.gnu {
				status = c.fail("failed to create %s '%s': %s", kind, to, err)
			} else {
				status = c.fail("%s: %s", to, err)
			}
		}
	}
	return status
}

func touch(c *invocation) int {
	o := c.parse("acmd:r:t:h|no-create=c,date=d,reference=r")
	c.needs(o, 1)
	status := 0
	when := c.Loop().Wall()
	if ref := o.value("r", ""); ref != "" {
		i, err := c.Stat(ref)
		if err != nil {
			return c.fail("%s: %s", ref, err)
		}
		when = i.ModTime
	}
	if d := o.value("d", ""); d != "" {
		t, ok := parseDate(d, when)
		if !ok {
			return c.fail("invalid date format '%s'", d)
		}
		when = t
	}
	for _, f := range o.args {
		if _, err := c.Stat(f); err != nil {
			if o.has("c") {
				continue
			}
			if err := c.WriteFile(f, nil); err != nil {
				if c.gnu {
					status = c.fail("cannot touch '%s': %s", f, err)
				} else {
					status = c.fail("%s: %s", f, err)
				}
				continue
			}
		}
		c.Machine.FS().Chtimes(c.Abs(f), when)
	}
	return status
}

// each applies fn to a file, and with deep set to everything below it.
func (c *invocation) each(name string, deep bool, depth int, fn func(name string) error) error {
	if err := fn(name); err != nil {
		return err
	}
	i, err := c.Lstat(name)
	if err != nil || !i.IsDir() || !deep || depth > 64 {
		return nil
	}
	entries, _ := c.ReadDir(name)
	for _, e := range entries {
		if err := c.each(strings.TrimSuffix(name, "/")+"/"+e.Name, deep, depth+1, fn); err != nil {
			return err
		}
	}
	return nil
}

func chmod(c *invocation) int {
	for i, a := range c.Args[1:] {
		if len(a) > 1 && a[0] == '-' && strings.IndexByte("rwxXst", a[1]) >= 0 {
			c.Args = append(append(append([]string(nil), c.Args[:i+1]...), "--"), c.Args[i+1:]...)
			break
		}
	}
	o := c.parse("Rvfc|recursive=R")
	c.needs(o, 2)
	status := 0
	for _, f := range o.args[1:] {
		err := c.each(f, o.has("R"), 0, func(n string) error {
			i, err := c.Stat(n)
			if err != nil {
				return err
			}
			mode, ok := parseMode(o.args[0], i.Mode, i.IsDir(), c.Umask)
			if !ok {
				c.misuse(1, "invalid mode: '%s'", o.args[0])
			}
			return c.Machine.FS().Chmod(c.Abs(n), mode)
		})
		if err != nil {
			if c.gnu {
				status = c.fail("cannot access '%s': %s", f, err)
			} else {
				status = c.fail("%s: %s", f, err)
			}
		}
	}
	return status
}

// parseMode reads 755 or u+x,go-w.
func parseMode(text string, mode uint32, dir bool, umask uint32) (uint32, bool) {
	if n, err := strconv.ParseUint(text, 8, 32); err == nil {
		return uint32(n) & 0o7777, n <= 0o7777
	}
	for _, clause := range strings.Split(text, ",") {
		k := strings.IndexAny(clause, "+-=")
		if k < 0 {
			return 0, false
		}
		who := uint32(0)
		for _, w := range clause[:k] {
			switch w {
			case 'u':
				who |= 0o4700
			case 'g':
				who |= 0o2070
			case 'o':
				who |= 0o1007
			case 'a':
				who |= 0o7777
			default:
				return 0, false
			}
		}
		if k == 0 {
			who = 0o7777 &^ umask
		}
		bits := uint32(0)
		for _, p := range clause[k+1:] {
			switch p {
			case 'r':
				bits |= 0o444
			case 'w':
				bits |= 0o222
			case 'x':
				bits |= 0o111
			case 'X':
				if dir || mode&0o111 != 0 {
					bits |= 0o111
				}
			case 's':
				bits |= 0o6000
			case 't':
				bits |= 0o1000
			default:
				return 0, false
			}
		}
		switch clause[k] {
		case '+':
			mode |= bits & who
		case '-':
			mode &^= bits & who
		case '=':
			mode = mode&^who | bits&who
		}
	}
	return mode, true
}

func chown(c *invocation) int {
	o := c.parse("Rhvf|recursive=R,no-dereference=h")
	c.needs(o, 2)
	user, group, _ := strings.Cut(strings.Replace(o.args[0], ".", ":", 1), ":")
	if c.name() == "chgrp" {
		user, group = "", o.args[0]
	}
	uid, ok1 := c.accountID("/etc/passwd", user)
	gid, ok2 := c.accountID("/etc/group", group)
	if !ok1 || !ok2 {
		return c.fail("invalid user: '%s'", o.args[0])
	}
	status := 0
	for _, f := range o.args[1:] {
		err := c.each(f, o.has("R"), 0, func(n string) error {
			i, err := c.Stat(n)
			if err != nil {
				return err
			}
			u, g := i.UID, i.GID
			if user != "" {
				u = uid
			}
			if group != "" {
				g = gid
			}
			return c.Machine.FS().Chown(c.Abs(n), u, g)
		})
		if err != nil {
			status = c.fail("%s: %s", f, err)
		}
	}
	return status
}

func (c *invocation) accountID(file, name string) (int, bool) {
	if n, err := strconv.Atoi(name); err == nil || name == "" {
		return n, true
	}
	data, _ := c.Machine.FS().ReadFile(file)
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Split(line, ":"); len(f) > 2 && f[0] == name {
			n, err := strconv.Atoi(f[2])
			return n, err == nil
		}
	}
	return 0, false
}

func readlink(c *invocation) int {
	o := c.parse("fenqsvz|canonicalize=f,canonicalize-existing=e,no-newline=n")
	c.needs(o, 1)
	status := 0
	for _, f := range o.args {
		var out string
		var err error
		if o.has("f", "e") {
			out, err = c.Machine.FS().Realpath(c.Abs(f))
		} else {
			out, err = c.Machine.FS().Readlink(c.Abs(f))
		}
		if err != nil {
			status = 1
			continue
		}
		c.Printf("%s", out)
		if !o.has("n") {
			c.Printf("\n")
		}
	}
	return status
}

func realpath(c *invocation) int {
	o := c.parse("emsqz")
	c.needs(o, 1)
	status := 0
	for _, f := range o.args {
		out, err := c.Machine.FS().Realpath(c.Abs(f))
		if err != nil {
			status = c.fail("%s: %s", f, err)
			continue
		}
		c.Printf("%s\n", out)
	}
	return status
}

func mktemp(c *invocation) int {
	o := c.parse("dup:tq|directory=d,tmpdir=p")
	tmpl := o.value("p", "/tmp") + "/tmp.XXXXXXXXXX"
	if len(o.args) > 0 {
		tmpl = o.args[0]
	}
	k := len(tmpl) - len(strings.TrimRight(tmpl, "X"))
	if k < 3 {
		return c.fail("too few X's in template '%s'", tmpl)
	}
	rnd := c.Loop().Stream("mktemp/" + c.Machine.Name)
	name := []byte(tmpl)
	for i := len(name) - k; i < len(name); i++ {
		name[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[rnd.IntN(62)]
	}
	var err error
	if o.has("d") {
		err = c.Machine.FS().Mkdir(c.Abs(string(name)), 0o700)
	} else {
		err = c.Machine.FS().WriteFile(c.Abs(string(name)), nil, 0o600)
	}
	if err != nil {
		return c.fail("failed to create file via template '%s': %s", tmpl, err)
	}
	c.Printf("%s\n", name)
	return 0
}

func du(c *invocation) int {
	o := c.parse("shkadmc:|summarize=s,human-readable=h,max-depth:")
	files := o.args
	if len(files) == 0 {
		files = []string{"."}
	}
	show := func(kb int64, name string) {
		if o.has("h") {
			c.Printf("%s\t%s\n", human(kb*1024), name)
			return
		}
		c.Printf("%d\t%s\n", kb, name)
	}
	var walk func(name string, depth int) int64
	walk = func(name string, depth int) int64 {
		i, err := c.Lstat(name)
		if err != nil || depth > 64 {
			return 0
		}
		n := blocksOf(i)
		if i.IsDir() {
			entries, _ := c.ReadDir(name)
			for _, e := range entries {
				n += walk(strings.TrimSuffix(name, "/")+"/"+e.Name, depth+1)
			}
		}
		if depth == 0 || i.IsDir() && !o.has("s") {
			show(n, name)
		}
		return n
	}
	status := 0
	for _, f := range files {
		if _, err := c.Lstat(f); err != nil {
			status = c.fail("%s: %s", f, err)
			continue
		}
		walk(f, 0)
	}
	return status
}

func df(c *invocation) int {
	o := c.parse("hkTPai|human-readable=h")
	root := "/dev/sda1"
	if c.Machine.Container {
		root = "overlay"
	}
	head := "Filesystem     1K-blocks    Used Available Use% Mounted on"
	if !c.gnu {
		head = "Filesystem           1K-blocks      Used Available Use% Mounted on"
	}
	if o.has("h") {
		head = "Filesystem      Size  Used Avail Use% Mounted on"
		c.Printf("%s\n%-15s  20G  3.1G   16G  17%% /\n", head, root)
		return 0
	}
	if !c.gnu {
		c.Printf("%s\n%-20s  20511312   3250324  16193720  17%% /\n", head, root)
		return 0
	}
	c.Printf("%s\n%-15s 20511312 3250324  16193720  17%% /\n", head, root)
	return 0
}

func truncate(c *invocation) int {
	o := c.parse("s:c|size=s")
	n, err := strconv.Atoi(o.value("s", ""))
	if err != nil || n < 0 || n > 64<<20 {
		c.misuse(1, "invalid number '%s'", o.value("s", ""))
	}
	for _, f := range o.args {
		old, _ := c.ReadFile(f)
		fresh := make([]byte, n)
		copy(fresh, old)
		if err := c.WriteFile(f, fresh); err != nil {
			return c.cannotOpen(f, err)
		}
	}
	return 0
}

// dd copies blocks; its report goes to standard error.
func dd(c *invocation) int {
	opt := map[string]string{"bs": "512", "count": "-1"}
	for _, a := range c.Args[1:] {
		k, v, ok := strings.Cut(a, "=")
		if !ok {
			return c.fail("unrecognized operand '%s'", a)
		}
		opt[k] = v
	}
	size := func(text string) int64 {
		mult := int64(1)
		for suffix, m := range map[string]int64{"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "kB": 1000, "MB": 1000000} {
			if rest, ok := strings.CutSuffix(text, suffix); ok {
				text, mult = rest, m
				break
			}
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			c.misuse(1, "invalid number '%s'", text)
		}
		return n * mult
	}
	bs, count := size(opt["bs"]), size(opt["count"])
	if bs <= 0 || bs > 16<<20 {
		return c.fail("memory exhausted by input buffer of size %d bytes", bs)
	}
	var in io.Reader = c.Stdin
	var out io.Writer = c.Stdout
	if f := opt["if"]; f != "" {
		r, err := c.Open(f)
		if err != nil {
			return c.fail("failed to open '%s': %s", f, err)
		}
		defer r.Close()
		in = r
	}
	if f := opt["of"]; f != "" {
		w, err := c.OpenFile(f, userland.O_WRONLY|userland.O_CREAT|userland.O_TRUNC, 0o666)
		if err != nil {
			return c.fail("failed to open '%s': %s", f, err)
		}
		defer w.Close()
		out = w
	}
	buf := make([]byte, bs)
	full, part, total := 0, 0, 0
	start := c.Loop().Now()
	for count < 0 || int64(full+part) < count {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			if _, werr := out.Write(buf[:n]); werr != nil {
				c.fail("error writing '%s': %s", opt["of"], werr)
				break
			}
			total += n
			if int64(n) == bs {
				full++
			} else {
				part++
			}
		}
		if err != nil {
			break
		}
		c.Tick()
	}
	c.Errorf("%d+%d records in\n%d+%d records out\n", full, part, full, part)
	c.Errorf("%d bytes (%s) copied, %f seconds\n", total, human(int64(total))+"B", (c.Loop().Now() - start).Seconds())
	return 0
}

func cmp(c *invocation) int {
	o := c.parse("s|quiet=s,silent=s")
	c.needs(o, 2)
	a, err1 := c.ReadFile(o.args[0])
	b, err2 := c.ReadFile(o.args[1])
	for k, err := range []error{err1, err2} {
		if err != nil {
			c.fail("%s: %s", o.args[k], err)
			return 2
		}
	}
	line := 1
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if !o.has("s") {
				c.Printf("%s %s differ: byte %d, line %d\n", o.args[0], o.args[1], i+1, line)
			}
			return 1
		}
		if a[i] == '\n' {
			line++
		}
	}
	if len(a) != len(b) {
		if !o.has("s") {
			short := o.args[0]
			if len(b) < len(a) {
				short = o.args[1]
			}
			c.Errorf("cmp: EOF on %s\n", short)
		}
		return 1
	}
	return 0
}

// diff prints the normal form of differences, by the longest common
// subsequence.
func diff(c *invocation) int {
	o := c.parse("quwBbirNa|brief=q,unified=u")
	c.needs(o, 2)
	var side [2][]string
	for k := range 2 {
		r, err := c.input(o.args[k])
		if err != nil {
			c.fail("%s: %s", o.args[k], err)
			return 2
		}
		side[k] = textLines(slurp(r))
	}
	a, b := side[0], side[1]
	if len(a) > 4000 || len(b) > 4000 {
		return c.fail("files are too long")
	}
	lcs := make([][]int, len(a)+1)
	for i := range lcs {
		lcs[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			if a[i] == b[k] {
				lcs[i][k] = lcs[i+1][k+1] + 1
			} else {
				lcs[i][k] = max(lcs[i+1][k], lcs[i][k+1])
			}
		}
	}
	if lcs[0][0] == len(a) && len(a) == len(b) {
		return 0
	}
	if o.has("q") {
		c.Printf("Files %s and %s differ\n", o.args[0], o.args[1])
		return 1
	}
	if o.has("u") {
		c.Printf("--- %s\n+++ %s\n@@ -1,%d +1,%d @@\n", o.args[0], o.args[1], len(a), len(b))
	}
	for i, k := 0, 0; i < len(a) || k < len(b); {
		if i < len(a) && k < len(b) && a[i] == b[k] {
			if o.has("u") {
				c.Printf(" %s\n", a[i])
			}
			i, k = i+1, k+1
			continue
		}
		i0, k0 := i, k
		for i < len(a) && (k >= len(b) || lcs[i+1][k] >= lcs[i][k+1]) && !(k < len(b) && a[i] == b[k]) {
			i++
		}
		for k < len(b) && !(i < len(a) && a[i] == b[k]) && (i >= len(a) || lcs[i][k+1] >= lcs[i+1][k]) {
			k++
		}
		if i == i0 && k == k0 {
			i++
		}
		c.hunk(a, b, i0, i, k0, k, o.has("u"))
	}
	return 1
}

func (c *invocation) hunk(a, b []string, i0, i, k0, k int, unified bool) {
	minus, plus := "< ", "> "
	if unified {
		minus, plus = "-", "+"
	} else {
		rng := func(from, to int) string {
			if to-from <= 1 {
				return fmt.Sprint(max(to, from))
			}
			return fmt.Sprintf("%d,%d", from+1, to)
		}
		verb := "c"
		switch {
		case i == i0:
			verb = "a"
		case k == k0:
			verb = "d"
		}
		c.Printf("%s%s%s\n", rng(i0, i), verb, rng(k0, k))
	}
	for _, l := range a[i0:i] {
		c.Printf("%s%s\n", minus, l)
	}
	if i > i0 && k > k0 && !unified {
		c.Printf("---\n")
	}
	for _, l := range b[k0:k] {
		c.Printf("%s%s\n", plus, l)
	}
}
