package programs

import (
	"path"
	"slices"
	"strings"

	"dnetsim/userland"
)

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

// destination is where a source goes: to dest, or into it if that is a directory.
func destination(dest string, dir bool, source string) string {
	if !dir {
		return dest
	}
	return strings.TrimSuffix(dest, "/") + "/" + path.Base(source)
}

func cp(c *invocation) int {
	o := c.parse("rRapfvidLPTt:u|recursive=r,archive=a,preserve=p::,force=f,verbose=v")
	c.needs(o, 2)
	sources, dest, dir := c.target(o)
	status := 0
	for _, s := range sources {
		to := destination(dest, dir, s)
		status = max(status, c.copy(s, to, o, nil))
	}
	return status
}

// copy copies a file or, with what is in it, a directory; above are the inodes of
// the directories that it is in.
func (c *invocation) copy(from, to string, o options, above []uint64) int {
	fs := c.Machine.FS()
	i, err := c.Lstat(from)
	keep := o.has("a", "d", "P")
	if err == nil && i.Kind == userland.Link && !keep && (len(above) == 0 || o.has("L")) {
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
		if slices.Contains(above, i.Inode) {
			return c.fail("cannot copy cyclic symbolic link '%s'", from)
		}
		if strings.HasPrefix(c.Abs(to)+"/", c.Abs(from)+"/") {
			return c.fail("cannot copy a directory, '%s', into itself, '%s'", from, to)
		}
		if err = fs.Mkdir(c.Abs(to), i.Mode); err == userland.EEXIST {
			err = nil
		}
		entries, _ := c.ReadDir(from)
		status := 0
		for _, e := range entries {
			status = max(status, c.copy(from+"/"+e.Name, to+"/"+e.Name, o, append(above[:len(above):len(above)], i.Inode)))
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
			c.Toil(len(data))
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
		to := destination(dest, dir, s)
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
		to := destination(dest, dir, s)
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
