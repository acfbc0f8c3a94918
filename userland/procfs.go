package userland

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"

	"dnetsim/stack"
)

// mountDescriptors lays down /dev/fd, whose entries are the descriptors of the
// process that looks.
func (m *Machine) mountDescriptors(fs *FS) {
	fs.syntheticDir("/dev/fd", func() []string { return []string{"0", "1", "2"} }, func(string) (Entry, bool) { return Entry{}, false })
	fs.change("/dev/fd", true, func(dir *node) {
		find := func(name string) *node {
			fd, err := strconv.Atoi(name)
			if err != nil || fd < 0 || fd >= MaxFD {
				return nil
			}
			n := &node{owner: fs.owner, kind: CharDevice, mode: 0o620, mtime: m.Wall(), links: 1, special: &special{major: 136, dev: standardStream(fd)}}
			if fd > 2 {
				n.dev = descriptor(fd)
			}
			return n
		}
		dir.specially(func(s *special) { s.find = find })
	})
}

// descriptor opens a descriptor above 2 that the shell has given the process.
func descriptor(fd int) device {
	return func(p *Process, _ int) (io.ReadWriter, error) {
		if p == nil || p.files[fd] == nil {
			return nil, ENOENT
		}
		st := p.files[fd]
		return streams{st.Reader(), st.Writer()}, nil
	}
}

// here is the namespace of the process that runs now: /proc/sys/net shows that
// of the reader, not of the machine.
func (m *Machine) here() *stack.Namespace {
	if p := current(m.loop); p != nil && p.Machine == m {
		return p.NS()
	}
	return m.ns
}

// mountSysctl lays down the directories of /proc/sys.
func (m *Machine) mountSysctl(fs *FS) {
	for _, dir := range []string{"fs", "kernel", "net", "vm"} {
		list, find := m.sysctlDir(dir + ".")
		fs.syntheticDir("/proc/sys/"+dir, list, find)
	}
}

// setSysctl writes a setting. Whoever writes one that does nothing here is told.
func (m *Machine) setSysctl(ns *stack.Namespace, key, value string) error {
	old, _ := ns.Sysctl(key)
	if ns.SetSysctl(key, value) != nil {
		return EINVAL
	}
	if now, _ := ns.Sysctl(key); now == old || stack.SysctlActs(key) {
		return nil
	}
	if p := current(m.loop); p != nil {
		p.Errorf("dnetsim does not simulate the sysctl %s: it has no effect\n", key)
	}
	return nil
}

// sysctlDir is the directory of the keys that begin with a prefix.
func (m *Machine) sysctlDir(prefix string) (func() []string, func(string) (Entry, bool)) {
	names := func() []string {
		ns := m.here()
		if ns == nil {
			return nil
		}
		seen := map[string]bool{}
		var out []string
		for _, key := range ns.Sysctls() {
			rest, ok := strings.CutPrefix(key, prefix)
			if !ok {
				continue
			}
			name, _, _ := strings.Cut(rest, ".")
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
		sort.Strings(out)
		return out
	}
	find := func(name string) (Entry, bool) {
		ns := m.here()
		if ns == nil {
			return Entry{}, false
		}
		key := prefix + name
		if _, ok := ns.Sysctl(key); ok {
			return Entry{
				Read:  func() []byte { v, _ := ns.Sysctl(key); return []byte(v + "\n") },
				Write: func(b []byte) error { return m.setSysctl(ns, key, strings.TrimSpace(string(b))) },
			}, true
		}
		listed := func(k string) bool { return strings.HasPrefix(k, key+".") }
		if stack.SysctlDir(key+".") || slices.ContainsFunc(ns.Sysctls(), listed) {
			list, find := m.sysctlDir(key + ".")
			return Entry{List: list, Find: find}, true
		}
		return Entry{}, false
	}
	return names, find
}

// mountProcesses lays down /proc/PID and /proc/self.
func (m *Machine) mountProcesses(fs *FS) {
	fs.change("/proc", true, func(dir *node) {
		list := func() []string {
			var out []string
			for _, p := range m.AllProcesses() {
				out = append(out, strconv.Itoa(p.PIDOn(m)))
			}
			return append(out, "self")
		}
		find := fs.finder(func(name string) (Entry, bool) {
			if name == "self" {
				p := current(m.loop)
				if p == nil {
					return Entry{}, false
				}
				return Entry{Target: strconv.Itoa(p.PIDOn(m))}, true
			}
			pid, err := strconv.Atoi(name)
			if err != nil {
				return Entry{}, false
			}
			p, ok := m.Process(pid)
			if !ok {
				return Entry{}, false
			}
			return m.processDir(p), true
		})
		dir.specially(func(s *special) { s.list, s.find = list, find })
	})
}

// namespaceDir is /proc/PID/ns with the one namespace that there can be several
// of: two processes are in the same one if the numbers are equal.
func (p *Process) namespaceDir() Entry {
	return Entry{
		List: func() []string { return []string{"net"} },
		Find: func(name string) (Entry, bool) {
			if ns := p.NS(); name == "net" && ns != nil {
				return Entry{Target: fmt.Sprintf("net:[%d]", pathInode(ns.Name()))}, true
			}
			return Entry{}, false
		},
	}
}

func (m *Machine) processDir(p *Process) Entry {
	file := func(fn func() string) Entry { return Entry{Read: func() []byte { return []byte(fn()) }} }
	entries := map[string]Entry{
		"cmdline":   file(func() string { return strings.Join(p.Args, "\x00") + "\x00" }),
		"comm":      file(func() string { return p.comm + "\n" }),
		"environ":   file(func() string { return strings.Join(p.env, "\x00") + "\x00" }),
		"mounts":    file(m.mountsFile),
		"mountinfo": file(m.mountInfo),
		"cwd":       {Target: p.Dir},
		"ns":        p.namespaceDir(),
		"status": file(func() string {
			return fmt.Sprintf("Name:\t%s\nState:\tS (sleeping)\nPid:\t%d\nPPid:\t%d\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n", p.comm, p.PIDOn(m), p.PPID)
		}),
	}
	names := make([]string, 0, len(entries))
	for n := range entries {
		names = append(names, n)
	}
	sort.Strings(names)
	return Entry{
		List: func() []string { return names },
		Find: func(name string) (Entry, bool) { e, ok := entries[name]; return e, ok },
	}
}
