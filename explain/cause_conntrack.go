package explain

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/stack/netfilter"
)

// tracking looks for tracked connections that are older than the rules.
type tracking struct{ *inquiry }

// staleFlow: a packet went by a tracked connection that the rules of today would
// not make.
func (q tracking) staleFlow() {
	if q.blamed() || q.j.Forward == nil || q.j.tracked == 0 {
		return
	}
	for _, n := range q.nodes {
		if n.isContainer() || n.Space == nil {
			continue
		}
		for _, x := range n.Space.Conntrack() {
			if x.Proto != q.flow.Proto.number(false) || x.Orig.DstPort != q.flow.Port || x.Orig.Dst != q.j.Target || x.Orig.SrcPort != q.j.tracked {
				continue
			}
			now, ok := q.dnat(n, x.Orig.Dst)
			if was := netip.AddrPortFrom(x.Reply.Src, x.Reply.SrcPort); ok && was != now {
				q.stale(n, &x, was, now)
				return
			}
		}
	}
}

func (q tracking) stale(n *Node, x *netfilter.Flow, was, now netip.AddrPort) {
	where := "to " + was.String()
	if n.Space.IsLocal(was.Addr()) {
		where = fmt.Sprintf("to itself (%s)", was)
	}
	entry := fmt.Sprintf("-p %s --src %s --dst %s --sport %d --dport %d", q.flow.Proto, x.Orig.Src, x.Orig.Dst, x.Orig.SrcPort, x.Orig.DstPort)
	q.blame(Cause{
		Code: "CONNTRACK-STALE",
		Sentence: fmt.Sprintf("%s has tracked this flow since before its rule was there, and goes on sending it %s; the rule would send it to %s, and is asked for new flows only. Every packet keeps the old entry alive.",
			n.Name, where, now),
		Evidence: []Evidence{
			q.show(n.Name, "conntrack -L "+entry, "the old entry: the second src= is whom it leads to"),
			q.show(n.Name, fmt.Sprintf("iptables -t nat -S DOCKER | grep -- '--dport %d '", q.flow.Port), "the rule of today"),
		},
		cures: []Cure{{Says: "forget the old entry: the next packet is a new flow, and the first command of the evidence shows then that its second src= is the one of the rule", Steps: []CureStep{{Machine: n.Name, Line: "conntrack -D " + entry}}}},
	})
}

// dnat is where the rules of a host send a new flow of this kind, from the text of
// Docker's chain; a rule does not apply to what comes from its own bridge.
func (q tracking) dnat(host *Node, dst netip.Addr) (netip.AddrPort, bool) {
	for _, r := range rulesOf(host.Space, "nat", "DOCKER") {
		if !strings.Contains(r, "-p "+q.flow.Proto.String()+" ") || !strings.Contains(r, fmt.Sprintf("--dport %d ", q.flow.Port)) {
			continue
		}
		if _, d, ok := strings.Cut(r, " -d "); ok && !strings.HasPrefix(d, dst.String()) {
			continue
		}
		if _, i, ok := strings.Cut(r, " ! -i "); ok && q.comesFrom(host, strings.Fields(i)[0]) {
			continue
		}
		_, to, _ := strings.Cut(r, "--to-destination ")
		if ap, err := netip.ParseAddrPort(strings.TrimSpace(to)); err == nil {
			return ap, true
		}
	}
	return netip.AddrPort{}, false
}

// comesFrom reports whether the sender is a container behind a bridge of a host.
func (q tracking) comesFrom(host *Node, bridge string) bool {
	n := q.byBridge(host, bridge)
	return n != nil && q.from.On() == host.Name && q.from.Networks[n.ID] != ""
}
