package explain

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/link/trail"
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
			cures: []Cure{{Says: "the entry goes now; take it out as well where it is set at the start (arp -s or ip neigh in a script, /etc/ethers), or it is back then", Steps: []CureStep{{Machine: n.On(), Line: q.within(n, fmt.Sprintf("ip neigh del %s dev %s", x.Addr, x.Dev))}}}},
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
		if e.Verb != trail.Rewrite || e.Rule == nil || e.Rule.Chain == "DOCKER" || e.Rule.Chain == "DOCKER-INGRESS" || !strings.Contains(e.Rule.Text, "-j DNAT") && !strings.Contains(e.Rule.Text, "-j REDIRECT") {
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
		if n == nil || n.Space == nil || !n.isContainer() || !n.running() {
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
		cures:    []Cure{{Says: lastsSysctl, Steps: []CureStep{{Machine: n.On(), Line: q.within(n, "sysctl -w net.ipv4.icmp_echo_ignore_all=0")}}}},
	})
}
