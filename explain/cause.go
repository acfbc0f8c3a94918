package explain

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/modes"
)

// Cause is why a flow fails, in the terms of what a person did or did not do.
type Cause struct {
	Code     Code
	Sentence string
	Evidence []Evidence
	Cure     *Cure // the one that was tried and cures, or nil
	Proof    *Proof
	Untried  *Cure // where none can be tried: the likely one

	cures    []Cure // that may cure, the best first
	guess    bool   // it is named only if its cure cures
	extended bool   // by what the cause leaves behind
}

// Evidence is something that can be looked at on a real machine, too.
type Evidence struct {
	Place   string // the machine to type at
	Command string // what shows it
	Shows   string // what it printed in this world, shortened
	Says    string // what that means
}

// Cure is what to do.
type Cure struct {
	Says  string // in words, where the lines do not say it
	Steps []CureStep
	// Instead is another question to ask: the cure is to use it. Nil keeps the
	// question.
	Instead *Flow
}

// CureStep is a line to type, or a fault of the network between the machines to
// repair.
type CureStep struct {
	Machine string
	Line    string
	Repair  string // the cable MACHINE:INTERFACE, or the MACHINE without power
	Wait    time.Duration
}

// String is the step as a person reads it.
func (s CureStep) String() string {
	switch {
	case s.Repair != "" && strings.Contains(s.Repair, ":"):
		return "# (in a scenario file that is: repair: {cable: \"" + s.Repair + "\"})"
	case s.Repair != "":
		return "# (in a scenario file that is: repair: {host: " + s.Repair + "})"
	case s.Wait > 0:
		return "# wait " + s.Wait.String() + ": what was changed takes that long to be ready"
	}
	return s.Machine + "$ " + s.Line
}

// inquiry is one search for causes: a world, a flow and what became of it.
type inquiry struct {
	*atlas
	flow    Flow
	from    *Node
	to      *Node // who is meant; nil if nobody has the address
	j       *Journey
	causes  []Cause
	ruled   []string // what was looked at and is not the cause
	notes   []string // what is odd and no cause
	looking map[string]bool
}

// inquire searches the causes of a journey's end.
func (a *atlas) inquire(f Flow, from *Node, j *Journey) *inquiry {
	q := &inquiry{atlas: a, flow: f, from: from, j: j, looking: map[string]bool{}}
	q.to = q.meant()
	q.search()
	return q
}

// search asks the detectors, from what happened first to what happened last;
// each adds the causes that it finds.
func (q *inquiry) search() {
	if q.j.Verdict == Lost && q.j.outcome.reached { // it works, with losses: nothing but chance is in the way
		cabling{q}.wires()
		if q.blamed() {
			return
		}
	}
	for _, look := range []func(*inquiry){
		func(q *inquiry) { cabling{q}.dark() },
		func(q *inquiry) {
			if q.from.isContainer() && !q.from.running() && !q.blamed() {
				absence{q}.stopped(q.from)
			}
		},
		func(q *inquiry) { naming{q}.names() },
		func(q *inquiry) { swarms{q}.balancer() },
		func(q *inquiry) { absence{q}.absentTarget() },
		func(q *inquiry) { local{q}.localhost() },
		func(q *inquiry) { local{q}.noNetwork() },
		func(q *inquiry) { tracking{q}.staleFlow() },
		(*inquiry).overlay,
		func(q *inquiry) { bridging{q}.acrossHosts() },
		func(q *inquiry) { children{q}.child() },
		func(q *inquiry) { state{q}.interfaces() },
		func(q *inquiry) { swarms{q}.mesh() },
		func(q *inquiry) { state{q}.translated() },
		func(q *inquiry) { state{q}.neighbour() },
		func(q *inquiry) { state{q}.deaf() },
		(*inquiry).swallowed,
		func(q *inquiry) { local{q}.unroutable() },
		func(q *inquiry) { bridging{q}.shadow() },
		func(q *inquiry) { firewalls{q}.ruled_() },
		func(q *inquiry) { layer3{q}.kernel() },
		func(q *inquiry) { cabling{q}.wires() },
		func(q *inquiry) { services{q}.service() },
		func(q *inquiry) { cabling{q}.neighbours() },
		func(q *inquiry) { layer3{q}.noAnswer() },
	} {
		look(q)
	}
	seen := map[Code]bool{}
	var unique []Cause
	for _, c := range q.causes {
		if !seen[c.Code] {
			seen[c.Code] = true
			unique = append(unique, c)
		}
	}
	q.causes = unique
}

// blame adds a cause.
func (q *inquiry) blame(c Cause) {
	for i := range c.cures {
		c.cures[i].Steps = q.withEngine(c.cures[i].Steps)
	}
	q.causes = append(q.causes, c)
}

// withEngine are the steps of a cure, with the start of each engine that they need
// and that is stopped.
func (q *inquiry) withEngine(steps []CureStep) []CureStep {
	var out []CureStep
	started := map[string]bool{}
	for _, s := range steps {
		n := q.byName[s.Machine]
		switch {
		case strings.HasPrefix(s.Line, "systemctl ") && strings.HasSuffix(s.Line, "start docker"):
			started[s.Machine] = true
		case strings.HasPrefix(s.Line, "docker ") && !started[s.Machine] && n != nil && n.Host != nil && !n.Host.Daemon.Running():
			started[s.Machine] = true
			out = append(out, CureStep{Machine: s.Machine, Line: "systemctl start docker"})
		}
		out = append(out, s)
	}
	return out
}

