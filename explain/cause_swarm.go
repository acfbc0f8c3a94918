package explain

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dnetsim/modes"
)

// swarmMeets is how long the gossip of a swarm may need to find itself again: who
// lost the others asks the managers for them once a minute.
const swarmMeets = 90 * time.Second

// swarmed reports whether both hosts are nodes of swarms, and not of a cluster
// store.
func (o *overlay) swarmed() bool {
	return o.b != nil && o.b.Host != nil && inSwarm(o.a) && inSwarm(o.b)
}

// inSwarm reports whether a host's engine is a node of a swarm, or wants to be.
func inSwarm(host *Node) bool {
	return host.Host != nil && host.Host.Cluster().Store == "" && host.Host.Swarm().State != "inactive" && host.Host.Swarm().State != ""
}

// swarmControl is why a host was not told of the other's container, or not where
// it is: the chain is the managers, the addresses, the gossip.
func (o *overlay) swarmControl() {
	for _, look := range []func(*overlay){
		(*overlay).twoSwarms, (*overlay).shadowed, (*overlay).swarmAdvertise, (*overlay).dataPath, (*overlay).gossip, (*overlay).swarmApart,
	} {
		if look(o); o.q.blamed() {
			return
		}
	}
}

// swarms looks at who is in which swarm, and writes down how to be in another.
type swarms struct{ *inquiry }

// manager is a host that manages the swarm of another and has a leader, or nil.
func (q swarms) manager(of *Node) *Node {
	v := of.Host.Swarm()
	var silent *Node
	for _, e := range q.engines() {
		m := e.Host.Swarm()
		switch {
		case !m.Manager || !q.managed(v, e):
		case m.Led:
			return e
		case silent == nil:
			silent = e
		}
	}
	return silent
}

// managed reports whether a manager is of a node's swarm; a node that is still
// joining has only the manager's address.
func (q swarms) managed(v modes.SwarmView, manager *Node) bool {
	m := manager.Host.Swarm()
	if v.Root != "" {
		return v.Same(m)
	}
	for _, at := range v.Managers {
		if manager.Space.IsLocal(at.Addr()) {
			return true
		}
	}
	return false
}

// identity shows what a node says of its swarm.
func (q swarms) identity(host *Node, says string) Evidence {
	return q.show(host.Name, "docker info 2>/dev/null | grep -e Swarm: -e 'Is Manager' -e 'Node Address'", says)
}

// gossipLog shows the last that an engine's gossip said.
func (o *overlay) gossipLog(host *Node, says string) Evidence {
	if inSwarm(host) {
		return o.log(host, "memberlist: .*\\|Error in joining gossip.*", says)
	}
	return o.log(host, "EventMember.*", says)
}

// peersOf shows which nodes a host knows to be in the network.
func (o *overlay) peersOf(host *Node) Evidence {
	return o.q.show(host.Name, "docker network inspect -f '{{range .Peers}}{{.IP}} {{end}}' "+o.net.Name, "the nodes that "+host.Name+" knows in the network")
}

// twoSwarms: the hosts are managers and workers of two swarms.
func (o *overlay) twoSwarms() {
	if !o.swarmed() {
		return
	}
	a, b := o.a.Host.Swarm(), o.b.Host.Swarm()
	if a.Root == "" || b.Root == "" || a.Same(b) {
		return
	}
	q := o.q
	manager := swarms{q}.manager(o.a)
	if manager == nil || (swarms{q}).managed(b, manager) {
		return
	}
	keep, move := o.a, o.b
	cure := Cure{
		Steps: swarms{q}.rejoinSwarm(move, manager, "", true),
		Says:  fmt.Sprintf("%s leaves its own swarm, whose networks end with it, and joins that of %s", move.Name, keep.Name),
	}
	if q.to != nil && q.to.isContainer() {
		f := q.flow
		f.To = q.to.Container.Name
		cure.Instead = &f
	}
	list := "docker network ls --no-trunc -f driver=overlay --format '{{.ID}} {{.Name}}'"
	q.blame(Cause{
		Code: "SWARM-SPLIT",
		Sentence: fmt.Sprintf("%s and %s are nodes of two swarms: on each somebody typed docker swarm init. Their networks of the name %s are two networks, with two ids and the same addresses, that have nothing to do with each other.",
			o.a.Name, o.b.Name, o.net.Name),
		Evidence: []Evidence{
			q.show(keep.Name, "docker node ls", "the nodes of the swarm of "+keep.Name), q.show(move.Name, "docker node ls", "and of that of "+move.Name),
			q.show(keep.Name, list, "the network's id on "+keep.Name), q.show(move.Name, list, "and on "+move.Name),
		},
		cures: []Cure{cure},
	})
}

