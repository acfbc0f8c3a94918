package userland

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// kernelDir is a directory that the kernel fills.
type kernelDir struct {
	place string
	files int // that it makes there: their inodes are set aside until somebody looks
	mount func(m *Machine, fs *FS)
}

var kernelDirs = []kernelDir{
	{"/dev", 13, (*Machine).mountDev},
	{"/proc", 29, (*Machine).mountProc},
	{"/sys", 5, (*Machine).mountSys},
}

// mountKernel gives the machine /dev, /proc and /sys. A container's are not looked
// at as long as it idles: what is in them is made when somebody does, with the time of now.
func (m *Machine) mountKernel() {
	fs := m.fs
	if fs.mounts.later == nil && len(fs.mounts.list) == 0 {
		fs.setMounts(hostMounts)
	}
	for _, d := range kernelDirs {
		FillLater(fs, d.place, d.files, func(kernel *FS) { d.mount(m, kernel) })
	}
}

// FillLater makes a directory of a tree, in which fill lays down so many files and
// directories when somebody looks, with the time of now: in a tree in which there is
// nothing else.
func FillLater(fs *FS, place string, files int, fill func(kernel *FS)) {
	fs.MkdirAll(place, 0o755)
	now, first := fs.now(), fs.inode
	fs.inode += uint64(files)
	fs.used += int64(files) * nodeSize
	fs.change(place, true, func(n *node) {
		n.mtime = now
		n.specially(func(s *special) {
			s.fill = func(n *node) {
				kernel := &FS{loop: fs.loop, now: func() time.Time { return now }, owner: n.owner, inode: first, live: fs, root: n}
				names := strings.Split(place[1:], "/")
				for _, name := range slices.Backward(names) {
					kernel.root = &node{owner: n.owner, kind: Directory, mode: 0o755, links: 2, special: &plain, children: []dirent{{name, kernel.root}}}
				}
				touched := n.mtime
				fill(kernel)
				n.mtime = touched
			}
		})
	})
}

// mountDev lays down the devices.
func (m *Machine) mountDev(fs *FS) {
	fs.device("/dev/null", 1, 3, nullDevice)
	fs.device("/dev/zero", 1, 5, zeroDevice)
	fs.device("/dev/full", 1, 7, zeroDevice)
	fs.device("/dev/random", 1, 8, m.randomDevice)
	fs.device("/dev/urandom", 1, 9, m.randomDevice)
	fs.device("/dev/tty", 5, 0, ttyDevice)
	for fd, name := range []string{"stdin", "stdout", "stderr"} {
		fs.device("/dev/"+name, 136, 0, standardStream(fd))
	}
	m.mountDescriptors(fs)
	for _, d := range []string{"/dev/mqueue", "/dev/pts", "/dev/shm"} {
		fs.MkdirAll(d, 0o755)
	}
	fs.Chmod("/dev/shm", 0o1777)
	fs.Chmod("/dev/mqueue", 0o1777)
}

// mountSys lays down the directories of /sys.
func (m *Machine) mountSys(fs *FS) {
	for _, d := range []string{"/sys/firmware", "/sys/fs/cgroup"} {
		fs.MkdirAll(d, 0o555)
	}
	m.mountClassNet(fs)
}

// mountProc lays down the files of /proc, and what a container must not see or only
// read there.
func (m *Machine) mountProc(fs *FS) {
	text := func(name string, fn func() string) {
		fs.Synthetic(name, func() []byte { return []byte(fn()) }, nil)
	}
	fs.Synthetic("/proc/sys/kernel/hostname",
		func() []byte { return []byte(m.Hostname() + "\n") },
		func(b []byte) error { m.SetHostname(strings.TrimSpace(string(b))); return nil })
	text("/proc/sys/kernel/domainname", func() string { return cmp.Or(m.UTS.Domain, "(none)") + "\n" })
	text("/proc/sys/kernel/osrelease", func() string { return m.KernelVersion + "\n" })
	text("/proc/sys/kernel/ostype", func() string { return "Linux\n" })
	text("/proc/version", func() string {
		return fmt.Sprintf("Linux version %s (debian-kernel@lists.debian.org) (gcc-10 (Debian 10.2.1-6) 10.2.1 20210110, GNU ld (GNU Binutils for Debian) 2.35.2) %s\n", m.KernelVersion, m.OSVersion)
	})
	text("/proc/uptime", func() string {
		s := m.Uptime().Seconds()
		return fmt.Sprintf("%.2f %.2f\n", s, s)
	})
	text("/proc/loadavg", func() string {
		return fmt.Sprintf("0.00 0.00 0.00 1/%d %d\n", len(m.AllProcesses())+80, m.nextPID-1)
	})
	text("/proc/meminfo", func() string {
		return fmt.Sprintf("MemTotal:        %d kB\nMemFree:         3012340 kB\nMemAvailable:    3501876 kB\nBuffers:           52480 kB\nCached:           612300 kB\nSwapCached:            0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n", MemorySize>>10)
	})
	text("/proc/cpuinfo", func() string {
		text := ""
		for i := range CPUs {
			text += fmt.Sprintf("processor\t: %d\nvendor_id\t: GenuineIntel\nmodel name\t: dnetsim virtual CPU\ncpu MHz\t\t: 2400.000\n\n", i)
		}
		return text
	})
	text("/proc/filesystems", func() string { return "nodev\tproc\nnodev\ttmpfs\nnodev\toverlay\n\text4\n" })
	text("/proc/mounts", func() string { return m.mountsFile() })
	for _, d := range []string{"/proc/acpi", "/proc/bus", "/proc/fs", "/proc/irq"} {
		fs.MkdirAll(d, 0o555)
	}
	for _, f := range []string{"/proc/interrupts", "/proc/keys", "/proc/timer_list"} {
		fs.Synthetic(f, func() []byte { return nil }, nil)
	}
	m.mountSysctl(fs)
	m.mountProcNet(fs)
	m.mountProcesses(fs)
}

// The hardware of every machine: how many processors and how many bytes of memory
// it has.
const (
	CPUs       = 2
	MemorySize = 4028224 << 10
)

type streams struct {
	io.Reader
	io.Writer
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type NoInput struct{}

func (NoInput) Read([]byte) (int, error) { return 0, io.EOF }

func nullDevice(*Process, int) (io.ReadWriter, error) { return streams{NoInput{}, io.Discard}, nil }
func zeroDevice(*Process, int) (io.ReadWriter, error) { return streams{zeros{}, io.Discard}, nil }

func (m *Machine) randomDevice(*Process, int) (io.ReadWriter, error) {
	return streams{m.loop.Stream("urandom/" + m.Name), io.Discard}, nil
}

func ttyDevice(p *Process, _ int) (io.ReadWriter, error) {
	if p == nil || p.TTY == nil {
		return nil, ENXIO
	}
	return p.TTY, nil
}

// standardStream opens /dev/stdin and its like: the process's own descriptor.
func standardStream(fd int) device {
	return func(p *Process, _ int) (io.ReadWriter, error) {
		switch {
		case p == nil:
			return nil, ENXIO
		case fd == 0:
			return streams{p.Stdin, io.Discard}, nil
		case fd == 1:
			return streams{NoInput{}, p.Stdout}, nil
		}
		return streams{NoInput{}, p.Stderr}, nil
	}
}
