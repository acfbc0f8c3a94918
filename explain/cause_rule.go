package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link/trail"
	"dnetsim/stack"
)

// firewalls looks for the causes of a death by a rule.
type firewalls struct{ *inquiry }

// ruled_ looks for the causes of a packet's death by a rule.
func (q firewalls) ruled_() {
	e := q.death()
	if q.blamed() || e == nil || e.Rule == nil {
		return
	}
	n := q.nodeOf(e.Place.Machine)
	if n == nil || n.Space == nil {
		return
	}
	r := e.Rule
	switch {
	case strings.HasPrefix(r.Chain, "DOCKER-ISOLATION-STAGE-2"), q.guards(n, e) && q.from.On() == n.Name:
		q.isolated(n, e)
	case q.guards(n, e) && isRaw(r):
		q.directRouting(n, e)
	case q.guards(n, e) && q.unpublished(n, e):
		services(q).notPublished(n)
	case strings.HasPrefix(r.Chain, "DOCKER-ISOLATION"), r.Chain == "DOCKER-INTERNAL", r.Table == nftBridges && strings.Contains(r.Text, "INTERNAL NETWORK"):
		q.internalRule(n, e)
	case q.iccRule(n, e):
		q.iccOff(n, e)
	case r.Number == 0 && r.Chain == "FORWARD" && q.flushed(n):
		q.rulesFlushed(n, e)
	case r.Number == 0 && r.Chain == "FORWARD" && q.unpublished(n, e):
		services(q).notPublished(n)
	default:
		q.firewall(n, e)
	}
}

func (q firewalls) ruleEvidence(n *Node, e *event) Evidence {
	r := e.Rule
	if ofNFT(r) {
		return q.nftEvidence(n, r)
	}
	if r.Number == 0 {
		return q.show(n.On(), q.within(n, fmt.Sprintf("iptables -t %s -nvL %s | head -n 1", r.Table, r.Chain)), "no rule let it pass, and the policy dropped it")
	}
	return q.show(n.On(), q.within(n, fmt.Sprintf("iptables -t %s -nvL %s %d", r.Table, r.Chain, r.Number)),
		fmt.Sprintf("rule %d of %s, and how many packets it has dropped", r.Number, r.Chain))
}

// deleteRule takes a rule of a node's out.
func deleteRule(n *Node, r *trail.Rule) string {
	if ofNFT(r) {
		return fmt.Sprintf("nft delete rule %s %s handle %d", r.Table, r.Chain, n.Space.Nftables().Handle(r.Table, r.Chain, r.Number))
	}
	return fmt.Sprintf("iptables -t %s -D %s %s", r.Table, r.Chain, r.Text)
}

// stays is what makes a change of rules last.
const stays = "the rule goes now; take it out as well where the firewall keeps its rules (firewalld, ufw, /etc/iptables, a script), or it is back after a restart"

// letIn is the same of a rule that is put in.
const letIn = "the rule holds now; write it as well where the firewall keeps its rules (firewalld, ufw, /etc/iptables, a script), or it is gone after a restart"

// allow lets what a rule drops pass: the rule goes, or a policy gets an
// exception before it.
func (q firewalls) allow(n *Node, e *event) []Cure {
	r := e.Rule
	line := func(text string) CureStep { return CureStep{Machine: n.On(), Line: q.within(n, text)} }
	if r.Number > 0 {
		return []Cure{{Says: stays, Steps: []CureStep{line(deleteRule(n, r))}}}
	}
	if ofNFT(r) {
		return q.nftException(n, e)
	}
	match := protocolMatch(e)
	if r.Chain == "FORWARD" {
		chain := "FORWARD"
		if n.Space.Netfilter(false).HasChain("filter", "DOCKER-USER") {
			chain = "DOCKER-USER"
		}
		return []Cure{{Says: letIn, Steps: []CureStep{
			line(fmt.Sprintf("iptables -I %s -s %s -d %s -j ACCEPT", chain, e.pkt.src, e.pkt.dst)),
			line(fmt.Sprintf("iptables -I %s -s %s -d %s -j ACCEPT", chain, e.pkt.dst, e.pkt.src)),
		}}}
	}
	return []Cure{
		{Steps: []CureStep{line(fmt.Sprintf("iptables -t %s -A %s%s -j ACCEPT", r.Table, r.Chain, match))}},
		{Steps: []CureStep{line(fmt.Sprintf("iptables -t %s -P %s ACCEPT", r.Table, r.Chain))}},
	}
}

