package stack

import (
	"net/netip"
	"slices"
	"sort"
)

// route is one entry of the forwarding information base. Its interface is kept
// by pointer, so that a rename or a change of index does not touch it.
type route struct {
	Route
	dev *Interface
}

// fib is the routing tables of a namespace: main and numbered tables. The
// local table is not stored: it follows from the addresses.
type fib struct {
	routes []*route // by table, family, length descending, metric; stable
	gen    uint64   // counts changes, for caches of looked-up routes
}

func tableName(t string) string {
	switch t {
	case "", "254":
		return "main"
	case "255":
		return "local"
	case "253":
		return "default"
	}
	return t
}

func routeType(t string) string {
	if t == "" {
		return "unicast"
	}
	return t
}

// routeBefore is the order of a table: families apart, longest prefix first,
// then lowest metric.
func routeBefore(a, b *route) bool {
	if a4, b4 := a.Dst.Addr().Is4(), b.Dst.Addr().Is4(); a4 != b4 {
		return a4
	}
	if a.Dst.Bits() != b.Dst.Bits() {
		return a.Dst.Bits() > b.Dst.Bits()
	}
	return a.Metric < b.Metric
}

func (t *fib) insert(r *route) {
	i := sort.Search(len(t.routes), func(i int) bool { return routeBefore(r, t.routes[i]) })
	t.routes = slices.Insert(t.routes, i, r)
	t.gen++
}

func (t *fib) remove(keep func(*route) bool) (removed int) {
	out := t.routes[:0]
	for _, r := range t.routes {
		if keep(r) {
			out = append(out, r)
			continue
		}
		removed++
	}
	clear(t.routes[len(out):])
	t.routes = out
	if removed > 0 {
		t.gen++
	}
	return removed
}

// usable reports whether the route may carry packets now: the interface is up,
// and has a carrier if the sysctl asks for one.
func (r *route) usable() bool {
	if r.dev == nil {
		return true
	}
	if !r.dev.up {
		return false
	}
	return r.dev.Carrier() || !r.dev.confFlag(r.Dst.Addr().Is6(), "ignore_routes_with_linkdown")
}

// lookup finds the route to dst in the main table; out restricts it to one
// interface if not nil. nil means no route.
func (t *fib) lookup(dst netip.Addr, out *Interface) *route {
	for _, r := range t.routes {
		if r.Table != "main" || !r.Dst.Contains(dst) {
			continue
		}
		if out != nil && r.dev != out {
			continue
		}
		if r.usable() {
			return r
		}
	}
	return nil
}

// hop is what a route lookup yields: where a packet goes next.
type hop struct {
	kind string     // "unicast", "local", "broadcast", "multicast", or an error type
	dev  *Interface // out interface; lo for local
	via  netip.Addr // next hop; the destination itself if directly connected
	src  netip.Addr // source address for packets that have none yet
	mtu  int        // path MTU
	r    *route     // nil for local, broadcast and multicast
}

// routeOut looks up the way out for a packet of this namespace to dst. src may
// be invalid; oif restricts the way to one interface if not nil.
func (ns *Namespace) routeOut(dst, src netip.Addr, oif *Interface) (hop, error) {
	dst = dst.Unmap()
	if a := ns.localAddr(dst); a != nil || ns.loopbackNet(dst) {
		h := hop{kind: "local", dev: ns.lo, via: dst, src: dst, mtu: ns.lo.mtu}
		if ns.lo == nil || !ns.lo.up {
			return h, ErrNetUnreachable
		}
		return h, nil
	}
	if dst.IsMulticast() || dst == broadcast4 {
		return ns.routeGroup(dst, src, oif)
	}
	if dst.Is6() && dst.IsLinkLocalUnicast() {
		return ns.routeLinkLocal(dst, oif)
	}
	r := ns.fib.lookup(dst, oif)
	if r == nil {
		if oif != nil && oif.up && dst.Is4() { // SO_BINDTODEVICE: assume it is on the link
			return hop{kind: "unicast", dev: oif, via: dst, src: oif.primaryFor(dst), mtu: ns.pathMTU(dst, oif, nil)}, nil
		}
		return hop{}, ErrNetUnreachable
	}
	switch routeType(r.Type) {
	case "unreachable":
		return hop{kind: "unreachable", r: r}, ErrHostUnreachable
	case "prohibit":
		return hop{kind: "prohibit", r: r}, ErrAccess
	case "blackhole":
		return hop{kind: "blackhole", r: r}, ErrInvalid
	}
	h := hop{kind: "unicast", dev: r.dev, via: r.Via, r: r, mtu: ns.pathMTU(dst, r.dev, r)}
	if !h.via.IsValid() {
		h.via = dst
		if r.dev.isBroadcast(dst) {
			h.kind = "broadcast"
		}
	}
	h.src = r.Src
	if !h.src.IsValid() {
		h.src = r.dev.primaryFor(h.via)
	}
	if len(ns.nextHops) > 0 && h.kind == "unicast" {
		ns.redirect(dst, &h)
	}
	if !h.src.IsValid() {
		h.src = ns.anySource(dst)
	}
	return h, nil
}

// routeGroup picks the interface for multicast and limited broadcast: the one
// asked for, that of the source address, or that of the default route.
func (ns *Namespace) routeGroup(dst, src netip.Addr, oif *Interface) (hop, error) {
	kind := "multicast"
	if dst == broadcast4 {
		kind = "broadcast"
	}
	if oif == nil && src.IsValid() {
		if a := ns.localAddr(src); a != nil {
			oif = a.dev
		}
	}
	if oif == nil {
		if r := ns.fib.lookup(dst, nil); r != nil {
			oif = r.dev
		}
	}
	if oif == nil || !oif.up {
		return hop{}, ErrNetUnreachable
	}
	return hop{kind: kind, dev: oif, via: dst, src: oif.primaryFor(dst), mtu: oif.mtu}, nil
}

// routeLinkLocal picks the interface for an fe80:: destination: the one asked
// for, or the first that is up and has a link-local address.
func (ns *Namespace) routeLinkLocal(dst netip.Addr, oif *Interface) (hop, error) {
	if z := dst.Zone(); z != "" && oif == nil {
		oif = ns.Interface(z)
	}
	for _, i := range ns.ifaces {
		if (oif != nil && i != oif) || !i.up || !i.Carrier() || i.kind == KindLoopback {
			continue
		}
		if src := i.linkLocal(); src.IsValid() {
			return hop{kind: "unicast", dev: i, via: dst.WithZone(""), src: src, mtu: i.mtu}, nil
		}
	}
	return hop{}, ErrNetUnreachable
}

// anySource is the kernel's last resort for a source address: the first
// address of global scope on any interface.
func (ns *Namespace) anySource(dst netip.Addr) netip.Addr {
	for _, i := range ns.ifaces {
		if !i.up {
			continue
		}
		for _, a := range i.addrs {
			if a.Scope == "global" && a.Prefix.Addr().Is4() == dst.Is4() {
				return a.Prefix.Addr()
			}
		}
	}
	return netip.Addr{}
}
