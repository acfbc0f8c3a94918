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

// layer3 looks for the causes of what the network layer drops.
type layer3 struct{ *inquiry }

// kernel looks for the causes of what the network layer itself drops.
func (q layer3) kernel() {
	e := q.death()
	if q.blamed() || e == nil {
		if !q.blamed() {
			q.mtu(nil)
		}
		return
	}
	switch e.Reason {
	case trail.ForwardingDisabled:
		q.forwardingOff(e)
	case trail.RPFilter, trail.MartianSource:
		q.rpFilter(e, "REVERSE-PATH-FILTER")
	case trail.TTLExceeded:
		q.loop(e)
	case trail.MTU, trail.TooBig:
		q.mtu(e)
	case trail.NoRoute, trail.BlackholeRoute:
		if q.backwards() && q.masquerade() {
			return
		}
		local(q).noRoute()
	}
}

func (q layer3) forwardingOff(e *event) {
	n := q.nodeOf(e.Place.Machine)
	q.blame(Cause{
		Code:     "FORWARDING-OFF",
		Sentence: fmt.Sprintf("%s does not forward packets: net.ipv4.ip_forward is 0. Docker switches it on when it starts; something switched it off after that, or it is not Docker's to do.", n.Name),
		Evidence: []Evidence{q.show(n.On(), "sysctl net.ipv4.ip_forward", "0: what is not for the host itself is dropped")},
		cures:    []Cure{{Says: "it holds until the next start: write net.ipv4.ip_forward = 1 as well into a file of /etc/sysctl.d that is read last (99-docker.conf), and look for the one that says 0", Steps: []CureStep{{Machine: n.On(), Line: "sysctl -w net.ipv4.ip_forward=1"}}}},
	})
}

func (q layer3) rpFilter(e *event, code Code) {
	n := q.nodeOf(e.Place.Machine)
	dev := e.Place.Interface
	q.blame(Cause{
		Code: code,
		Sentence: fmt.Sprintf("%s drops packets from %s at %s: its own way back to that address is another interface, and the reverse path filter (rp_filter) is strict.",
			n.Name, e.pkt.src, dev),
		Evidence: []Evidence{
			q.show(n.On(), "sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf."+dev+".rp_filter", "the larger of the two counts; 1 is strict"),
			q.show(n.On(), fmt.Sprintf("ip route get %s from %s", e.pkt.src, e.pkt.dst), fmt.Sprintf("the way back to it is not %s", dev)),
		},
		cures: append([]Cure{
			{Says: "2 (loose) does, too, and still refuses senders that nobody has a way to; it holds until the next start: write it as well into a file of /etc/sysctl.d (99-docker.conf)", Steps: []CureStep{{Machine: n.On(), Line: "sysctl -w net.ipv4.conf.all.rp_filter=0"}, {Machine: n.On(), Line: "sysctl -w net.ipv4.conf." + dev + ".rp_filter=0"}}},
			{Says: "gossip that had failed meets again after a while", Steps: []CureStep{{Machine: n.On(), Line: "sysctl -w net.ipv4.conf.all.rp_filter=0"},
				{Machine: n.On(), Line: "sysctl -w net.ipv4.conf." + dev + ".rp_filter=0"}, {Wait: gossipMeets * 2}}},
			{Says: "and the engines have to be restarted to meet again", Steps: append([]CureStep{{Machine: n.On(), Line: "sysctl -w net.ipv4.conf.all.rp_filter=0"},
				{Machine: n.On(), Line: "sysctl -w net.ipv4.conf." + dev + ".rp_filter=0"}}, workshop(q).restart(q.engineApart())...)},
		}, q.untype(n, e.pkt.src)...),
	})
}

// engineApart is the engine of the flow's two hosts that can be restarted
// without the store.
func (q layer3) engineApart() *Node {
	a := q.byName[q.from.On()]
	if q.to == nil || q.byName[q.to.On()] == nil || q.byName[q.to.On()].Host == nil {
		return a
	}
	o := &overlay{q: q.inquiry}
	return o.pick(q.byName[q.to.On()], a)
}

// loop blames the routes by which machines send a packet to each other.
func (q layer3) loop(e *event) {
	n := q.nodeOf(e.Place.Machine)
	round := q.round()
	c := Cause{
		Code:     "ROUTE-LOOP",
		Sentence: fmt.Sprintf("The packet went in circles until its TTL ran out at %s: %s send it to each other.", n.Name, strings.Join(round, " and ")),
	}
	for _, m := range round {
		x := q.nodeOf(m)
		if x == nil || x.isContainer() {
			continue
		}
		c.Evidence = append(c.Evidence, q.show(x.Name, "ip route get "+e.pkt.dst.String(), "where "+x.Name+" sends it"))
		r, err := x.Space.RouteGet(e.pkt.dst, netip.Addr{})
		if err != nil {
			continue
		}
		r = matched(x.Space, r, e.pkt.dst)
		dst := r.Dst.String()
		if r.Dst.Bits() == 0 {
			dst = "default"
		}
		c.cures = append(c.cures, Cure{Says: "take the route out that leads back, and take it out as well where it is set at the start, or it is back then", Steps: []CureStep{{Machine: x.Name, Line: "ip route del " + dst + " via " + r.Via.String()}}})
	}
	slices.SortStableFunc(c.cures, func(a, b Cure) int {
		// What is special is more likely a slip than what is general.
		return strings.Count(a.Steps[0].Line, "default") - strings.Count(b.Steps[0].Line, "default")
	})
	q.blame(c)
}

