package campaign

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/stack/netfilter"
)

// wanted are the rules that Docker's documentation promises for what is there,
// by chain ("filter FORWARD"), as iptables-save prints them, in no order.
type wanted map[string][]string

func (w wanted) add(chain, format string, a ...any) {
	rule := fmt.Sprintf(format, a...)
	if !slices.Contains(w[chain], rule) {
		w[chain] = append(w[chain], rule)
	}
}

// wrongRules compares the rules of a host with those that its networks and
// published ports ask for. Those that carry the users' mark are left out.
func wrongRules(h *hostLook) []string {
	got := rulesOf(h)
	want := wantedRules(h)
	if h.option(`"iptables": false`) || h.option(`"iptables":false`) {
		want = wanted{}
	}
	var out []string
	for _, chain := range union(got, want) {
		out = append(out, difference(h.decl.Name, chain, got[chain], want[chain])...)
	}
	if len(want) == 0 {
		return out
	}
	return append(out, wrongOrder(h, got)...)
}

func union(a, b map[string][]string) []string {
	var all []string
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		all = append(all, k)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func difference(host, chain string, got, want []string) []string {
	var out []string
	for i, r := range got {
		switch {
		case slices.Contains(got[:i], r):
			out = append(out, fmt.Sprintf("%s: %s has twice: %s", host, chain, r))
		case !slices.Contains(want, r) && !optional(r):
			out = append(out, fmt.Sprintf("%s: %s has a rule that nothing asks for: %s", host, chain, r))
		}
	}
	for _, r := range want {
		if !slices.Contains(got, r) && !optional(r) {
			out = append(out, fmt.Sprintf("%s: %s lacks: %s", host, chain, r))
		}
	}
	return out
}

// optional reports whether a rule may be there or not: the ways into Docker's
// chains are made with the first bridge and stay.
func optional(r string) bool {
	return strings.HasSuffix(r, "--dst-type LOCAL -j DOCKER") || r == "-j DOCKER-ISOLATION-STAGE-1"
}

// rulesOf are the rules of the host's IPv4 tables without those of users.
func rulesOf(h *hostLook) map[string][]string {
	out := map[string][]string{}
	table := ""
	for _, line := range strings.Split(h.machine.NS().Netfilter(false).Save(netfilter.SaveOptions{}), "\n") {
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, "-A ") && !strings.Contains(line, "--comment somebody"):
			chain, rule, _ := strings.Cut(line[3:], " ")
			out[table+" "+chain] = append(out[table+" "+chain], rule)
		}
	}
	return out
}

// wrongOrder: the users' chain is asked first, then the isolation of networks,
// and the chains that networks jump to end by returning.
func wrongOrder(h *hostLook, got map[string][]string) []string {
	var out []string
	forward := got["filter FORWARD"]
	at := func(rule string) int { return slices.Index(forward, rule) }
	if len(forward) > 0 && (at("-j DOCKER-USER") > 0 || at("-j DOCKER-ISOLATION-STAGE-1") > 1) {
		out = append(out, h.decl.Name+": FORWARD does not begin with DOCKER-USER and then the isolation: "+strings.Join(forward, " | "))
	}
	for _, chain := range []string{"filter DOCKER-ISOLATION-STAGE-1", "filter DOCKER-ISOLATION-STAGE-2"} {
		if rules := got[chain]; len(rules) > 0 && rules[len(rules)-1] != "-j RETURN" {
			out = append(out, h.decl.Name+": "+chain+" does not end with RETURN")
		}
	}
	return out
}

// wantedRules derives the rules from the networks and their ports.
func wantedRules(h *hostLook) wanted {
	w := wanted{}
	w.add("filter FORWARD", "-j DOCKER-USER")
	w.add("filter DOCKER-USER", "-j RETURN")
	w.add("filter DOCKER-ISOLATION-STAGE-1", "-j RETURN")
	w.add("filter DOCKER-ISOLATION-STAGE-2", "-j RETURN")
	proxy := !h.option(`"userland-proxy"`)
	for i := range h.books.Networks {
		n := &h.books.Networks[i]
		if n.Bridge == "" || n.Stale || len(n.Gateways) == 0 {
			continue
		}
		w.add("filter FORWARD", "-j DOCKER-ISOLATION-STAGE-1")
		w.bridge(n, proxy)
		for _, e := range n.Endpoints {
			for _, b := range e.Bound {
				w.port(n, &e, b, proxy)
			}
		}
	}
	return w
}

// bridge is what a bridge network asks for.
func (w wanted) bridge(n *modes.NetworkHolding, proxy bool) {
	br := n.Bridge
	verdict := "ACCEPT"
	if n.Options["com.docker.network.bridge.enable_icc"] == "false" {
		verdict = "DROP"
	}
	w.add("filter FORWARD", "-i %s -o %s -j %s", br, br, verdict)
	subnet := ipv4(n.Gateways).Masked()
	if n.Internal {
		w.add("filter DOCKER-ISOLATION-STAGE-1", "! -d %s -i %s -j DROP", subnet, br)
		w.add("filter DOCKER-ISOLATION-STAGE-1", "! -s %s -o %s -j DROP", subnet, br)
		return
	}
	w.add("filter FORWARD", "-o %s -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", br)
	w.add("filter FORWARD", "-o %s -j DOCKER", br)
	w.add("filter FORWARD", "-i %s ! -o %s -j ACCEPT", br, br)
	w.add("filter DOCKER-ISOLATION-STAGE-1", "-i %s ! -o %s -j DOCKER-ISOLATION-STAGE-2", br, br)
	w.add("filter DOCKER-ISOLATION-STAGE-2", "-o %s -j DROP", br)
	masquerade := n.Options["com.docker.network.bridge.enable_ip_masquerade"] != "false"
	if masquerade {
		w.add("nat POSTROUTING", "-s %s ! -o %s -j MASQUERADE", subnet, br)
	}
	if masquerade && proxy {
		w.add("nat DOCKER", "-i %s -j RETURN", br)
	}
	if !proxy {
		w.add("nat POSTROUTING", "-o %s -m addrtype --src-type LOCAL -j MASQUERADE", br)
	}
}

// port is what a published port asks for.
func (w wanted) port(n *modes.NetworkHolding, e *modes.EndpointHolding, b modes.BoundPort, proxy bool) {
	var to netip.Addr
	for _, a := range e.Addresses {
		if a.Is4() {
			to = a
		}
	}
	if !b.HostIP.Is4() || !to.IsValid() || b.Port.Proto == "sctp" {
		return
	}
	at, in := "", ""
	if !b.HostIP.IsUnspecified() {
		at = fmt.Sprintf("-d %s/32 ", b.HostIP)
	}
	if proxy {
		in = fmt.Sprintf("! -i %s ", n.Bridge)
	}
	p, number := b.Port.Proto, b.Port.Number
	w.add("nat DOCKER", "%s%s-p %s -m %s --dport %d -j DNAT --to-destination %s:%d", at, in, p, p, b.HostPort, to, number)
	w.add("filter DOCKER", "-d %s/32 ! -i %s -o %s -p %s -m %s --dport %d -j ACCEPT", to, n.Bridge, n.Bridge, p, p, number)
	w.add("nat POSTROUTING", "-s %s/32 -d %s/32 -p %s -m %s --dport %d -j MASQUERADE", to, to, p, p, number)
}

func ipv4(all []netip.Prefix) netip.Prefix {
	for _, p := range all {
		if p.Addr().Is4() {
			return p
		}
	}
	return netip.Prefix{}
}
