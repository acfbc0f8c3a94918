package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack"
)

// path is the way of a packet from the events of its family.
func (a *atlas) path(what string, events []*event) *Path {
	p := &Path{What: what, Spent: spent(events)}
	p.End = a.end(events)
	if events[0].pkt.request {
		p.End = a.askEnd(events)
	}
	on, carries := trunk(events, p.End.event), carriers(events)
	var before *event
	for _, e := range events {
		if on != nil && !on[e.Packet] || !worthy(e) || e.Verb == trail.Deliver && carries[e.Packet] && e != p.End.event {
			continue
		}
		h := Hop{At: e.At, Place: e.Place.String(), Verb: e.Verb.String(), Packet: e.pkt.String(), Reason: e.Reason.String(), Frame: e.frame, event: e}
		if e.Rule != nil {
			h.Rule = ruleText(e.Rule)
		}
		h.Row = a.row(e, before)
		p.Hops = append(p.Hops, h)
		before = e
		if e == p.End.event {
			break
		}
	}
	return p
}

// worthy reports whether an event is a hop: what happens at interfaces, and
// every death.
func worthy(e *event) bool {
	if e.Verb == trail.Drop {
		return true
	}
	return e.Place.IsInterface() && e.Verb != trail.Copy && e.Verb != trail.Segment
}

// carriers are the packets of a family that carry another.
func carriers(events []*event) map[trail.ID]bool {
	out := map[trail.ID]bool{}
	for _, e := range events {
		if e.Verb == trail.Encapsulate || out[e.Parent] && e.Verb != trail.Decapsulate {
			out[e.Packet] = true
		}
	}
	return out
}

// noise are the ends of a flooded frame's copies where it was not for them.
var noise = []trail.Reason{
	trail.OtherHost, trail.NoPort, trail.Hairpin, trail.NotAMember, trail.ARPProxy, trail.UnknownProtocol,
	trail.Underlay, // of which the carrier has its own end
}

// end is where a packet ended: where its family's own level was delivered, else
// where the last of it died.
func (a *atlas) end(events []*event) End {
	carries := carriers(events)
	var best *event
	for _, e := range events {
		switch {
		case e.Verb == trail.Deliver && !carries[e.Packet]:
			return a.ended(e)
		case e.Verb == trail.Drop && (best == nil || !slices.Contains(noise, e.Reason) || slices.Contains(noise, best.Reason)):
			best = e
		}
	}
	return a.ended(best)
}

// askEnd is where a question for a link address ended: with who has it, else
// where it was kept from getting further.
func (a *atlas) askEnd(events []*event) End {
	var best *event
	for _, e := range events {
		switch {
		case e.Verb == trail.Deliver:
			if n := a.nodeOf(e.Place.Machine); n != nil && n.Space != nil && n.Space.IsLocal(e.pkt.target) {
				return a.ended(e)
			}
		case e.Verb == trail.Drop && !slices.Contains(noise, e.Reason) && (best == nil || e.Reason != trail.Filter):
			best = e
		}
	}
	return a.ended(best)
}

func (a *atlas) ended(e *event) End {
	if e == nil {
		return End{}
	}
	end := End{Delivered: e.Verb == trail.Deliver, Place: e.Place.String(), Reason: e.Reason.String(), event: e}
	if e.Rule != nil {
		end.Rule = ruleText(e.Rule)
	}
	if n := a.nodeOf(e.Place.Machine); n != nil {
		end.Node = n.Name
	}
	return end
}

// trunk are the packets on the way to an end: it, what it is a copy of or came
// out of. Nil are all of them.
func trunk(events []*event, end *event) map[trail.ID]bool {
	if end == nil {
		return nil
	}
	from := map[trail.ID][]trail.ID{}
	for _, e := range events {
		if e.Parent != 0 && !slices.Contains(from[e.Packet], e.Parent) {
			from[e.Packet] = append(from[e.Packet], e.Parent)
		}
	}
	on := map[trail.ID]bool{}
	for queue := []trail.ID{end.Packet}; len(queue) > 0; queue = queue[1:] {
		if !on[queue[0]] {
			on[queue[0]] = true
			queue = append(queue, from[queue[0]]...)
		}
	}
	return on
}