// rejoinSwarm makes a host leave its swarm and join another's, or the same again
// with other options; its containers on networks of the swarm are made anew, because
// they lose them.
func (q swarms) rejoinSwarm(host, manager *Node, options string, force bool) []CureStep {
	before, after := q.members(func(n *Node) bool { return n.On() == host.Name })
	leave := "docker swarm leave"
	if force {
		leave += " -f"
	}
	steps := append(before, CureStep{Machine: host.Name, Line: leave}, CureStep{Machine: host.Name, Line: q.joinLine(host, manager, options)})
	return append(append(steps, after...), CureStep{Wait: gossipMeets / 3})
}

// joinLine is what makes a host a worker of a manager's swarm.
func (q swarms) joinLine(host, manager *Node, options string) string {
	o := &overlay{q: q.inquiry}
	return fmt.Sprintf("docker swarm join %s--token $(ssh %s docker swarm join-token -q worker) %s:2377", options, manager.Name, o.ownAddress(manager, host))
}

// members are the steps that take the containers of networks of a swarm away, and
// that run them again.
func (q swarms) members(which func(*Node) bool) (before, after []CureStep) {
	for _, n := range q.nodes {
		if !n.isContainer() || n.Container.Managed || !which(n) || q.swarmNetwork(n) == "" {
			continue
		}
		// The managers give the addresses.
		again := workshop(q).remake(n, func(o *options) { o.drop(func(name, _ string) bool { return name == "--ip" }) })
		before, after = append(before, again[0]), append(after, again[1:]...)
	}
	return before, after
}

// swarmNetwork is the name of a network of several hosts that a container is on, or
// is to be on, "" if there is none.
func (q swarms) swarmNetwork(n *Node) string {
	host := q.byName[n.On()]
	for _, name := range append(sortedKeys(n.Container.NetworkSettings.Networks), n.Container.HostConfig.NetworkMode) {
		for _, x := range q.networks() {
			if x.Name == name && x.Driver == "overlay" && x.host == host {
				return name
			}
		}
		for _, x := range q.clusterNetworks() {
			if x.Spec.Name == name && name != "" {
				return name
			}
		}
	}
	return ""
}

// swarmAdvertise: a node advertises an address that does not lead to it.
func (o *overlay) swarmAdvertise() {
	for _, p := range []struct {
		host, other *Node
		c           modes.Cluster
	}{{o.b, o.a, o.cb}, {o.a, o.b, o.ca}} {
		if !p.c.Self.IsValid() {
			continue
		}
		why := ""
		switch {
		case p.c.Self.IsLoopback():
			why = fmt.Sprintf("which is every machine's own: who sends there sends to itself, not to %s", p.host.Name)
		case swarms{o.q}.arrives(p.other, p.host, p.c.Self):
			continue
		case !p.host.Space.IsLocal(p.c.Self):
			why = "which is on none of its interfaces"
		case p.other.Space.IsLocal(p.c.Self):
			why = fmt.Sprintf("which %s has, too (each Docker host has docker0): what %s sends there stays there", p.other.Name, p.other.Name)
		case o.noWay(p.other, p.c.Self):
			why = fmt.Sprintf("and from %s that address does not lead to it", p.other.Name)
		case swarms{o.q}.otherCard(p.host, p.other, p.c.Self):
			why = fmt.Sprintf("the address of a card that %s has no way to (its own on the way to %s is %s)", p.other.Name, p.other.Name, o.ownAddress(p.host, p.other))
		default:
			continue
		}
		o.blameSwarmAdvertise(p.host, p.other, p.c.Self, why)
		return
	}
	o.q.innocent("each node advertises an address of its own that the other can reach (%s, %s)", o.ca.Self, o.cb.Self)
}

// otherCard reports whether a host's address is of an interface that another host has
// no way to, though another address of it is reached.
func (q swarms) otherCard(host, other *Node, at netip.Addr) bool {
	own := (&overlay{q: q.inquiry}).ownAddress(host, other)
	return own.IsValid() && own != at && q.ends(other, at) != host && q.arrives(other, host, own)
}

