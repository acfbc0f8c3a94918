package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/stack"
)

// cabling looks for the causes of what cables and interfaces lose.
type cabling struct{ *inquiry }

// wires looks for the causes of what cables and interfaces lose.
func (q cabling) wires() {
	if q.blamed() {
		return
	}
	if q.j.Verdict == Lost && q.j.outcome.reached {
		q.lossy()
		return
	}
	e := q.wireDeath()
	if e == nil {
		return
	}
	if q.j.story.damaged(e) != "" {
		q.lossy()
		return
	}
	if q.portless(e) {
		return
	}
	switch e.Reason {
	case trail.WireDown, trail.EndDown, trail.InterfaceDown, trail.NoReceiver, trail.PortDown:
		q.down(e)
	case trail.Blocked:
		q.fabric(e)
	case trail.Loss, trail.QueueFull:
		q.lossy()
	}
}

// portless reports whether a packet died at a bridge that has no carrier, for
// nothing is plugged into it: nobody is there, and no cable is to blame.
func (q cabling) portless(e *event) bool {
	ns := q.space[e.Place.Machine]
	if ns == nil || e.Place.Cable != "" || e.Place.Port != "" {
		return false
	}
	i := ns.Interface(e.Place.Interface)
	return i != nil && i.Kind() == stack.KindBridge && i.Up()
}

// wireDeath is where a packet of the journey, or the last question that it
// waited for, was lost by a cable or an interface.
func (q cabling) wireDeath() *event {
	if e := q.death(); e != nil && !unanswered(e) {
		return e
	}
	for _, p := range q.j.Asks {
		if p.End.event != nil && p.End.event.Verb == trail.Drop {
			return p.End.event
		}
	}
	// The answer to a question may have been lost, too.
	for _, why := range []trail.Reason{trail.WireDown, trail.EndDown, trail.InterfaceDown, trail.Blocked, trail.Loss, trail.QueueFull} {
		if e := q.deathAnywhere(why); e != nil && e.pkt.arp {
			return e
		}
	}
	return nil
}

// down blames an interface, a cable or a machine without power.
func (q cabling) down(e *event) {
	cable := cableOf(e)
	machine, dev, _ := strings.Cut(cable, ":")
	if n := q.nodeOf(e.Place.Machine); n != nil && e.Place.Cable == "" && e.Place.Port == "" {
		if i := q.space[e.Place.Machine].Interface(e.Place.Interface); i != nil && !i.Up() {
			q.interfaceDown(n, i)
			return
		}
	}
	for _, n := range q.engines() {
		if n.Host.Off() && (n.Name == machine || q.to != nil && q.to.On() == n.Name) {
			q.hostDown(n)
			return
		}
	}
	if n := q.byName[machine]; n != nil && n.Space != nil {
		if i := n.Space.Interface(dev); i != nil && !i.Up() {
			q.interfaceDown(n, i)
			return
		}
	}
	q.blame(Cause{
		Code:     "LINK-DOWN",
		Sentence: fmt.Sprintf("The cable of %s is down.", cable),
		Evidence: []Evidence{q.show(machine, "ip -br link show "+dev, "no carrier")},
		cures:    []Cure{{Says: "plug it in again", Steps: []CureStep{{Repair: cable}}}, {Says: "plug it in again", Steps: []CureStep{{Repair: cable}, {Wait: gossipMeets}}}},
	})
}

func (q cabling) interfaceDown(n *Node, i *stack.Interface) {
	q.blame(Cause{
		Code:     "LINK-DOWN",
		Sentence: fmt.Sprintf("The interface %s of %s is down.", i.Name(), n.Name),
		Evidence: []Evidence{q.show(n.On(), q.within(n, "ip -br link show "+i.Name()), "")},
		cures:    q.raise(n, i),
	})
}

// raise sets an interface up, with the routes that went when it was set down.
func (q cabling) raise(n *Node, i *stack.Interface) []Cure {
	up := CureStep{Machine: n.On(), Line: q.within(n, "ip link set "+i.Name()+" up")}
	alone := Cure{Steps: []CureStep{up}}
	var out []Cure
	for _, gw := range q.gateways(n) {
		out = append(out, Cure{Says: "its default route went with it", Steps: []CureStep{up, {Machine: n.On(), Line: q.within(n, "ip route add default via "+gw)}}})
	}
	if _, err := n.Space.RouteGet(q.j.Target, netip.Addr{}); q.j.Target.IsValid() && err != nil {
		return append(out, alone)
	}
	return append([]Cure{alone}, out...)
}

