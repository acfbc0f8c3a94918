package netconf

import (
	"io"
	"path"
	"sort"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// namedNetns are the namespaces that `ip netns add` made on a machine.
type namedNetns map[string]*stack.Namespace

func netnsOf(m *userland.Machine) namedNetns { return m.NamedNetns }

// names are the names in order.
func (n namedNetns) names() []string {
	var list []string
	for name := range n {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

// netnsName is the name that `ip netns` gave to a namespace, or "".
func netnsName(p *userland.Process, ns *stack.Namespace) string {
	named := netnsOf(p.Machine)
	for _, name := range named.names() {
		if named[name] == ns {
			return name
		}
	}
	return ""
}

// findNetns finds a namespace by its name, the path of its file, or the PID of
// a process that is in it.
func findNetns(p *userland.Process, ref string) (*stack.Namespace, bool) {
	ref = netnsHandle(p, ref)
	name := strings.TrimPrefix(ref, netnsDir+"/")
	if ns, ok := netnsOf(p.Machine)[name]; ok {
		return ns, true
	}
	if pid, ok := processOf(p, ref); ok {
		if q, ok := p.Machine.Process(pid); ok && q.NS() != nil {
			return q.NS(), true
		}
	}
	if p.Machine.Netns != nil {
		return p.Machine.Netns(ref)
	}
	return nil, false
}

// netnsHandle follows the links by which people give namespaces names: an entry
// of /run/netns that points to /proc/PID/ns/net or to a file of Docker's, or
// the whole folder being such a link.
func netnsHandle(p *userland.Process, ref string) string {
	fs := p.Machine.FS()
	at := ref
	if !strings.Contains(ref, "/") {
		at = netnsDir + "/" + ref
		if _, err := fs.Lstat(at); err != nil {
			return ref
		}
	}
	at = p.Abs(at)
	for range 40 {
		if dir, err := fs.Realpath(path.Dir(at)); err == nil {
			at = path.Join(dir, path.Base(at))
		}
		target, err := fs.Readlink(at)
		if err != nil || strings.HasPrefix(target, "net:[") {
			break
		}
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(at), target)
		}
		at = target
	}
	return at
}

// processOf reads a PID, or the PID in /proc/PID/ns/net.
func processOf(p *userland.Process, ref string) (int, bool) {
	if rest, ok := strings.CutPrefix(ref, "/proc/"); ok {
		pid, tail, _ := strings.Cut(rest, "/")
		if tail != "ns/net" {
			return 0, false
		}
		if pid == "self" {
			return p.PID, true
		}
		ref = pid
	}
	pid, err := strconv.Atoi(ref)
	return pid, err == nil
}

func readAll(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	return io.ReadAll(r)
}
