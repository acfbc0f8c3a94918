package explain

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// World is a run that stands still at the moment of a question.
type World interface {
	Loop() *sim.Loop
	// Machines are hosts, routers and sites of the internet, in the file's order.
	Machines() []*userland.Machine
	// Host is a machine with an engine, or false.
	Host(name string) (*modes.Host, bool)
	// Cables are the cables between machines and switches; their names are
	// MACHINE:INTERFACE, and end A is the machine's.
	Cables() []*link.Wire
	// Type runs a line in the shell of a machine and returns its exit status and
	// what it printed.
	Type(machine, line string) (exit int, output string, err error)
	// Repair puts a cable back as it was declared ("MACHINE:INTERFACE"), or gives
	// a host ("MACHINE") its power back.
	Repair(what string) error
	// Fork is the same run once more, up to the same moment, or [ErrNoFork].
	Fork() (World, error)
	// Close ends the world.
	Close()
}

// ErrNoFork is a world of which there is no copy: somebody types in it.
var ErrNoFork = errors.New("there is no copy of this run to try it in")

// Node is where a packet can start or end: a machine, or a container.
type Node struct {
	Name      string // "bdc01", "bdc01/c1"
	Machine   *userland.Machine
	Space     *stack.Namespace  // nil if the container does not run
	Host      *modes.Host       // nil for a machine without an engine
	Container *modes.Container  // nil for a machine
	Networks  map[string]string // network id to address, for a container
}

// isContainer reports whether the node is a container.
func (n *Node) isContainer() bool { return n.Container != nil }

// On is the machine that the node is, or runs on.
func (n *Node) On() string {
	host, _, _ := strings.Cut(n.Name, "/")
	return host
}

// running reports whether the node can send. A container that has been restarted since
// it was looked at has another namespace; its old one may live on in who shares it.
func (n *Node) running() bool {
	return n.Space != nil && !n.Space.Closed() && (n.Container == nil || n.Container.Space() == n.Space)
}

// atlas is who and what is there.
type atlas struct {
	w      World
	nodes  []*Node
	byName map[string]*Node
	space  map[string]*stack.Namespace // by its name in the trail
	owner  map[*stack.Namespace]*Node
	quiet  bool // evidence is not shown: nothing is typed
}

func survey(w World) *atlas {
	a := &atlas{w: w, byName: map[string]*Node{}, space: map[string]*stack.Namespace{}, owner: map[*stack.Namespace]*Node{}}
	for _, m := range w.Machines() {
		n := &Node{Name: m.Name, Machine: m, Space: m.NS()}
		if h, ok := w.Host(m.Name); ok {
			n.Host = h
		}
		a.add(n)
	}
	for _, n := range a.nodes[:len(a.nodes):len(a.nodes)] {
		if n.Host != nil {
			a.containers(n)
		}
	}
	return a
}

func (a *atlas) add(n *Node) {
	a.nodes = append(a.nodes, n)
	a.byName[n.Name] = n
	if n.Space != nil {
		a.space[n.Space.Name()] = n.Space
		if a.owner[n.Space] == nil {
			a.owner[n.Space] = n
		}
	}
}

func (a *atlas) containers(host *Node) {
	for _, c := range host.Host.Daemon.Holdings().Containers {
		n := &Node{Name: host.Name + "/" + c.Name, Machine: c.Machine(), Host: host.Host, Container: c, Networks: map[string]string{}}
		if c.State.Running() {
			n.Space = c.Space()
		}
		for _, e := range c.NetworkSettings.Networks {
			n.Networks[e.NetworkID] = e.IPAddress
		}
		a.add(n)
	}
	for _, ns := range host.Host.Namespaces() {
		a.space[ns.Name()] = ns
	}
}

// names are the names of all nodes, for errors.
func (a *atlas) names() string {
	var out []string
	for _, n := range a.nodes {
		out = append(out, n.Name)
	}
	return strings.Join(out, ", ")
}

// find is a node by its name, or by a container's name alone if only one host
// has it.
func (a *atlas) find(name string) (*Node, error) {
	if n := a.byName[name]; n != nil {
		return n, nil
	}
	if found := a.containersNamed(name); len(found) == 1 {
		return found[0], nil
	} else if len(found) > 1 {
		return nil, &UsageError{fmt.Sprintf("%s is a container on several hosts: write %s or %s", name, found[0].Name, found[1].Name)}
	}
	return nil, &UsageError{fmt.Sprintf("there is no %s: there are %s", name, a.names())}
}

func (a *atlas) containersNamed(name string) []*Node {
	var out []*Node
	for _, n := range a.nodes {
		if n.isContainer() && n.Container.Name == name {
			out = append(out, n)
		}
	}
	return out
}

