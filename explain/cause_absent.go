package explain

import (
	"fmt"

	"dnetsim/stack"
)

// absence looks for what nobody has, or too many.
type absence struct{ *inquiry }

func (q absence) stopped(n *Node) {
	host := n.On()
	q.blame(Cause{
		Code:     "CONTAINER-NOT-RUNNING",
		Sentence: fmt.Sprintf("%s does not run (%s): it has no interface and no name.", n.Name, n.Container.State.Status),
		Evidence: []Evidence{q.show(host, "docker ps -a --filter name=^"+n.Container.Name+"$ --format '{{.Names}} {{.Status}}'", "its state")},
		cures:    []Cure{{Steps: []CureStep{{Machine: host, Line: "docker start " + n.Container.Name}}}},
	})
}

func (q absence) absentTarget() {
	if q.j.Verdict == NameNotResolved || q.blamed() {
		return
	}
	if q.to != nil && q.to.IsContainer() && !q.to.running() && !q.machineOff(q.to.On()) {
		q.stopped(q.to)
		return
	}
	if q.to == nil && q.j.Target.IsValid() && !q.isRouted() {
		q.unused()
		return
	}
	q.duplicates()
}

func (q absence) machineOff(name string) bool {
	n := q.byName[name]
	return n != nil && n.Host != nil && n.Host.Off()
}

func (q absence) isRouted() bool {
	for _, n := range q.networks() {
		if n.covers(q.j.Target) {
			return false
		}
	}
	for _, n := range q.nodes {
		if n.IsContainer() || n.Space == nil {
			continue
		}
		for _, i := range n.Space.Interfaces() {
			for _, x := range i.Addrs() {
				if x.Prefix.Bits() > 0 && x.Prefix.Masked().Contains(q.j.Target) {
					return false
				}
			}
		}
	}
	return true
}

func (q absence) unused() {
	c := Cause{
		Code:     "ADDRESS-UNUSED",
		Sentence: fmt.Sprintf("Nobody has the address %s: no container, no machine.", q.j.Target),
	}
	for _, n := range q.networks() {
		if !n.covers(q.j.Target) {
			continue
		}
		c.Sentence = fmt.Sprintf("Nobody has the address %s. It is in the network %s of %s, which has given it to no container.", q.j.Target, n.Name, n.host.Name)
		c.Evidence = append(c.Evidence, q.show(n.host.Name, "docker network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{end}}' "+n.Name, "who is on the network"))
		if q.from.Networks[n.ID] != "" || q.from.Name == n.host.Name {
			c.cures = append(c.cures, q.members(&n)...)
		}
		break
	}
	if q.j.Forward != nil && len(q.j.Forward.Hops) > 0 {
		last := q.j.Forward.Hops[len(q.j.Forward.Hops)-1].event
		if n := q.nodeOf(last.Place.Machine); n != nil {
			c.Evidence = append(c.Evidence, q.show(n.On(), q.within(n, "ip neigh show "+q.j.Target.String()), "nobody has answered for it"))
		}
	}
	q.blame(c)
}

func (q absence) members(n *network) []Cure {
	var out []Cure
	for _, e := range n.Endpoints {
		if e.Container == nil || e.Container == q.from.Container {
			continue
		}
		for _, ip := range sortedAddresses(e.Addresses) {
			f := q.flow
			f.To = ip.String()
			out = append(out, Cure{Says: fmt.Sprintf("address %s, who has %s", e.Container.Name, ip), Instead: &f})
		}
	}
	return out
}

func (q absence) duplicates() {
	if q.j.Verdict == Delivered && q.j.Verdict != Lost {
		return
	}
	var on []holder
	for _, h := range q.holders(q.j.Target) {
		k := h.iface.Kind()
		if k == stack.KindPhysical || k == stack.KindMacvlan || k == stack.KindIPvlan {
			on = append(on, h)
		}
	}
	if len(on) < 2 {
		return
	}
	c := Cause{
		Code:     "ADDRESS-DUPLICATE",
		Sentence: fmt.Sprintf("%s and %s both have %s on one LAN: who is asked first answers, and the other's connections break.", on[0].node.Name, on[1].node.Name, q.j.Target),
	}
	for _, h := range on[:2] {
		c.Evidence = append(c.Evidence, q.show(h.node.On(), q.within(h.node, "ip -4 addr show dev "+h.iface.Name()), h.node.Name+" has it"))
	}
	for _, h := range on {
		if h.node.IsContainer() && h.node != q.to {
			c.cures = append(c.cures, Cure{Steps: []CureStep{{Machine: h.node.On(), Line: "docker stop " + h.node.Container.Name}}, Says: "and give it another --ip"})
		}
	}
	for _, h := range on {
		if !h.node.IsContainer() {
			for _, x := range h.iface.Addrs() {
				if x.Prefix.Addr() == q.j.Target {
					c.cures = append(c.cures, Cure{Steps: []CureStep{{Machine: h.node.Name, Line: "ip addr del " + x.Prefix.String() + " dev " + h.iface.Name()}}})
				}
			}
		}
	}
	q.blame(c)
}
