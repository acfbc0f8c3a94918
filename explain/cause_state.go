package explain

import (
	"fmt"
	"net/netip"
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
		if e.Verb != trail.Rewrite || e.Rule == nil || e.Rule.Chain == "DOCKER" || e.Rule.Chain == "DOCKER-INGRESS" || !redirects(e.Rule) {
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
				q.translation(n, e.Rule),
				q.show(n.On(), q.within(n, "conntrack -L -d "+q.j.Target.String()), "what the kernel made of them: the second half is from where it expects the answer"),
			},
			cures: []Cure{{Says: stays, Steps: []CureStep{
				{Machine: n.On(), Line: q.within(n, deleteRule(n, e.Rule))},
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

// redirects reports whether a rule changes destinations.
func redirects(r *trail.Rule) bool {
	if ofNFT(r) {
		return r.Table != nftBridges && (strings.Contains(r.Text, "dnat ") || strings.Contains(r.Text, "redirect"))
	}
	return strings.Contains(r.Text, "-j DNAT") || strings.Contains(r.Text, "-j REDIRECT")
}

// translation shows a rule that changes addresses.
func (q *inquiry) translation(n *Node, r *trail.Rule) Evidence {
	if ofNFT(r) {
		return q.nftEvidence(n, r)
	}
	return q.show(n.On(), q.within(n, fmt.Sprintf("iptables -t %s -nvL %s %d", r.Table, r.Chain, max(r.Number, 1))), "the rule, and how many connections it has taken")
}

// nftBridges is the table of an engine that programs nftables.
const nftBridges = "ip docker-bridges"

// ofNFT reports whether a rule is of nftables: a table's name there has its family.
func ofNFT(r *trail.Rule) bool { return strings.Contains(r.Table, " ") }

// byNFT reports whether a host's engine is told to program nftables.
func byNFT(n *Node) bool {
	return n.Host != nil && !n.isContainer() && daemonJSON(n)["firewall-backend"] == "nftables"
}

// nftGone reports whether such an engine's table is gone.
func nftGone(n *Node) bool { return !slices.Contains(n.Space.Nftables().Tables(), nftBridges) }

// isRaw reports whether a rule drops before connections are tracked.
func isRaw(r *trail.Rule) bool {
	return r.Table == "raw" || r.Table == nftBridges && r.Chain == "raw-PREROUTING"
}

// nftGuards reports whether a rule keeps others from a bridge's containers, as those of
// iptables do that [firewalls.guarded] knows.
func nftGuards(r *trail.Rule, bridge string) bool {
	return r.Table == nftBridges && (r.Chain == "filter-forward-in__"+bridge && strings.Contains(r.Text, "UNPUBLISHED PORT DROP") ||
		isRaw(r) && strings.Contains(r.Text, "DROP DIRECT ACCESS") && strings.Contains(r.Text, `"`+bridge+`"`))
}

// nftICC reports whether a rule keeps a bridge's containers apart.
func nftICC(r *trail.Rule, bridge string) bool {
	return r.Table == nftBridges && r.Chain == "filter-forward-in__"+bridge && strings.Contains(r.Text, `drop comment "ICC"`)
}

func (q *inquiry) nftEvidence(n *Node, r *trail.Rule) Evidence {
	list := fmt.Sprintf("nft -a list chain %s %s", r.Table, r.Chain)
	if r.Number == 0 {
		return q.show(n.On(), q.within(n, list+" | grep policy"), "no rule let it pass, and the policy dropped it")
	}
	says := fmt.Sprintf("rule %d of %s", r.Number, r.Chain)
	if strings.Contains(r.Text, "counter") {
		says += ", and how many packets it has met"
	}
	return q.show(n.On(), q.within(n, fmt.Sprintf("%s | grep '[^{] # handle %d$'", list, n.Space.Nftables().Handle(r.Table, r.Chain, r.Number))), says)
}

// nftException lets a packet pass that a base chain's policy drops. What another chain
// accepts does not help: each base chain has to let it pass.
func (q firewalls) nftException(n *Node, e *event) []Cure {
	r := e.Rule
	line := func(text string) CureStep { return CureStep{Machine: n.On(), Line: q.within(n, text)} }
	family := "ip"
	if e.pkt.src.Is6() {
		family = "ip6"
	}
	pair := func(a, b netip.Addr) CureStep {
		return line(fmt.Sprintf("nft insert rule %s %s %s saddr %s %s daddr %s accept", r.Table, r.Chain, family, a, family, b))
	}
	return []Cure{
		{Says: letIn, Steps: []CureStep{pair(e.pkt.src, e.pkt.dst), pair(e.pkt.dst, e.pkt.src)}},
		{Says: letIn, Steps: []CureStep{line(fmt.Sprintf("nft 'add chain %s %s { policy accept; }'", r.Table, r.Chain))}},
	}
}

// nftThrough is [letThrough] for an engine with nftables: its drop is final, so the
// exception stands in its own chains.
func nftThrough(n *Node, e *event) Cure {
	c := Cure{Says: "the rule holds until the engine writes that chain again, for the next container or port: what lasts is one of the other ways"}
	chains := []string{e.Rule.Chain}
	if isRaw(e.Rule) {
		if _, rest, ok := strings.Cut(e.Rule.Text, "iifname != "); ok {
			if f := strings.FieldsFunc(rest, func(c rune) bool { return c == '"' || c == ' ' || c == '{' || c == ',' }); len(f) > 0 {
				chains = append(chains, "filter-forward-in__"+f[0])
			}
		}
	}
	for _, chain := range chains {
		c.Steps = append(c.Steps, CureStep{Machine: n.Name, Line: fmt.Sprintf("nft insert rule %s %s ip saddr %s ip daddr %s accept", e.Rule.Table, chain, e.pkt.src, e.pkt.dst)})
	}
	return c
}
