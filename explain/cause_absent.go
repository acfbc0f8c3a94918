package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dnetsim/stack"
)

// absence looks for what nobody has, or too many.
type absence struct{ *inquiry }

// stopped blames a container that does not run.
func (q absence) stopped(n *Node) {
	host := n.On()
	if q.lostNetwork(n) || q.portTaken(n) || q.kept(n) {
		return
	}
	sentence := fmt.Sprintf("%s does not run (%s): it has no interface and no name.", n.Name, n.Container.State.Status)
	if n == q.from { // it ran when the question was sent
		sentence = fmt.Sprintf("%s ended while it was being asked: its interface went, and what was on the way to it.", n.Name)
	}
	q.blame(Cause{
		Code:     "CONTAINER-NOT-RUNNING",
		Sentence: sentence,
		Evidence: []Evidence{q.show(host, "docker ps -a --filter name=^"+n.Container.Name+"$ --format '{{.Names}} {{.Status}}'", "its state")},
		cures:    []Cure{{Says: "docker logs " + n.Container.Name + " says why it ended: what made it end may do so again", Steps: []CureStep{{Machine: host, Line: "docker start " + n.Container.Name}}}},
	})
}

// absentTarget: nobody, or too many, have what was addressed.
func (q absence) absentTarget() {
	if q.j.Verdict == NameNotResolved || q.blamed() {
		return
	}
	if q.to != nil && q.to.isContainer() && !q.to.running() && !q.machineOff(q.to.On()) {
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

// isRouted reports whether an address is out on the internet, or of a host that
// has no power and so no address now.
func (q absence) isRouted() bool {
	for _, n := range q.networks() {
		if n.covers(q.j.Target) {
			return false
		}
	}
	for _, n := range q.nodes {
		if n.isContainer() || n.Space == nil {
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
	q.stoppedMember()
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
	if name := q.j.Name; name != "" && len(q.j.Lookups) == 0 {
		c.Sentence += fmt.Sprintf(" It is what /etc/hosts of %s says for %s.", q.from.Name, name)
		c.Evidence = append(c.Evidence, q.show(q.from.On(), naming(q).inside("grep "+name+" /etc/hosts"), "asked before any name server"))
		line := fmt.Sprintf("grep -v %s /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts", name)
		if q.from.isContainer() {
			line = naming(q).inside("sh -c '" + line + "'")
		}
		c.cures = append(c.cures, Cure{Says: "take the line out (and --add-host from the container's command line)", Steps: []CureStep{{Machine: q.from.On(), Line: line}}})
	}
	if n := q.asker(); n != nil {
		c.Evidence = append(c.Evidence, q.show(n.On(), q.within(n, "arping -c 2 -I "+q.device(n)+" "+q.j.Target.String()), "nobody answers for it"))
	}
	q.blame(c)
}

// stoppedMember names containers of the address's network that do not run: the
// address may be the one that a start gives, and only trying shows it.
func (q absence) stoppedMember() {
	for _, n := range q.nodes {
		if !n.isContainer() || n.running() || q.machineOff(n.On()) {
			continue
		}
		host := q.byName[n.On()]
		for _, e := range sortedNetworks(n) {
			all := q.networks() // of an engine that is stopped, another knows the network
			k := slices.IndexFunc(all, func(x network) bool { return x.ID == e.NetworkID && x.covers(q.j.Target) })
			if k < 0 {
				continue
			}
			x := all[k]
			start := []CureStep{{Machine: host.Name, Line: "docker start " + n.Container.Name}, {Wait: gossipMeets / 3}}
			if !host.Host.Daemon.Running() {
				start = append([]CureStep{{Machine: host.Name, Line: "systemctl start docker"}}, start...)
			}
			q.blame(Cause{
				Code:     "CONTAINER-NOT-RUNNING",
				Sentence: fmt.Sprintf("Nobody has the address %s now. %s is on its network %s and does not run (%s): with a start it gets that address.", q.j.Target, n.Name, x.Name, n.Container.State.Status),
				Evidence: []Evidence{q.show(host.Name, "docker ps -a --filter name=^"+n.Container.Name+"$ --format '{{.Names}} {{.Status}}'", "its state")},
				cures:    []Cure{{Steps: start}},
				guess:    true,
			})
		}
	}
}

// asker is the node on the way whose own link the flow's address would be on.
func (q absence) asker() *Node {
	if q.j.Forward == nil {
		return nil
	}
	for _, h := range slices.Backward(q.j.Forward.Hops) {
		n := q.nodeOf(h.event.Place.Machine)
		if n == nil || n.Space == nil || q.device(n) == "" {
			continue
		}
		if r, err := n.Space.RouteGet(q.j.Target, netip.Addr{}); err == nil && !r.Via.IsValid() && (n == q.from || !n.isContainer()) {
			return n
		}
	}
	return nil
}

// device is the interface by which a node would send to the flow's address.
func (q absence) device(n *Node) string {
	r, err := n.Space.RouteGet(q.j.Target, netip.Addr{})
	if err != nil {
		return ""
	}
	return r.Dev
}

// members are questions to ask instead: for who is on the network.
func (q absence) members(n *network) []Cure {
	var out []Cure
	for _, e := range n.Endpoints {
		if e.Container == nil || q.from.isContainer() && e.Container.ID == q.from.Container.ID {
			continue
		}
		for _, ip := range sortedAddresses(e.Addresses) {
			f := q.flow
			f.To = ip.String()
			says := fmt.Sprintf("address %s, who has %s", e.Container.Name, ip)
			if n.Name != "bridge" && q.from.Networks[n.ID] != "" {
				f.To = e.Container.Name
				says = fmt.Sprintf("address %s by its name: it has %s now", e.Container.Name, ip)
			}
			out = append(out, Cure{Says: says, Instead: &f})
		}
	}
	return out
}

// moved gives a container another address, and asks it or the other there.
func (q absence) moved(h holder) []Cure {
	free := children(q).shimAddress(h.iface)
	if !free.IsValid() {
		return nil
	}
	cure := Cure{Says: fmt.Sprintf("give the container an address that nobody has and that DHCP does not give out, for which %s stands; docker network create --ip-range keeps a network to such", free),
		Steps: append(workshop(q).remake(h.node, func(o *options) { o.set("--ip", free.String()) }), CureStep{Wait: time.Second})}
	there := cure
	f := q.flow
	f.To = free.String()
	there.Instead = &f
	if listens(h.node, q.flow.Proto, q.flow.Port) {
		return []Cure{there, cure}
	}
	return []Cure{cure, there}
}

// duplicates: two on one segment have the address.
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
		Sentence: fmt.Sprintf("%s and %s both have %s on one LAN: both answer for it, the sender believes the one whose answer it has, and what was meant for the other is lost.", on[0].node.Name, on[1].node.Name, q.j.Target),
	}
	for _, h := range on[:2] {
		c.Evidence = append(c.Evidence, q.show(h.node.On(), q.within(h.node, "ip -4 addr show dev "+h.iface.Name()), h.node.Name+" has it"))
	}
	for _, h := range on {
		if h.node.isContainer() {
			c.cures = append(c.cures, q.moved(h)...)
		}
	}
	for _, h := range on {
		if !h.node.isContainer() {
			for _, x := range h.iface.Addrs() {
				if x.Prefix.Addr() == q.j.Target {
					c.cures = append(c.cures, Cure{Steps: []CureStep{{Machine: h.node.Name, Line: "ip addr del " + x.Prefix.String() + " dev " + h.iface.Name()}}})
				}
			}
		}
	}
	q.blame(c)
}
