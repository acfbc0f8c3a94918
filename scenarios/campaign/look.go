package campaign

import (
	"path"
	"strings"

	"dnetsim/modes"
	"dnetsim/scenarios"
	"dnetsim/stack"
	"dnetsim/userland"
)

// look is what there is to see between two steps.
type look struct {
	lab   *scenarios.Lab
	hosts []*hostLook
}

// hostLook is a host with an engine.
type hostLook struct {
	decl    *scenarios.Host
	machine *userland.Machine
	books   modes.Holdings
	memory  *memory
}

// memory is what the judge remembers of the lines typed on a host.
type memory struct {
	vandalised bool // somebody changed what is Docker's
	opened     bool // somebody's own rule accepts what Docker's refuse
	impure     bool // addresses on its frames may be wrong: a cable corrupts
	off        bool // it has no power
	alone      bool // its engine went down, which may have had the cluster's store
}

// remember takes in a step that was done.
func (m *memory) remember(st *scenarios.Step) {
	switch st.Kind {
	case scenarios.StepFault:
		m.off = m.off || st.Fault.Crash
		m.impure = m.impure || st.Fault.Change.Corrupt > 0
		m.alone = m.alone || m.off
		m.opened = m.opened || st.Fault.Crash // its rules are gone until the engine is back
	case scenarios.StepRepair:
		m.off = m.off && st.Fault.Host == ""
	}
	for _, word := range []string{"iptables -F", "iptables -t nat -F", "iptables -D FORWARD 1", "iptables -P", "ip link set docker0", "ip_forward="} {
		m.vandalised = m.vandalised || strings.Contains(st.Line, word)
	}
	m.alone = m.alone || (strings.Contains(st.Line, "systemctl") || strings.Contains(st.Line, "dockerd")) && st.Line != startEngine
	m.opened = m.opened || strings.Contains(st.Line, "-j ACCEPT")
}

func (j *judge) look() *look {
	l := &look{lab: j.lab}
	for i := range j.lab.Scenario.Hosts {
		decl := &j.lab.Scenario.Hosts[i]
		host, ok := j.lab.Host(decl.Name)
		if !ok {
			continue
		}
		l.hosts = append(l.hosts, &hostLook{decl, host.Machine, host.Daemon.Holdings(), j.memories[decl.Name]})
	}
	return l
}

// quiet reports whether nobody is in the middle of something with the engine.
func (h *hostLook) quiet() bool {
	if !h.books.Running || !h.books.Settled || h.memory.off {
		return false
	}
	for _, p := range h.machine.AllProcesses() {
		if len(p.Args) > 0 && path.Base(p.Args[0]) == "docker" {
			return false
		}
	}
	return true
}

// option reports whether the text of the host's daemon.json has a word.
func (h *hostLook) option(word string) bool { return strings.Contains(string(h.decl.Daemon), word) }

// inside are a network's endpoints that are plugged in.
func plugged(n *modes.NetworkHolding) []modes.EndpointHolding {
	var out []modes.EndpointHolding
	for _, e := range n.Endpoints {
		if e.Inside != nil && e.Inside.Namespace() != nil {
			out = append(out, e)
		}
	}
	return out
}

// machines are all that has a place in the scenario, hosts and routers.
func (l *look) namespaces() map[string]*stack.Namespace {
	out := map[string]*stack.Namespace{}
	for _, h := range l.lab.Scenario.Hosts {
		if m, ok := l.lab.Machine(h.Name); ok {
			out[h.Name] = m.NS()
		}
	}
	for _, r := range append(l.lab.Scenario.Routers, scenarios.Router{Name: scenarios.ImplicitRouter}) {
		if m, ok := l.lab.Machine(r.Name); ok {
			out[r.Name] = m.NS()
		}
	}
	return out
}
