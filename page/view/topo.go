package view

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/link"
	"dnetsim/modes"
	"dnetsim/modes/container"
	"dnetsim/scenarios"
	"dnetsim/stack"
	"dnetsim/userland"
)

// Topo is what there is and how it is connected. Ids are the trail's names: a
// machine "bdc01", a container "bdc01/c1", an interface "bdc01/eth0", an overlay's
// namespace "bdc01/1-cfa73afe22/1", a cable "bdc01:eth0". A bridge has the id of its
// interface, a LAN its name.
type Topo struct {
	Rev       int         `json:"rev"`
	Nodes     []Node      `json:"nodes"`
	Ifaces    []Iface     `json:"ifaces"`
	Links     []Link      `json:"links"`
	Published []Published `json:"published"`
	Networks  []Network   `json:"networks"`
}

// Node is something that has interfaces, or a bridge or a LAN that connects them.
type Node struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`             // host, router, site, container, namespace, bridge, lan
	Parent  string `json:"parent,omitempty"` // what it is drawn within
	Name    string `json:"name"`
	State   string `json:"state"` // up, down, exited, created, paused, off
	Image   string `json:"image,omitempty"`
	Engine  string `json:"engine,omitempty"`
	Service string `json:"service,omitempty"`
	Health  string `json:"health,omitempty"`
	Note    string `json:"note,omitempty"`
	Idle    bool   `json:"idle"` // nothing passed it since the last topology
}

// Iface is an interface; Node is whose namespace it is in.
type Iface struct {
	ID      string   `json:"id"`
	Node    string   `json:"node"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	MAC     string   `json:"mac"`
	Addrs   []string `json:"addrs"`
	Up      bool     `json:"up"`
	Carrier bool     `json:"carrier"`
	MTU     int      `json:"mtu"`
	Peer    string   `json:"peer,omitempty"`
	Master  string   `json:"master,omitempty"`
	VNI     uint32   `json:"vni,omitempty"`
	RX      uint64   `json:"rx"`
	TX      uint64   `json:"tx"`
	Drops   uint64   `json:"drops"`
}

// Link is what connects two interfaces, or an interface and a LAN.
type Link struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"` // veth, cable, tunnel, child
	A     string `json:"a"`
	B     string `json:"b"`
	State string `json:"state"` // up, down, lossy, blocked
	Note  string `json:"note,omitempty"`
	Delay int64  `json:"delay,omitempty"` // one way, in microseconds
}

// Published is a port of a host that leads to a container.
type Published struct {
	Host    string `json:"host"`
	Address string `json:"address"`
	Port    string `json:"port"`
	Proto   string `json:"proto"`
	To      string `json:"to"`
	ToPort  string `json:"toPort"`
}

// Network is one of Docker's, as the hosts know it: one of a cluster is the same on
// several.
type Network struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Driver  string   `json:"driver"`
	Subnets []string `json:"subnets"`
	VNI     uint32   `json:"vni,omitempty"`
	Hosts   []string `json:"hosts"`
	Peers   []Peer   `json:"peers,omitempty"`
}

// Peer is a host with containers in an overlay network: known if every other such
// host knows that they are there.
type Peer struct {
	Host  string `json:"host"`
	Known bool   `json:"known"`
}

// Topology looks at a lab.
func Topology(l *scenarios.Lab) *Topo {
	s := newSurvey(l)
	s.lans()
	for _, m := range l.Machines() {
		s.machine(m)
		if h, ok := l.Host(m.Name); ok {
			s.hosts = append(s.hosts, hostView{h, h.Daemon.Holdings()})
		}
	}
	for _, h := range s.hosts {
		s.host(h)
	}
	for _, ns := range s.order {
		s.interfaces(ns)
	}
	s.cables()
	s.tunnels()
	s.networks()
	return s.topo
}

// survey is a topology in the making.
type survey struct {
	lab   *scenarios.Lab
	topo  *Topo
	order []*stack.Namespace
	owner map[*stack.Namespace]string // the node's id
	on    map[*stack.Namespace]string // the machine's
	off   map[string]bool             // machines without power
	hosts []hostView
}

// hostView is a host with an engine, and its books.
type hostView struct {
	*modes.Host
	holdings modes.Holdings
}

func newSurvey(l *scenarios.Lab) *survey {
	return &survey{
		lab: l, owner: map[*stack.Namespace]string{}, on: map[*stack.Namespace]string{}, off: map[string]bool{},
		topo: &Topo{Nodes: []Node{}, Ifaces: []Iface{}, Links: []Link{}, Published: []Published{}, Networks: []Network{}},
	}
}

// claim says whose a namespace is, the first time that it is met.
func (s *survey) claim(ns *stack.Namespace, node, machine string) bool {
	if ns == nil || ns.Closed() || s.owner[ns] != "" {
		return false
	}
	s.owner[ns], s.on[ns] = node, machine
	s.order = append(s.order, ns)
	return true
}

