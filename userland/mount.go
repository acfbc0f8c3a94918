package userland

import (
	"fmt"
	"slices"
	"strings"
)

// Mount is a file system at its place, a line of /proc/mounts. The tree holds
// the files themselves: mounts say what kind of file system each part is on.
type Mount struct {
	Source, Target, Type string
	Options              string // "rw,relatime"
	// Bind is set for a second view of a file system that has its first place
	// there.
	Bind string
}

// The mounts that every Linux system has: a disk, the kernel's own file
// systems, and /run in memory.
var hostMounts = []Mount{
	{Source: "sysfs", Target: "/sys", Type: "sysfs", Options: "rw,nosuid,nodev,noexec,relatime"},
	{Source: "proc", Target: "/proc", Type: "proc", Options: "rw,nosuid,nodev,noexec,relatime"},
	{Source: "udev", Target: "/dev", Type: "devtmpfs", Options: "rw,nosuid,relatime,size=1988340k,nr_inodes=497085,mode=755"},
	{Source: "devpts", Target: "/dev/pts", Type: "devpts", Options: "rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000"},
	{Source: "tmpfs", Target: "/run", Type: "tmpfs", Options: "rw,nosuid,nodev,noexec,relatime,size=402824k,mode=755"},
	{Source: "/dev/vda", Target: "/", Type: "ext4", Options: "rw,relatime"},
	{Source: "tmpfs", Target: "/dev/shm", Type: "tmpfs", Options: "rw,nosuid,nodev"},
	{Source: "tmpfs", Target: "/sys/fs/cgroup", Type: "tmpfs", Options: "ro,nosuid,nodev,noexec,mode=755"},
	cgroup("cpu"), cgroup("cpuacct"), cgroup("cpuset"), cgroup("memory"), cgroup("devices"),
	cgroup("freezer"), cgroup("blkio"), cgroup("pids"),
	{Source: "cgroup", Target: "/sys/fs/cgroup/systemd", Type: "cgroup", Options: "rw,nosuid,nodev,noexec,relatime,name=systemd"},
	{Source: "mqueue", Target: "/dev/mqueue", Type: "mqueue", Options: "rw,nosuid,nodev,noexec,relatime"},
}

// cgroup is where a controller of version 1 is mounted.
func cgroup(controller string) Mount {
	return Mount{
		Source: "cgroup", Target: "/sys/fs/cgroup/" + controller, Type: "cgroup",
		Options: "rw,nosuid,nodev,noexec,relatime," + controller,
	}
}

// mountTable are a tree's mounts, in the order they were made. Of a long list, a
// host's with many containers, it knows what is where.
type mountTable struct {
	list   []Mount
	later  func() []Mount // makes the list when somebody asks; nil if it is made
	shared bool           // another tree has the list too
	made   int            // how many there ever were in a list with an index
	at     map[string][]mounted
	kinds  map[string]int
}

// mounted is a mount and its turn.
type mounted struct {
	Mount
	turn int
}

// fewMounts is how many mounts are looked through one by one.
const fewMounts = 64

// all is the list.
func (t *mountTable) all() []Mount {
	if make := t.later; make != nil {
		t.list, t.later, t.shared = make(), nil, true
	}
	return t.list
}

// own makes the list the tree's own before it changes.
func (t *mountTable) own() {
	t.all()
	if t.shared {
		t.list, t.shared = slices.Clone(t.list), false
	}
}

// index notes a mount, and if it makes the list long all those before it.
func (t *mountTable) index(m Mount) {
	if t.at == nil {
		if len(t.list) < fewMounts {
			return
		}
		t.at, t.kinds = map[string][]mounted{}, map[string]int{}
		for _, m := range t.list[:len(t.list)-1] {
			t.index(m)
		}
	}
	t.made++
	t.at[m.Target] = append(t.at[m.Target], mounted{m, t.made})
	t.kinds[m.Type]++
}

// forget takes the mount that was made last at a place out of the index.
func (t *mountTable) forget(m Mount) {
	if t.at == nil {
		return
	}
	if here := t.at[m.Target]; len(here) > 1 {
		t.at[m.Target] = here[:len(here)-1]
	} else {
		delete(t.at, m.Target)
	}
	t.kinds[m.Type]--
}

// above yields the mounts that a path without symbolic links lies under, those of
// deeper places first and of one place the last.
func (t *mountTable) above(clean string, yield func(mounted) bool) {
	for {
		if here := t.at[clean]; len(here) > 0 && !yield(here[len(here)-1]) || clean == "/" {
			return
		}
		clean = clean[:max(strings.LastIndexByte(clean, '/'), 1)]
	}
}

// Mounts are the mounts of the tree, in the order they were made.
func (fs *FS) Mounts() []Mount { return slices.Clone(fs.mounts.all()) }

