package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack"
	"dnetsim/stack/socket"
)

// local looks for what is wrong with one of the two themselves.
type local struct{ *inquiry }

func sortedAddresses(m map[string]netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, k := range sortedKeys(m) {
		out = append(out, m[k])
	}
	return out
}

// within is a command as it is typed on a node's machine to run in its network
// namespace, with the machine's own programs.
func (q *inquiry) within(n *Node, command string) string {
	if !n.isContainer() {
		return command
	}
	return "nsenter -t $(docker inspect -f '{{.State.Pid}}' " + n.Container.Name + ") -n " + command
}

// localhost: a container asked itself.
func (q local) localhost() {
	if q.blamed() || !q.j.Target.IsLoopback() || !q.from.isContainer() || q.flow.Proto == ICMP {
		return
	}
	for _, n := range q.nodes {
		if n == q.from || !n.running() || n.On() != q.from.On() || n.Space == q.from.Space || !listens(n, q.flow.Proto, q.flow.Port) {
			continue
		}
		c := Cause{
			Code:     "LOCALHOST-IS-SELF",
			Sentence: fmt.Sprintf("%s asked itself: within a container localhost is the container. The service at port %d is in %s.", q.from.Name, q.flow.Port, n.Name),
			Evidence: []Evidence{
				q.sockets(q.from),
				q.sockets(n),
			},
		}
		for _, to := range q.waysTo(n) {
			c.cures = append(c.cures, Cure{Says: "address " + to.To, Instead: &to})
		}
		if n.isContainer() && len(shared(q.from, n)) == 0 {
			f := q.flow
			f.To = n.Name
			c.cures = append(c.cures, Cure{Instead: &f, Says: "put both on one network and address it by its name", Steps: q.share(q.from, n)})
		}
		q.blame(c)
		return
	}
}

// waysTo are the same question for a node under the names and addresses that the
// asking one can use.
func (q local) waysTo(n *Node) []Flow {
	var out []Flow
	ask := func(to string) {
		f := q.flow
		f.To = to
		out = append(out, f)
	}
	if n.isContainer() {
		for _, id := range shared(q.from, n) {
			if x := q.networkOf(q.byName[n.On()], id); x != nil && x.Name != "bridge" {
				ask(n.Container.Name)
			}
			ask(n.Networks[id])
		}
		return out
	}
	for _, e := range sortedNetworks(q.from) {
		if e.Gateway != "" {
			ask(e.Gateway)
		}
	}
	return out
}

// listens reports whether a node's namespace has a socket that takes what comes
// for a port at its own addresses.
func listens(n *Node, p Protocol, port uint16) bool {
	return slices.ContainsFunc(listeners(n), func(s stack.SocketInfo) bool {
		return s.Proto == p.String() && s.Local.Port() == port && !s.Local.Addr().IsLoopback()
	})
}

// listeners are the sockets of a node that wait for somebody; those of Docker's
// name server, which every container on a network of one's own has, are left out.
func listeners(n *Node) []stack.SocketInfo {
	var out []stack.SocketInfo
	if n == nil || n.Space == nil {
		return nil
	}
	for _, s := range n.Space.Sockets() {
		if s.Local.Addr() != nameServer && (s.Proto == "tcp" && s.State == socket.Listen || s.Proto == "udp" && s.State == socket.Unconnected) {
			out = append(out, s)
		}
	}
	return out
}

// nameServer is where Docker answers names within a container.
var nameServer = netip.AddrFrom4([4]byte{127, 0, 0, 11})

// sockets shows what listens in a node.
func (q *inquiry) sockets(n *Node) Evidence {
	if !n.isContainer() {
		return q.show(n.On(), "ss -lntu", "what listens in "+n.Name)
	}
	return q.show(n.On(), q.within(n, "ss -lntu | grep -v 127.0.0.11:"), "what listens in "+n.Name+" (127.0.0.11 would be Docker's own name server)")
}

// noNetwork: one of the two has no address.
func (q local) noNetwork() {
	if q.blamed() || q.j.Verdict == NameNotResolved {
		return
	}
	for _, n := range []*Node{q.from, q.to} {
		if n == nil || !n.running() || !n.isContainer() || len(addressesOf(n.Space)) > 0 || n == q.to && n == q.from {
			continue
		}
		q.noNetworkOf(n)
		return
	}
}

