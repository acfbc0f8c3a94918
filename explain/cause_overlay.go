package explain

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/modes"
	"dnetsim/stack"
)

// tunnelPort and gossipPort are the overlay's.
const (
	tunnelPort = 4789 // VXLAN's own, and that of a cluster store's networks
	gossipPort = 7946
)

// overlay is an overlay network between two hosts, as a flow meets it.
type overlay struct {
	q        *inquiry
	net      *network // as the sender's host knows it
	a, b     *Node    // the hosts of the sender and of whom it means; b may be nil
	ca, cb   modes.Cluster
	sender   *Node
	receiver *Node
}

// port is the UDP port of the network's tunnels.
func (o *overlay) port() uint16 {
	if p := o.ca.Port; p != 0 {
		return p
	}
	return tunnelPort
}

// overlaid reports whether the flow is one of an overlay network.
func (q *inquiry) overlaid() bool { return q.overlayOf() != nil }

// overlayOf is the overlay network that the sender reaches for, or nil.
func (q *inquiry) overlayOf() *network {
	for _, id := range sortedKeys(q.from.Networks) {
		n := q.networkOf(q.byName[q.from.On()], id)
		if n == nil || n.Driver != "overlay" {
			continue
		}
		if q.j.Target.IsValid() && n.covers(q.j.Target) || q.to != nil && q.to.Networks[id] != "" {
			return n
		}
	}
	return nil
}

// overlay looks for the causes of an overlay network's failures: first what the
// packets say, and where they say that nothing was known, why nobody told.
func (q *inquiry) overlay() {
	n := q.overlayOf()
	if q.blamed() || n == nil {
		q.overlayMissing()
		return
	}
	if q.to != nil && !q.to.isContainer() {
		return
	}
	o := &overlay{q: q, net: n, sender: q.from, receiver: q.to, a: q.byName[q.from.On()]}
	if q.to != nil {
		o.b = q.byName[q.to.On()]
	}
	if q.backwards() {
		o.a, o.b, o.sender, o.receiver = o.b, o.a, o.receiver, o.sender
	}
	o.ca = o.a.Host.Cluster()
	if o.b != nil && o.b.Host != nil {
		o.cb = o.b.Host.Cluster()
	}
	if o.b == nil || o.b == o.a {
		o.split()
		return
	}
	if o.b.Host.Off() {
		cabling{q}.hostDown(o.b)
		return
	}
	if o.sandboxDown(); q.blamed() {
		return
	}
	if o.unknown() || o.q.j.Verdict == NameNotResolved && o.swarmed() {
		if o.rowGone(); !q.blamed() {
			o.control()
		}
		return
	}
	o.data()
}

// overlayMissing: the names are of an overlay network that the sender's host
// knows nothing of, or whose other container is on another network.
func (q *inquiry) overlayMissing() {
	if q.blamed() || q.to == nil || !q.to.isContainer() || !q.from.isContainer() || q.to.On() == q.from.On() {
		return
	}
	for _, pair := range [][2]*Node{{q.from, q.to}, {q.to, q.from}} {
		for id := range pair[0].Networks {
			n := q.networkOf(q.byName[pair[0].On()], id)
			if n == nil || n.Driver != "overlay" {
				continue
			}
			o := &overlay{q: q, net: n, a: q.byName[pair[0].On()], b: q.byName[pair[1].On()], sender: pair[0], receiver: pair[1]}
			o.ca, o.cb = o.a.Host.Cluster(), o.b.Host.Cluster()
			if o.split(); q.blamed() {
				return
			}
			other := pair[1]
			cure := Cure{Steps: []CureStep{{Machine: other.On(), Line: "docker network connect " + n.Name + " " + other.Container.Name}}}
			f := q.flow
			f.To = q.to.Name
			cure.Instead = &f
			q.blame(Cause{
				Code:     "DNS-OTHER-NETWORK",
				Sentence: fmt.Sprintf("%s is on the overlay network %s, and %s is not: they have no network in common.", pair[0].Name, n.Name, other.Name),
				Evidence: []Evidence{
					q.show(pair[0].On(), networksOf(pair[0]), "the networks of "+pair[0].Name),
					q.show(other.On(), networksOf(other), "the networks of "+other.Name),
				},
				cures: []Cure{cure},
			})
			return
		}
	}
}

