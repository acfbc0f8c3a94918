package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/modes"
	"dnetsim/modes/serf"
	"dnetsim/stack"
)

// tunnelPort and gossipPort are the overlay's.
const (
	tunnelPort = 4789
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

// overlaid reports whether the flow is one of an overlay network.
func (q *inquiry) overlaid() bool { return q.overlayOf() != nil }

// overlayOf is the overlay network that the sender reaches for, or nil.
func (q *inquiry) overlayOf() *network {
	for id := range q.from.Networks {
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
	o := &overlay{q: q, net: n, sender: q.from, receiver: q.to, a: q.byName[q.from.On()]}
	if q.to != nil {
		o.b = q.byName[q.to.On()]
	}
	if q.backwards() {
		o.a, o.b, o.sender, o.receiver = o.b, o.a, o.receiver, o.sender
	}
	o.ca = o.a.Host.Daemon.Cluster()
	if o.b != nil && o.b.Host != nil {
		o.cb = o.b.Host.Daemon.Cluster()
	}
	if o.b == nil || o.b == o.a {
		o.split()
		return
	}
	if o.b.Host.Off() {
		q.hostDown(o.b)
		return
	}
	if o.unknown() {
		o.control()
		return
	}
	o.data()
}

// overlayMissing: the names are of an overlay network that the sender's host
// knows nothing of, or whose other container is on another network.
func (q *inquiry) overlayMissing() {
	if q.blamed() || q.to == nil || !q.to.IsContainer() || !q.from.IsContainer() || q.to.On() == q.from.On() {
		return
	}
	for _, pair := range [][2]*Node{{q.from, q.to}, {q.to, q.from}} {
		for id := range pair[0].Networks {
			n := q.networkOf(q.byName[pair[0].On()], id)
			if n == nil || n.Driver != "overlay" {
				continue
			}
			o := &overlay{q: q, net: n, a: q.byName[pair[0].On()], b: q.byName[pair[1].On()], sender: pair[0], receiver: pair[1]}
			o.ca, o.cb = o.a.Host.Daemon.Cluster(), o.b.Host.Daemon.Cluster()
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
	ns := "nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep -- -" + o.net.ID[:10] + ") "
	return []Evidence{
		o.q.show(host.Name, ns+"ip neigh show dev vxlan0", fmt.Sprintf("the other containers that %s knows", host.Name)),
		o.q.show(host.Name, ns+"bridge fdb show dev vxlan0 | grep dst", "and the hosts that it believes them on"),
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
	for _, look := range []func(*overlay){
		(*overlay).split, (*overlay).storeGone, (*overlay).advertise, (*overlay).hostnames, (*overlay).shadowed, (*overlay).gossip, (*overlay).apart,
	} {
		if look(o); o.q.blamed() {
			return
		}
	}
}

// split: the hosts do not share a store.
func (o *overlay) split() {
	if o.b == nil || o.a == o.b {
		for _, e := range o.q.engines() {
			if e != o.a && e.Host.Daemon.Cluster().Store != "" && o.namesake(e) != nil {
				o.b = e
				o.cb = e.Host.Daemon.Cluster()
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
	steps := o.q.configure(o.b, map[string]any{"cluster-store": stringKey(o.a, "cluster-store")})
	cure := Cure{Steps: o.rejoin(steps, o.b)}
	if o.q.to != nil && o.q.to.IsContainer() {
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
		if n.IsContainer() && n.On() == host.Name && n.Container.NetworkSettings.Networks[o.net.Name] != nil {
			return n
		}
	}
	return nil
}

// rejoin puts the containers of a host on the network of the cluster that it has
// come to: their old one is gone with the store.
func (o *overlay) rejoin(steps []CureStep, host *Node) []CureStep {
	for _, n := range o.q.nodes {
		if !n.IsContainer() || n.On() != host.Name || n.Container.NetworkSettings.Networks[o.net.Name] == nil || o.namesake(host) == nil {
			continue
		}
		steps = slices.DeleteFunc(steps, func(s CureStep) bool {
			return strings.HasPrefix(s.Line, "docker start") && strings.HasSuffix(s.Line, " "+n.Container.Name)
		})
		steps = append(steps, o.q.remake(n, func(*options) {})...)
		steps = append(steps, CureStep{Wait: gossipMeets / 3})
	}
	return steps
}

// storeGone: an engine cannot talk to the store, or the store has forgotten.
func (o *overlay) storeGone() {
	for _, host := range []*Node{o.a, o.b} {
		at, ok := storeAddress(host)
		if !ok {
			continue
		}
		f := Flow{From: host.Name, To: at.Addr().String(), Proto: TCP, Port: at.Port()}
		j, err := o.q.travel(host, f)
		if err != nil || j.Verdict == Delivered {
			continue
		}
		under := o.q.inquireInto(f, host, j)
		c := Cause{
			Code:     "OVERLAY-STORE-UNREACHABLE",
			Sentence: fmt.Sprintf("%s cannot reach the cluster store at %s: it learns of no network, no node and no container.", host.Name, at),
			Evidence: []Evidence{o.q.show(host.Name, fmt.Sprintf("curl -sS -m 3 http://%s/v1/status/leader", at), fmt.Sprintf("the store does not answer %s", host.Name))},
		}
		for _, u := range under.causes {
			c.Sentence += " " + u.Sentence
			c.Evidence = append(c.Evidence, u.Evidence...)
			c.cures = append(c.cures, u.cures...)
			for _, cure := range u.cures {
				more := Cure{Says: cure.Says, Steps: append(append([]CureStep(nil), cure.Steps...), o.q.restart(host)...)}
				c.cures = append(c.cures, more)
			}
		}
		o.q.blame(c)
		return
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
	e := o.q.show(o.a.Name, fmt.Sprintf("curl -s 'http://%s/v1/kv/docker/network/v1.0/network/%s/?keys'", at, o.net.ID), "the store has no key of the network")
	if strings.Contains(e.Shows, o.net.ID) {
		o.q.innocent("the store has the network's keys")
		return
	}
	o.q.blame(Cause{
		Code:     "OVERLAY-STORE-WIPED",
		Sentence: fmt.Sprintf("The cluster store has lost its keys: the network %s, its addresses and its containers are unknown to it, and what starts now joins a network that is not there.", o.net.Name),
		Evidence: []Evidence{e},
	})
}

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
		"%s advertises %s, which is the address of %s: the cluster knows one node where there are two, %s cannot open its gossip port on an address that it does not have, and nobody learns which containers it has.",
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
	o.q.blame(Cause{Code: code, Sentence: sentence, Evidence: ev, cures: []Cure{{Steps: o.advertiseOwn(host), Says: "the engine's restart ends its containers; they are started again"}}})
}

// advertiseOwn lets a host advertise the address of its interface to the other.
func (o *overlay) advertiseOwn(host *Node) []CureStep {
	other := o.a
	if host == o.a {
		other = o.b
	}
	return o.q.configure(host, map[string]any{"cluster-advertise": o.ownAddress(host, other).String() + ":2376"})
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
	steps := append([]CureStep{{Machine: o.b.Name, Line: "hostnamectl set-hostname " + name + "-2"}}, o.q.restart(o.b)...)
	plain := append([]CureStep{{Machine: o.b.Name, Line: "hostname " + name + "-2"}}, o.q.restart(o.b)...)
	both := append(append([]CureStep(nil), plain...), o.q.restart(o.a)...)
	o.q.blame(Cause{
		Code:     "OVERLAY-HOSTNAME-DUPLICATE",
		Sentence: fmt.Sprintf("%s and %s are both called %s: members of the gossip are told apart by their hostnames, and the one that finds itself outvoted leaves.", o.a.Name, o.b.Name, name),
		Evidence: []Evidence{
			o.q.show(o.a.Name, "hostname", ""), o.q.show(o.b.Name, "hostname", "the same"),
			o.log(o.b, "[Nn]ame conflict.*", "what the gossip said of it"), o.log(o.a, "[Nn]ame conflict.*", "on the other host"),
		},
		cures: []Cure{{Steps: steps}, {Steps: plain}, {Steps: both}},
	})
}

func (o *overlay) nameOf(host *Node, c modes.Cluster) string {
	if c.Name != "" {
		return c.Name
	}
	return host.Machine.Hostname()
}

// shadowed: the way to the peer leads into a Docker bridge.
func (o *overlay) shadowed() {
	for _, p := range [][2]*Node{{o.a, o.b}, {o.b, o.a}} {
		peer := p[1].Host.Daemon.Cluster().Self
		if !peer.IsValid() {
			continue
		}
		r, err := p[0].Space.RouteGet(peer, netip.Addr{})
		if err != nil || p[0].Space.IsLocal(peer) {
			continue
		}
		n := o.q.byBridge(p[0], r.Dev)
		if n == nil {
			continue
		}
		o.blameShadow(p[0], p[1], peer, n)
		return
	}
}

func (o *overlay) blameShadow(host, other *Node, peer netip.Addr, n *network) {
	q := o.q
	free := q.free()
	steps := q.remakeNetwork(n, createLine(n, free))
	if n.Name == "docker_gwbridge" {
		steps = o.remakeGateway(host, free)
	}
	steps = append(steps, q.restart(other)...)
	q.blame(Cause{
		Code:     "OVERLAY-UNDERLAY-SHADOWED",
		Sentence: fmt.Sprintf("The network %s of %s covers %s, the address of %s: what %s sends to it goes into that bridge and never leaves.", n.Name, host.Name, peer, other.Name, host.Name),
		Evidence: []Evidence{
			q.show(host.Name, "ip route get "+peer.String(), fmt.Sprintf("the way to %s leads into %s", other.Name, n.Bridge)),
			q.show(host.Name, "docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "+n.Name, "the subnet of "+n.Name),
			o.log(host, "EventMember.*", "the last that its gossip said"),
		},
		cures: []Cure{{Steps: steps}},
	})
}

// remakeGateway gives docker_gwbridge another subnet: nothing may be on it.
func (o *overlay) remakeGateway(host *Node, free netip.Prefix) []CureStep {
	var stop, start string
	for _, n := range o.q.nodes {
		if !n.IsContainer() || n.On() != host.Name || !n.running() {
			continue
		}
		for id := range n.Networks {
			if x := o.q.networkOf(host, id); x != nil && x.Driver == "overlay" {
				stop += " " + n.Container.Name
				start += " " + n.Container.Name
				break
			}
		}
	}
	steps := []CureStep{{Machine: host.Name, Line: "docker stop -t 0" + stop}}
	return append(steps,
		CureStep{Machine: host.Name, Line: "docker network rm docker_gwbridge"},
		CureStep{Machine: host.Name, Line: "docker network create --subnet " + free.String() + " -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false -o com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge"},
		CureStep{Machine: host.Name, Line: "docker start" + start},
		CureStep{Wait: gossipMeets})
}

// gossip: do 7946's packets pass between the hosts?
func (o *overlay) gossip() {
	for _, p := range []struct {
		proto Protocol
		code  Code
		what  string
	}{
		{TCP, "OVERLAY-GOSSIP-TCP-BLOCKED", "The hosts cannot open TCP connections to each other's gossip (port 7946): they never exchange what they know."},
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
	peer := to.Host.Daemon.Cluster().Self
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
		o.log(from, "EventMember.*", "the last that the gossip of "+from.Name+" said"),
		o.q.show(to.Name, "ss -lntu | grep :7946", fmt.Sprintf("%s listens", to.Name)),
	}}
	if len(under.causes) == 0 {
		return
	}
	u := under.causes[0]
	if u.Code == "LINK-DOWN" || u.Code == "HOST-DOWN" || u.Code == "OVERLAY-RPFILTER" || u.Code == "REVERSE-PATH-FILTER" || u.Code == "LINK-LOSSY" {
		o.q.blame(u)
		return
	}
	c.Sentence += " " + u.Sentence
	c.Evidence = append(u.Evidence, c.Evidence...)
	for _, cure := range u.cures {
		// Who failed to join does not try again by itself.
		steps := append(append([]CureStep(nil), cure.Steps...), CureStep{Wait: gossipMeets})
		c.cures = append(c.cures, Cure{Says: cure.Says, Steps: steps},
			Cure{Says: "who failed to join does not try again: the engine has to be restarted", Steps: append(append([]CureStep(nil), cure.Steps...), o.q.restart(o.pick(o.b, o.a))...)},
			Cure{Steps: append(append([]CureStep(nil), cure.Steps...), o.q.restart(o.pick(o.a, o.b))...)})
	}
	o.q.blame(c)
}

// pick is the first host unless the store runs there.
func (o *overlay) pick(x, y *Node) *Node {
	for _, n := range o.q.nodes {
		if n.IsContainer() && n.On() == x.Name && n.running() && o.q.servesStore(n) {
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
			{Steps: o.q.restart(host)}, {Steps: o.q.restart(other)}, {Steps: append(o.q.restart(other), o.q.restart(host)...)},
		},
	})
}

// data: the peer is known; what became of the tunnel's packet?
func (o *overlay) data() {
	p := o.q.deadPath()
	if p == nil || p.End.event == nil {
		return
	}
	outer := o.outer(p)
	o.shadowed()
	if o.q.blamed() {
		return
	}
	if outer != nil {
		o.wrongHost(outer)
		o.vni()
		o.source(outer)
	}
	if !o.q.blamed() {
		o.dead(p)
	}
}

// outer is the tunnel packet on a path, as it set out, or nil.
func (o *overlay) outer(p *Path) *event {
	for i := range p.Hops {
		if p.Hops[i].event.Verb == trail.Encapsulate {
			return p.Hops[i].event
		}
	}
	return nil
}

// wrongHost: the row sends to a host that the container is not on.
func (o *overlay) wrongHost(outer *event) {
	want := o.cb.Self
	if !want.IsValid() || outer.pkt.dst == want || o.b.Space.IsLocal(outer.pkt.dst) {
		return
	}
	mac := ""
	if o.receiver != nil && o.receiver.Space != nil {
		for _, i := range o.receiver.Space.Interfaces() {
			for _, x := range i.Addrs() {
				if x.Prefix.Addr().String() == o.receiver.Networks[o.net.ID] {
					mac = i.MAC().String()
				}
			}
		}
	}
	ns := "nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep -- -" + o.net.ID[:10] + ") "
	o.q.blame(Cause{
		Code:     "OVERLAY-FDB-STALE",
		Sentence: fmt.Sprintf("%s sends what is for %s to %s, and the container is on %s (%s): the row is of an earlier place of the container, and nobody took it back.", o.a.Name, o.receiver.Name, outer.pkt.dst, o.b.Name, want),
		Evidence: o.rows(o.a),
		cures: []Cure{
			{Steps: []CureStep{{Machine: o.a.Name, Line: ns + "bridge fdb replace " + mac + " dev vxlan0 dst " + want.String()}}},
			{Steps: []CureStep{{Machine: o.b.Name, Line: "docker restart -t 0 " + o.receiver.Container.Name}, {Wait: gossipMeets / 3}}},
			{Steps: o.q.restart(o.pick(o.a, o.b))},
		},
	})
}

// vni: the hosts' devices have different identifiers.
func (o *overlay) vni() {
	ta, tb := o.tunnel(o.a), o.tunnel(o.b)
	if o.q.blamed() || ta == nil || tb == nil || ta.VXLANOptions().VNI == tb.VXLANOptions().VNI {
		return
	}
	ns := "nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep -- -" + o.net.ID[:10] + ") ip -d link show vxlan0 | grep -o 'vxlan id [0-9]*'"
	at, _ := storeAddress(o.a)
	key := fmt.Sprintf("http://%s/v1/kv/docker/network/v1.0/overlay/network/%s/", at, o.net.ID)
	fix := fmt.Sprintf(`curl -s -X PUT -d "$(curl -s '%s?raw' | sed 's/"Vni":%d/"Vni":%d/')" '%s'`, key, tb.VXLANOptions().VNI, ta.VXLANOptions().VNI, key)
	again := []CureStep{{Machine: o.a.Name, Line: fix}}
	again = append(again, o.q.restart(o.b)...)
	o.q.blame(Cause{
		Code:     "OVERLAY-VNI-MISMATCH",
		Sentence: fmt.Sprintf("%s tunnels the network %s under identifier %d and %s under %d: packets arrive, and no device there has their number.", o.a.Name, o.net.Name, ta.VXLANOptions().VNI, o.b.Name, tb.VXLANOptions().VNI),
		Evidence: []Evidence{o.q.show(o.a.Name, ns, "on "+o.a.Name), o.q.show(o.b.Name, ns, "on "+o.b.Name), o.q.show(o.a.Name, "curl -s '"+key+"?raw'", "what the store says")},
		cures: []Cure{
			{Steps: again},
			{Steps: append([]CureStep{{Machine: o.a.Name, Line: fix}}, append(o.q.restart(o.b), o.q.restart(o.a)...)...)},
			{Steps: o.q.restart(o.pick(o.a, o.b))},
			{Steps: append(o.q.restart(o.a), o.q.restart(o.b)...)},
		},
	})
}

// source: what arrives comes from another address than the one that the
// receiver's row has.
func (o *overlay) source(outer *event) {
	p := o.q.deadPath()
	e := p.End.event
	if o.q.blamed() || e.Reason != trail.EntryExists && !o.rewritten(p) {
		return
	}
	c := Cause{
		Code:     "OVERLAY-SOURCE-MISMATCH",
		Sentence: fmt.Sprintf("Tunnel packets of %s reach %s from another address than %s, the one that %s advertises: the receiver's permanent row says where that container's frames have to come from, and drops the rest.", o.a.Name, o.b.Name, o.ca.Self, o.a.Name),
		Evidence: append(o.rows(o.b), o.q.show(o.a.Name, "iptables -t nat -S POSTROUTING", "the rules that change source addresses on "+o.a.Name)),
	}
	for _, h := range p.Hops {
		if h.Verb != "rewrite" || h.event.Rule == nil || h.event.pkt.dport != tunnelPort {
			continue
		}
		if n := o.q.nodeOf(h.event.Place.Machine); n != nil {
			steps := append([]CureStep{{Machine: n.Name, Line: deleteRule(h.event.Rule)}}, CureStep{Machine: n.Name, Line: fmt.Sprintf("conntrack -D -p udp --dport %d || true", tunnelPort)})
			c.cures = append(c.cures, Cure{Steps: steps})
		}
	}
	for _, n := range []*Node{o.a, o.b} {
		for _, r := range rulesOf(n.Space, "nat", "POSTROUTING") {
			if strings.Contains(r, fmt.Sprint(tunnelPort)) {
				c.cures = append(c.cures, Cure{Steps: []CureStep{
					{Machine: n.Name, Line: "iptables -t nat -D " + strings.TrimPrefix(r, "-A ")},
					{Machine: n.Name, Line: fmt.Sprintf("conntrack -D -p udp --dport %d || true", tunnelPort)},
				}})
			}
		}
	}
	for _, host := range []*Node{o.b, o.a} {
		f := o.rowSource(host)
		if f == nil {
			continue
		}
		c.cures = append(c.cures, Cure{Steps: f})
	}
	o.q.blame(c)
}

// rowSource corrects rows of a host that have a container at another host's
// address.
func (o *overlay) rowSource(host *Node) []CureStep {
	i := o.tunnel(host)
	if i == nil {
		return nil
	}
	other := o.a
	if host == o.a {
		other = o.b
	}
	want := other.Host.Daemon.Cluster().Self
	ns := "nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep -- -" + o.net.ID[:10] + ") "
	for _, x := range i.VXLAN().FDB() {
		for _, n := range []*Node{o.sender, o.receiver} {
			if n == nil || n.On() != other.Name || n.Space == nil {
				continue
			}
			for _, ni := range n.Space.Interfaces() {
				if ni.MAC() == x.MAC && x.Remote.Addr != want && want.IsValid() {
					return []CureStep{{Machine: host.Name, Line: ns + "bridge fdb replace " + x.MAC.String() + " dev vxlan0 dst " + want.String()}}
				}
			}
		}
	}
	return nil
}

// rewritten reports whether a rule changed the tunnel's packet on its way.
func (o *overlay) rewritten(p *Path) bool {
	return slices.ContainsFunc(p.Hops, func(h Hop) bool { return h.Verb == "rewrite" && h.event.pkt.dport == tunnelPort })
}

// dead is the tunnel packet's death, in the terms of the host's network.
func (o *overlay) dead(p *Path) {
	e := p.End.event
	q := o.q
	switch {
	case e.Rule != nil && e.pkt.dport == tunnelPort:
		n := q.nodeOf(e.Place.Machine)
		q.blame(Cause{
			Code:     "OVERLAY-VXLAN-BLOCKED-HOST",
			Sentence: fmt.Sprintf("A rule of %s drops the tunnel's packets (UDP 4789): %s.", n.Name, ruleText(e.Rule)),
			Evidence: []Evidence{q.ruleEvidence(n, e)},
			cures:    q.allow(n, e),
		})
	case e.Reason == trail.Blocked && e.pkt.dport == tunnelPort:
		q.blame(Cause{
			Code:     "OVERLAY-VXLAN-BLOCKED-FABRIC",
			Sentence: fmt.Sprintf("The network between the hosts loses UDP 4789: the tunnel's packets leave %s and do not arrive at %s. A security group or a switch's filter does that.", o.a.Name, o.b.Name),
			Evidence: []Evidence{
				q.show(o.a.Name, "cat /proc/net/dev | grep eth0", "the packets leave (tcpdump -nn -i eth0 udp port 4789 shows them here)"),
				{Place: o.b.Name, Command: "tcpdump -nn -i eth0 udp port 4789", Says: "and nothing is seen there"},
			},
			cures: []Cure{{Says: "let UDP 4789 pass between the hosts, both ways", Steps: []CureStep{{Repair: cableOf(e)}}}},
		})
	case e.Reason == trail.RPFilter:
		q.rpFilter(e, "OVERLAY-RPFILTER")
	case e.Reason == trail.Checksum || e.Reason == trail.UnknownVNI:
		o.checksum(e)
	}
}

// checksum: the inner packet's checksum is wrong where it arrives.
func (o *overlay) checksum(e *event) {
	if e.Reason != trail.Checksum {
		return
	}
	host, dev := o.a, "eth0"
	for _, i := range host.Space.Interfaces() {
		if i.Kind() == stack.KindPhysical && onLink(o.b.Space, first(i)) {
			dev = i.Name()
		}
	}
	o.q.blame(Cause{
		Code:     "OVERLAY-CHECKSUM-OFFLOAD",
		Sentence: fmt.Sprintf("The card of %s fills in the checksums of TCP and UDP within tunnels, and gets them wrong: pings pass, connections do not.", host.Name),
		Evidence: []Evidence{
			o.q.show(host.Name, "ethtool -k "+dev+" | grep tx-checksum-ip-generic", "the card is asked to do it"),
			{Place: o.b.Name, Command: "tcpdump -nn -vv -i eth0 udp port 4789", Says: "shows the inner packets as (incorrect)"},
		},
		cures: []Cure{
			{Steps: []CureStep{{Machine: host.Name, Line: "ethtool -K " + dev + " tx-checksum-ip-generic off"}}},
			{Steps: []CureStep{{Machine: host.Name, Line: "ethtool -K " + dev + " tx-checksum-ip-generic off"}, {Machine: o.b.Name, Line: "ethtool -K " + dev + " tx-checksum-ip-generic off"}}},
		},
	})
}

func first(i *stack.Interface) netip.Addr {
	for _, x := range i.Addrs() {
		return x.Prefix.Addr()
	}
	return netip.Addr{}
}