// protocolMatch is the part of a rule that takes packets like this one, to its
// port or from it.
func protocolMatch(e *event) string {
	switch e.pkt.proto {
	case 6, 17:
		name := map[byte]string{6: "tcp", 17: "udp"}[e.pkt.proto]
		if e.pkt.dport >= 32768 && e.pkt.sport < 32768 {
			return fmt.Sprintf(" -p %s --sport %d", name, e.pkt.sport)
		}
		return fmt.Sprintf(" -p %s --dport %d", name, e.pkt.dport)
	case 1:
		return " -p icmp"
	case protoESP:
		return " -p esp"
	}
	return ""
}

// base is the built-in chain from which a packet came to a rule's.
func base(ns *stack.Namespace, r *trail.Rule) string {
	if ofNFT(r) {
		return strings.ToUpper(ns.Nftables().Hook(r.Table, r.Chain))
	}
	nf := ns.Netfilter(false)
	if !slices.Contains(nf.Tables(), r.Table) {
		return r.Chain
	}
	chain := r.Chain
	for range 10 {
		if chain == strings.ToUpper(chain) && slices.Contains([]string{"INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"}, chain) {
			return chain
		}
		caller := ""
		for _, c := range nf.Chains(r.Table) {
			for _, line := range rulesOf(ns, r.Table, c) {
				if strings.HasSuffix(line, " -j "+chain) || strings.Contains(line, " -j "+chain+" ") || strings.HasSuffix(line, " -g "+chain) {
					caller = c
				}
			}
		}
		if caller == "" {
			return chain
		}
		chain = caller
	}
	return chain
}

// firewall blames a rule or policy that a person typed.
func (q firewalls) firewall(n *Node, e *event) {
	chain := base(n.Space, e.Rule)
	code := Code("FIREWALL-FORWARD")
	switch {
	case chain == "INPUT" || chain == "PREROUTING" && n.Space.IsLocal(e.pkt.dst):
		code = "FIREWALL-INPUT"
	case chain == "OUTPUT" || chain == "POSTROUTING" && n.Space.IsLocal(e.pkt.src):
		code = "FIREWALL-OUTPUT"
	}
	what := "the packet"
	if q.backwards() {
		what = "the answer"
	}
	q.blame(Cause{
		Code:     code,
		Sentence: fmt.Sprintf("The firewall of %s drops %s (%s): table %s.", n.Name, what, e.pkt.String(), ruleText(e.Rule)),
		Evidence: []Evidence{q.ruleEvidence(n, e)},
		cures:    q.allow(n, e),
	})
}