// MountsOf are the mounts of a type, in the order they were made.
func MountsOf(fs *FS, kind string) (out []Mount) {
	t := &fs.mounts
	for _, m := range t.all() {
		if m.Type != kind {
			continue
		}
		if out = append(out, m); t.at != nil && len(out) == t.kinds[kind] {
			break
		}
	}
	return out
}

// MountedAt is the mount that was made last at a place.
func MountedAt(fs *FS, target string) (m Mount, ok bool) {
	t := &fs.mounts
	if t.at != nil {
		here := t.at[target]
		if len(here) == 0 {
			return m, false
		}
		return here[len(here)-1].Mount, true
	}
	for _, m := range slices.Backward(t.all()) {
		if m.Target == target {
			return m, true
		}
	}
	return m, false
}

// setMounts replaces all mounts. The list is kept and must not be changed.
func (fs *FS) setMounts(list []Mount) { fs.mounts = mountTable{list: list, shared: true} }

// MountLater replaces all mounts of a tree by those that list makes when somebody asks
// for them. They must be what they would have been at once.
func MountLater(fs *FS, list func() []Mount) { fs.mounts = mountTable{later: list} }

// Mount adds a mount; its place should exist.
func (fs *FS) Mount(m Mount) {
	fs.mounts.own()
	fs.mounts.list = append(fs.mounts.list, m)
	fs.mounts.index(m)
}

// readOnly reports whether what is mounted over a path may only be read: the mount
// that was made last counts.
func readOnly(fs *FS, clean string) bool {
	var over mounted
	if t := &fs.mounts; t.at != nil {
		t.above(clean, func(m mounted) bool {
			if m.turn > over.turn {
				over = m
			}
			return true
		})
		return isReadOnly(over.Mount)
	}
	for _, m := range slices.Backward(fs.mounts.all()) {
		if clean == m.Target || strings.HasPrefix(clean, strings.TrimSuffix(m.Target, "/")+"/") {
			return isReadOnly(m)
		}
	}
	return false
}

func isReadOnly(m Mount) bool { return m.Options == "ro" || strings.HasPrefix(m.Options, "ro,") }

// Unmount removes what was mounted last at a place.
func (fs *FS) Unmount(target string) error {
	t := &fs.mounts
	if t.at != nil && len(t.at[target]) == 0 {
		return EINVAL
	}
	for i, m := range slices.Backward(t.all()) {
		if m.Target == target {
			t.own()
			t.list = slices.Delete(t.list, i, i+1)
			t.forget(m)
			return nil
		}
	}
	return EINVAL
}

// typeAt is the type of the file system that a path without symbolic links is
// on.
func (fs *FS) typeAt(clean string) (kind string) {
	if t := &fs.mounts; t.at != nil {
		t.above(clean, func(m mounted) bool {
			kind = m.Type
			return false
		})
		return kind
	}
	depth := -1
	for _, m := range fs.mounts.all() {
		if len(m.Target) >= depth && (m.Target == "/" || clean == m.Target ||
			strings.HasPrefix(clean, m.Target) && clean[len(m.Target)] == '/') {
			kind, depth = m.Type, len(m.Target)
		}
	}
	return kind
}

// Sizes that Linux gives to directories: those of tmpfs grow with each entry.
const (
	diskDirectory   = 4096
	memoryDirectory = 40
	memoryEntry     = 20
)

// measure fills the size and the disk space of what is at a path.
func (fs *FS) measure(clean string, n *node, i *Info) {
	switch n.kind {
	case Directory:
		switch fs.typeAt(clean) {
		case "tmpfs", "devtmpfs":
			i.Size = int64(memoryDirectory + memoryEntry*len(n.entries()))
		case "proc", "sysfs", "cgroup", "devpts", "mqueue":
			i.Size = 0
		default:
			i.Size, i.Blocks = diskDirectory, diskDirectory/512
		}
	case Regular:
		if n.read != nil && n.shown == 0 {
			if t := fs.typeAt(clean); t == "proc" || t == "sysfs" {
				return
			}
			i.Size = int64(len(n.read()))
		}
		i.Blocks = (i.Size + 4095) / 4096 * 8
	}
}

// mountsFile is the text of /proc/mounts.
func (m *Machine) mountsFile() string {
	var b strings.Builder
	for _, x := range m.fs.mounts.all() {
		b.WriteString(x.Source + " " + x.Target + " " + x.Type + " " + x.Options + " 0 0\n")
	}
	return b.String()
}

// mountInfo is the text of /proc/PID/mountinfo: each mount's number, its parent's (the root's
// for all), its device, and what /proc/mounts has.
func (m *Machine) mountInfo() string {
	var b strings.Builder
	for i, x := range m.fs.mounts.all() {
		parent := 1
		if x.Target != "/" {
			parent = 100
		}
		fmt.Fprintf(&b, "%d %d 0:%d / %s %s - %s %s %s\n", 100+i, parent, 50+i, x.Target, x.Options, x.Type, x.Source, x.Options)
	}
	return b.String()
}
