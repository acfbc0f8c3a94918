package programs

import (
	"slices"
	"strconv"
	"strings"

	"dnetsim/userland"
)

var fileTable = map[string]applet{
	"ls": ls, "stat": stat, "basename": basename, "dirname": dirname, "mkdir": mkdir, "rmdir": rmdir,
	"rm": rm, "cp": cp, "mv": mv, "ln": ln, "touch": touch, "chmod": chmod, "chown": chown,
	"chgrp": chown, "readlink": readlink, "realpath": realpath, "mktemp": mktemp, "find": find,
	"du": du, "df": df, "sync": nothing, "truncate": truncate, "unlink": rm, "dd": dd,
	"cmp": cmp, "diff": diff, "tar": tarball,
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

func touch(c *invocation) int {
	o := c.parse("acmd:r:t:h|no-create=c,date=d,reference=r")
	c.needs(o, 1)
	status := 0
	when := c.Wall()
	if ref := o.value("r", ""); ref != "" {
		i, err := c.Stat(ref)
		if err != nil {
			return c.fail("%s: %s", ref, err)
		}
		when = i.ModTime
	}
	if d := o.value("d", ""); d != "" {
		t, ok := c.parseDate(d, when)
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
		err := c.Machine.FS().Chtimes(c.Abs(f), when)
		switch {
		case err == nil:
		case c.gnu:
			status = c.fail("cannot touch '%s': %s", f, err)
		default:
			status = c.fail("%s: %s", f, err)
		}
	}
	return status
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
	o := c.parse("shkadmcLHPDx|summarize=s,dereference=L,dereference-args=D,no-dereference=P,human-readable=h,max-depth:")
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
	look := func(name string, depth int) (userland.Info, error) {
		if o.has("L") || o.has("H", "D") && depth == 0 {
			return c.Stat(name)
		}
		return c.Lstat(name)
	}
	status := 0
	seen := map[uint64]bool{} // what is counted once, as du counts hard links
	var walk func(name string, above []uint64) int64
	walk = func(name string, above []uint64) int64 {
		i, err := look(name, len(above))
		if err != nil {
			status = c.fail("cannot access '%s': %s", name, err)
			return 0
		}
		if slices.Contains(above, i.Inode) || o.has("L") && seen[i.Inode] {
			return 0
		}
		seen[i.Inode] = true
		n := blocksOf(i)
		if i.IsDir() {
			entries, _ := c.ReadDir(name)
			below := append(above[:len(above):len(above)], i.Inode)
			for _, e := range entries {
				n += walk(strings.TrimSuffix(name, "/")+"/"+e.Name, below)
			}
		}
		if len(above) == 0 || (i.IsDir() || o.has("a")) && !o.has("s") {
			show(n, name)
		}
		return n
	}
	for _, f := range files {
		if _, err := c.Lstat(f); err != nil {
			status = c.fail("%s: %s", f, err)
			continue
		}
		walk(f, nil)
	}
	return status
}