// blamed reports whether a cause was found already.
func (q *inquiry) blamed() bool { return len(q.causes) > 0 }

// innocent says of something that it was looked at.
func (q *inquiry) innocent(format string, args ...any) {
	q.ruled = append(q.ruled, fmt.Sprintf(format, args...))
}

// show types a command on a machine of the world and keeps what it printed.
func (q *inquiry) show(place, command, says string) Evidence {
	e := Evidence{Place: place, Command: command, Says: says}
	if q.quiet {
		return e
	}
	if _, out, err := q.w.Type(place, command); err == nil {
		e.Shows = shorten(out)
		if strings.TrimSpace(e.Shows) == "" {
			e.Shows = "(it prints nothing)"
		}
	}
	return e
}

// output is what a command prints on a machine, whether evidence is wanted or
// not.
func (q *inquiry) output(place, command string) string {
	_, out, _ := q.w.Type(place, command) //nolint:errcheck // no output is no output
	return out
}

// shorten keeps the first lines of an output, without what a terminal would obey.
func shorten(out string) string {
	out = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '.'
		}
		return r
	}, strings.ToValidUTF8(out, "?"))
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) > 6 {
		lines = append(lines[:5], fmt.Sprintf("… and %d more lines", len(lines)-5))
	}
	for i, l := range lines {
		if r := []rune(l); len(r) > 200 {
			lines[i] = string(r[:199]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// meant is the node that a flow is for: the holder of its address that its sender
// would mean.
func (q *inquiry) meant() *Node {
	if n := q.byName[q.flow.To]; n != nil {
		return n
	}
	if q.j.Target.IsValid() {
		if q.j.Target.IsLoopback() {
			return q.from
		}
		all := q.holders(q.j.Target)
		for _, h := range all {
			if q.from.isContainer() && h.node.isContainer() && len(shared(q.from, h.node)) > 0 && h.node != q.from {
				return h.node
			}
		}
		for _, h := range all {
			if h.node != q.from {
				return h.node
			}
		}
		if len(all) > 0 {
			return all[0].node
		}
		if gone := q.absent(q.j.Target); len(gone) > 0 {
			return gone[0]
		}
		if n := q.remembered(); n != nil {
			return n
		}
		for _, n := range q.containersNamed(q.flow.To) { // the gossip may have forgotten it meanwhile
			if at := q.byName[n.On()]; at.Host != nil && at.Host.Off() {
				return n
			}
		}
		return nil
	}
	if named := q.containersNamed(q.flow.To); len(named) > 0 {
		return named[0]
	}
	return nil
}

// remembered is the container that an engine believes to have the flow's address,
// on a host that does not say so any more.
func (q *inquiry) remembered() *Node {
	host := q.byName[q.from.On()]
	if host == nil || host.Host == nil {
		return nil
	}
	for _, p := range host.Host.Cluster().Peers {
		if p.Addr != q.j.Target || q.from.Networks[p.Network] == "" {
			continue
		}
		for _, n := range q.nodes {
			if _, on := n.Networks[p.Network]; !on || n.running() {
				continue
			}
			if at := q.byName[n.On()]; at.Host != nil && (at.Host.Off() || at.Space.IsLocal(p.VTEP)) {
				return n
			}
		}
	}
	return nil
}

// death is how the packet that tells the story ended, on the way there or back.
// It is nil if neither died.
func (q *inquiry) death() *event {
	for _, p := range []*Path{q.j.Forward, q.j.Return} {
		if p != nil && p.End.event != nil && !p.End.Delivered {
			return p.End.event
		}
	}
	return nil
}

// deadPath is the path that death is on.
func (q *inquiry) deadPath() *Path {
	if e := q.death(); e != nil && q.j.Return != nil && q.j.Return.End.event == e {
		return q.j.Return
	}
	return q.j.Forward
}

// backwards reports whether it is the answer that died.
func (q *inquiry) backwards() bool {
	return q.deadPath() == q.j.Return && q.j.Return != nil
}

// sortedNetworks are a container's networks by name.
func sortedNetworks(n *Node) []*modes.EndpointSettings {
	var out []*modes.EndpointSettings
	for _, name := range sortedKeys(n.Container.NetworkSettings.Networks) {
		out = append(out, n.Container.NetworkSettings.Networks[name])
	}
	return out
}

// bridgeNetworks are the networks of a host whose bridge has a name.
func (q *inquiry) byBridge(host *Node, iface string) *network {
	for _, n := range q.networks() {
		if n.host == host && n.Bridge == iface && iface != "" {
			return &n
		}
	}
	return nil
}

// before is where a container that does not run would have an address: what was
// asked for.
func (a *atlas) before(n *Node) (netip.Addr, bool) {
	for _, e := range sortedNetworks(n) {
		if e.IPAMConfig != nil {
			if ip, err := netip.ParseAddr(e.IPAMConfig.IPv4Address); err == nil {
				return ip, true
			}
		}
	}
	return netip.Addr{}, false
}