// dark: who asks has no power.
func (q cabling) dark() {
	if n := q.byName[q.from.On()]; n != nil && n.Host != nil && n.Host.Off() {
		q.hostDown(n)
	}
}

func (q cabling) hostDown(n *Node) {
	steps := []CureStep{{Repair: n.Name}}
	for _, x := range q.nodes {
		if x.isContainer() && x.On() == n.Name && (x == q.to || x == q.from) {
			steps = append(steps, CureStep{Machine: n.Name, Line: "docker start " + x.Container.Name})
		}
	}
	if q.clustered() {
		steps = append(steps, CureStep{Wait: gossipMeets})
	}
	f := q.flow
	if q.to != nil && q.to.isContainer() {
		f.To = q.to.Name
	}
	q.blame(Cause{
		Code:     "HOST-DOWN",
		Sentence: fmt.Sprintf("%s has no power.", n.Name),
		Evidence: []Evidence{q.show(q.from.On(), "ping -c 1 -W 1 "+firstAddress(n), "the machine itself does not answer")},
		cures:    []Cure{{Says: "switch it on, and start the container there", Steps: steps, Instead: &f}},
	})
}

func (q cabling) fabric(e *event) {
	what := map[byte]string{1: "ICMP", 6: fmt.Sprintf("TCP to port %d", e.pkt.dport), 17: fmt.Sprintf("UDP to port %d", e.pkt.dport)}[e.pkt.proto]
	if what == "" {
		what = fmt.Sprintf("IP protocol %d", e.pkt.proto)
	}
	q.blame(Cause{
		Code:     "FIREWALL-FABRIC",
		Sentence: fmt.Sprintf("The network between the machines loses %s at the cable of %s: no host's rule does it.", what, cableOf(e)),
		Evidence: []Evidence{{Place: q.from.On(), Command: "tcpdump -nn -i " + deviceTo(q.byName[q.from.On()], e.pkt.dst) + " " + filter(e), Says: "the packet leaves here, and the same command on the other machine does not show it"}},
		cures:    []Cure{{Says: fmt.Sprintf("in the security group, switch or hypervisor between the machines let %s pass, there and back; the machines themselves need no change", what), Steps: []CureStep{{Repair: cableOf(e)}}}},
	})
}

// deviceTo is the interface by which a machine sends to an address.
func deviceTo(n *Node, ip netip.Addr) string {
	if ip.IsValid() {
		if r, err := n.Space.RouteGet(ip, netip.Addr{}); err == nil {
			return r.Dev
		}
	}
	return "any"
}

// filter is what tcpdump has to be told to show packets like an event's.
func filter(e *event) string {
	switch e.pkt.proto {
	case 1:
		return "icmp and host " + e.pkt.dst.String()
	case 6:
		return fmt.Sprintf("tcp port %d", e.pkt.dport)
	case 17:
		return fmt.Sprintf("udp port %d", e.pkt.dport)
	}
	return "host " + e.pkt.dst.String()
}

func (q cabling) lossy() {
	lost := map[string]int{}
	worst := ""
	bad := func(cable string) {
		if lost[cable]++; worst == "" || lost[cable] > lost[worst] {
			worst = cable
		}
	}
	for i := range q.j.story.events {
		e := &q.j.story.events[i]
		switch {
		case e.Verb != trail.Drop:
		case slices.Contains(lossReasons, e.Reason):
			bad(cableOf(e))
		case q.j.story.damaged(e) != "":
			bad(q.j.story.damaged(e))
		}
	}
	if worst == "" { // a rule that drops by chance (-m statistic, -m limit)
		if e := q.ruleDrop(); e != nil {
			firewalls(q).firewall(q.nodeOf(e.Place.Machine), e)
		} else if e := q.tunnelDrop(); e != nil {
			q.tunnelRule(e)
		}
		return
	}
	machine, dev, _ := strings.Cut(worst, ":")
	q.blame(Cause{
		Code:     "LINK-LOSSY",
		Sentence: fmt.Sprintf("The cable of %s loses or damages packets: %d of %d probes were answered.", worst, q.j.Received, q.j.Sent),
		Evidence: []Evidence{
			q.show(q.from.On(), q.within(q.from, fmt.Sprintf("ping -c 20 -i 0.2 -q %s | tail -n 2", q.j.Target)), "how many get lost"),
			q.show(machine, "ip -s link show "+dev, "errors or drops here would be the card's; without them it is the cable or the switch"),
		},
		cures: []Cure{
			{Says: "replace the cable; if that does not help, the port of the switch or the card", Steps: []CureStep{{Repair: worst}}},
			{Says: "replace the cable; where the file gives its LAN the loss, take it out there", Steps: []CureStep{{Machine: q.from.On(), Line: "fault cable: " + worst + ", loss: 0%, corrupt: 0%"}}},
		},
	})
}

