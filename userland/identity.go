package userland

import (
	"slices"
	"strconv"
	"strings"
)

// Identity is who a process is. Its zero value is root.
type Identity struct {
	UID, GID int
	Groups   []int // all of them, GID first
	Home     string
}

// identityError is a user or group that an image does not know.
type identityError string

func (e identityError) Error() string { return string(e) }

// Identify is what a "user", "user:group" or "uid:gid" of docker's --user stands for
// on a tree of files, with the name to show: a number without an entry in passwd(5)
// is itself. A name without one is an error, in the words of the engine.
func (fs *FS) Identify(spec string) (id Identity, name string, err error) {
	user, group, grouped := strings.Cut(spec, ":")
	if user == "" {
		user = "0"
	}
	id.Home = "/"
	name = user
	if e := fs.entry("/etc/passwd", user, 7); e != nil {
		name = e[0]
		id.UID, id.GID, id.Home = number(e[2]), number(e[3]), e[5]
	} else if id.UID, err = strconv.Atoi(user); err != nil || id.UID < 0 {
		return id, "", identityError("unable to find user " + user + ": no matching entries in passwd file")
	}
	id.Groups = []int{id.GID}
	if !grouped {
		id.Groups = append(id.Groups, fs.memberships(name, id.GID)...)
		return id, name, nil
	}
	if e := fs.entry("/etc/group", group, 4); e != nil {
		id.GID = number(e[2])
	} else if id.GID, err = strconv.Atoi(group); err != nil || id.GID < 0 {
		return id, "", identityError("unable to find group " + group + ": no matching entries in group file")
	}
	id.Groups = []int{id.GID}
	return id, name, nil
}

// groupsOf are the numbers of groups that are named or numbered; what is neither is left out.
func groupsOf(fs *FS, names []string) (out []int) {
	for _, g := range names {
		if e := fs.entry("/etc/group", g, 4); e != nil {
			out = append(out, number(e[2]))
		} else if n, err := strconv.Atoi(g); err == nil && n >= 0 {
			out = append(out, n)
		}
	}
	return out
}

// CheckGroups refuses a group that is neither in the files nor a number, in the words of
// the engine.
func CheckGroups(fs *FS, names []string) error {
	for _, g := range names {
		if len(groupsOf(fs, []string{g})) == 0 {
			return identityError("unable to find group " + g + ": no matching entries in group file")
		}
	}
	return nil
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// entry is a line of passwd(5) or group(5), by its name or number, with that many
// fields.
func (fs *FS) entry(file, key string, fields int) []string {
	data, _ := fs.ReadFile(file)
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Split(line, ":"); len(f) == fields && (f[0] == key || f[2] == key) {
			return f
		}
	}
	return nil
}

// memberships are the groups that list a user, but for one.
func (fs *FS) memberships(user string, but int) (out []int) {
	data, _ := fs.ReadFile("/etc/group")
	for _, line := range strings.Split(string(data), "\n") {
		f := strings.Split(line, ":")
		if len(f) == 4 && number(f[2]) != but && slices.Contains(strings.Split(f[3], ","), user) {
			out = append(out, number(f[2]))
		}
	}
	return out
}

// NameOf is the name of a user (passwd) or group (group) by its number; "" if it has
// none.
func (fs *FS) NameOf(file string, id int) string {
	fields := map[string]int{"/etc/passwd": 7, "/etc/group": 4}[file]
	if e := fs.entry(file, strconv.Itoa(id), fields); e != nil {
		return e[0]
	}
	return ""
}

// umaskOf is the umask that a process begins with: its own, its parent's, or login's.
func umaskOf(spec ProcSpec) uint32 {
	switch {
	case spec.Umask != nil:
		return *spec.Umask
	case spec.Parent != nil:
		return spec.Parent.Umask
	}
	return 0o022
}
