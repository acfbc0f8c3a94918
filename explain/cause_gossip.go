package explain

import (
	"fmt"
	"net/netip"
	"slices"

	"dnetsim/modes"
	"dnetsim/modes/serf"
	"dnetsim/stack"
)

// advertise: the addresses under which the engines are known.
func (o *overlay) advertise() {
	for _, p := range []struct {
		host, other *Node
		c           modes.Cluster
	}{{o.b, o.a, o.cb}, {o.a, o.b, o.ca}} {
		if p.c.Store != "" && p.c.Advertise == "" {
			o.blameAdvertise(p.host, "OVERLAY-ADVERTISE-MISSING", fmt.Sprintf(
				"%s has a cluster store and no cluster-advertise: it takes part in no gossip, so nobody learns which containers it has, and it learns of nobody's.", p.host.Name))
			return
		}
	}
	if o.ca.Self.IsValid() && o.ca.Self == o.cb.Self {
		o.sameAdvertise()
		return
	}
	for _, p := range []struct {
		host, other *Node
		c           modes.Cluster
	}{{o.b, o.a, o.cb}, {o.a, o.b, o.ca}} {
		if !p.c.Self.IsValid() {
			continue
		}
		if !p.host.Space.IsLocal(p.c.Self) {
			o.blameAdvertise(p.host, "OVERLAY-ADVERTISE-NOT-LOCAL", fmt.Sprintf(
				"%s advertises %s, which is on none of its interfaces: its gossip cannot open its port there, so it never tells anybody which containers it has.", p.host.Name, p.c.Self))
			return
		}
		if p.c.Self.IsLoopback() || p.other.Space.IsLocal(p.c.Self) || o.noWay(p.other, p.c.Self) {
			o.blameAdvertise(p.host, "OVERLAY-ADVERTISE-UNREACHABLE", fmt.Sprintf(
				"%s advertises %s, and from %s that address does not lead to it.", p.host.Name, p.c.Self, p.other.Name))
			return
		}
	}
	o.q.innocent("each host advertises an address of its own that the other can reach (%s, %s)", o.ca.Self, o.cb.Self)
}

// noWay reports whether a host's route to an address leads into one of its
// Docker bridges, or nowhere.
func (o *overlay) noWay(host *Node, ip netip.Addr) bool {
	r, err := host.Space.RouteGet(ip, netip.Addr{})
	if err != nil {
		return true
	}
	i := host.Space.Interface(r.Dev)
	if i != nil && i.Kind() == stack.KindBridge {
		return false // a subnet that shadows is a cause of its own
	}
	for _, h := range o.q.holders(ip) {
		if h.iface.Kind() != stack.KindBridge {
			return false
		}
	}
	return true
}

func (o *overlay) sameAdvertise() {
	self := o.ca.Self
	if o.a.Space.IsLocal(self) && o.b.Space.IsLocal(self) {
		cure := Cure{Steps: append(o.advertiseOwn(o.b), o.advertiseOwn(o.a)...)}
		o.q.blame(Cause{
			Code:     "OVERLAY-ADVERTISE-UNREACHABLE",
			Sentence: fmt.Sprintf("Both hosts advertise %s, which each has on an interface of its own: from the other host that address never leads to it.", self),
			Evidence: []Evidence{
				o.config(o.a), o.config(o.b), o.nodes(),
				o.q.show(o.a.Name, "ip -4 -br addr", "the addresses of "+o.a.Name), o.q.show(o.b.Name, "ip -4 -br addr", "the addresses of "+o.b.Name),
			},
			cures: []Cure{cure},
		})
		return
	}
	wrong, right := o.b, o.a
	if o.b.Space.IsLocal(self) {
		wrong, right = o.a, o.b
	}
	o.blameAdvertise(wrong, "OVERLAY-ADVERTISE-SHARED", fmt.Sprintf(
		"%s advertises %s, which is the address of %s: the cluster knows one node where there are two, %s cannot open its port for gossip (7946, by which engines tell each other of their containers) on an address that it does not have, and nobody learns which containers it has.",
		wrong.Name, self, right.Name, wrong.Name))
}