// round are the machines that saw the dead packet more than once at one
// interface.
func (q layer3) round() []string {
	times := map[string]int{}
	var out []string
	for _, h := range q.deadPath().Hops {
		at := h.event.Place
		if h.Verb != "receive" {
			continue
		}
		if times[h.Place]++; times[h.Place] == 2 && !slices.Contains(out, at.Machine) {
			out = append(out, at.Machine)
		}
	}
	return out
}

// tunnelled is how much larger a packet was where it died than where it set out: an
// overlay network has put headers around it.
func (q *inquiry) tunnelled() int {
	const vxlan = 50
	p := q.deadPath()
	if p == nil || !q.overlaid() {
		return 0
	}
	for i := range p.Hops {
		if p.Hops[i].event.Verb == trail.Encapsulate {
			return vxlan
		}
	}
	return 0
}

// mtu: a large packet died where a small one passes.
func (q layer3) mtu(e *event) {
	if e == nil {
		e = q.lostToMTU()
	}
	if e == nil {
		return
	}
	size, place := 0, cableOf(e)
	if w := q.cable(place); w != nil {
		for _, end := range []*link.End{w.A(), w.B()} {
			if m := end.Impairment().MTU; m > 0 && (size == 0 || m < size) {
				size = m
			}
		}
	}
	c := Cause{Code: "MTU-BLACKHOLE"}
	if size > 0 {
		c.Sentence = fmt.Sprintf("Small packets pass and large ones do not: the cable of %s carries packets of %d bytes at most, this one has %d, and nobody tells its sender.", place, size, e.pkt.size)
		inner := size - q.tunnelled()
		c.Evidence = []Evidence{q.show(q.from.On(), q.within(q.from, fmt.Sprintf("ping -c 1 -W 1 -s %d %s", max(inner-28, 0), q.j.Target)), "a packet of that size passes"),
			q.show(q.from.On(), q.within(q.from, fmt.Sprintf("ping -c 1 -W 1 -s %d %s", max(inner-27, 0), q.j.Target)), "and one that is a byte larger does not (with -M do, ping would be told if somebody knew)")}
		c.cures = []Cure{{Says: q.fits(place, e.pkt.size, inner), Steps: []CureStep{{Repair: place}}}}
		c.cures = append(c.cures, q.lower(size)...)
		q.blame(c)
		return
	}
	n := q.nodeOf(e.Place.Machine)
	dev := e.Place.Interface
	c.Sentence = fmt.Sprintf("Small packets pass and large ones do not: %s cannot pass a packet of %d bytes on at %s, and its sender is not told, or does not hear it.", n.Name, e.pkt.size, e.Place)
	c.Evidence = []Evidence{q.show(n.On(), q.within(n, "ip -o link"), "the MTUs on the way")}
	smallest := q.smallestMTU()
	c.cures = q.lower(smallest)
	_ = dev
	q.blame(c)
}

// fits is what to do about a network that carries too little, in words: let it
// carry more, or let containers send less.
func (q layer3) fits(place string, needs, inner int) string {
	host, _, _ := strings.Cut(place, ":")
	less := fmt.Sprintf("or let containers send no more than %d: \"mtu\": %d in daemon.json of their hosts for the default bridge (restart the engine, make the containers anew), "+
		"docker network create -o com.docker.network.driver.mtu=%d for another network, which has to be made again", inner, inner, inner)
	if q.overlaid() {
		less = fmt.Sprintf("or make the overlay network again with docker network create -o com.docker.network.driver.mtu=%d, and its containers", inner)
	}
	return fmt.Sprintf("raise the MTU to %d at the switch ports, tunnels and providers on the way to %s, which is for whoever runs them; %s", needs, host, less)
}

// lostToMTU is a packet of the journey that was too large for a cable, a port or
// an interface.
func (q layer3) lostToMTU() *event {
	for i := range q.j.story.events {
		if e := &q.j.story.events[i]; e.Verb == trail.Drop && (e.Reason == trail.MTU || e.Reason == trail.TooBig) && e.pkt.ip {
			return e
		}
	}
	return nil
}

