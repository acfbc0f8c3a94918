package explain

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack"
)

// children looks for the causes of macvlan and ipvlan networks.
type children struct{ *inquiry }

// childOf is the interface of a container that is a child of one of its host's,
// with that parent; nil if it has none.
func childOf(n *Node) (child, parent *stack.Interface) {
	if n == nil || n.Space == nil || !n.isContainer() {
		return nil, nil
	}
	for _, i := range n.Space.Interfaces() {
		if (i.Kind() == stack.KindMacvlan || i.Kind() == stack.KindIPvlan) && i.Parent() != nil {
			return i, i.Parent()
		}
	}
	return nil, nil
}

// child: macvlan and ipvlan networks.
func (q children) child() {
	if q.blamed() || q.j.Verdict == NameNotResolved {
		return
	}
	for _, n := range []*Node{q.from, q.to} {
		child, parent := childOf(n)
		if child == nil {
			continue
		}
		if !parent.Up() {
			q.parentDown(n, parent)
			return
		}
		if q.hostAndChild(n, child, parent) || q.gatewayAbsent(n, child) {
			return
		}
	}
	if e := q.deathAnywhere(trail.MACFilter); e != nil {
		q.macFiltered(e)
		return
	}
	q.passthru()
}

// passthru: a child in passthru mode takes all that arrives at its parent, so
// that the host hears nothing there any more. The kernel gives the parent the
// child's link address, too.
func (q children) passthru() {
	if q.j.Verdict != Unresolved && q.j.Verdict != NoReturn {
		return
	}
	for _, n := range q.nodes {
		child, parent := childOf(n)
		if child == nil {
			continue
		}
		host := q.byName[n.On()]
		mode, ok := child.MacvlanMode()
		if !ok || mode != link.MacvlanPassthru || q.from.On() != host.Name && (q.to == nil || q.to.On() != host.Name) {
			continue
		}
		q.blame(Cause{
			Code:     "MACVLAN-HOST-ISOLATION",
			Sentence: fmt.Sprintf("%s is a child of %s's %s in passthru mode: it takes all that arrives there, and the host itself hears nothing by that interface.", n.Name, host.Name, parent.Name()),
			Evidence: []Evidence{
				q.show(host.Name, q.within(n, "ip -d link show "+child.Name()), "the mode of the container's interface"),
				q.show(host.Name, "ip neigh show dev "+parent.Name(), "whom the host asked, and who answered"),
			},
			cures: []Cure{{Says: "take the container off that network; one whose macvlan_mode is bridge leaves the host its interface",
				Steps: []CureStep{{Machine: host.Name, Line: "docker rm -f " + n.Container.Name}}}},
		})
		return
	}
}

// deathAnywhere is a packet of the journey, or a question for a link address,
// that died for a reason.
func (q *inquiry) deathAnywhere(why trail.Reason) *event {
	for i := range q.j.story.events {
		if e := &q.j.story.events[i]; e.Verb == trail.Drop && e.Reason == why {
			return e
		}
	}
	return nil
}

func (q children) parentDown(n *Node, parent *stack.Interface) {
	up := parent
	for up.Parent() != nil && !up.Parent().Up() {
		up = up.Parent()
	}
	q.blame(Cause{
		Code:     "MACVLAN-PARENT-DOWN",
		Sentence: fmt.Sprintf("%s of %s, the parent of %s's interface, is down: its children have no carrier.", parent.Name(), n.On(), n.Name),
		Evidence: []Evidence{
			q.show(n.On(), "ip -br link show "+parent.Name(), "the parent"),
			q.show(n.On(), q.within(n, "ip -br link"), "the child"),
		},
		cures: []Cure{{Steps: []CureStep{{Machine: n.On(), Line: "ip link set " + up.Name() + " up"}}}},
	})
}