// neighbours: nobody answered for the next hop.
func (q cabling) neighbours() {
	if q.blamed() || q.j.Verdict != Unresolved && q.j.Verdict != NoReturn {
		return
	}
	p := q.deadPath()
	if p == nil || len(p.Hops) == 0 {
		return
	}
	last := p.Hops[len(p.Hops)-1].event
	if !waits(p) && !unanswered(last) {
		return
	}
	if q.backwards() && (layer3(q)).masquerade() {
		return
	}
	n := q.nodeOf(last.Place.Machine)
	next := last.pkt.dst
	if n != nil && n.Space != nil {
		if r, err := n.Space.RouteGet(last.pkt.dst, netip.Addr{}); err == nil && r.Via.IsValid() {
			next = r.Via
		}
	}
	for _, h := range q.engines() {
		if h.Host.Off() && h.Space != nil {
			for _, ip := range allAddresses(h.Space) {
				if ip == next {
					q.hostDown(h)
					return
				}
			}
		}
	}
	if back := q.readdress(n, next); back != nil && !q.byName[n.On()].Space.IsLocal(next) {
		q.blame(Cause{
			Code:     "NO-ROUTE",
			Sentence: fmt.Sprintf("%s sends by way of %s, its network's gateway, and the bridge of %s does not have that address any more.", n.Name, next, n.On()),
			Evidence: []Evidence{q.show(n.On(), q.within(n, "ip route"), "the route"), q.show(n.On(), "ip -4 -br addr", "the addresses of the host")},
			cures:    back,
		})
		return
	}
	if hs := q.holders(next); len(hs) > 0 {
		q.deafHolder(n, next, hs[0])
		return
	}
	if n != nil && next != q.j.Target {
		q.blame(Cause{
			Code:     "NO-ROUTE",
			Sentence: fmt.Sprintf("%s sends by way of %s, and nobody has that address.", n.Name, next),
			Evidence: []Evidence{q.show(n.On(), q.within(n, "ip route"), "the route"), q.show(n.On(), q.within(n, "ip neigh show "+next.String()), "nobody answers for it")},
			cures:    append(q.untype(n, last.pkt.dst), q.reroute(n, next)...),
		})
		return
	}
	absence(q).unused()
}

// readdress gives a bridge back the address that is its network's gateway.
func (q cabling) readdress(n *Node, gateway netip.Addr) []Cure {
	if n == nil || !n.isContainer() {
		return nil
	}
	host := q.byName[n.On()]
	for _, e := range sortedNetworks(n) {
		x := q.networkOf(host, e.NetworkID)
		if x == nil || x.Bridge == "" || e.Gateway != gateway.String() {
			continue
		}
		return []Cure{{Says: "the engine gives the bridge its address when it starts, too", Steps: []CureStep{{Machine: host.Name, Line: fmt.Sprintf("ip addr add %s/%d dev %s", gateway, e.IPPrefixLen, x.Bridge)}}}}
	}
	return nil
}

// reroute sends by a router that is there.
func (q cabling) reroute(n *Node, absent netip.Addr) []Cure {
	var out []Cure
	for _, gw := range q.gateways(n) {
		if gw == absent.String() {
			continue
		}
		out = append(out, Cure{Steps: []CureStep{{Machine: n.On(), Line: q.within(n, "ip route replace default via "+gw)}}})
	}
	return out
}