// noNetworkOf blames a container's having no network.
func (q local) noNetworkOf(n *Node) {
	host := n.On()
	c := Cause{
		Code:     "NO-NETWORK",
		Sentence: n.Name + " has no network: its only interface is lo.",
		Evidence: []Evidence{
			q.show(host, "docker inspect -f '{{.HostConfig.NetworkMode}}' "+n.Container.Name, "the mode it was made with"),
			q.show(host, q.within(n, "ip -br addr"), "its interfaces"),
		},
	}
	target := "bridge"
	if other := map[bool]*Node{true: q.to, false: q.from}[n == q.from]; other != nil && other.isContainer() {
		for _, e := range sortedNetworks(other) {
			if x := q.networkOf(q.byName[other.On()], e.NetworkID); x != nil && x.Name != "none" && x.Name != "host" {
				target = x.Name
			}
		}
	}
	var steps []CureStep
	if n.Container.NetworkSettings.Networks["none"] != nil {
		steps = append(steps, CureStep{Machine: host, Line: "docker network disconnect none " + n.Container.Name})
	}
	if !q.hasNetwork(host, target) { // an engine with bridge: none
		target = q.freeNetwork("n")
		steps = append(steps, CureStep{Machine: host, Line: "docker network create " + target})
	}
	steps = append(steps, CureStep{Machine: host, Line: "docker network connect " + target + " " + n.Container.Name})
	c.cures = []Cure{q.moves(n, steps...)}
	q.blame(c)
}

// moves is a cure that connects a container to another network: who asked for its
// old address asks for its name from then on.
func (q *inquiry) moves(n *Node, steps ...CureStep) Cure {
	cure := Cure{Steps: steps}
	if n == q.to {
		f := q.flow
		f.To = n.Name
		cure.Instead = &f
	}
	return cure
}

// share puts two containers of a host on a new network.
func (q *inquiry) share(x, y *Node) []CureStep {
	name := q.freeNetwork("shared")
	return []CureStep{
		{Machine: y.On(), Line: "docker network create " + name},
		{Machine: x.On(), Line: "docker network connect " + name + " " + x.Container.Name},
		{Machine: y.On(), Line: "docker network connect " + name + " " + y.Container.Name},
	}
}

// freeNetwork is a name for a new network: no host has one of that name.
func (q *inquiry) freeNetwork(base string) string {
	name := base
	for i := 2; slices.ContainsFunc(q.networks(), func(n network) bool { return n.Name == name }); i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	return name
}

// hasNetwork reports whether a host has a network of that name.
func (q *inquiry) hasNetwork(host, name string) bool {
	return slices.ContainsFunc(q.networks(), func(n network) bool { return n.host.Name == host && n.Name == name })
}

// unroutable: the packet itself found no way.
func (q local) unroutable() {
	if q.blamed() || q.j.Verdict != NoRoute || q.overlaid() {
		return
	}
	for _, h := range q.holders(q.j.Target) {
		if cabling(q).overlaidFrom(q.from, h) {
			return
		}
	}
	q.noRoute()
}

// noRoute: a namespace has no way to the destination.
func (q local) noRoute() {
	if q.blamed() {
		return
	}
	at := q.from
	if e := q.death(); e != nil {
		if n := q.nodeOf(e.Place.Machine); n != nil {
			at = n
		}
	}
	if at.Space == nil {
		return
	}
	ev := q.show(at.On(), q.within(at, "ip route"), "the routes of "+at.Name)
	if at.isContainer() && q.allInternal(at) {
		q.internal(at, []Evidence{ev})
		return
	}
	c := Cause{
		Code:     "NO-ROUTE",
		Sentence: fmt.Sprintf("%s has no route to %s.", at.Name, q.destination()),
		Evidence: []Evidence{ev},
	}
	for _, gw := range q.gateways(at) {
		c.cures = append(c.cures, Cure{Says: lastsNet, Steps: []CureStep{{Machine: at.On(), Line: q.within(at, "ip route add default via "+gw)}}})
	}
	if q.to != nil && !at.isContainer() {
		to := q.destination()
		if way, ok := q.way(at, netip.PrefixFrom(to, to.BitLen()), to); ok {
			c.cures = append(c.cures, Cure{Says: lastsNet, Steps: way})
		}
	}
	c.cures = append(c.cures, q.openRoute(at, q.destination())...)
	if r, ok := q.routedChild(at); ok {
		c.cures = append(c.cures, r)
	}
	q.blame(c)
}

// openRoute takes a route out that refuses the destination (blackhole,
// unreachable, prohibit), or makes the subnet of somebody on the same link known
// to a machine whose address has none.
func (q local) openRoute(at *Node, to netip.Addr) []Cure {
	out := q.untype(at, to)
	for _, h := range q.holders(to) {
		for _, i := range at.Space.Interfaces() {
			if at.isContainer() || i.Kind() != stack.KindPhysical || !i.Up() || onLink(at.Space, to) {
				continue
			}
			for _, x := range h.iface.Addrs() {
				if x.Prefix.Addr() == to && x.Prefix.Bits() < to.BitLen() {
					out = append(out, Cure{Says: "an address without its subnet's mask reaches nobody on the link", Steps: []CureStep{{Machine: at.Name, Line: fmt.Sprintf("ip route add %s dev %s", x.Prefix.Masked(), i.Name())}}})
				}
			}
		}
	}
	return out
}

