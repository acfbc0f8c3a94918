package programs

import (
	"strconv"
	"strings"
)

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
