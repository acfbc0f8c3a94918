package accounts

import (
	"fmt"
	"strings"

	"dnetsim/userland"
)

func usage(p *userland.Process, text string) int {
	p.Errorf("Usage: %s\n", text)
	return 1
}

// addUser is busybox's adduser; with two names it is addgroup.
func addUser(p *userland.Process) int {
	o, ok := parse(p, "h:g:s:G:SDHu:k:", map[string]string{
		"home": "h:", "gecos": "g:", "shell": "s:", "ingroup": "G:", "system": "S", "disabled-password": "D", "no-create-home": "H", "uid": "u:",
	})
	if !ok {
		return 1
	}
	d := &db{p: p}
	if len(o.Rest) == 2 {
		return fail(p, 1, d.join(o.Rest[0], o.Rest[1]))
	}
	if len(o.Rest) != 1 {
		return usage(p, "adduser [-D] [-u UID] [-G GRP] [-h DIR] [-s SHELL] USER [GROUP]")
	}
	a := account{name: o.Rest[0], shell: "/bin/sh", note: "Linux User,,,", system: o.Has("S"), noHome: o.Has("H")}
	a.home, _ = o.Value("h")
	a.group, _ = o.Value("G")
	if text, given := o.Value("s"); given {
		a.shell = text
	}
	if text, given := o.Value("g"); given {
		a.note = text
	}
	if a.system && a.group == "" {
		a.group = "nogroup"
	}
	var err error
	if a.uid, err = number(o, "u"); err == nil {
		err = d.addUser(a)
	}
	return fail(p, 1, err)
}

// addGroup is busybox's addgroup.
func addGroup(p *userland.Process) int {
	o, ok := parse(p, "g:S", map[string]string{"gid": "g:", "system": "S"})
	if !ok {
		return 1
	}
	d := &db{p: p}
	switch len(o.Rest) {
	case 1:
		gid, err := number(o, "g")
		if err == nil {
			_, err = d.addGroup(o.Rest[0], gid, o.Has("S"))
		}
		return fail(p, 1, err)
	case 2:
		return fail(p, 1, d.join(o.Rest[0], o.Rest[1]))
	}
	return usage(p, "addgroup [-g GID] [-S] [USER] GROUP")
}

// delUser is busybox's deluser.
func delUser(p *userland.Process) int {
	o, ok := parse(p, "", map[string]string{"remove-home": "r"})
	if !ok {
		return 1
	}
	if len(o.Rest) != 1 {
		return usage(p, "deluser [--remove-home] USER")
	}
	return remove(p, o.Rest[0], o.Has("r"), "unknown user %s")
}

func remove(p *userland.Process, user string, home bool, unknown string) int {
	d := &db{p: p}
	row := find(d.rows(passwd), 0, user)
	if row == nil || !d.remove(passwd, user) {
		return fail(p, 1, fmt.Errorf(unknown, user))
	}
	d.forget(user)
	if home && len(row) > 5 {
		p.Machine.FS().RemoveAll(row[5])
	}
	return 0
}

// delGroup is busybox's delgroup, and groupdel.
func delGroup(p *userland.Process) int {
	o, ok := parse(p, "", map[string]string{})
	switch {
	case !ok:
		return 1
	case len(o.Rest) != 1:
		return usage(p, "delgroup GROUP")
	case !(&db{p: p}).remove(group, o.Rest[0]):
		return fail(p, 1, fmt.Errorf("unknown group %s", o.Rest[0]))
	}
	return 0
}

// userAdd is useradd.
func userAdd(p *userland.Process) int {
	o, ok := parse(p, "d:c:s:g:G:rmMNUu:", map[string]string{
		"home-dir": "d:", "comment": "c:", "shell": "s:", "gid": "g:", "groups": "G:", "system": "r", "create-home": "m", "no-create-home": "M",
		"user-group": "U", "no-user-group": "N", "uid": "u:",
	})
	if !ok {
		return 1
	}
	if len(o.Rest) != 1 {
		p.Errorf("Usage: useradd [options] LOGIN\n")
		return 2
	}
	d := &db{p: p, down: true}
	a := account{name: o.Rest[0], shell: "/bin/sh", system: o.Has("r"), noHome: !o.Has("m")}
	a.home, _ = o.Value("d")
	a.note, _ = o.Value("c")
	a.group, _ = o.Value("g")
	if text, given := o.Value("s"); given {
		a.shell = text
	}
	if find(d.rows(passwd), 0, a.name) != nil {
		return fail(p, 9, fmt.Errorf("user '%s' already exists", a.name))
	}
	var err error
	if a.uid, err = number(o, "u"); err == nil {
		err = d.addUser(a)
	}
	if err != nil {
		return fail(p, 4, err)
	}
	return fail(p, 6, joinAll(d, a.name, o))
}

// values has an option's value.
type values interface{ Value(string) (string, bool) }

// joinAll makes a user a member of the groups that -G lists.
func joinAll(d *db, user string, o values) error {
	list, _ := o.Value("G")
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }) {
		if err := d.join(user, name); err != nil {
			return err
		}
	}
	return nil
}

// groupAdd is groupadd.
func groupAdd(p *userland.Process) int {
	o, ok := parse(p, "g:rf", map[string]string{"gid": "g:", "system": "r", "force": "f"})
	if !ok {
		return 1
	}
	if len(o.Rest) != 1 {
		p.Errorf("Usage: groupadd [options] GROUP\n")
		return 2
	}
	d := &db{p: p, down: true}
	if find(d.rows(group), 0, o.Rest[0]) != nil {
		if o.Has("f") {
			return 0
		}
		return fail(p, 9, fmt.Errorf("group '%s' already exists", o.Rest[0]))
	}
	gid, err := number(o, "g")
	if err == nil {
		_, err = d.addGroup(o.Rest[0], gid, o.Has("r"))
	}
	return fail(p, 4, err)
}

// userDel is userdel.
func userDel(p *userland.Process) int {
	o, ok := parse(p, "rf", map[string]string{"remove": "r", "force": "f"})
	if !ok {
		return 1
	}
	if len(o.Rest) != 1 {
		p.Errorf("Usage: userdel [options] LOGIN\n")
		return 2
	}
	return remove(p, o.Rest[0], o.Has("r"), "user '%s' does not exist")
}

// userMod is usermod, as far as it adds a user to groups.
func userMod(p *userland.Process) int {
	o, ok := parse(p, "aG:d:!s:!u:!g:!L!U!", map[string]string{"append": "a", "groups": "G:"})
	if !ok {
		return 1
	}
	if len(o.Rest) != 1 {
		p.Errorf("Usage: usermod [options] LOGIN\n")
		return 2
	}
	return fail(p, 6, joinAll(&db{p: p}, o.Rest[0], o))
}
