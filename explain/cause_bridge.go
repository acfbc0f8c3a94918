package explain

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack"
)

// bridging looks for the causes of bridge networks.
type bridging struct{ *inquiry }

// acrossHosts: the destination is on another host's bridge network.
func (q bridging) acrossHosts() {
	if q.blamed() || q.to == nil || !q.to.isContainer() || !q.to.running() || q.to.On() == q.from.On() || q.j.Verdict == Delivered {
		return
	}
	if !q.onlyLocal(q.to) || len(shared(q.from, q.to)) > 0 {
		return
	}
	if n, e := firewalls(q).direct(); n != nil { // there is a route, and it is taken
		firewalls(q).directRouting(n, e)
		return
	}
	if q.flow.To != q.to.Name && !q.j.Target.IsValid() {
		return
	}
	q.crossHost([]Evidence{
		q.show(q.to.On(), networksOf(q.networked(q.to)), "the networks of "+q.networked(q.to).Name),
		q.show(q.from.On(), "ip route get "+q.targetText(), fmt.Sprintf("where %s sends packets for it", q.from.On())),
	})
}

func (q bridging) targetText() string {
	if q.j.Target.IsValid() {
		return q.j.Target.String()
	}
	for _, ip := range sortedAddresses2(q.to) {
		return ip
	}
	return ""
}

func sortedAddresses2(n *Node) []string {
	var out []string
	for _, e := range sortedNetworks(n) {
		if e.IPAddress != "" {
			out = append(out, e.IPAddress)
		}
	}
	return out
}

// networked is the container whose network namespace a container has: its own,
// or that of container:NAME.
func (q *inquiry) networked(n *Node) *Node {
	if owner := q.owner[n.Space]; owner != nil && owner.isContainer() {
		return owner
	}
	return n
}

// onlyLocal reports whether a container is on bridge networks of its host alone.
func (q bridging) onlyLocal(n *Node) bool {
	n = q.networked(n)
	for id := range n.Networks {
		x := q.networkOf(q.byName[n.On()], id)
		if x == nil || x.Driver != "bridge" || x.Scope != "local" {
			return false
		}
	}
	return len(n.Networks) > 0
}

func (q bridging) crossHost(ev []Evidence) {
	c := Cause{
		Code:     "BRIDGE-CROSS-HOST",
		Sentence: fmt.Sprintf("%s is on a bridge network of %s, and a bridge network ends at its host: no other host knows its addresses or names.", q.to.Name, q.to.On()),
		Evidence: ev,
	}
	if q.j.Instead != "" {
		c.Sentence += fmt.Sprintf(" On %s the address %s is that of %s, which took the packets.", q.from.On(), q.j.Target, q.j.Instead)
	}
	for _, f := range q.publishedAt(q.networked(q.to)) {
		c.cures = append(c.cures, Cure{Says: fmt.Sprintf("address the published port of the host: %s", end(netip.MustParseAddr(f.To), f.Port)), Instead: &f})
	}
	host := q.byName[q.to.On()]
	if q.flow.Proto != ICMP && len(c.cures) == 0 {
		f := q.flow
		for _, ip := range q.facing(host, netip.Addr{}) {
			f.To = ip.String()
			break
		}
		publish := q.publish(f.Port)
		c.cures = append(c.cures, Cure{Says: "publish the port and address the host", Instead: &f,
			Steps: workshop(q).remake(q.networked(q.to), func(o *options) { o.add("-p", publish) })})
	}
	if r, ok := q.routed(host); ok {
		c.cures = append(c.cures, r)
	}
	q.blame(c)
}