// UsageError is a question that cannot be asked: it says what to write instead.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// holder is a node that has an address on one of its interfaces.
type holder struct {
	node  *Node
	iface *stack.Interface
}

// holders are who has an address, in the order of the nodes; loopback
// addresses are everybody's and so nobody's.
func (a *atlas) holders(ip netip.Addr) []holder {
	var out []holder
	seen := map[*stack.Namespace]bool{}
	for _, n := range a.nodes {
		if n.Space == nil || seen[n.Space] {
			continue
		}
		seen[n.Space] = true
		for _, i := range n.Space.Interfaces() {
			for _, x := range i.Addrs() {
				if x.Prefix.Addr() == ip && !ip.IsLoopback() {
					out = append(out, holder{n, i})
				}
			}
		}
	}
	return out
}

// absent are containers that do not run and had an address, or want it.
func (a *atlas) absent(ip netip.Addr) []*Node {
	var out []*Node
	for _, n := range a.nodes {
		if !n.isContainer() || n.running() {
			continue
		}
		for _, e := range n.Container.NetworkSettings.Networks {
			if e.IPAddress == ip.String() || e.IPAMConfig != nil && e.IPAMConfig.IPv4Address == ip.String() {
				out = append(out, n)
			}
		}
	}
	return out
}

// nodeOf is whose namespace a place is in, by the namespace's name. An overlay
// network's own namespace belongs to its host.
func (a *atlas) nodeOf(space string) *Node {
	if ns := a.space[space]; ns != nil {
		if n := a.owner[ns]; n != nil {
			return n
		}
	}
	host, _, _ := strings.Cut(space, "/")
	return a.byName[host]
}

// network is a network as one host knows it.
type network struct {
	host *Node
	*modes.NetworkHolding
}

// networks are all networks of all hosts, in order.
func (a *atlas) networks() []network {
	var out []network
	for _, n := range a.nodes {
		if n.Host == nil || n.isContainer() {
			continue
		}
		h := n.Host.Daemon.Holdings()
		for i := range h.Networks {
			out = append(out, network{n, &h.Networks[i]})
		}
	}
	return out
}

// binding is a port of a host that leads to a container.
type binding struct {
	node *Node
	modes.BoundPort
}

// bindings are a host's published ports, as they are bound now.
func (a *atlas) bindings(host *Node) []binding {
	var out []binding
	for _, net := range a.networks() {
		if net.host != host {
			continue
		}
		for _, e := range net.Endpoints {
			for _, b := range e.Bound {
				if e.Container != nil {
					out = append(out, binding{a.byName[host.Name+"/"+e.Container.Name], b})
				}
			}
		}
	}
	return out
}

// covers reports whether an address is in a network's pools.
func (n *network) covers(ip netip.Addr) bool {
	for _, c := range n.Network.IPAM.Config {
		if p, err := netip.ParsePrefix(c.Subnet); err == nil && p.Masked().Contains(ip) {
			return true
		}
	}
	return false
}

// shared are the networks that both nodes are on, by id, of any host.
func shared(x, y *Node) []string {
	var out []string
	for id := range x.Networks {
		if _, ok := y.Networks[id]; ok {
			out = append(out, id)
		}
	}
	sort.Strings(out)
	return out
}

// networkOf is a network by its id as a host knows it.
func (a *atlas) networkOf(host *Node, id string) *network {
	for _, n := range a.networks() {
		if n.host == host && n.Network.ID == id {
			return &n
		}
	}
	return nil
}

// hostsWithEngines are the machines that run dockerd.
func (a *atlas) engines() []*Node {
	var out []*Node
	for _, n := range a.nodes {
		if n.Host != nil && !n.isContainer() {
			out = append(out, n)
		}
	}
	return out
}

// cable is the cable of a machine's interface.
func (a *atlas) cable(name string) *link.Wire {
	i := slices.IndexFunc(a.w.Cables(), func(w *link.Wire) bool { return w.Name() == name })
	if i < 0 {
		return nil
	}
	return a.w.Cables()[i]
}

// glance is how often a process looks whether what it waits for is there.
const glance = 5 * time.Millisecond

// run lets the loop go on until done, or for as long as d. Within a process of
// the loop, that one waits.
func run(w World, done func() bool, d time.Duration) {
	l := w.Loop()
	until := l.Now() + d
	if p := l.Current(); p != nil {
		for !done() && l.Now() < until {
			p.Sleep(glance)
		}
		return
	}
	l.Run(done, until) //nolint:errcheck // the caller looks at what was reached
}
