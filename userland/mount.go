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

// Mounts are the mounts of the tree, in the order they were made.
func (fs *FS) Mounts() []Mount { return slices.Clone(fs.mounts) }

// SetMounts replaces all mounts. The list is kept and must not be changed.
func (fs *FS) SetMounts(list []Mount) { fs.mounts = list }

// Mount adds a mount; its place should exist.
func (fs *FS) Mount(m Mount) { fs.mounts = append(slices.Clip(fs.mounts), m) }

// readOnly reports whether what is mounted over a path may only be read.
func readOnly(fs *FS, clean string) bool {
	for _, m := range slices.Backward(fs.mounts) {
		if clean == m.Target || strings.HasPrefix(clean, strings.TrimSuffix(m.Target, "/")+"/") {
			return m.Options == "ro" || strings.HasPrefix(m.Options, "ro,")
		}
	}
	return false
}

// Unmount removes what was mounted last at a place.
func (fs *FS) Unmount(target string) error {
	for i, m := range slices.Backward(fs.mounts) {
		if m.Target == target {
			fs.mounts = slices.Concat(fs.mounts[:i], fs.mounts[i+1:])
			return nil
		}
	}
	return EINVAL
}

// typeAt is the type of the file system that a path without symbolic links is
// on.
func (fs *FS) typeAt(clean string) string {
	kind, depth := "", -1
	for _, m := range fs.mounts {
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
			i.Size = int64(memoryDirectory + memoryEntry*len(n.children))
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
	for _, x := range m.fs.mounts {
		b.WriteString(x.Source + " " + x.Target + " " + x.Type + " " + x.Options + " 0 0\n")
	}
	return b.String()
}

// mountInfo is the text of /proc/PID/mountinfo: each mount's number, its parent's (the root's
// for all), its device, and what /proc/mounts has.
func (m *Machine) mountInfo() string {
	var b strings.Builder
	for i, x := range m.fs.mounts {
		parent := 1
		if x.Target != "/" {
			parent = 100
		}
		fmt.Fprintf(&b, "%d %d 0:%d / %s %s - %s %s %s\n", 100+i, parent, 50+i, x.Target, x.Options, x.Type, x.Source, x.Options)
	}
	return b.String()
}

// mountKernelDirs lays down the places of the kernel's file systems, and what
// of them a container must not see or only read.
func (m *Machine) mountKernelDirs() {
	for _, d := range []string{"/proc/acpi", "/proc/bus", "/proc/fs", "/proc/irq", "/sys/firmware", "/sys/fs/cgroup"} {
		m.fs.MkdirAll(d, 0o555)
	}
	for _, d := range []string{"/dev/mqueue", "/dev/pts", "/dev/shm"} {
		m.fs.MkdirAll(d, 0o755)
	}
	m.fs.Chmod("/dev/shm", 0o1777)
	m.fs.Chmod("/dev/mqueue", 0o1777)
	for _, f := range []string{"/proc/keys", "/proc/timer_list"} {
		m.fs.Synthetic(f, func() []byte { return nil }, nil)
	}
}