// arrives reports whether the gossip's packets from a host to an address get to
// another host.
func (q swarms) arrives(from, to *Node, at netip.Addr) bool {
	j := q.gossips(from, at)
	return j != nil && j.Forward.End.Delivered && q.nodeOf(j.Forward.End.event.Place.Machine) == to
}

// ends is the machine on which the gossip's packets from a host to an address end,
// well or not; nil if they do not set out.
func (q swarms) ends(from *Node, at netip.Addr) *Node {
	j := q.gossips(from, at)
	if j == nil {
		return nil
	}
	return q.nodeOf(j.Forward.End.event.Place.Machine)
}

// gossips is the way of the gossip's packets from a host to an address, or nil.
func (q swarms) gossips(from *Node, at netip.Addr) *Journey {
	j, err := q.travel(from, Flow{From: from.Name, To: at.String(), Proto: TCP, Port: gossipPort})
	if err != nil || j.Forward == nil || j.Forward.End.event == nil {
		return nil
	}
	return j
}

func (o *overlay) blameSwarmAdvertise(host, other *Node, self netip.Addr, why string) {
	q := o.q
	own := o.ownAddress(host, other)
	c := Cause{
		Code: "SWARM-ADVERTISE-WRONG",
		Sentence: fmt.Sprintf("%s advertises %s, %s. Joining goes over the managers' port and works all the same, docker node ls says Ready; but the gossip by which the nodes tell each other of containers (port 7946) and their tunnels go to that address, and nobody learns which containers are where.",
			host.Name, self, why),
		Evidence: []Evidence{
			swarms{q}.identity(host, "what "+host.Name+" advertises"), q.show(host.Name, "ip -4 -br addr", "the addresses of "+host.Name),
			o.peersOf(host), o.peersOf(other), o.gossipLog(other, "what the gossip of "+other.Name+" says of it"),
		},
	}
	m := swarms{q}.manager(host)
	if host.Host.Swarm().Manager {
		c.cures = []Cure{{Says: "a manager's address is that of its swarm: the swarm has to be made again", Steps: swarms{q}.remakeSwarm(host, own)}}
	} else if m != nil {
		c.cures = []Cure{{
			Says:  fmt.Sprintf("%s leaves and joins again with its own address; on the manager docker node ls keeps the earlier entry as Down, and docker node rm ID takes it away", host.Name),
			Steps: swarms{q}.rejoinSwarm(host, m, "--advertise-addr "+own.String()+" ", false),
		}}
	}
	q.blame(c)
}

// remakeSwarm makes a swarm of one manager again, with its workers, its networks and
// their containers.
func (q swarms) remakeSwarm(manager *Node, advertise netip.Addr) []CureStep {
	own := manager.Host.Swarm()
	before, after := q.members(func(n *Node) bool { return n.Host.Swarm().Same(own) })
	steps := before
	var join []CureStep
	for _, e := range q.engines() {
		if e != manager && e.Host.Swarm().Same(own) {
			steps = append(steps, CureStep{Machine: e.Name, Line: "docker swarm leave"})
			join = append(join, CureStep{Machine: e.Name, Line: q.joinLine(e, manager, "")})
		}
	}
	steps = append(steps, CureStep{Machine: manager.Name, Line: "docker swarm leave -f"}, CureStep{Machine: manager.Name, Line: "docker swarm init --advertise-addr " + advertise.String()})
	steps = append(steps, join...)
	for _, n := range manager.Host.Swarm().Networks {
		if !n.Spec.Ingress {
			steps = append(steps, CureStep{Machine: manager.Name, Line: swarmCreate(n, netip.Prefix{})})
		}
	}
	return append(append(steps, after...), CureStep{Wait: gossipMeets / 3})
}