// blameAdvertise blames a host's cluster-advertise; the cure is its own address.
func (o *overlay) blameAdvertise(host *Node, code Code, sentence string) {
	other := o.a
	if host == o.a {
		other = o.b
	}
	ev := []Evidence{o.config(host), o.config(other), o.nodes(), o.q.show(host.Name, "ip -4 -br addr", "the addresses of "+host.Name)}
	ev = append(ev, o.q.show(host.Name, "ss -lntu | grep -c :7946", fmt.Sprintf("how many gossip sockets %s has (two where it works)", host.Name)))
	if code == "OVERLAY-ADVERTISE-SHARED" || code == "OVERLAY-ADVERTISE-NOT-LOCAL" {
		ev = append(ev, o.log(host, "Failed to start TCP listener.*", "what its engine said when it started"))
	}
	ev = append(ev, o.rows(o.a)...)
	o.q.blame(Cause{Code: code, Sentence: sentence, Evidence: ev, cures: []Cure{{Steps: o.advertiseOwn(host), Says: "let " + host.Name + " advertise an address that is its own"}}})
}

// advertiseOwn lets a host advertise the address of its interface to the other.
func (o *overlay) advertiseOwn(host *Node) []CureStep {
	other := o.a
	if host == o.a {
		other = o.b
	}
	return workshop{o.q}.configure(host, map[string]any{"cluster-advertise": o.ownAddress(host, other).String() + ":2376"})
}

// ownAddress is the address of a host that another reaches it by: of its
// physical interfaces, one on a LAN that both are on, else the first.
func (o *overlay) ownAddress(host, other *Node) netip.Addr {
	var first netip.Addr
	for _, i := range host.Space.Interfaces() {
		if i.Kind() != stack.KindPhysical {
			continue
		}
		for _, x := range i.Addrs() {
			ip := x.Prefix.Addr()
			if !ip.Is4() {
				continue
			}
			if onLink(other.Space, ip) {
				return ip
			}
			if !first.IsValid() {
				first = ip
			}
		}
	}
	return first
}

// hostnames: two agents with one name.
func (o *overlay) hostnames() {
	if !o.ca.Gossip && !o.cb.Gossip && o.ca.Name == "" {
		return
	}
	if o.nameOf(o.a, o.ca) != o.nameOf(o.b, o.cb) {
		o.q.innocent("the hosts have different names (%s, %s)", o.nameOf(o.a, o.ca), o.nameOf(o.b, o.cb))
		return
	}
	name := o.nameOf(o.b, o.cb)
	steps := append([]CureStep{{Machine: o.b.Name, Line: "hostnamectl set-hostname " + name + "-2"}}, workshop{o.q}.restart(o.b)...)
	plain := append([]CureStep{{Machine: o.b.Name, Line: "hostname " + name + "-2"}}, workshop{o.q}.restart(o.b)...)
	both := append(append([]CureStep(nil), plain...), workshop{o.q}.restart(o.a)...)
	lasts := "hostname holds until the next start: hostnamectl set-hostname " + name + "-2 makes it last"
	o.q.blame(Cause{
		Code:     "OVERLAY-HOSTNAME-DUPLICATE",
		Sentence: fmt.Sprintf("%s and %s are both called %s: members of the gossip are told apart by their hostnames, and one that finds its name at another address, and is not confirmed by the others, leaves for good.", o.a.Name, o.b.Name, name),
		Evidence: []Evidence{
			o.q.show(o.a.Name, "hostname", "what "+o.a.Name+" calls itself"), o.q.show(o.b.Name, "hostname", "the same"),
			o.log(o.b, "[Nn]ame conflict.*", "what the gossip said of it"), o.log(o.a, "[Nn]ame conflict.*", "on the other host"),
		},
		cures: []Cure{{Steps: steps}, {Steps: plain, Says: lasts}, {Steps: both, Says: lasts}},
	})
}

func (o *overlay) nameOf(host *Node, c modes.Cluster) string {
	if c.Name != "" {
		return c.Name
	}
	return host.Machine.Hostname()
}

// gossip: do 7946's packets pass between the hosts?
func (o *overlay) gossip() {
	for _, p := range []struct {
		proto Protocol
		code  Code
		what  string
	}{
		{TCP, "OVERLAY-GOSSIP-TCP-BLOCKED", "The hosts cannot open TCP connections to each other's gossip (port 7946), by which engines tell each other of their containers: they never exchange what they know."},
		{UDP, "OVERLAY-GOSSIP-UDP-BLOCKED", "The hosts' gossip packets (UDP 7946) do not arrive: the engines tell each other of new containers only every 30 s, when they compare all they know by TCP."},
	} {
		for _, way := range [][2]*Node{{o.a, o.b}, {o.b, o.a}} {
			if o.gossipWay(p.proto, p.code, p.what, way[0], way[1]); o.q.blamed() {
				return
			}
		}
	}
}