// lower gives the sender's and the receiver's interface a smaller MTU.
func (q layer3) lower(size int) []Cure {
	if size <= 0 {
		return nil
	}
	if q.overlaid() {
		size -= 50
	}
	var steps []CureStep
	for _, n := range []*Node{q.from, q.to} {
		if n == nil || n.Space == nil || !n.isContainer() {
			continue
		}
		r, err := n.Space.RouteGet(q.j.Target, netip.Addr{})
		if n == q.to {
			if back := q.sourceSeen(); back.IsValid() {
				r, err = n.Space.RouteGet(back, netip.Addr{})
			}
		}
		if err == nil && r.Dev != "lo" {
			steps = append(steps, CureStep{Machine: n.On(), Line: q.within(n, fmt.Sprintf("ip link set %s mtu %d", r.Dev, size))})
		}
	}
	if len(steps) == 0 {
		return nil
	}
	return []Cure{{Steps: steps, Says: fmt.Sprintf("it holds until a container stops: make the network again with docker network create -o com.docker.network.driver.mtu=%d", size)}}
}

func (q *inquiry) sourceSeen() netip.Addr {
	if q.j.Forward != nil && len(q.j.Forward.Hops) > 0 {
		return q.j.Forward.Hops[0].event.pkt.src
	}
	return netip.Addr{}
}

// smallestMTU is the smallest of the interfaces that the packet passed.
func (q layer3) smallestMTU() int {
	size := 0
	for _, p := range []*Path{q.j.Forward, q.j.Return} {
		if p == nil {
			continue
		}
		for _, h := range p.Hops {
			ns := q.space[h.event.Place.Machine]
			if ns == nil {
				continue
			}
			if i := ns.Interface(h.event.Place.Interface); i != nil && (size == 0 || i.MTU() < size) {
				size = i.MTU()
			}
		}
	}
	return size
}

func unanswered(e *event) bool {
	return e.Reason == trail.HostUnreachable || e.Reason == trail.NeighbourQueueFull || e.Reason == trail.NeighbourDeleted
}

func firstAddress(n *Node) string {
	for _, i := range n.Space.Interfaces() {
		for _, x := range i.Addrs() {
			if i.Kind() == stack.KindPhysical && x.Prefix.Addr().Is4() {
				return x.Prefix.Addr().String()
			}
		}
	}
	return n.Name
}

func allAddresses(ns *stack.Namespace) []netip.Addr { return addressesOf(ns) }

// noAnswer: it got there, and nobody answered, or the answer did not come back.
func (q layer3) noAnswer() {
	if q.blamed() || q.j.Verdict != NoReturn {
		return
	}
	q.masquerade()
}

// masquerade: the packet left its host with the container's own address, which
// nobody outside knows the way back to.
func (q layer3) masquerade() bool {
	if q.j.Forward == nil || q.j.Forward.End.event == nil || !q.from.isContainer() {
		return false
	}
	host := q.byName[q.from.On()]
	last := q.j.Forward.End.event
	there := q.nodeOf(last.Place.Machine)
	if there == nil || there.On() == host.Name {
		return false
	}
	src := q.j.Forward.Hops[0].event.pkt.src
	if left := q.left(host); left == nil || left.pkt.src != src {
		return false
	}
	var net *network
	for _, n := range q.networks() { // docker_gwbridge, too, which no container is said to be on
		if n.host == host && n.covers(src) && n.Driver == "bridge" {
			net = &n
		}
	}
	if net == nil {
		return false
	}
	if q.natGone(host) {
		firewalls(q).rulesFlushed(host, last)
		return true
	}
	line := fmt.Sprintf("iptables -t nat -A POSTROUTING -s %s ! -o %s -j MASQUERADE", subnetOf(net), net.Bridge)
	list := "iptables -t nat -S POSTROUTING"
	if byNFT(host) {
		chain := nftBridges + " nat-postrouting-out__" + net.Bridge
		list = "nft list chain " + chain
		line = fmt.Sprintf("nft add rule %s oifname != %s ip saddr %s counter masquerade", chain, net.Bridge, subnetOf(net))
	}
	q.blame(Cause{
		Code:     "MASQUERADE-MISSING",
		Sentence: fmt.Sprintf("Packets of %s leave %s with the container's own address %s, and nobody outside knows the way back to it: the network %s is not masqueraded.", q.from.Name, host.Name, src, net.Name),
		Evidence: []Evidence{
			q.show(host.Name, list, fmt.Sprintf("no rule for %s", subnetOf(net))),
			q.show(host.Name, "docker network inspect -f '{{json .Options}}' "+net.Name, "the network's options"),
		},
		cures: []Cure{{Steps: []CureStep{{Machine: host.Name, Line: line}}}},
	})
	return true
}

// left is how the packet left a host on the way there, by whatever interface of
// the machine's own; nil if it did not.
func (q layer3) left(host *Node) *event {
	for _, h := range slices.Backward(q.j.Forward.Hops) {
		if q.space[h.event.Place.Machine] != host.Space {
			continue
		}
		return h.event
	}
	return nil
}

// natGone reports whether an engine that makes rules has none in the nat table.
func (q layer3) natGone(host *Node) bool {
	if !host.Host.Daemon.Running() || daemonJSON(host)["iptables"] == false {
		return false
	}
	if byNFT(host) {
		return nftGone(host)
	}
	return !slices.ContainsFunc(rulesOf(host.Space, "nat", "PREROUTING"), func(r string) bool { return strings.HasSuffix(r, "-j DOCKER") })
}