// hostAndChild: one end is the child, and the packet has to pass its host's own
// parent interface.
func (q children) hostAndChild(n *Node, child, parent *stack.Interface) bool {
	host := q.byName[n.On()]
	other := q.from
	if n == q.from {
		other = q.to
	}
	through := other == host || other != nil && other.isContainer() && other.On() == host.Name && !isChild(other)
	if !through || q.j.Verdict == Delivered || !q.diesAtParent(host, parent) {
		return false
	}
	ip := first(child)
	shim, dev := q.shimAddress(child), "shim0"
	for i := 1; host.Space.Interface(dev) != nil; i++ {
		dev = fmt.Sprintf("shim%d", i)
	}
	c := Cause{
		Code:     "MACVLAN-HOST-ISOLATION",
		Sentence: fmt.Sprintf("The interface of %s is a %s child of %s's %s, that is one made on top of it, and the kernel passes nothing between an interface and its own children: the host and the container do not hear each other, whatever the addresses.", n.Name, child.Kind(), host.Name, parent.Name()),
		Evidence: []Evidence{
			q.show(host.Name, q.within(n, "ip -d link show "+child.Name()), "what kind of interface the container has"),
			q.show(host.Name, "ip neigh show "+ip.String(), "nobody answers for it on the host"),
		},
	}
	kind := "macvlan mode bridge"
	if child.Kind() == stack.KindIPvlan {
		kind = "ipvlan mode l2"
	}
	c.cures = []Cure{{Says: fmt.Sprintf("give the host a child of its own beside the container's; %s stands for an address of the LAN that nobody has and that DHCP does not give out; the lines hold until the next start: write them as well into the host's network configuration", shim), Steps: []CureStep{
		{Machine: host.Name, Line: fmt.Sprintf("ip link add %s link %s type %s", dev, parent.Name(), kind)},
		{Machine: host.Name, Line: fmt.Sprintf("ip addr add %s/32 dev %s", shim, dev)},
		{Machine: host.Name, Line: "ip link set " + dev + " up"},
		{Machine: host.Name, Line: fmt.Sprintf("ip route add %s/32 dev %s", ip, dev)},
	}}}
	q.blame(c)
	return true
}

func isChild(n *Node) bool {
	c, _ := childOf(n)
	return c != nil
}

// diesAtParent reports whether the flow ended at, or asked in vain from, the
// parent or the child.
func (q children) diesAtParent(host *Node, parent *stack.Interface) bool {
	if q.deathAnywhere(trail.OtherMode) != nil || q.j.Verdict == Unresolved || q.j.Verdict == NoReturn || q.j.Verdict == Dropped || q.j.Verdict == Lost {
		return true
	}
	return false
}

// shimAddress is an address for the host's own child, from the end of the
// container's subnet, that nobody has.
func (q children) shimAddress(child *stack.Interface) netip.Addr {
	for _, x := range child.Addrs() {
		if !x.Prefix.Addr().Is4() {
			continue
		}
		b := x.Prefix.Masked().Addr().As4()
		size := 1 << (32 - x.Prefix.Bits())
		for k := size - 6; k > 1; k-- {
			v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]) + uint32(k)
			ip := netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
			if len(q.holders(ip)) == 0 {
				return ip
			}
		}
	}
	return netip.Addr{}
}

// gatewayAbsent: the child asks for its gateway, and nobody on the LAN has it.
func (q children) gatewayAbsent(n *Node, child *stack.Interface) bool {
	var gw netip.Addr
	for _, e := range sortedNetworks(n) {
		if a, err := netip.ParseAddr(e.Gateway); err == nil && child.Addrs() != nil {
			gw = a
		}
	}
	if !gw.IsValid() || len(q.holders(gw)) > 0 || !q.askedFor(gw) && (n != q.to || q.j.Verdict != NoRoute || q.from.On() == n.On()) {
		return false
	}
	c := Cause{
		Code:     "MACVLAN-GATEWAY-ABSENT",
		Sentence: fmt.Sprintf("Nobody on the LAN has %s, the gateway of %s's network: with macvlan the gateway is a real router's address, and Docker makes none.", gw, n.Name),
		Evidence: []Evidence{
			q.show(n.On(), q.within(n, "ip route"), fmt.Sprintf("the default route of %s", n.Name)),
			q.show(n.On(), q.within(n, "ip neigh show "+gw.String()), "nobody answers for it"),
		},
	}
	bits := 24
	for _, x := range child.Addrs() {
		if x.Prefix.Addr().Is4() {
			bits = x.Prefix.Bits()
		}
	}
	for _, r := range q.routersOfCable(n.On(), rootOf(child)) {
		for _, i := range r.node.Space.Interfaces() {
			if i == r.iface {
				c.cures = append(c.cures, Cure{Says: "give the router of the LAN that address", Steps: []CureStep{
					{Machine: r.node.Name, Line: fmt.Sprintf("ip addr add %s/%d dev %s", gw, bits, i.Name())},
				}})
			}
		}
	}
	q.blame(c)
	return true
}