// routedChild is a way to an ipvlan child in mode l3: its host takes what comes
// for it, and others have to be told so by a route.
func (q local) routedChild(at *Node) (Cure, bool) {
	child, _ := childOf(q.to)
	if child == nil || at.isContainer() {
		return Cure{}, false
	}
	if mode, ok := child.IPvlanMode(); !ok || mode == link.IPvlanL2 {
		return Cure{}, false
	}
	for _, x := range child.Addrs() {
		for _, ip := range q.facing(q.byName[q.to.On()], netip.Addr{}) {
			if way, ok := q.way(at, x.Prefix.Masked(), ip); ok && x.Prefix.Addr().Is4() {
				return Cure{Says: "an ipvlan network in mode l3 is reached by its host", Steps: way}, true
			}
		}
	}
	return Cure{}, false
}

// destination is what the dead packet was for.
func (q local) destination() netip.Addr {
	if e := q.death(); e != nil && e.pkt.ip {
		return e.pkt.dst
	}
	return q.j.Target
}

// gateways are the ways out that a node could have: its networks' gateways, or
// the routers on a machine's LANs.
func (q *inquiry) gateways(n *Node) []string {
	var out []string
	if n.isContainer() {
		for _, e := range sortedNetworks(n) {
			if e.Gateway != "" {
				out = append(out, e.Gateway)
			}
		}
		return out
	}
	for _, r := range q.nodes {
		if r.isContainer() || r.Host != nil || r == n || r.Space == nil {
			continue
		}
		for _, ip := range addressesOf(r.Space) {
			if onLink(n.Space, ip) {
				out = append(out, ip.String())
			}
		}
	}
	return out
}

// onLink reports whether an address is in the subnet of a physical interface.
func onLink(ns *stack.Namespace, ip netip.Addr) bool {
	for _, i := range ns.Interfaces() {
		if i.Kind() != stack.KindPhysical && i.Kind() != stack.KindMacvlan && i.Kind() != stack.KindIPvlan {
			continue
		}
		for _, x := range i.Addrs() {
			if x.Prefix.Masked().Contains(ip) {
				return true
			}
		}
	}
	return false
}

// allInternal reports whether all networks of a container are internal.
func (q *inquiry) allInternal(n *Node) bool {
	for id := range n.Networks {
		if x := q.networkOf(q.byName[n.On()], id); x == nil || !x.Internal {
			return false
		}
	}
	return len(n.Networks) > 0
}

// internal blames a network without a way out.
func (q local) internal(n *Node, ev []Evidence) {
	name := ""
	for id := range n.Networks {
		if x := q.networkOf(q.byName[n.On()], id); x != nil && x.Internal {
			name = x.Name
			ev = append(ev, q.show(n.On(), "docker network inspect -f '{{.Internal}}' "+x.Name, "the network is internal"))
		}
	}
	target := "bridge"
	other := q.to
	if n == q.to {
		other = q.from
	}
	if other != nil && other.isContainer() && other.On() == n.On() {
		for id := range other.Networks {
			if x := q.networkOf(q.byName[other.On()], id); x != nil && !x.Internal {
				target = x.Name
			}
		}
	}
	c := Cause{
		Code:     "BRIDGE-INTERNAL",
		Sentence: fmt.Sprintf("The network %s is internal: its containers reach each other and nothing else, and nobody reaches them from outside.", name),
		Evidence: ev,
	}
	c.cures = []Cure{q.moves(n, CureStep{Machine: n.On(), Line: "docker network connect " + target + " " + n.Container.Name})}
	q.blame(c)
}

// rulesOf are a chain's rules as iptables -S prints them, -P and -N left out.
func rulesOf(ns *stack.Namespace, table, chain string) []string {
	nf := ns.Netfilter(false)
	if !slices.Contains(nf.Tables(), table) || !nf.HasChain(table, chain) {
		return nil
	}
	out, fail := nf.Run([]string{"-t", table, "-S", chain})
	if fail != nil {
		return nil
	}
	var rules []string
	for _, l := range strings.Split(out, "\n") {
		if strings.HasPrefix(l, "-A ") {
			rules = append(rules, l)
		}
	}
	return rules
}

// lossReasons are ways in which a cable loses a packet by chance.
var lossReasons = []trail.Reason{trail.Loss, trail.QueueFull}
