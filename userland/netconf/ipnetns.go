package netconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// monitored are what `ip monitor` can watch, in the order in which changes of one
// moment are told, and how the lines of a table say what they are about: by how many
// of their words, 0 by all.
func monitored() []watched {
	return []watched{
		{"link", 2, (*ipTool).link, []string{"show"}},
		{"address", 0, (*ipTool).address, []string{"show"}},
		{"route", 0, (*ipTool).route, []string{"show", "table", "all"}},
		{"neigh", 3, (*ipTool).neighbour, []string{"show"}},
	}
}

type watched struct {
	object string
	words  int
	run    func(t *ipTool, w *words) error
	show   []string
}

// monitorEvery is how often monitor looks at the tables. The real one is told by the
// kernel; what comes and goes within that time is not seen here.
const monitorEvery = 50 * time.Millisecond

// monitor tells what changes in the tables until it is interrupted.
func monitor(t *ipTool, w *words) error {
	labels, dev, chosen, tables := false, "", map[string]bool{}, monitored()
	for w.more() {
		switch word := w.next(); {
		case abbreviates(word, "all"):
			labels = true
		case abbreviates(word, "label"):
			labels = true
		case abbreviates(word, "dev"):
			dev = w.next()
		case abbreviates(word, "all-nsid", "file", "mroute", "prefix", "netconf", "rule", "netns", "nsid", "nexthop"):
			return notSimulated("ip monitor %s", word)
		default:
			known := false
			for _, m := range tables {
				if known = abbreviates(word, m.object); known {
					chosen[m.object] = true
					break
				}
			}
			if !known {
				return exitWith(255, "Argument \"%s\" is unknown, try \"ip monitor help\".", word)
			}
		}
	}
	look := func(m watched) []string {
		if len(chosen) > 0 && !chosen[m.object] {
			return nil
		}
		one := &ipTool{p: t.p, ns: t.ns, addrFlags: t.addrFlags, family: t.family, oneline: true}
		list := m.show
		if dev != "" {
			list = append(slices.Clone(list), "dev", dev)
		}
		if m.run(one, &words{list: list}) != nil {
			return nil // a device that is gone
		}
		text := strings.TrimSuffix(one.out.String(), "\n")
		if m.object == "route" { // a link that loses its carrier is no news of its routes
			text = strings.ReplaceAll(text, " linkdown", "")
		}
		return strings.Split(text, "\n")
	}
	before := make([][]string, len(tables))
	for i, m := range tables {
		before[i] = look(m)
	}
	for t.p.Sleep(monitorEvery) == nil {
		for i, m := range tables {
			now := look(m)
			for _, line := range changes(before[i], now, m.words) {
				if labels {
					line = "[" + strings.ToUpper(m.object) + "]" + line
				}
				emit(t.p, strings.ReplaceAll(strings.TrimRight(line, " "), "\\", "\n")+"\n")
			}
			before[i] = now
		}
	}
	return nil
}

// changes are the lines that are new, and before them those that are gone and whose
// first words no new one has.
func changes(before, now []string, n int) (out []string) {
	about := func(line string) string {
		if f := strings.Fields(line); n > 0 && len(f) > n {
			return strings.Join(f[:n], " ")
		}
		return line
	}
	is, was := map[string]bool{}, map[string]bool{}
	for _, l := range now {
		is[about(l)] = true
	}
	for _, l := range before {
		was[l] = true
		if l != "" && !is[about(l)] {
			out = append(out, "Deleted "+l)
		}
	}
	for _, l := range now {
		if l != "" && !was[l] {
			out = append(out, l)
		}
	}
	return out
}