// gossipWay sends a probe from a host to the other's gossip port.
func (o *overlay) gossipWay(proto Protocol, code Code, what string, from, to *Node) {
	peer := to.Host.Cluster().Self
	if !peer.IsValid() {
		return
	}
	f := Flow{From: from.Name, To: peer.String(), Proto: proto, Port: gossipPort}
	j, err := o.q.travel(from, f)
	if err != nil || j.Verdict == Delivered || j.Forward == nil {
		return
	}
	under := o.q.inquireInto(f, from, j)
	c := Cause{Code: code, Sentence: what, Evidence: []Evidence{
		o.gossipLog(from, "the last that the gossip of "+from.Name+" said"),
		o.q.show(to.Name, "ss -lntu | grep :7946", fmt.Sprintf("%s listens", to.Name)),
	}}
	if len(under.causes) == 0 {
		return
	}
	u := under.causes[0]
	switch u.Code {
	case "REVERSE-PATH-FILTER":
		u.Code = "OVERLAY-RPFILTER"
		fallthrough
	case "LINK-DOWN", "HOST-DOWN", "OVERLAY-RPFILTER", "LINK-LOSSY":
		o.q.blame(u)
		return
	}
	c.Sentence += " " + u.Sentence
	c.Evidence = append(u.Evidence, c.Evidence...)
	for _, cure := range u.cures {
		if o.swarmed() {
			c.cures = append(c.cures, Cure{Says: cure.Says, Steps: append(slices.Clone(cure.Steps), CureStep{Wait: swarmMeets})})
		}
		// Who failed to join does not try again by itself.
		steps := append(append([]CureStep(nil), cure.Steps...), CureStep{Wait: gossipMeets})
		c.cures = append(c.cures, Cure{Says: cure.Says, Steps: steps},
			Cure{Says: "who failed to join does not try again: the engine has to be restarted", Steps: append(append([]CureStep(nil), cure.Steps...), workshop{o.q}.restart(o.pick(o.b, o.a))...)},
			Cure{Steps: append(append([]CureStep(nil), cure.Steps...), workshop{o.q}.restart(o.pick(o.a, o.b))...)})
	}
	o.q.blame(c)
}

// pick is the first host unless the store runs there, or it manages the swarm.
func (o *overlay) pick(x, y *Node) *Node {
	if x.Host != nil && x.Host.Swarm().Manager {
		return y
	}
	for _, n := range o.q.nodes {
		if n.isContainer() && n.On() == x.Name && n.running() && o.q.servesStore(n) {
			return y
		}
	}
	return x
}

// apart: everything is right now, and the agents do not know each other.
func (o *overlay) apart() {
	alive := slices.ContainsFunc(o.ca.Members, func(m serf.Member) bool { return m.Addr == o.cb.Self && m.Status == serf.StatusAlive })
	if alive {
		o.q.innocent("the gossip of %s has %s as alive", o.a.Name, o.b.Name)
	}
	host, other := o.pick(o.b, o.a), o.pick(o.a, o.b)
	ev := []Evidence{
		o.log(o.a, "EventMember.*", "the last that the gossip of "+o.a.Name+" said"), o.log(o.b, "EventMember.*", "and that of "+o.b.Name), o.nodes(),
	}
	o.q.blame(Cause{
		Code:     "OVERLAY-GOSSIP-APART",
		Sentence: fmt.Sprintf("%s was not told where %s is: the engines' gossip lost each other or never met, the way between them is free now, and an engine that failed to join does not try again.", o.a.Name, o.receiver.Name),
		Evidence: append(ev, o.rows(o.a)...),
		cures: []Cure{
			{Steps: []CureStep{{Machine: o.receiver.On(), Line: "docker restart -t 0 " + o.receiver.Container.Name}, {Wait: gossipMeets / 3}}},
			{Steps: workshop{o.q}.restart(host)}, {Steps: workshop{o.q}.restart(other)}, {Steps: append(workshop{o.q}.restart(other), workshop{o.q}.restart(host)...)},
		},
	})
}
