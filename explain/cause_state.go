package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/modes"
	"dnetsim/stack"
)

// state looks for the causes that lie in a table which a person wrote into:
// neighbours, translations, an interface that is down or unplugged.
type state struct{ *inquiry }

// neighbour: a permanent neighbour entry has another link address than who has
// the address (ip neigh replace … nud permanent, arp -s).
func (q state) neighbour() {
	if q.blamed() || q.j.Verdict == Delivered {
		return
	}
	for _, p := range []*Path{q.j.Forward, q.j.Return} {
		if p == nil {
			continue
		}
		for _, h := range p.Hops {
			if q.wrongNeighbour(h.event) {
				return
			}
		}
	}
}

func (q state) wrongNeighbour(e *event) bool {
	ns, n := q.space[e.Place.Machine], q.nodeOf(e.Place.Machine)
	if ns == nil || n == nil || e.Verb != trail.Send || !e.pkt.ip {
		return false
	}
	for _, x := range ns.Neighbours() {
		if x.State != stack.NeighPermanent || x.Dev != e.Place.Interface || !x.HasMAC || !slices.Equal(e.Frame[:6], x.MAC[:]) {
			continue
		}
		i := slices.IndexFunc(q.holders(x.Addr), func(h holder) bool { return h.node.Space != ns })
		if i < 0 || q.holders(x.Addr)[i].iface.MAC() == x.MAC {
			continue
		}
		h := q.holders(x.Addr)[i]
		q.blame(Cause{
			Code:     "NEIGHBOUR-WRONG",
			Sentence: fmt.Sprintf("%s has a permanent neighbour entry for %s with the link address %s, and %s, who has the address, is %s: the frames are for nobody.", n.Name, x.Addr, x.MAC, h.node.Name, h.iface.MAC()),
			Evidence: []Evidence{
				q.show(n.On(), q.within(n, "ip neigh show "+x.Addr.String()), "PERMANENT: somebody typed it, and nobody asks any more"),
				q.show(h.node.On(), q.within(h.node, "ip -br link show "+h.iface.Name()), "the true link address"),
			},
			cures: []Cure{{Says: "and where it is set at the start (arp -s, ethers)", Steps: []CureStep{{Machine: n.On(), Line: q.within(n, fmt.Sprintf("ip neigh del %s dev %s", x.Addr, x.Dev))}}}},
		})
		return true
	}
	return false
}

// translated: a rule of the nat table that is not Docker's sends the packet to
// another destination.
func (q state) translated() {
	if q.blamed() || q.j.Forward == nil || q.j.Verdict == Delivered {
		return
	}
	for _, h := range q.j.Forward.Hops {
		e := h.event
		if e.Verb != trail.Rewrite || e.Rule == nil || e.Rule.Chain == "DOCKER" || !strings.Contains(e.Rule.Text, "-j DNAT") && !strings.Contains(e.Rule.Text, "-j REDIRECT") {
			continue
		}
		n := q.nodeOf(e.Place.Machine)
		if n == nil || e.pkt.dst == q.j.Target && e.pkt.dport == q.flow.Port {
			continue
		}
		what, to := q.j.Target.String(), e.pkt.dst.String()
		if q.flow.Proto != ICMP {
			what, to = end(q.j.Target, q.flow.Port), end(e.pkt.dst, e.pkt.dport)
		}
		q.blame(Cause{
			Code:     "FIREWALL-NAT",
			Sentence: fmt.Sprintf("A rule of %s sends what is for %s to %s: table %s.", n.Name, what, to, ruleText(e.Rule)),
			Evidence: []Evidence{
				q.show(n.On(), q.within(n, fmt.Sprintf("iptables -t %s -nvL %s %d", e.Rule.Table, e.Rule.Chain, max(e.Rule.Number, 1))), "the rule, and how many connections it has taken"),
				q.show(n.On(), q.within(n, "conntrack -L -d "+q.j.Target.String()), "what the kernel made of them: the second half is from where it expects the answer"),
			},
			cures: []Cure{{Says: stays, Steps: []CureStep{
				{Machine: n.On(), Line: q.within(n, deleteRule(e.Rule))},
				{Machine: n.On(), Line: q.within(n, "conntrack -D -d "+q.j.Target.String()+" || true")},
			}}},
		})
		return
	}
}

// interfaces: the sender's or the destination's own interface is down, or the
// host's end of a container's is on no bridge.
func (q state) interfaces() {
	if q.blamed() || q.j.Verdict == NameNotResolved || q.j.Verdict == Delivered {
		return
	}
	for _, n := range []*Node{q.from, q.to} {
		if n == nil || n.Space == nil || !n.IsContainer() || !n.running() {
			continue
		}
		for _, i := range n.Space.Interfaces() {
			if i.Kind() == stack.KindLoopback {
				continue
			}
			if !i.Up() {
				cabling(q).interfaceDown(n, i)
				return
			}
			if q.unplugged(n, i) {
				return
			}
		}
	}
}

// unplugged blames the host's end of a container's veth if it is on no bridge.
func (q state) unplugged(n *Node, i *stack.Interface) bool {
	host, peer := q.byName[n.On()], i.Peer()
	if host == nil || i.Kind() != stack.KindVeth || peer == nil || host.Space.Interface(peer.Name()) != peer || peer.Master() != nil {
		return false
	}
	for id, text := range n.Networks {
		x := q.networkOf(host, id)
		if x == nil || x.Bridge == "" || !slices.ContainsFunc(i.Addrs(), func(a stack.Address) bool { return a.Prefix.Addr().String() == text }) {
			continue
		}
		q.blame(Cause{
			Code:     "LINK-DOWN",
			Sentence: fmt.Sprintf("%s, the end of %s's cable on %s, is on no bridge: it belongs to %s.", peer.Name(), n.Name, host.Name, x.Bridge),
			Evidence: []Evidence{q.show(host.Name, "ip link show "+peer.Name(), "no master"), q.show(host.Name, "bridge link", "who is on a bridge")},
			cures:    []Cure{{Steps: []CureStep{{Machine: host.Name, Line: fmt.Sprintf("ip link set %s master %s", peer.Name(), x.Bridge)}}}},
		})
		return true
	}
	return false
}

