package stack

import "net/netip"

// hop is what a route lookup yields: where a packet goes next.
type hop struct {
	kind RouteType  // how it goes there, or why not
	dev  *Interface // out interface; lo for local
	via  netip.Addr // next hop; the destination itself if directly connected
	src  netip.Addr // source address for packets that have none yet
	mtu  int        // path MTU
	r    *route     // nil if the local table or a group says so
}

// routing finds the way of packets: rules, tables, and what was learned since.
type routing struct {
	ns       *Namespace
	fib      fib
	pmtu     map[netip.Addr]pathMTU
	nextHops map[netip.Addr]redirection // by ICMP redirects
}

// routeOut looks up the way of a packet: of one that is made here
// (ip_route_output_key_hash), or of one that is to be forwarded.
func (rt *routing) routeOut(f flow) (hop, error) {
	f.dst = f.dst.Unmap()
	if f.dst.IsMulticast() || f.dst == broadcast4 {
		return rt.routeGroup(f)
	}
	if f.dst.Is6() && f.dst.IsLinkLocalUnicast() && rt.ns.addrs.of(f.dst) == nil {
		return rt.routeLinkLocal(f.dst, f.out)
	}
	r, err := rt.find(&f)
	switch {
	case err == ErrNetUnreachable && f.out != nil && f.out.up && f.dst.Is4(): // SO_BINDTODEVICE: assume it is on the link
		return hop{kind: RouteUnicast, dev: f.out, via: f.dst, src: f.out.ipAddrs.primaryFor(f.dst), mtu: rt.pathMTU(f.dst, f.out, nil)}, nil
	case err != nil:
		return hop{kind: refusals[err]}, err
	case r == nil:
		return rt.own(&f)
	}
	h, err := rt.hopBy(r, f.dst)
	if err == nil && f.in == nil && f.src.Is4() && f.src.IsLoopback() && h.dev.kind != KindLoopback && !h.dev.conf.read().localnet {
		return hop{kind: RouteBlackhole, r: r}, ErrInvalid // __mkroute_output: what is lo's stays there
	}
	return h, err
}

// routeConnect is routeOut for a socket that is being connected: once the way is
// known the source is, and it may belong to another way (ip_route_connect).
func (rt *routing) routeConnect(f flow) (hop, error) {
	h, err := rt.routeOut(f)
	chosen := f.src.IsValid() && !f.src.IsUnspecified()
	if err != nil || chosen || !rt.fib.of(f.dst.Unmap()).policy {
		return h, err
	}
	src := h.src
	f.src = src
	h, err = rt.routeOut(f)
	h.src = src
	return h, err
}

// refusals are the route types that say the same as a rule's error.
var refusals = map[error]RouteType{ErrAccess: RouteProhibit, ErrInvalid: RouteBlackhole}

// own is the way to what the local table has.
func (rt *routing) own(f *flow) (hop, error) {
	if !rt.ns.IsLocal(f.dst) {
		i := rt.broadcastBy(f)
		return hop{kind: RouteBroadcast, dev: i, via: f.dst, src: i.ipAddrs.primaryFor(f.dst), mtu: rt.pathMTU(f.dst, i, nil)}, nil
	}
	return rt.inward(f.dst, f.dst)
}

// inward leads back to this namespace.
func (rt *routing) inward(dst, src netip.Addr) (hop, error) {
	h := hop{kind: RouteLocal, dev: rt.ns.lo, via: dst, src: src, mtu: rt.ns.lo.mtu}
	if !rt.ns.lo.up {
		return h, ErrNetUnreachable
	}
	return h, nil
}

// hopBy is the way that a route shows to dst.
func (rt *routing) hopBy(r *route, dst netip.Addr) (hop, error) {
	switch r.Type {
	case RouteUnreachable:
		return hop{kind: RouteUnreachable, r: r}, ErrHostUnreachable
	case RouteProhibit:
		return hop{kind: RouteProhibit, r: r}, ErrAccess
	case RouteBlackhole:
		return hop{kind: RouteBlackhole, r: r}, ErrInvalid
	case RouteLocal:
		h, err := rt.inward(dst, dst)
		if h.r = r; r.Src.IsValid() {
			h.src = r.Src
		}
		return h, err
	}
	h := hop{kind: RouteUnicast, dev: r.dev, via: r.Via, r: r, mtu: rt.pathMTU(dst, r.dev, r)}
	if !h.via.IsValid() {
		h.via = dst
		if r.dev.ipAddrs.isBroadcast(dst) {
			h.kind = RouteBroadcast
		}
	}
	h.src = r.Src
	if !h.src.IsValid() {
		h.src = r.dev.ipAddrs.primaryFor(h.via)
	}
	if len(rt.nextHops) > 0 && h.kind == RouteUnicast {
		rt.redirect(dst, &h)
	}
	if !h.src.IsValid() {
		h.src = rt.anySource(dst)
	}
	if !h.src.IsValid() && dst.Is6() {
		h.src = r.dev.ipAddrs.linkLocal()
	}
	return h, nil
}

// routeGroup picks the interface for multicast and limited broadcast: the one
// asked for, that of the source address, or that of the default route.
func (rt *routing) routeGroup(f flow) (hop, error) {
	dst, oif := f.dst, f.out
	kind := RouteMulticast
	if dst == broadcast4 {
		kind = RouteBroadcast
	}
	if oif == nil && f.src.IsValid() {
		if a := rt.ns.addrs.of(f.src); a != nil {
			oif = a.dev
		}
	}
	if oif == nil {
		if r, _ := rt.find(&f); r != nil {
			oif = r.dev
		}
	}
	if oif == nil || !oif.up {
		return hop{}, ErrNetUnreachable
	}
	return hop{kind: kind, dev: oif, via: dst, src: oif.ipAddrs.primaryFor(dst), mtu: oif.mtu}, nil
}

// routeLinkLocal picks the interface for an fe80:: destination: the one asked
// for, or the first that is up and has a link-local address.
func (rt *routing) routeLinkLocal(dst netip.Addr, oif *Interface) (hop, error) {
	if z := dst.Zone(); z != "" && oif == nil {
		oif = rt.ns.Interface(z)
	}
	for _, i := range rt.ns.devs.list {
		if (oif != nil && i != oif) || !i.up || !i.Carrier() || i.kind == KindLoopback {
			continue
		}
		if src := i.ipAddrs.linkLocal(); src.IsValid() {
			return hop{kind: RouteUnicast, dev: i, via: dst.WithZone(""), src: src, mtu: i.mtu}, nil
		}
	}
	return hop{}, ErrNetUnreachable
}

// anySource is the kernel's last resort for a source address: the first
// address of global scope on any interface.
func (rt *routing) anySource(dst netip.Addr) netip.Addr {
	for _, i := range rt.ns.devs.list {
		if !i.up {
			continue
		}
		for _, a := range i.ipAddrs.list {
			if a.Scope == ScopeGlobal && !a.Tentative && a.is4() == dst.Is4() {
				return a.Prefix.Addr()
			}
		}
	}
	return netip.Addr{}
}