// unknown reports whether the packet died because the sender's host does not
// know where the other container is.
func (o *overlay) unknown() bool {
	for _, p := range append([]*Path{o.q.deadPath()}, o.q.j.Asks...) {
		if p == nil || p.End.event == nil {
			continue
		}
		if e := p.End.event; e.Verb == trail.Drop && (e.Reason == trail.L3Miss || e.Reason == trail.L2Miss || e.Reason == trail.NoAnswer) {
			return true
		}
	}
	return o.q.j.Verdict == Unresolved && o.tunnel(o.a) != nil && !o.row(o.a, o.q.to)
}

// tunnel is the network's tunnel device on a host, or nil.
func (o *overlay) tunnel(host *Node) *stack.Interface {
	ns := host.Host.Daemon.Holdings().Overlays[o.net.ID]
	if ns == nil {
		return nil
	}
	for _, i := range ns.Interfaces() {
		if i.Kind() == stack.KindVXLAN {
			return i
		}
	}
	return nil
}

// row reports whether a host has a neighbour entry for a container's address.
func (o *overlay) row(host, n *Node) bool {
	ns := host.Host.Daemon.Holdings().Overlays[o.net.ID]
	if ns == nil || n == nil {
		return false
	}
	for _, x := range ns.Neighbours() {
		if x.Addr.String() == n.Networks[o.net.ID] && x.HasMAC {
			return true
		}
	}
	return false
}

// rows shows what a host's tunnel knows.
func (o *overlay) rows(host *Node) []Evidence {
	return []Evidence{
		o.q.show(host.Name, o.inSandbox("ip neigh show dev vxlan0"), fmt.Sprintf("the containers on other hosts that %s knows: a line for each, where it works", host.Name)),
		o.q.show(host.Name, o.inSandbox("bridge fdb show dev vxlan0 | grep dst"), "and the hosts that it believes them on"),
	}
}

// nodes shows what the store has of the engines.
func (o *overlay) nodes() Evidence {
	at, ok := storeAddress(o.a)
	if !ok {
		return Evidence{Place: o.a.Name, Command: "cat /etc/docker/daemon.json"}
	}
	return o.q.show(o.a.Name, fmt.Sprintf("curl -s 'http://%s/v1/kv/docker/nodes/?keys'", at), "the addresses under which engines are known in the store")
}

func (o *overlay) config(host *Node) Evidence {
	return o.q.show(host.Name, "cat /etc/docker/daemon.json", "what "+host.Name+" was told")
}

func (o *overlay) log(host *Node, grep, says string) Evidence {
	return o.q.show(host.Name, "journalctl -u docker | grep -o '"+grep+"' | tail -n 1", says)
}

// control is why a host was not told of the other's container: the chain is
// store, advertised address, gossip.
func (o *overlay) control() {
	if o.swarmed() {
		o.swarmControl()
		return
	}
	for _, look := range []func(*overlay){
		(*overlay).split, (*overlay).shadowed, (*overlay).storeGone, (*overlay).advertise, (*overlay).hostnames, (*overlay).gossip, (*overlay).apart,
	} {
		if look(o); o.q.blamed() {
			return
		}
	}
}

// split: the hosts do not share a store.
func (o *overlay) split() {
	if o.twoSwarms(); o.q.blamed() {
		return
	}
	if o.b == nil || o.a == o.b {
		for _, e := range o.q.engines() {
			if e != o.a && e.Host.Cluster().Store != "" && o.namesake(e) != nil {
				o.b = e
				o.cb = e.Host.Cluster()
			}
		}
	}
	if o.b == nil || o.a == o.b || o.b.Host == nil {
		return
	}
	sa, oka := storeAddress(o.a)
	sb, okb := storeAddress(o.b)
	other := o.namesake(o.b)
	if !oka || !okb || sa == sb || other == nil && o.q.to == nil {
		return
	}
	steps := workshop{o.q}.configure(o.b, map[string]any{"cluster-store": stringKey(o.a, "cluster-store")})
	cure := Cure{Says: fmt.Sprintf("%s uses the store of %s; what is kept in its own alone, networks and their addresses, is given up", o.b.Name, o.a.Name), Steps: o.rejoin(steps, o.b)}
	if o.q.to != nil && o.q.to.isContainer() {
		f := o.q.flow
		f.To = o.q.to.Name
		cure.Instead = &f
	} else if n := o.memberOf(o.b); n != nil {
		f := o.q.flow
		f.To = n.Name
		cure.Instead = &f
	}
	o.q.blame(Cause{
		Code:     "OVERLAY-STORE-SPLIT",
		Sentence: fmt.Sprintf("%s keeps its networks at %s and %s at %s: they are two clusters, whose networks of one name have nothing to do with each other, and whose containers get the same addresses.", o.a.Name, sa, o.b.Name, sb),
		Evidence: []Evidence{o.config(o.a), o.config(o.b),
			o.q.show(o.a.Name, "docker network ls --no-trunc -f driver=overlay --format '{{.ID}} {{.Name}}'", "the network's id on "+o.a.Name),
			o.q.show(o.b.Name, "docker network ls --no-trunc -f driver=overlay --format '{{.ID}} {{.Name}}'", "and on "+o.b.Name)},
		cures: []Cure{cure},
	})
}

