package netconf

import (
	"errors"
	"fmt"

	"dnetsim/stack"
	"dnetsim/userland"
)

// netnsDir is where the kernel's handles of named namespaces are.
const netnsDir = "/run/netns"

// netns is `ip netns`.
func (t *ipTool) netns(w *words) error {
	if !w.more() {
		return t.netnsList()
	}
	switch cmd := w.next(); {
	case abbreviates(cmd, "list", "show", "lst"):
		return t.netnsList()
	case cmd == "list-id":
		return nil
	case abbreviates(cmd, "help"):
		return exitUsage(255, "ip-netns")
	case abbreviates(cmd, "add"):
		return t.netnsAdd(w)
	case abbreviates(cmd, "set"):
		return nil
	case abbreviates(cmd, "delete"):
		return t.netnsDelete(w)
	case abbreviates(cmd, "identify"):
		return t.netnsIdentify(w)
	case abbreviates(cmd, "pids"):
		return t.netnsPids(w)
	case abbreviates(cmd, "exec"):
		return t.netnsExec(w)
	default:
		return unknownCommand("ip", "netns", cmd)
	}
}

func (t *ipTool) netnsList() error {
	entries, _ := t.p.Machine.FS().ReadDir(netnsDir)
	for _, e := range entries {
		t.out.WriteString(e.Name)
		ns, _ := findNetns(t.p, e.Name)
		for n, seen := range foreignNamespaces(t.ns) {
			if seen == ns {
				fmt.Fprintf(&t.out, " (id: %d)", n)
			}
		}
		t.out.WriteString("\n")
	}
	return nil
}

func (t *ipTool) netnsAdd(w *words) error {
	if !w.more() {
		return exitWith(1, "No netns name specified")
	}
	name := w.next()
	named := netnsOf(t.p.Machine)
	if _, err := t.p.Machine.FS().Lstat(netnsDir + "/" + name); named[name] != nil || err == nil {
		return exitWith(1, `Cannot create namespace file "%s/%s": File exists`, netnsDir, name)
	}
	named[name] = stack.New(t.p.Loop(), t.p.Machine.Name+"/"+name, stack.Options{LoopbackDown: true, Init: t.p.Machine.NS()})
	fs := t.p.Machine.FS()
	if err := fs.MkdirAll(netnsDir, 0o755); err == nil {
		fs.WriteFile(netnsDir+"/"+name, nil, 0o444)
	}
	return nil
}

func (t *ipTool) netnsDelete(w *words) error {
	named := netnsOf(t.p.Machine)
	names := w.rest()
	if t.all {
		names = named.names()
	} else if len(names) == 0 {
		return exitWith(1, "No netns name specified")
	}
	for _, name := range names {
		ns, ok := named[name]
		if !ok {
			return exitWith(1, `Cannot remove namespace file "%s/%s": No such file or directory`, netnsDir, name)
		}
		delete(named, name)
		t.p.Machine.FS().Remove(netnsDir + "/" + name)
		if len(inNamespace(t.p.Machine, ns)) == 0 {
			ns.Close()
		}
	}
	return nil
}

// inNamespace are the PIDs of the processes in a namespace.
func inNamespace(m *userland.Machine, ns *stack.Namespace) []int {
	var pids []int
	for _, q := range m.AllProcesses() {
		if q.NS() == ns {
			pids = append(pids, q.PIDOn(m))
		}
	}
	return pids
}

func (t *ipTool) netnsIdentify(w *words) error {
	ns := t.p.NS()
	if w.more() {
		pid := w.next()
		found, ok := processOf(t.p, pid)
		if !ok {
			return exitWith(1, "Specified string '%s' is not a pid", pid)
		}
		q, ok := t.p.Machine.Process(found)
		if !ok {
			return exitWith(1, "Cannot open network namespace: No such file or directory")
		}
		ns = q.NS()
	}
	t.out.WriteString(netnsName(t.p, ns) + "\n")
	return nil
}

func (t *ipTool) netnsPids(w *words) error {
	if !w.more() {
		return exitWith(1, "No netns name specified")
	}
	name := w.next()
	ns, ok := findNetns(t.p, name)
	if !ok {
		return exitWith(1, `Cannot open network namespace "%s": No such file or directory`, name)
	}
	for _, pid := range inNamespace(t.p.Machine, ns) {
		fmt.Fprintln(&t.out, pid)
	}
	return nil
}

func (t *ipTool) netnsExec(w *words) error {
	names := []string{}
	switch {
	case t.all:
		names = netnsOf(t.p.Machine).names()
	case !w.more():
		return exitWith(1, "No netns name specified")
	default:
		names = append(names, w.next())
	}
	if !w.more() {
		return exitWith(1, "No command specified")
	}
	command := w.rest()
	status := 0
	for _, name := range names {
		ns, ok := findNetns(t.p, name)
		if !ok {
			return exitWith(255, `Cannot open network namespace "%s": No such file or directory`, name)
		}
		if t.all {
			emit(t.p, "\nnetns: "+name+"\n")
		}
		run := runIn
		if t.all {
			run = waitIn
		}
		var err error
		status, err = run(t.p, ns, command)
		if err != nil {
			return exitWith(1, `exec of "%s" failed: No such file or directory`, command[0])
		}
	}
	return &failure{status, ""}
}

// errNoProgram is returned by runIn for a command that is not there.
var errNoProgram = errors.New("no such program")

// runIn runs a command in a namespace, in place of p. It returns only if there
// is no such program.
func runIn(p *userland.Process, ns *stack.Namespace, command []string) (int, error) {
	before := p.NS()
	p.SetNS(ns)
	p.Exec(command...)
	p.SetNS(before)
	return 0, errNoProgram
}

// waitIn runs a command in a namespace and waits for it.
func waitIn(p *userland.Process, ns *stack.Namespace, command []string) (int, error) {
	before := p.NS()
	p.SetNS(ns)
	defer p.SetNS(before)
	q, err := p.Spawn(command...)
	if err != nil {
		return 0, errNoProgram
	}
	return q.Wait(), nil
}