// routed is a cure that makes a network of its own on the other host, and the
// routes to it: what an overlay network is for.
func (q bridging) routed(host *Node) (Cure, bool) {
	from := q.byName[q.from.On()]
	subnet := q.free()
	if !subnet.IsValid() || from == host {
		return Cure{}, false
	}
	for _, ip := range q.facing(host, netip.Addr{}) {
		way, ok := q.way(from, subnet, ip)
		if !ok {
			continue
		}
		to := subnet.Addr().Next().Next()
		f := q.flow
		f.To = to.String()
		chain, name := "DOCKER-USER", q.freeNetwork("routed")
		if q.output(host.Name, "iptables -S DOCKER-USER 2>/dev/null") == "" { // an engine that makes no rules
			chain = "FORWARD"
		}
		create, accept := "docker network create", CureStep{Machine: host.Name, Line: fmt.Sprintf("iptables -I %s -d %s -j ACCEPT", chain, subnet)}
		if q.output(host.Name, "iptables -S DOCKER-FORWARD 2>/dev/null") != "" { // since 28 a network says so itself
			create, accept = create+" -o "+optMode4+"=nat-unprotected", CureStep{}
		}
		steps := []CureStep{
			{Machine: host.Name, Line: fmt.Sprintf("%s --subnet %s %s", create, subnet, name)},
			{Machine: host.Name, Line: fmt.Sprintf("docker network connect --ip %s %s %s", to, name, q.networked(q.to).Container.Name)},
		}
		if accept.Line != "" {
			steps = append(steps, accept)
		}
		return Cure{
			Says: "an overlay network is made for this; without a cluster store, a route between the hosts does it", Instead: &f,
			Steps: append(steps, way...),
		}, true
	}
	return Cure{}, false
}

// shadow: a Docker subnet covers the real destination.
func (q bridging) shadow() {
	if q.blamed() || !q.j.Target.IsValid() || q.j.Verdict == Delivered {
		return
	}
	for _, n := range q.networks() {
		if n.Bridge == "" || !n.covers(q.j.Target) || n.host.Name != q.from.On() && !q.onWay(n.host) {
			continue
		}
		owner := q.outsideOwner(&n)
		if owner == "" {
			continue
		}
		q.blameSubnet(&n, owner)
		return
	}
}

// onWay reports whether a packet of the flow came through a machine.
func (q bridging) onWay(machine *Node) bool {
	for _, p := range []*Path{q.j.Forward, q.j.Return} {
		if p == nil {
			continue
		}
		for _, h := range p.Hops {
			if strings.HasPrefix(h.event.Place.Machine, machine.Name) {
				return true
			}
		}
	}
	return false
}

// outsideOwner is who has the flow's address, and is no container of the network
// that covers it; "" if nobody has.
func (q bridging) outsideOwner(n *network) string {
	if n.host.Space != nil && n.host.Space.IsLocal(q.j.Target) {
		return ""
	}
	for _, h := range q.holders(q.j.Target) {
		if h.node == n.host || h.node.isContainer() && (h.node.On() == n.host.Name || h.node.Networks[n.ID] != "") {
			continue
		}
		if h.iface.Kind() == stack.KindPhysical || h.iface.Kind() == stack.KindMacvlan {
			return h.node.Name
		}
	}
	return ""
}

func (q bridging) blameSubnet(n *network, owner string) {
	free := q.free()
	c := Cause{
		Code:     "BRIDGE-SUBNET-SHADOWS",
		Sentence: fmt.Sprintf("The network %s of %s has the subnet %s, which covers %s, the address of %s: packets for it go into the bridge %s and never leave the host.", n.Name, n.host.Name, subnetOf(n), q.j.Target, owner, n.Bridge),
		Evidence: []Evidence{
			q.show(n.host.Name, "ip route get "+q.j.Target.String(), fmt.Sprintf("the way leads into %s", n.Bridge)),
			q.show(n.host.Name, "docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "+n.Name, fmt.Sprintf("the subnet of %s", n.Name)),
		},
	}
	if n.Name == "bridge" {
		gateway := netip.PrefixFrom(free.Addr().Next(), free.Bits())
		c.cures = []Cure{{Says: unused(free), Steps: workshop(q).configure(n.host, map[string]any{"bip": gateway.String(), "fixed-cidr": nil})}}
	} else {
		c.cures = []Cure{{Says: unused(free) + "; if Compose made the network, write it in its file (networks: " + n.Name + ": ipam: config: subnet:)", Steps: workshop(q).remakeNetwork(n, createLine(n, free))}}
	}
	q.blame(c)
}

// unused says what a subnet of a cure is.
func unused(free netip.Prefix) string {
	return fmt.Sprintf("give the network a subnet that is nowhere in use, for which %s stands: ip route on the hosts shows what is, and whoever plans the addresses knows the rest", free)
}