// ruleText is a rule as a person finds it again: table, chain, number, text.
func ruleText(r *trail.Rule) string {
	if r.Number == 0 {
		return fmt.Sprintf("%s %s policy %s", r.Table, r.Chain, strings.TrimPrefix(r.Text, "policy "))
	}
	return fmt.Sprintf("%s %s rule %d: %s", r.Table, r.Chain, r.Number, r.Text)
}

// row is what decided where a packet went next, in the words of ip(8) and
// bridge(8), or "".
func (a *atlas) row(e, before *event) string {
	ns := a.space[e.Place.Machine]
	if ns == nil || e.Verb != trail.Send && e.Verb != trail.Queue {
		return ""
	}
	i := ns.Interface(e.Place.Interface)
	if i == nil {
		return ""
	}
	if i.Kind() == stack.KindVXLAN {
		return fdbRow(i, e)
	}
	if !e.pkt.ip || !routed(e, before) {
		return ""
	}
	q := stack.RouteQuery{Dst: e.pkt.dst}
	r, err := ns.RouteFor(q)
	if err != nil || r.Dev != e.Place.Interface {
		return "" // a bridge's port, or another table's doing
	}
	text := routeText(matched(ns, r, e.pkt.dst))
	if n, ok := neighbourOf(ns, r, e.pkt.dst); ok {
		text += "; neighbour " + neighbourText(n)
	}
	return text
}

// routed reports whether a namespace chose the interface that a packet leaves
// by: it was made there, or came in by another one.
func routed(e, before *event) bool {
	return before == nil || before.Place.Machine == e.Place.Machine &&
		(before.Place.Interface != e.Place.Interface || before.Verb == trail.Rewrite || before.Verb == trail.Encapsulate)
}

// matched is the route of the main table that a decision comes from: what was
// decided names the destination alone.
func matched(ns *stack.Namespace, r stack.Route, dst netip.Addr) stack.Route {
	best := r
	found := false
	for _, x := range ns.Routes(stack.TableMain) {
		if x.Dev == r.Dev && x.Via == r.Via && x.Dst.Contains(dst) && (!found || x.Dst.Bits() > best.Dst.Bits()) {
			best, found = x, true
		}
	}
	return best
}

// routeText is a route as `ip route` has it, shortened.
func routeText(r stack.Route) string {
	dst := r.Dst.String()
	if r.Dst.Bits() == 0 {
		dst = "default"
	}
	text := "route " + dst
	if r.Via.IsValid() {
		text += " via " + r.Via.String()
	}
	if r.Dev != "" {
		text += " dev " + r.Dev
	}
	return text
}

func neighbourOf(ns *stack.Namespace, r stack.Route, dst netip.Addr) (stack.Neighbour, bool) {
	next := dst
	if r.Via.IsValid() {
		next = r.Via
	}
	for _, n := range ns.Neighbours() {
		if n.Addr == next && n.Dev == r.Dev {
			return n, true
		}
	}
	return stack.Neighbour{}, false
}

func neighbourText(n stack.Neighbour) string {
	if !n.HasMAC {
		return fmt.Sprintf("%s %s", n.Addr, n.State)
	}
	return fmt.Sprintf("%s lladdr %s %s", n.Addr, n.MAC, n.State)
}

// fdbRow is the entry of a tunnel's forwarding table that a frame goes by.
func fdbRow(i *stack.Interface, e *event) string {
	if len(e.Frame) < 6 {
		return ""
	}
	mac := link.MAC(e.Frame[:6])
	for _, x := range i.VXLAN().FDB() {
		if x.MAC == mac {
			return fmt.Sprintf("fdb %s dst %s", mac, x.Remote.Addr)
		}
	}
	if mac == (link.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) {
		return ""
	}
	return fmt.Sprintf("no fdb entry for %s", mac)
}