// deaf: the destination is told not to answer pings.
func (q state) deaf() {
	e := q.death()
	if q.blamed() || e == nil || e.Reason != trail.EchoIgnored {
		return
	}
	n := q.nodeOf(e.Place.Machine)
	q.blame(Cause{
		Code:     "FIREWALL-INPUT",
		Sentence: fmt.Sprintf("%s is told not to answer pings (net.ipv4.icmp_echo_ignore_all).", n.Name),
		Evidence: []Evidence{q.show(n.On(), q.within(n, "sysctl net.ipv4.icmp_echo_ignore_all"), "1: it hears them and keeps silent")},
		cures:    []Cure{{Says: "and in a file of /etc/sysctl.d, so that it lasts", Steps: []CureStep{{Machine: n.On(), Line: q.within(n, "sysctl -w net.ipv4.icmp_echo_ignore_all=0")}}}},
	})
}

// publisherStopped: the port of a machine is one that a container publishes when
// it runs.
func (q services) publisherStopped(host *Node) bool {
	for _, n := range q.nodes {
		if !n.IsContainer() || n.On() != host.Name || n.running() || !publishes(n, q.flow) {
			continue
		}
		if !host.Host.Daemon.Running() {
			q.blame(Cause{
				Code:     "CONTAINER-NOT-RUNNING",
				Sentence: fmt.Sprintf("Port %d of %s is published by %s, and neither that nor the engine of %s runs.", q.flow.Port, host.Name, n.Name, host.Name),
				Evidence: []Evidence{q.show(host.Name, "systemctl is-active docker", "the engine")},
				cures:    []Cure{{Steps: []CureStep{{Machine: host.Name, Line: "systemctl start docker"}, {Machine: host.Name, Line: "docker start " + n.Container.Name}, {Wait: startUp / 12}}}},
			})
			return true
		}
		absence(q).stopped(n)
		return q.blamed()
	}
	return false
}

// publishes reports whether a container asks for a flow's port of its host.
func publishes(n *Node, f Flow) bool {
	for inner, bindings := range n.Container.HostConfig.PortBindings {
		if inner.Proto == f.Proto.String() && slices.ContainsFunc(bindings, func(b modes.PortBinding) bool { return b.HostPort == fmt.Sprint(f.Port) }) {
			return true
		}
	}
	return false
}

// sandboxDown: a device of the overlay network is down in its own namespace on a
// host.
func (o *overlay) sandboxDown() {
	for _, host := range []*Node{o.a, o.b} {
		ns := host.Host.Daemon.Holdings().Overlays[o.net.ID]
		if ns == nil {
			continue
		}
		for _, i := range ns.Interfaces() {
			if i.Kind() == stack.KindLoopback || i.Up() {
				continue
			}
			o.q.blame(Cause{
				Code:     "LINK-DOWN",
				Sentence: fmt.Sprintf("%s of the overlay network %s on %s is down: nothing passes between the tunnel and the containers there.", i.Name(), o.net.Name, host.Name),
				Evidence: []Evidence{o.q.show(host.Name, o.inSandbox("ip -br link"), "the network's own namespace on "+host.Name)},
				cures:    []Cure{{Steps: []CureStep{{Machine: host.Name, Line: o.inSandbox("ip link set " + i.Name() + " up")}}}},
			})
			return
		}
	}
}

// inSandbox is a command in the namespace that an overlay network has on a host.
func (o *overlay) inSandbox(line string) string {
	return inSandbox(o.net.ID, line)
}

// inSandbox is a command in the namespace of an overlay network, by its ID.
func inSandbox(network, line string) string {
	return "nsenter --net=/var/run/docker/netns/$(ls /var/run/docker/netns | grep -- -" + network[:10] + ") " + line
}

// rowGone: the engine knows where the container is, and the tunnel's tables have
// lost it.
func (o *overlay) rowGone() {
	if o.receiver == nil || o.tunnel(o.a) == nil {
		return
	}
	addr, err := netip.ParseAddr(o.receiver.Networks[o.net.ID])
	if err != nil {
		return
	}
	for _, p := range o.ca.Peers {
		if p.Network != o.net.ID || p.Addr != addr || p.Local {
			continue
		}
		put := Cure{Steps: []CureStep{
			{Machine: o.a.Name, Line: o.inSandbox(fmt.Sprintf("ip neigh replace %s lladdr %s dev vxlan0 nud permanent", addr, p.MAC))},
			{Machine: o.a.Name, Line: o.inSandbox(fmt.Sprintf("bridge fdb replace %s dev vxlan0 dst %s self permanent", p.MAC, p.VTEP))},
		}}
		o.q.blame(Cause{
			Code:     "OVERLAY-FDB-STALE",
			Sentence: fmt.Sprintf("The engine of %s was told that %s is on %s, and the tunnel's tables there do not have it: somebody took the row out.", o.a.Name, o.receiver.Name, p.VTEP),
			Evidence: o.rows(o.a),
			cures:    []Cure{put, {Steps: []CureStep{{Machine: o.b.Name, Line: "docker restart -t 0 " + o.receiver.Container.Name}, {Wait: gossipMeets / 3}}}},
		})
		return
	}
}