// rootOf is the physical interface below a child.
func rootOf(i *stack.Interface) *stack.Interface {
	for i.Parent() != nil {
		i = i.Parent()
	}
	return i
}

// askedFor reports whether the journey asked for the link address of ip, or sent
// by it.
func (q *inquiry) askedFor(ip netip.Addr) bool {
	for i := range q.j.story.events {
		if e := &q.j.story.events[i]; e.pkt.request && e.pkt.target == ip {
			return true
		}
	}
	return false
}

// routersOfCable are the machines without an engine that are plugged into the
// same LAN as a machine's interface.
func (q children) routersOfCable(machine string, i *stack.Interface) []holder {
	w := q.cable(machine + ":" + i.Name())
	if w == nil {
		return nil
	}
	var out []holder
	for _, n := range q.nodes {
		if n.isContainer() || n.Name == machine || n.Host != nil || n.Space == nil {
			continue
		}
		for _, x := range n.Space.Interfaces() {
			if o := q.cable(n.Name + ":" + x.Name()); o != nil && sameLAN(i, x) {
				out = append(out, holder{n, x})
			}
		}
	}
	return out
}

// sameLAN reports whether two interfaces have addresses of one subnet.
func sameLAN(a, b *stack.Interface) bool {
	for _, x := range a.Addrs() {
		for _, y := range b.Addrs() {
			if x.Prefix.Bits() > 0 && x.Prefix.Masked() == y.Prefix.Masked() {
				return true
			}
		}
	}
	return false
}

func (q children) macFiltered(e *event) {
	n := q.from
	if q.backwards() && q.to != nil {
		n = q.to
	}
	mac := link.MAC{}
	if len(e.Frame) >= 12 {
		mac = link.MAC(e.Frame[6:12])
	}
	for _, x := range []*Node{q.from, q.to} {
		if c, _ := childOf(x); c != nil && c.MAC() == mac {
			n = x
		}
	}
	q.blame(Cause{
		Code:     "MACVLAN-MAC-FILTERED",
		Sentence: fmt.Sprintf("The switch port of %s lets only the host's own link address pass, and %s has one of its own (%s): virtual switches refuse that unless they are told to allow promiscuous mode and forged transmits.", n.On(), n.Name, mac),
		Evidence: []Evidence{
			q.show(n.On(), q.within(n, "ip -br link"), "the container's link address"),
			{Place: n.On(), Command: "tcpdump -nne -i " + deviceTo(q.byName[n.On()], q.j.Target) + " ether host " + mac.String(), Says: "what the container sends leaves the host, and nothing for it comes in"},
		},
		cures: []Cure{{Says: "let the switch port pass more than one link address (promiscuous mode, forged transmits, MAC changes), or use ipvlan, whose children share the host's",
			Steps: []CureStep{{Repair: cableOf(e)}}}},
	})
}

// cableOf is the cable that an event happened on: the trail names cables
// themselves, and the ports of switches after them.
func cableOf(e *event) string {
	if e.Place.Cable != "" {
		return e.Place.Cable
	}
	if e.Place.Port != "" && strings.Contains(e.Place.Port, ":") {
		return e.Place.Port
	}
	return e.Place.Machine + ":" + e.Place.Interface
}