// deafHolder: somebody has the address and does not answer for it here.
func (q cabling) deafHolder(n *Node, next netip.Addr, h holder) {
	if !h.iface.Up() {
		q.interfaceDown(h.node, h.iface)
		return
	}
	if h.node.Host != nil && h.node.Host.Off() {
		q.hostDown(q.byName[h.node.On()])
		return
	}
	if q.overlaidFrom(n, h) {
		return
	}
	c := Cause{
		Code:     "NO-ROUTE",
		Sentence: fmt.Sprintf("%s looks for %s on its own link, and the address is %s's, on another: there is no route that leads to it.", n.Name, next, h.node.Name),
		Evidence: []Evidence{q.show(n.On(), q.within(n, "ip route get "+next.String()), "where it is looked for")},
	}
	for _, gw := range q.gateways(n) {
		c.cures = append(c.cures, Cure{Steps: []CureStep{{Machine: n.On(), Line: q.within(n, "ip route add "+next.String()+"/32 via "+gw)}}})
	}
	q.blame(c)
}

// overlaidFrom: a machine looks for the address of a container on an overlay
// network, into which no machine has a way.
func (q cabling) overlaidFrom(n *Node, h holder) bool {
	if !h.node.isContainer() || n == nil || n.isContainer() {
		return false
	}
	host := q.byName[h.node.On()]
	for _, e := range sortedNetworks(h.node) {
		x := q.networkOf(host, e.NetworkID)
		if x == nil || x.Driver != "overlay" || e.IPAddress != h.iface.Addrs()[0].Prefix.Addr().String() {
			continue
		}
		c := Cause{
			Code:     "NO-ROUTE",
			Sentence: fmt.Sprintf("%s is the address of %s on the overlay network %s, and only its containers have a way into that: a machine has no interface on it, not even the one that the container runs on.", e.IPAddress, h.node.Name, x.Name),
			Evidence: []Evidence{
				q.show(host.Name, networksOf(h.node), "the networks of "+h.node.Name),
				q.show(n.Name, "ip route get "+e.IPAddress, "where "+n.Name+" looks for it"),
			},
		}
		c.cures = q.besideOverlay(n, h.node)
		q.blame(c)
		return true
	}
	return false
}

// besideOverlay are the ways to an overlay network's container that a machine
// has: a published port, and on the container's own host its address on
// docker_gwbridge.
func (q cabling) besideOverlay(n, c *Node) []Cure {
	var out []Cure
	for _, f := range q.publishedAt(c) {
		out = append(out, Cure{Says: fmt.Sprintf("address the published port of the host: %s", end(netip.MustParseAddr(f.To), f.Port)), Instead: &f})
	}
	if n.Name != c.On() || c.Space == nil {
		return out
	}
	for _, ip := range addressesOf(c.Space) {
		if gw := q.gatewayBridge(n); gw.IsValid() && gw.Contains(ip) {
			f := q.flow
			f.To = ip.String()
			out = append(out, Cure{Says: fmt.Sprintf("address it on docker_gwbridge, where the host has an address, too: %s", ip), Instead: &f})
		}
	}
	return out
}

// gatewayBridge is the subnet of a host's docker_gwbridge.
func (q cabling) gatewayBridge(host *Node) netip.Prefix {
	if i := host.Space.Interface("docker_gwbridge"); i != nil && len(i.Addrs()) > 0 {
		return i.Addrs()[0].Prefix.Masked()
	}
	return netip.Prefix{}
}

// ruleDrop is a packet of the flow, or an answer, that a rule dropped.
func (q cabling) ruleDrop() *event {
	for i := range q.j.story.events {
		e := &q.j.story.events[i]
		if e.Verb == trail.Drop && e.Rule != nil && (e.pkt.dst == q.j.Target || e.pkt.src == q.j.Target) {
			return e
		}
	}
	return nil
}

// tunnelDrop is a packet of a tunnel that carries the flow and that a rule dropped.
func (q cabling) tunnelDrop() *event {
	for i := range q.j.story.events {
		e := &q.j.story.events[i]
		if e.Verb == trail.Drop && e.Rule != nil && e.Parent != 0 && e.pkt.proto == 17 && q.nodeOf(e.Place.Machine) != nil {
			return e
		}
	}
	return nil
}
