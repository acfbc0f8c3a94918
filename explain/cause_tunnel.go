package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack"
)

// shadowed: the way to the peer leads into a Docker bridge.
func (o *overlay) shadowed() {
	for _, p := range [][2]*Node{{o.a, o.b}, {o.b, o.a}} {
		// The advertised address, and the machine's own where that is another.
		for _, peer := range []netip.Addr{p[1].Host.Cluster().Self, o.ownAddress(p[1], p[0])} {
			if !peer.IsValid() || p[0].Space.IsLocal(peer) || !p[1].Space.IsLocal(peer) {
				continue
			}
			r, err := p[0].Space.RouteGet(peer, netip.Addr{})
			if err != nil {
				continue
			}
			if n := o.q.byBridge(p[0], r.Dev); n != nil {
				o.blameShadow(p[0], p[1], peer, n)
				return
			}
		}
	}
}

func (o *overlay) blameShadow(host, other *Node, peer netip.Addr, n *network) {
	q := o.q
	free := q.free()
	steps := workshop{q}.remakeNetwork(n, createLine(n, free))
	if n.Name == "docker_gwbridge" {
		steps = o.remakeGateway(host, free)
	}
	again := append(steps[:len(steps):len(steps)], workshop{q}.restart(other)...)
	q.blame(Cause{
		Code:     "OVERLAY-UNDERLAY-SHADOWED",
		Sentence: fmt.Sprintf("The network %s of %s covers %s, the address of %s: what %s sends to it goes into that bridge and never leaves.", n.Name, host.Name, peer, other.Name, host.Name),
		Evidence: []Evidence{
			q.show(host.Name, "ip route get "+peer.String(), fmt.Sprintf("the way to %s leads into %s", other.Name, n.Bridge)),
			q.show(host.Name, "docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "+n.Name, "the subnet of "+n.Name),
			o.gossipLog(host, "the last that its gossip said"),
		},
		cures: []Cure{{Says: unused(free), Steps: steps}, {Steps: again, Says: unused(free) + "; the engines had lost each other: one has to be restarted"}},
	})
}