func (s *survey) lans() {
	used := map[string]bool{}
	for _, w := range s.lab.Cables() {
		used[scenarios.LANOf(s.lab, w.Name())] = true
	}
	for _, name := range scenarios.LANs(s.lab) {
		if !used[name] {
			continue
		}
		n := Node{ID: name, Kind: "lan", Name: name, State: "up"}
		for _, lan := range s.lab.Scenario.LANs {
			if lan.Name == name {
				n.Note = lan.Subnet.String()
			}
		}
		s.topo.Nodes = append(s.topo.Nodes, n)
	}
}

func (s *survey) machine(m *userland.Machine) {
	n := Node{ID: m.Name, Kind: s.kind(m.Name), Name: m.Name, State: "up"}
	if h, ok := s.lab.Host(m.Name); ok {
		n.Engine = h.Daemon.Version().Version
		switch {
		case h.Off():
			n.State, s.off[m.Name] = "off", true
		case !h.Daemon.Running():
			n.Note = "dockerd is down"
		}
	}
	s.topo.Nodes = append(s.topo.Nodes, n)
	s.claim(m.NS(), m.Name, m.Name)
}

func (s *survey) kind(name string) string {
	for i := range s.lab.Scenario.Hosts {
		if s.lab.Scenario.Hosts[i].Name == name {
			return "host"
		}
	}
	for _, site := range s.lab.Scenario.Internet {
		if site.Name == name {
			return "site"
		}
	}
	return "router"
}

// host adds what is on a host: its containers and the namespaces that are nobody's.
func (s *survey) host(h hostView) {
	for _, c := range h.holdings.Containers {
		s.container(h.Host, c)
	}
	for _, ns := range h.Namespaces() {
		if s.owner[ns] == "" {
			s.namespace(h.Host, ns, lastPart(ns.Name()))
		}
	}
	for _, name := range sortedKeys(h.NamedNetns) {
		s.namespace(h.Host, h.NamedNetns[name], name)
	}
}

func (s *survey) namespace(h *modes.Host, ns *stack.Namespace, name string) {
	if s.claim(ns, ns.Name(), h.Name) {
		s.topo.Nodes = append(s.topo.Nodes, Node{ID: ns.Name(), Kind: "namespace", Parent: h.Name, Name: name, State: s.power(h.Name)})
	}
}

func (s *survey) power(machine string) string {
	if s.off[machine] {
		return "off"
	}
	return "up"
}

func (s *survey) container(h *modes.Host, c *modes.Container) {
	n := Node{ID: h.Name + "/" + c.Name, Kind: "container", Parent: h.Name, Name: c.Name, Image: c.Config.Image, State: "down"}
	switch c.State.Status {
	case container.Running:
		n.State = "up"
	case container.Paused, container.Created, container.Exited:
		n.State = string(c.State.Status)
	case container.Restarting, container.Removing, container.Dead:
		n.Note = string(c.State.Status)
	}
	if c.State.Health != nil && c.State.Running() {
		n.Health = c.State.Health.Status
	}
	if c.Service != nil {
		n.Service = c.Service.Name
	}
	if s.off[h.Name] {
		n.State = "off"
	}
	if c.State.Running() {
		switch space := c.Space(); {
		case s.claim(space, n.ID, h.Name):
		case space != nil && s.owner[space] != n.ID:
			n.Note = "in the namespace of " + s.owner[space]
		}
	}
	s.topo.Nodes = append(s.topo.Nodes, n)
}

// interfaces adds those of a namespace, and its bridges.
func (s *survey) interfaces(ns *stack.Namespace) {
	node := s.owner[ns]
	for _, i := range ns.Interfaces() {
		x := Iface{
			ID: ifaceID(i), Node: node, Name: i.Name(), Kind: kindOf(i.Kind()), MAC: i.MAC().String(), Addrs: []string{},
			Up: i.Up(), Carrier: i.Carrier(), MTU: i.MTU(),
		}
		for _, a := range i.Addrs() {
			x.Addrs = append(x.Addrs, a.Prefix.String())
		}
		c := i.Counters()
		x.RX, x.TX, x.Drops = c.RxPackets, c.TxPackets, c.RxDropped+c.TxDropped+c.RxErrors+c.TxErrors
		if p := i.Peer(); p != nil {
			x.Peer = ifaceID(p)
			if x.ID < x.Peer || s.owner[p.Namespace()] == "" {
				s.topo.Links = append(s.topo.Links, s.veth(i, p))
			}
		}
		if m := i.Master(); m != nil {
			x.Master = ifaceID(m)
		}
		if i.Kind() == stack.KindVXLAN {
			x.VNI = i.VXLANOptions().VNI
		}
		if p := i.Parent(); p != nil {
			s.topo.Links = append(s.topo.Links, Link{ID: x.ID + "--" + ifaceID(p), Kind: "child", A: x.ID, B: ifaceID(p), State: upDown(i.Up() && p.Up() && p.Carrier()), Note: childNote(i)})
		}
		if i.Kind() == stack.KindBridge {
			s.topo.Nodes = append(s.topo.Nodes, Node{ID: x.ID, Kind: "bridge", Parent: node, Name: i.Name(), State: upDown(i.Up())})
		}
		s.topo.Ifaces = append(s.topo.Ifaces, x)
	}
}