// dataPath: a node tells the others of a place for their tunnels that is not its own.
func (o *overlay) dataPath() {
	for _, p := range []struct {
		host, other *Node
		c           modes.Cluster
	}{{o.b, o.a, o.cb}, {o.a, o.b, o.ca}} {
		at := p.c.VTEP
		if !at.IsValid() || at == p.c.Self || p.host.Space.IsLocal(at) && !p.other.Space.IsLocal(at) && !o.noWay(p.other, at) {
			continue
		}
		q := o.q
		own := o.ownAddress(p.host, p.other)
		c := Cause{
			Code: "SWARM-DATAPATH-MISMATCH",
			Sentence: fmt.Sprintf("%s was told to have its tunnels end at %s (--data-path-addr), and that address does not lead to it: names and peers are known, since the gossip uses the advertised address %s, and packets of containers go where %s is not.",
				p.host.Name, at, p.c.Self, p.host.Name),
			Evidence: append(o.rowsOf(p.other), q.show(p.host.Name, "ip -4 -br addr", "the addresses of "+p.host.Name), o.peersOf(p.other)),
		}
		m := swarms{q}.manager(p.host)
		if m != nil && !p.host.Host.Swarm().Manager {
			c.cures = []Cure{{
				Says:  "an address is set at join only; docker node ls keeps the earlier entry as Down: docker node rm takes it away",
				Steps: swarms{q}.rejoinSwarm(p.host, m, "--advertise-addr "+p.c.Self.String()+" --data-path-addr "+own.String()+" ", false),
			}}
		} else if m != nil {
			c.cures = []Cure{{Says: "an address is set at init only: the swarm has to be made again", Steps: swarms{q}.remakeSwarm(p.host, own)}}
		}
		q.blame(c)
		return
	}
}

// rowsOf is what a host's tunnel knows, if it has one of the network.
func (o *overlay) rowsOf(host *Node) []Evidence {
	if host.Host.Daemon.Holdings().Overlays[o.net.ID] == nil {
		return nil
	}
	return o.rows(host)
}

// swarmApart: all is right now, and the gossip has not found itself again yet.
func (o *overlay) swarmApart() {
	host, other := o.pick(o.b, o.a), o.pick(o.a, o.b)
	ev := []Evidence{o.peersOf(o.a), o.peersOf(o.b), o.gossipLog(o.a, "the last that the gossip of "+o.a.Name+" said"), o.gossipLog(o.b, "and that of "+o.b.Name)}
	o.q.blame(Cause{
		Code:     "OVERLAY-GOSSIP-APART",
		Sentence: fmt.Sprintf("%s was not told where %s is: the gossip of the nodes lost each other or never met, and the way between them is free now.", o.a.Name, o.receiver.Name),
		Evidence: append(ev, o.rowsOf(o.a)...),
		cures: []Cure{
			{Says: "it finds itself again within some minutes", Steps: []CureStep{{Wait: swarmMeets}}},
			{Steps: workshop{o.q}.restart(host)}, {Steps: workshop{o.q}.restart(other)},
		},
	})
}

// encrypted: the tunnel's packets travel in ESP, and something drops that.
func (o *overlay) encrypted(e *event, cures []Cure) {
	q := o.q
	c := Cause{Code: "SWARM-ESP-BLOCKED", cures: cures, Evidence: []Evidence{
		q.show(o.a.Name, "docker network inspect -f '{{.Options}}' "+o.net.Name, "the network is encrypted: its tunnels are in ESP"),
	}}
	between := fmt.Sprintf("The network %s is encrypted: its packets travel between the hosts as IP protocol 50 (ESP), which is neither TCP nor UDP and has no port", o.net.Name)
	if e.Rule != nil {
		n := q.nodeOf(e.Place.Machine)
		c.Sentence = fmt.Sprintf("%s; a rule of %s drops it: %s.", between, n.Name, ruleText(e.Rule))
		c.Evidence = append(c.Evidence, firewalls{q}.ruleEvidence(n, e))
	} else {
		c.Sentence = between + "; the network between the hosts loses it, as a security group does that lists only TCP and UDP."
		c.Evidence = append(c.Evidence,
			Evidence{Place: o.a.Name, Command: "tcpdump -nn -i " + deviceTo(o.a, o.cb.VTEP) + " esp", Says: "the packets leave: type it here while the containers ping each other"},
			Evidence{Place: o.b.Name, Command: "tcpdump -nn -i " + deviceTo(o.b, o.ca.VTEP) + " esp", Says: "and are not seen there; if they are, a rule of " + o.b.Name + " drops them (iptables -nvL INPUT)"})
	}
	q.blame(c)
}

// flag is an option of a command line with a space behind it, "" without a value.
func flag(name, value string) string {
	if value == "" {
		return ""
	}
	return strings.TrimSpace("--"+name+" "+value) + " "
}
