package explain

import (
	"fmt"
	"net/netip"
)

// hops is how many machines a way that is built may lead through.
const hops = 8

// way is what has to be typed so that packets for a subnet that the machine with
// the address of host serves get there from another: a route on each machine
// between the two that is not on its link. It is false if there is no such way.
func (q *inquiry) way(from *Node, subnet netip.Prefix, host netip.Addr) ([]CureStep, bool) {
	var steps []CureStep
	for at := from; len(steps) < hops; {
		if at == nil || at.Space == nil {
			return nil, false
		}
		via, ok := q.nextHop(at, host)
		if !ok {
			return nil, false
		}
		steps = append(steps, CureStep{Machine: at.Name, Line: fmt.Sprintf("ip route replace %s via %s", subnet, via)})
		if via == host {
			return steps, true
		}
		at = nil
		for _, h := range q.holders(via) {
			if !h.node.IsContainer() {
				at = h.node
			}
		}
	}
	return nil, false
}

// nextHop is where a machine has to send what is for host: to host itself on its
// own link, by the route that it has, or to a machine on its link that knows
// more.
func (q *inquiry) nextHop(at *Node, host netip.Addr) (netip.Addr, bool) {
	if onLink(at.Space, host) {
		return host, true
	}
	if r, err := at.Space.RouteGet(host, netip.Addr{}); err == nil && r.Via.IsValid() {
		return r.Via, true
	}
	for _, g := range q.gateways(at) {
		ip := netip.MustParseAddr(g)
		for _, h := range q.holders(ip) {
			if _, err := h.node.Space.RouteGet(host, netip.Addr{}); err == nil {
				return ip, true
			}
		}
	}
	return netip.Addr{}, false
}