// isolated blames the rules between two of Docker's bridges.
func (q firewalls) isolated(n *Node, e *event) {
	if q.from.isContainer() && q.allInternal(q.from) {
		local(q).internal(q.from, []Evidence{q.ruleEvidence(n, e)})
		return
	}
	c := Cause{
		Code:     "BRIDGE-ISOLATED",
		Sentence: fmt.Sprintf("%s and %s are on two bridge networks of %s, and Docker lets nothing pass from one of its bridges to another (%s).", q.from.Name, q.target(), n.Name, ruleText(e.Rule)),
		Evidence: []Evidence{q.ruleEvidence(n, e)},
	}
	if q.to != nil && q.to.isContainer() && q.from.isContainer() {
		c.Evidence = append(c.Evidence, q.show(q.from.On(), networksOf(q.from), "the networks of "+q.from.Name), q.show(q.to.On(), networksOf(q.to), "the networks of "+q.to.Name))
		for _, x := range sortedNetworks(q.to) {
			if net := q.networkOf(q.byName[q.to.On()], x.NetworkID); net != nil && !net.Internal {
				c.cures = append(c.cures, Cure{Steps: []CureStep{{Machine: q.from.On(), Line: "docker network connect " + net.Name + " " + q.from.Container.Name}}})
			}
		}
	} else if q.from.isContainer() {
		// A published port, asked for at a bridge's own address.
		for _, f := range q.publishedAt(q.to) {
			c.cures = append(c.cures, Cure{Says: "address " + f.To, Instead: &f})
		}
	}
	c.cures = append(c.cures, letThrough(n, e))
	q.blame(c)
}

// letThrough lets two addresses pass between each other, whatever the engine's rules say.
func letThrough(n *Node, e *event) Cure {
	c := Cure{Says: letIn}
	if ofNFT(e.Rule) {
		return nftThrough(n, e)
	}
	for _, way := range [][2]netip.Addr{{e.pkt.src, e.pkt.dst}, {e.pkt.dst, e.pkt.src}} {
		pair := fmt.Sprintf(" -s %s -d %s -j ACCEPT", way[0], way[1])
		if e.Rule.Table == "raw" {
			c.Steps = append(c.Steps, CureStep{Machine: n.Name, Line: "iptables -t raw -I PREROUTING" + pair})
		}
		c.Steps = append(c.Steps, CureStep{Machine: n.Name, Line: "iptables -I DOCKER-USER" + pair})
	}
	return c
}

// guarded is the network of a host whose containers a rule of the engine's keeps from
// whoever is not on their bridge: since Docker 28 in raw by their addresses, and in
// DOCKER by the bridge what no published port lets in. Nil for other rules.
func (q firewalls) guarded(n *Node, e *event) *network {
	for _, x := range q.networks() {
		if x.host != n || x.Bridge == "" {
			continue
		}
		in, out := " ! -i "+x.Bridge+" ", "! -i "+x.Bridge+" -o "+x.Bridge+" -j DROP"
		if e.Rule.Table == "raw" && e.Rule.Chain == "PREROUTING" && strings.HasPrefix(e.Rule.Text, "-d ") && strings.HasSuffix(e.Rule.Text, in+"-j DROP") ||
			e.Rule.Table == "filter" && e.Rule.Chain == "DOCKER" && e.Rule.Text == out || nftGuards(e.Rule, x.Bridge) {
			return &x
		}
	}
	return nil
}

func (q firewalls) guards(n *Node, e *event) bool { return q.guarded(n, e) != nil }

// direct is the death of a packet that another machine sent to a container's own
// address, by the rule against that, or nil.
func (q firewalls) direct() (*Node, *event) {
	e := q.death()
	if e == nil || e.Rule == nil || !isRaw(e.Rule) {
		return nil, nil
	}
	n := q.nodeOf(e.Place.Machine)
	if n == nil || n.Space == nil || q.from.On() == n.Name || !q.guards(n, e) {
		return nil, nil
	}
	return n, e
}

// optMode4 is the option that says how containers of a network are reached.
const optMode4 = "com.docker.network.bridge.gateway_mode_ipv4"