// remakeGateway gives docker_gwbridge another subnet: nothing may be on it.
func (o *overlay) remakeGateway(host *Node, free netip.Prefix) []CureStep {
	var stop, start string
	for _, n := range o.q.nodes {
		if !n.isContainer() || n.On() != host.Name || !n.running() {
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

// data: the peer is known; what became of the tunnel's packet?
func (o *overlay) data() {
	p := o.q.deadPath()
	if p == nil || p.End.event == nil {
		return
	}
	outer := o.outer(p)
	if o.ca.Self.IsValid() && o.b.Space.IsLocal(o.ca.Self) || o.cb.Self.IsValid() && o.a.Space.IsLocal(o.cb.Self) {
		// Who tunnels to an address that is its own, too, tunnels to itself.
		if o.swarmed() {
			o.swarmAdvertise()
		} else {
			o.advertise()
		}
	}
	if o.shadowed(); o.q.blamed() { // beside the other: it may be in the way of that one's cure
		return
	}
	if outer != nil {
		o.wrongHost(outer.pkt.dst)
		o.vni()
		o.source(outer)
	} else if dst := o.rowTo(o.macOf(o.receiver)); o.a.Space.IsLocal(dst) {
		o.wrongHost(dst) // a tunnel to the host's own address is none: the frame comes back at once
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
func (o *overlay) wrongHost(dst netip.Addr) {
	if o.swarmed() {
		if o.dataPath(); o.q.blamed() {
			return
		}
	}
	want := o.cb.VTEP
	if !want.IsValid() || dst == want || o.b.Space.IsLocal(dst) && !o.a.Space.IsLocal(dst) {
		return
	}
	o.q.blame(Cause{
		Code:     "OVERLAY-FDB-STALE",
		Sentence: fmt.Sprintf("%s sends what is for %s to %s, and the container is on %s (%s): the row is of an earlier place of the container, and nobody took it back.", o.a.Name, o.receiver.Name, dst, o.b.Name, want),
		Evidence: o.rows(o.a),
		cures: []Cure{
			{Says: "put the row right; it holds until the container moves, and the engine writes it anew then", Steps: []CureStep{{Machine: o.a.Name, Line: o.inSandbox("bridge fdb replace " + o.macOf(o.receiver).String() + " dev vxlan0 dst " + want.String())}}},
			{Steps: []CureStep{{Machine: o.b.Name, Line: "docker restart -t 0 " + o.receiver.Container.Name}, {Wait: gossipMeets / 3}}},
			{Steps: workshop{o.q}.restart(o.pick(o.a, o.b))},
		},
	})
}

// macOf is a container's address on the network's link, or zero.
func (o *overlay) macOf(n *Node) link.MAC {
	if n == nil || n.Space == nil {
		return link.MAC{}
	}
	for _, i := range n.Space.Interfaces() {
		for _, x := range i.Addrs() {
			if x.Prefix.Addr().String() == n.Networks[o.net.ID] {
				return i.MAC()
			}
		}
	}
	return link.MAC{}
}

// rowTo is the host that the sender's tunnel believes a link address on, or the
// zero address.
func (o *overlay) rowTo(mac link.MAC) netip.Addr {
	if t := o.tunnel(o.a); t != nil {
		for _, r := range t.VXLAN().FDB() {
			if r.MAC == mac {
				return r.Remote.Addr
			}
		}
	}
	return netip.Addr{}
}

// vni: the hosts' devices have different identifiers.
func (o *overlay) vni() {
	ta, tb := o.tunnel(o.a), o.tunnel(o.b)
	if o.q.blamed() || ta == nil || tb == nil || ta.VXLANOptions().VNI == tb.VXLANOptions().VNI {
		return
	}
	identifier := o.inSandbox("ip -d link show vxlan0 | grep -o 'vxlan id [0-9]*'")
	at, _ := storeAddress(o.a)
	key := fmt.Sprintf("http://%s/v1/kv/docker/network/v1.0/overlay/network/%s/", at, o.net.ID)
	fix := fmt.Sprintf(`curl -s -X PUT -d "$(curl -s '%s?raw' | sed 's/"Vni":%d/"Vni":%d/')" '%s'`, key, tb.VXLANOptions().VNI, ta.VXLANOptions().VNI, key)
	again := []CureStep{{Machine: o.a.Name, Line: fix}}
	again = append(again, workshop{o.q}.restart(o.b)...)
	o.q.blame(Cause{
		Code:     "OVERLAY-VNI-MISMATCH",
		Sentence: fmt.Sprintf("%s tunnels the network %s under the number (VNI) %d and %s under %d: packets arrive, and no tunnel there has their number.", o.a.Name, o.net.Name, ta.VXLANOptions().VNI, o.b.Name, tb.VXLANOptions().VNI),
		Evidence: []Evidence{o.q.show(o.a.Name, identifier, "on "+o.a.Name), o.q.show(o.b.Name, identifier, "on "+o.b.Name), o.q.show(o.a.Name, "curl -s '"+key+"?raw'", "what the store says")},
		cures: []Cure{
			{Steps: again, Says: fmt.Sprintf("the store gets the number back that %s has; the engine of %s reads it when it starts; curl says true when the store has taken it", o.a.Name, o.b.Name)},
			{Steps: append([]CureStep{{Machine: o.a.Name, Line: fix}}, append(workshop{o.q}.restart(o.b), workshop{o.q}.restart(o.a)...)...)},
			{Steps: workshop{o.q}.restart(o.pick(o.a, o.b))},
			{Steps: append(workshop{o.q}.restart(o.a), workshop{o.q}.restart(o.b)...)},
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
		Sentence: fmt.Sprintf("Tunnel packets of %s reach %s from another address than %s, the one that %s advertises: a table of %s (bridge fdb) says which host a container's frames have to come from, and what comes from elsewhere is dropped.", o.a.Name, o.b.Name, o.ca.Self, o.a.Name, o.b.Name),
		Evidence: append(o.rows(o.b), o.q.show(o.a.Name, "iptables -t nat -S POSTROUTING", "the rules that change source addresses on "+o.a.Name)),
	}
	for _, h := range p.Hops {
		if h.Verb != "rewrite" || h.event.Rule == nil || h.event.pkt.dport != o.port() {
			continue
		}
		if n := o.q.nodeOf(h.event.Place.Machine); n != nil {
			steps := append([]CureStep{{Machine: n.Name, Line: deleteRule(n, h.event.Rule)}}, CureStep{Machine: n.Name, Line: fmt.Sprintf("conntrack -D -p udp --dport %d || true", o.port())})
			c.cures = append(c.cures, Cure{Steps: steps, Says: "the rule that changes the sender goes; take it out as well where the firewall keeps its rules, or it is back after a restart; conntrack -D forgets the flows that it was applied to"})
		}
	}
	for _, n := range []*Node{o.a, o.b} {
		for _, r := range rulesOf(n.Space, "nat", "POSTROUTING") {
			if strings.Contains(r, fmt.Sprint(o.port())) {
				c.cures = append(c.cures, Cure{Steps: []CureStep{
					{Machine: n.Name, Line: "iptables -t nat -D " + strings.TrimPrefix(r, "-A ")},
					{Machine: n.Name, Line: fmt.Sprintf("conntrack -D -p udp --dport %d || true", o.port())},
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
	want := other.Host.Cluster().VTEP
	for _, x := range i.VXLAN().FDB() {
		for _, n := range []*Node{o.sender, o.receiver} {
			if n == nil || n.On() != other.Name || n.Space == nil {
				continue
			}
			for _, ni := range n.Space.Interfaces() {
				if ni.MAC() == x.MAC && x.Remote.Addr != want && want.IsValid() {
					return []CureStep{{Machine: host.Name, Line: o.inSandbox("bridge fdb replace " + x.MAC.String() + " dev vxlan0 dst " + want.String())}}
				}
			}
		}
	}
	return nil
}

// rewritten reports whether a rule changed the tunnel's packet on its way.
func (o *overlay) rewritten(p *Path) bool {
	return slices.ContainsFunc(p.Hops, func(h Hop) bool { return h.Verb == "rewrite" && h.event.pkt.dport == o.port() })
}

// bothWays says between whom.
func (o *overlay) bothWays() string {
	return fmt.Sprintf(", from %s to %s and from %s to %s; the hosts themselves need no change", o.ca.VTEP, o.cb.VTEP, o.cb.VTEP, o.ca.VTEP)
}

// dead is the tunnel packet's death, in the terms of the host's network.
func (o *overlay) dead(p *Path) {
	e := p.End.event
	q := o.q
	switch {
	case e.pkt.proto == protoESP && e.Rule != nil:
		o.encrypted(e, firewalls{q}.allow(q.nodeOf(e.Place.Machine), e))
	case e.pkt.proto == protoESP && e.Reason == trail.Blocked:
		o.encrypted(e, []Cure{{Says: "in the security group, switch or hypervisor between the hosts let IP protocol 50 (ESP) pass" + o.bothWays(), Steps: []CureStep{{Repair: cableOf(e)}}}})
	case e.Reason == trail.NoState && q.space[e.Place.Machine] != nil && q.space[e.Place.Machine].Without().ESP:
		swarms{q}.noESP(q.nodeOf(e.Place.Machine), o.net.Name)
	case e.Rule != nil && e.pkt.dport == o.port():
		q.tunnelRule(e)
	case e.Reason == trail.Blocked && e.pkt.dport == o.port():
		q.blame(Cause{
			Code:     "OVERLAY-VXLAN-BLOCKED-FABRIC",
			Sentence: fmt.Sprintf("The network between the hosts loses UDP %d: the tunnel's packets leave %s and do not arrive at %s. A security group or a switch's filter does that.", o.port(), o.a.Name, o.b.Name),
			Evidence: []Evidence{
				{Place: o.a.Name, Command: "tcpdump -nn -i " + deviceTo(o.a, o.cb.VTEP) + fmt.Sprintf(" udp port %d", o.port()), Says: "the packets leave: type it here while the containers ping each other"},
				{Place: o.b.Name, Command: "tcpdump -nn -i " + deviceTo(o.b, o.ca.VTEP) + fmt.Sprintf(" udp port %d", o.port()), Says: "and are not seen there; if they are, the network is innocent and a rule of " + o.b.Name + " drops them (iptables -nvL INPUT)"},
			},
			cures: []Cure{{Says: fmt.Sprintf("in the security group, switch or hypervisor between the hosts let UDP to port %d pass", o.port()) + o.bothWays(), Steps: []CureStep{{Repair: cableOf(e)}}}},
		})
	case e.Reason == trail.NoRoute && q.space[e.Place.Machine] == o.sandbox():
		o.noUnderlay()
	case e.Reason == trail.RPFilter:
		layer3{q}.rpFilter(e, "OVERLAY-RPFILTER")
	case e.Reason == trail.Checksum || e.Reason == trail.UnknownVNI:
		o.checksum(e)
	}
}

// tunnelRule blames a host's rule that drops a tunnel's packet.
func (q *inquiry) tunnelRule(e *event) {
	n := q.nodeOf(e.Place.Machine)
	q.blame(Cause{
		Code:     "OVERLAY-VXLAN-BLOCKED-HOST",
		Sentence: fmt.Sprintf("A rule of %s drops the tunnel's packets (UDP %d): %s.", n.Name, e.pkt.dport, ruleText(e.Rule)),
		Evidence: []Evidence{firewalls{q}.ruleEvidence(n, e)},
		cures:    firewalls{q}.allow(n, e),
	})
}

// sandbox is the namespace of an overlay network on its sender's host.
func (o *overlay) sandbox() *stack.Namespace {
	return o.a.Host.Daemon.Holdings().Overlays[o.net.ID]
}

// noUnderlay: the sender's host has no route to the other, for the tunnel's
// packets.
func (o *overlay) noUnderlay() {
	peer := o.cb.Self
	if !peer.IsValid() {
		return
	}
	c := Cause{
		Code:     "NO-ROUTE",
		Sentence: fmt.Sprintf("%s has no route to %s, the address of %s: the tunnel's packets cannot set out.", o.a.Name, peer, o.b.Name),
		Evidence: []Evidence{o.q.show(o.a.Name, "ip route get "+peer.String(), "the way to the other host"), o.q.show(o.a.Name, "ip route", "its routes")},
		cures:    local{o.q}.openRoute(o.a, peer),
	}
	if way, ok := o.q.way(o.a, netip.PrefixFrom(peer, peer.BitLen()), peer); ok {
		c.cures = append(c.cures, Cure{Says: lastsNet, Steps: way})
	}
	o.q.blame(c)
}

// checksum: the inner packet's checksum is wrong where it arrives.
func (o *overlay) checksum(e *event) {
	if e.Reason != trail.Checksum {
		return
	}
	host, dev, other := o.a, deviceTo(o.a, o.cb.Self), deviceTo(o.b, o.ca.Self)
	o.q.blame(Cause{
		Code:     "OVERLAY-CHECKSUM-OFFLOAD",
		Sentence: fmt.Sprintf("The card of %s fills in the checksums of TCP and UDP within tunnels, and gets them wrong: pings pass, connections do not.", host.Name),
		Evidence: []Evidence{
			o.q.show(host.Name, "ethtool -k "+dev+" | grep tx-checksum-ip-generic", "the card is asked to do it"),
			{Place: o.b.Name, Command: "tcpdump -nn -vv -i " + other + " udp port 4789", Says: "type it here while a container of " + o.a.Name + " connects to one of " + o.b.Name + ": the inner packets show as (incorrect)"},
		},
		cures: []Cure{
			{Says: "let the kernel fill them in: that costs some processor time, and a few cards lose their link for a second; it holds until the next start: have a systemd unit or a udev rule do it as well", Steps: []CureStep{{Machine: host.Name, Line: "ethtool -K " + dev + " tx-checksum-ip-generic off"}}},
			{Steps: []CureStep{{Machine: host.Name, Line: "ethtool -K " + dev + " tx-checksum-ip-generic off"}, {Machine: o.b.Name, Line: "ethtool -K " + other + " tx-checksum-ip-generic off"}}},
		},
	})
}

func first(i *stack.Interface) netip.Addr {
	for _, x := range i.Addrs() {
		return x.Prefix.Addr()
	}
	return netip.Addr{}
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

// complete reports whether the sender's tunnel has all that it needs for a
// container: it may have learned it while the flow was tried.
func (o *overlay) complete(n *Node, mac link.MAC) bool {
	return o.row(o.a, n) && o.rowTo(mac).IsValid()
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
		if p.Network != o.net.ID || p.Addr != addr || p.Local || o.complete(o.receiver, p.MAC) {
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