// childNote is what sort of child device it is.
func childNote(i *stack.Interface) string {
	note := i.Kind().String()
	if m, ok := i.MacvlanMode(); ok {
		note += " " + m.String()
	}
	if m, ok := i.IPvlanMode(); ok {
		note += " " + m.String()
	}
	if id, ok := i.VLANID(); ok {
		note += fmt.Sprintf(" %d", id)
	}
	return note
}

func (s *survey) veth(a, b *stack.Interface) Link {
	x, y := ifaceID(a), ifaceID(b)
	l := Link{ID: x + "--" + y, Kind: "veth", A: x, B: y, State: upDown(a.Carrier() && b.Carrier())}
	for _, i := range []*stack.Interface{a, b} {
		if how, _, ok := stack.Netem(i); ok {
			l.impaired(how)
		}
	}
	return l
}

// usualRate is that of a LAN's cables when nobody says otherwise, in bits a second.
const usualRate = 1_000_000_000

// impaired says in a link what becomes of frames on it, and how long they take.
func (l *Link) impaired(how link.Impairment) {
	var notes []string
	lossy := how.Loss > 0 || how.Corrupt > 0 || how.Duplicate > 0 || how.Reorder > 0
	for _, x := range []struct {
		share float64
		what  string
	}{{how.Loss, "lost"}, {how.Corrupt, "corrupted"}, {how.Duplicate, "duplicated"}, {how.Reorder, "reordered"}} {
		if x.share > 0 {
			notes = append(notes, fmt.Sprintf("%g%% %s", x.share*100, x.what))
		}
	}
	if how.Rate > 0 && how.Rate != usualRate {
		notes = append(notes, fmt.Sprintf("%g Mbit/s", float64(how.Rate)/1e6))
	}
	if how.MTU > 0 {
		notes = append(notes, fmt.Sprintf("MTU %d", how.MTU))
	}
	if how.Jitter > 0 {
		notes = append(notes, fmt.Sprintf("jitter %v", how.Jitter))
	}
	for _, b := range how.Block {
		text := b.Proto
		if b.Port != 0 {
			text = strings.TrimPrefix(fmt.Sprintf("%s/%d", b.Proto, b.Port), "/")
		}
		notes = append(notes, "blocks "+text)
	}
	switch {
	case l.State == "down":
	case how.Down:
		l.State = "down"
		notes = append(notes, "down in one direction")
	case len(how.Block) > 0:
		l.State = "blocked"
	case lossy:
		l.State = "lossy"
	}
	for _, n := range notes {
		if !strings.Contains(l.Note, n) {
			l.Note = strings.TrimPrefix(l.Note+", "+n, ", ")
		}
	}
	l.Delay = max(l.Delay, how.Delay.Microseconds())
}

func (s *survey) cables() {
	for _, w := range s.lab.Cables() {
		machine, name, _ := strings.Cut(w.Name(), ":")
		l := Link{ID: w.Name(), Kind: "cable", A: machine + "/" + name, B: scenarios.LANOf(s.lab, w.Name()), State: upDown(w.A().Carrier() && w.B().Carrier())}
		l.impaired(w.A().Impairment())
		l.impaired(w.B().Impairment())
		l.Delay += w.Delay.Microseconds()
		s.topo.Links = append(s.topo.Links, l)
	}
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// ifaceID is an interface's name in the trail.
func ifaceID(i *stack.Interface) string { return i.Namespace().Name() + "/" + i.Name() }

func kindOf(k stack.Kind) string {
	switch k {
	case stack.KindLoopback, stack.KindPhysical, stack.KindVeth, stack.KindBridge, stack.KindVXLAN, stack.KindMacvlan, stack.KindIPvlan:
		return k.String()
	}
	return "other"
}

func lastPart(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) == 3 { // HOST/NAMESPACE/NUMBER, an overlay's
		return parts[1]
	}
	return parts[len(parts)-1]
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Count is how many nodes there are of a kind.
func (t *Topo) Count(kind string) (n int) {
	for i := range t.Nodes {
		if t.Nodes[i].Kind == kind {
			n++
		}
	}
	return n
}

// Traffic is the sum of the counters.
func (t *Topo) Traffic() (n uint64) {
	for i := range t.Ifaces {
		n += t.Ifaces[i].RX + t.Ifaces[i].TX + t.Ifaces[i].Drops
	}
	return n
}

// Shape is the topology without its counters.
func (t *Topo) Shape() *Topo {
	x := *t
	x.Ifaces = slices.Clone(t.Ifaces)
	for i := range x.Ifaces {
		x.Ifaces[i].RX, x.Ifaces[i].TX, x.Ifaces[i].Drops = 0, 0, 0
	}
	return &x
}
