package explain

import (
	"fmt"
	"net/netip"

	"dnetsim/link/trail"
	"dnetsim/stack"
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
			if !h.node.isContainer() {
				at = h.node
			}
		}
	}
	return nil, false
}

// typedRoute is the route that somebody gave a node for a destination, the most
// specific, as ip route names it; "" if the kernel's own or the default decides.
func typedRoute(ns *stack.Namespace, dst netip.Addr) string {
	best, text := 0, ""
	for _, r := range ns.Routes(stack.TableMain) {
		if r.Proto == stack.ProtoKernel || !r.Dst.Contains(dst) || r.Dst.Bits() <= best {
			continue
		}
		best, text = r.Dst.Bits(), r.Dst.String()
		if r.Type != stack.RouteUnicast {
			text = fmt.Sprintf("%s %s", r.Type, text)
			continue
		}
		if r.Via.IsValid() {
			text += " via " + r.Via.String()
		}
		text += " dev " + r.Dev
	}
	return text
}

// untype are the cures that take a typed route or rule out by which a node sends
// a destination's packets elsewhere.
func (q *inquiry) untype(n *Node, dst netip.Addr) []Cure {
	var out []Cure
	lasts := lastsGone
	if r := typedRoute(n.Space, dst); r != "" {
		out = append(out, Cure{Says: lasts, Steps: []CureStep{{Machine: n.On(), Line: q.within(n, "ip route del "+r)}}})
	}
	for _, r := range n.Space.Rules(dst.Is6()) {
		if r.Priority == 0 || r.Priority >= 32766 || r.To.IsValid() && !r.To.Contains(dst) {
			continue
		}
		out = append(out, Cure{Says: lasts, Steps: []CureStep{{Machine: n.On(), Line: q.within(n, fmt.Sprintf("ip rule del pref %d", r.Priority))}}})
	}
	return out
}

// swallowed: a route leads into a dummy interface, which keeps what it is given.
func (q *inquiry) swallowed() {
	e := q.death()
	if q.blamed() || e == nil || e.Reason != trail.Swallowed {
		return
	}
	n := q.nodeOf(e.Place.Machine)
	if n == nil || n.Space == nil {
		return
	}
	q.blame(Cause{
		Code:     "NO-ROUTE",
		Sentence: fmt.Sprintf("%s sends what is for %s into %s, a dummy interface: nothing comes out of it.", n.Name, e.pkt.dst, e.Place.Interface),
		Evidence: []Evidence{q.show(n.On(), q.within(n, "ip route get "+e.pkt.dst.String()), "where it is sent"), q.show(n.On(), q.within(n, "ip -d link show "+e.Place.Interface), "what that is")},
		cures:    q.untype(n, e.pkt.dst),
	})
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