// directRouting blames the rule that lets nobody reach a container by its own address
// from outside of its host.
func (q firewalls) directRouting(n *Node, e *event) {
	x := q.guarded(n, e)
	c := Cause{
		Code: "DIRECT-ROUTING-BLOCKED",
		Sentence: fmt.Sprintf("%s sends to the container's own address %s by way of %s, and the engine there lets nobody in like that: since Docker 28 a rule of the table raw drops what is for a container and does not come from its bridge %s, also for a port that is published. The way in is the host's address and a published port.",
			q.from.Name, e.pkt.dst, n.Name, x.Bridge),
		Evidence: []Evidence{
			q.ruleEvidence(n, e), q.show(q.from.On(), q.within(q.from, "ip route get "+e.pkt.dst.String()), "the route that leads there"),
			q.show(n.Name, "docker network inspect -f '{{json .Options}}' "+x.Name, "no gateway mode is asked for: nat, which protects"),
		},
	}
	to := q.to
	if to != nil {
		to = q.networked(to)
	}
	for _, f := range q.publishedAt(to) {
		c.cures = append(c.cures, Cure{Says: "address the published port of the host: " + end(netip.MustParseAddr(f.To), f.Port), Instead: &f})
	}
	if x.Name != "bridge" {
		line := strings.TrimSuffix(createLine(x, subnetOf(x), optMode4), x.Name) + "-o " + optMode4 + "=nat-unprotected " + x.Name
		c.cures = append(c.cures, Cure{
			Says:  "make the network one whose containers are reached by everybody who has a route, on all their ports: rules in DOCKER-USER may say who may; if Compose made it, write the option into its file",
			Steps: workshop(q).remakeNetwork(x, line),
		})
	}
	c.cures = append(c.cures, letThrough(n, e))
	q.blame(c)
}

// target is whom the flow is for, as a sentence says it.
func (q *inquiry) target() string {
	if q.to != nil {
		return q.to.Name
	}
	return q.flow.To
}

// internalRule blames an internal network, whose rules drop what comes in or
// goes out.
func (q firewalls) internalRule(n *Node, e *event) {
	ev := []Evidence{q.ruleEvidence(n, e)}
	for _, x := range []*Node{q.from, q.to} {
		if x != nil && x.isContainer() && x.On() == n.Name && q.allInternal(x) {
			local(q).internal(x, ev)
			return
		}
	}
	for _, x := range []*Node{q.to, q.from} {
		if x == nil || !x.isContainer() {
			continue
		}
		for id := range x.Networks {
			if net := q.networkOf(q.byName[x.On()], id); net != nil && net.Internal {
				local(q).internal(x, ev)
				return
			}
		}
	}
	q.firewall(n, e)
}

// iccRule reports whether a rule is the one that a bridge without inter-container
// communication has.
func (q firewalls) iccRule(n *Node, e *event) bool {
	for _, x := range q.networks() {
		if x.host == n && x.Bridge != "" && e.Rule.Table == "filter" && (e.Rule.Chain == "FORWARD" || e.Rule.Chain == "DOCKER-FORWARD") && e.Rule.Text == "-i "+x.Bridge+" -o "+x.Bridge+" -j DROP" ||
			x.host == n && x.Bridge != "" && nftICC(e.Rule, x.Bridge) {
			return true
		}
	}
	return false
}

func (q firewalls) iccOff(n *Node, e *event) {
	var net *network
	for _, x := range q.networks() {
		if x.host == n && x.Bridge != "" && (strings.Contains(e.Rule.Text, "-i "+x.Bridge+" ") || nftICC(e.Rule, x.Bridge)) {
			net = &x
			break
		}
	}
	c := Cause{
		Code:     "BRIDGE-ICC-OFF",
		Sentence: fmt.Sprintf("Communication between containers is switched off on the network %s of %s.", net.Name, n.Name),
		Evidence: []Evidence{q.ruleEvidence(n, e), q.show(n.Name, "docker network inspect -f '{{json .Options}}' "+net.Name, "the network's options")},
	}
	switch {
	case net.Name == "bridge":
		c.Evidence = append(c.Evidence, q.show(n.Name, "cat /etc/docker/daemon.json", "the engine's"))
		c.cures = []Cure{{Steps: workshop(q).configure(n, map[string]any{"icc": nil})}}
	case net.Name == "docker_gwbridge":
		// It is off there for good: its containers meet on their overlay network.
	default:
		c.cures = []Cure{{Says: "make the network again without that option (where the separation is wanted, put the two on another network instead); if Compose made it, take enable_icc out of its file", Steps: workshop(q).remakeNetwork(net, createLine(net, subnetOf(net), "com.docker.network.bridge.enable_icc"))}}
	}
	c.cures = append(c.cures, letThrough(n, e))
	q.blame(c)
}