// namesake is another host's overlay network of the same name and another id.
func (o *overlay) namesake(host *Node) *network {
	for _, n := range o.q.networks() {
		if n.host == host && n.Driver == "overlay" && n.Name == o.net.Name && n.ID != o.net.ID {
			return &n
		}
	}
	return nil
}

// memberOf is a container of a host that is on an overlay network of the same
// name.
func (o *overlay) memberOf(host *Node) *Node {
	for _, n := range o.q.nodes {
		if n.isContainer() && n.On() == host.Name && n.Container.NetworkSettings.Networks[o.net.Name] != nil {
			return n
		}
	}
	return nil
}

// rejoin puts the containers of a host on the network of the cluster that it has
// come to. The old network has to go while its store is still asked.
func (o *overlay) rejoin(steps []CureStep, host *Node) []CureStep {
	if o.namesake(host) == nil {
		return steps
	}
	var before, after []CureStep
	for _, n := range o.q.nodes {
		if !n.isContainer() || n.On() != host.Name || n.Container.NetworkSettings.Networks[o.net.Name] == nil {
			continue
		}
		steps = slices.DeleteFunc(steps, func(s CureStep) bool {
			return strings.HasPrefix(s.Line, "docker start") && strings.HasSuffix(s.Line, " "+n.Container.Name)
		})
		again := workshop{o.q}.remake(n, func(*options) {})
		before, after = append(before, again[0]), append(after, again[1:]...)
	}
	before = append(before, CureStep{Machine: host.Name, Line: "docker network rm " + o.net.Name})
	after = append(after, CureStep{Wait: gossipMeets / 3})
	return append(append(before, steps...), after...)
}

// storeGone: an engine cannot talk to the store, or the store has forgotten.
func (o *overlay) storeGone() {
	for _, host := range []*Node{o.a, o.b} {
		s, ok := o.q.storeOf(host)
		if !ok {
			continue
		}
		if c := s.silent(); c != nil {
			o.q.blame(*c)
			return
		}
	}
	o.wiped()
}

// inquireInto is inquire for a question that came up within another.
func (q *inquiry) inquireInto(f Flow, from *Node, j *Journey) *inquiry {
	if q.looking[f.String()] {
		return &inquiry{atlas: q.atlas, flow: f, from: from, j: j}
	}
	in := &inquiry{atlas: q.atlas, flow: f, from: from, j: j, looking: map[string]bool{f.String(): true}}
	for k := range q.looking {
		in.looking[k] = true
	}
	in.to = in.meant()
	in.search()
	return in
}

// wiped: the store answers, and has nothing of the network any more.
func (o *overlay) wiped() {
	at, ok := storeAddress(o.a)
	if !ok {
		return
	}
	keys := fmt.Sprintf("curl -s 'http://%s/v1/kv/docker/network/v1.0/network/%s/?keys'", at, o.net.ID)
	if strings.Contains(o.q.output(o.a.Name, keys), o.net.ID) {
		o.q.innocent("the store has the network's keys")
		return
	}
	e := o.q.show(o.a.Name, keys, "the store has no key of the network")
	o.q.blame(Cause{
		Code:     "OVERLAY-STORE-WIPED",
		Sentence: fmt.Sprintf("The cluster store has lost its keys: the network %s, its addresses and its containers are unknown to it, and what starts now joins a network that is not there.", o.net.Name),
		Evidence: []Evidence{e},
	})
}
