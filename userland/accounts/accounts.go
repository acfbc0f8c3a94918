// Package accounts is the programs that make users and groups and take them away:
// busybox's adduser, addgroup, deluser and delgroup, and useradd, groupadd, userdel,
// groupdel and usermod of the shadow package. They change /etc/passwd and /etc/group;
// nobody has a password. Start reading at [Busybox].
package accounts

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"dnetsim/userland"
	"dnetsim/userland/getopt"
)

const (
	passwd = "/etc/passwd"
	group  = "/etc/group"
)

// Busybox are busybox's programs.
func Busybox() map[string]userland.Program {
	return map[string]userland.Program{"adduser": addUser, "addgroup": addGroup, "deluser": delUser, "delgroup": delGroup}
}

// Shadow are those of the shadow package.
func Shadow() map[string]userland.Program {
	return map[string]userland.Program{"useradd": userAdd, "groupadd": groupAdd, "userdel": userDel, "groupdel": delGroup, "usermod": userMod}
}

// account is what a user is to be.
type account struct {
	name, home, shell, note string
	uid                     int // below zero: the next one
	group                   string
	system, noHome          bool
}

// db is a machine's users and groups while a program changes them.
type db struct {
	p    *userland.Process
	down bool // numbers of the system's own count down
}

func (d *db) rows(file string) (out [][]string) {
	b, err := d.p.ReadFile(file)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), ":"))
	}
	return out
}

func (d *db) write(file string, rows [][]string) error {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join(r, ":") + "\n")
	}
	return d.p.WriteFile(file, []byte(b.String()))
}

// find is the row with a value in a column, nil if there is none.
func find(rows [][]string, column int, value string) []string {
	i := slices.IndexFunc(rows, func(r []string) bool { return len(r) > column && r[column] == value })
	if i < 0 {
		return nil
	}
	return rows[i]
}

// free is a number that nobody has in a file: from 1000 on, for the system's own from 100
// on, or from 999 down, as the shadow package has it.
func (d *db) free(file string, system bool) int {
	rows := d.rows(file)
	n, step := 1000, 1
	switch {
	case system && d.down:
		n, step = 999, -1
	case system:
		n = 100
	}
	for find(rows, 2, strconv.Itoa(n)) != nil {
		n += step
	}
	return n
}

// addGroup makes a group; gid below zero is the next one.
func (d *db) addGroup(name string, gid int, system bool) (string, error) {
	rows := d.rows(group)
	if find(rows, 0, name) != nil {
		return "", fmt.Errorf("group '%s' in use", name)
	}
	if gid < 0 {
		gid = d.free(group, system)
	} else if find(rows, 2, strconv.Itoa(gid)) != nil {
		return "", fmt.Errorf("gid '%d' in use", gid)
	}
	id := strconv.Itoa(gid)
	return id, d.write(group, append(rows, []string{name, "x", id, ""}))
}

// addUser makes a user, with a group of his name if nobody says which.
func (d *db) addUser(a account) error {
	rows := d.rows(passwd)
	if find(rows, 0, a.name) != nil {
		return fmt.Errorf("user '%s' in use", a.name)
	}
	if a.uid < 0 {
		a.uid = d.free(passwd, a.system)
	} else if find(rows, 2, strconv.Itoa(a.uid)) != nil {
		return fmt.Errorf("uid '%d' in use", a.uid)
	}
	gid := ""
	if a.group != "" {
		g := find(d.rows(group), 0, a.group)
		if g == nil {
			g = find(d.rows(group), 2, a.group)
		}
		if g == nil {
			return fmt.Errorf("unknown group %s", a.group)
		}
		gid = g[2]
	} else {
		want := a.uid
		if find(d.rows(group), 2, strconv.Itoa(want)) != nil {
			want = -1
		}
		var err error
		if gid, err = d.addGroup(a.name, want, a.system); err != nil {
			return err
		}
	}
	if a.home == "" {
		a.home = "/home/" + a.name
	}
	uid := strconv.Itoa(a.uid)
	if err := d.write(passwd, append(rows, []string{a.name, "x", uid, gid, a.note, a.home, a.shell})); err != nil || a.noHome {
		return err
	}
	fs := d.p.Machine.FS()
	if fs.Exists(a.home) {
		return nil
	}
	if err := fs.MkdirAll(path.Clean(a.home), 0o755); err != nil {
		return err
	}
	n, _ := strconv.Atoi(gid)
	return fs.Chown(a.home, a.uid, n)
}

// join makes a user a member of a group.
func (d *db) join(user, name string) error {
	rows := d.rows(group)
	g := find(rows, 0, name)
	switch {
	case find(d.rows(passwd), 0, user) == nil:
		return fmt.Errorf("unknown user %s", user)
	case g == nil:
		return fmt.Errorf("unknown group %s", name)
	case len(g) < 4:
		return fmt.Errorf("%s: the row of %s is short", group, name)
	}
	members := strings.FieldsFunc(g[3], func(r rune) bool { return r == ',' })
	if slices.Contains(members, user) {
		return nil
	}
	g[3] = strings.Join(append(members, user), ",")
	return d.write(group, rows)
}

// remove takes the row with a name out of a file.
func (d *db) remove(file, name string) bool {
	rows := d.rows(file)
	left := slices.DeleteFunc(slices.Clone(rows), func(r []string) bool { return r[0] == name })
	if len(left) == len(rows) {
		return false
	}
	return d.write(file, left) == nil
}

// forget takes a user out of all groups, and away the group of his name.
func (d *db) forget(user string) {
	rows := d.rows(group)
	for _, g := range rows {
		if len(g) > 3 {
			g[3] = strings.Join(slices.DeleteFunc(strings.Split(g[3], ","), func(m string) bool { return m == user }), ",")
		}
	}
	d.write(group, slices.DeleteFunc(rows, func(r []string) bool { return r[0] == user && (len(r) < 4 || r[3] == "") }))
}

// parse reads a command line, or says what is wrong with it.
func parse(p *userland.Process, short string, long map[string]string) (*getopt.Options, bool) {
	o, err := getopt.Parse(p.Args[1:], short, long)
	if err != nil {
		p.Errorf("%s: %v\n", path.Base(p.Args[0]), err)
		return nil, false
	}
	if p.UID != 0 {
		p.Errorf("%s: permission denied (are you root?)\n", path.Base(p.Args[0]))
		return nil, false
	}
	return o, true
}

func fail(p *userland.Process, status int, err error) int {
	if err == nil {
		return 0
	}
	p.Errorf("%s: %v\n", path.Base(p.Args[0]), err)
	return status
}

// number is an option's value as a number, below zero if it is not given.
func number(o *getopt.Options, name string) (int, error) {
	text, ok := o.Value(name)
	if !ok {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("invalid number '%s'", text)
	}
	return n, nil
}