// subnetOf is a network's first subnet.
func subnetOf(n *network) netip.Prefix {
	for _, c := range n.IPAM.Config {
		if p, err := netip.ParsePrefix(c.Subnet); err == nil {
			return p.Masked()
		}
	}
	return netip.Prefix{}
}

// flushed reports whether Docker's rules should be on a host and are not.
func (q firewalls) flushed(n *Node) bool {
	if n.Host == nil || n.isContainer() || !n.Host.Daemon.Running() || daemonJSON(n)["iptables"] == false {
		return false
	}
	if byNFT(n) {
		return nftGone(n)
	}
	return !slices.ContainsFunc(rulesOf(n.Space, "filter", "FORWARD"), func(r string) bool {
		return strings.Contains(r, "-j DOCKER-ISOLATION-STAGE-1") || strings.Contains(r, "-j DOCKER-FORWARD")
	})
}

func (q firewalls) rulesFlushed(n *Node, e *event) {
	ev := []Evidence{q.show(n.Name, "iptables -S FORWARD", "none of Docker's rules is in FORWARD"), q.show(n.Name, "iptables -t nat -S | grep -c DOCKER", "how many lines of the nat table are Docker's: four or more where they were left alone")}
	how := "iptables -F"
	if byNFT(n) {
		how = "nft flush ruleset"
		ev = []Evidence{q.show(n.Name, "nft list tables", "the engine's table docker-bridges is not among them")}
	}
	c := Cause{
		Code:     "RULES-FLUSHED",
		Sentence: fmt.Sprintf("Docker's rules are gone from %s: somebody flushed them, and the engine puts them in only when it starts, and a network's when it is made.", n.Name),
		Evidence: ev,
		cures:    []Cure{{Steps: workshop(q).restart(n), Says: "the engine puts its rules in when it starts; what flushed them (" + how + " in a script, a firewall that loads its own set) does it again, unless it is changed"}},
	}
	q.blame(c)
}

// unpublished reports whether the policy of FORWARD dropped what came from
// outside for a container.
func (q firewalls) unpublished(n *Node, e *event) bool {
	return q.flow.Proto != ICMP && !q.backwards() && q.to != nil && q.to.isContainer() && q.to.On() == n.Name && q.from.On() != n.Name
}

// publishedAt are the same question at the published ports of a container.
func (q *inquiry) publishedAt(n *Node) []Flow {
	if n == nil || !n.isContainer() {
		return nil
	}
	host := q.byName[n.On()]
	var out []Flow
	for _, b := range q.bindings(host) {
		if b.node != n || b.Port.Proto != q.flow.Proto.String() || b.Port.Number != q.flow.Port {
			continue
		}
		for _, ip := range q.facing(host, b.HostIP) {
			f := q.flow
			f.To, f.Port = ip.String(), uint16(b.HostPort)
			out = append(out, f)
		}
	}
	return out
}

// facing are the addresses at which a host's published port is reached from the
// sender.
func (q *inquiry) facing(host *Node, bound netip.Addr) []netip.Addr {
	if bound.IsValid() && !bound.IsUnspecified() {
		return []netip.Addr{bound}
	}
	var out []netip.Addr
	for _, i := range host.Space.Interfaces() {
		if i.Kind() != stack.KindPhysical {
			continue
		}
		for _, x := range i.Addrs() {
			if x.Prefix.Addr().Is4() {
				out = append(out, x.Prefix.Addr())
			}
		}
	}
	return out
}
