package campaign

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/scenarios"
	"dnetsim/stack"
)

// segment is the name of a place where everybody hears everybody's broadcasts,
// as far as the file and the engines' networks declare it: "lan a",
// "lan a vlan 10", "overlay ID", "h0 network ID".
type segment string

// lanSegment is the LAN that a host's card is on; the card may be a VLAN's
// ("eth0.10").
func lanSegment(decl *scenarios.Host, card string) segment {
	name, vlan, tagged := strings.Cut(card, ".")
	for _, p := range decl.Ports {
		if p.Name != name {
			continue
		}
		if tagged {
			return segment("lan " + p.LAN + " vlan " + vlan)
		}
		return segment("lan " + p.LAN)
	}
	return segment(decl.Name + " " + card)
}

// segmentOf is where the endpoints of a network are.
func segmentOf(h *hostLook, n *modes.NetworkHolding) segment {
	switch n.Driver {
	case "overlay":
		return segment("overlay " + n.ID)
	case "macvlan", "ipvlan":
		if parent := n.Options["parent"]; parent != "" && !n.Internal {
			return lanSegment(h.decl, parent)
		}
	}
	return segment(h.decl.Name + " network " + n.ID)
}

// sharedAddresses says which IPv4 addresses have two owners in one segment.
func sharedAddresses(l *look) []string {
	owners := map[segment]map[netip.Addr]string{}
	var out []string
	claim := func(seg segment, i *stack.Interface) {
		if i == nil || i.Namespace() == nil {
			return
		}
		who := i.Namespace().Name() + "/" + i.Name()
		for _, a := range i.Addrs() {
			at := a.Prefix.Addr()
			if !at.Is4() {
				continue
			}
			if owners[seg] == nil {
				owners[seg] = map[netip.Addr]string{}
			}
			if other := owners[seg][at]; other != "" && other != who {
				out = append(out, fmt.Sprintf("%s and %s both have %s on %s", other, who, at, seg))
			}
			owners[seg][at] = who
		}
	}
	spaces := l.namespaces()
	for _, r := range l.lab.Scenario.Routers {
		for _, p := range r.Ports {
			claim(segment("lan "+p.LAN), spaces[r.Name].Interface(p.Name))
		}
	}
	for _, h := range l.hosts {
		for _, p := range h.decl.Ports {
			claim(segment("lan "+p.LAN), h.machine.NS().Interface(p.Name))
		}
		for i := range h.books.Networks {
			n := &h.books.Networks[i]
			seg := segmentOf(h, n)
			if n.Bridge != "" {
				claim(seg, h.machine.NS().Interface(n.Bridge))
			}
			for _, e := range plugged(n) {
				claim(seg, e.Inside)
			}
		}
	}
	slices.Sort(out)
	return out
}
