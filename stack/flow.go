package stack

import "net/netip"

// flow is what a route lookup knows of a packet: the kernel's struct flowi4.
type flow struct {
	dst  netip.Addr
	src  netip.Addr // invalid or unspecified if the packet has none yet
	in   *Interface // where it came in; nil if it was made here, which rules call lo
	out  *Interface // the interface that it must leave by; nil: any
	mark uint32
	tos  uint8 // without ECN
	// direct asks for a route without a gateway: flowi4_scope is link.
	direct bool
}

// flow is the packet's. The route of a packet that the sender gave no source
// was found without one, and is not looked for again when it has one.
func (p *packet) flow() flow {
	f := flow{dst: p.dst(), in: p.in, out: p.oif, mark: p.nf.Mark, tos: p.tos()}
	if !p.unbound {
		f.src = p.src()
	}
	return f
}

// tos is the type of service, or the traffic class of IPv6, without ECN.
func (p *packet) tos() uint8 {
	if p.nf.V6 {
		return (p.nf.Data[0]<<4 | p.nf.Data[1]>>4) &^ 3
	}
	return p.nf.Data[1] &^ 3
}

// source is the address that "from" is compared with. IPv4 has 0.0.0.0 for an
// unknown one, IPv6 none (fib6_rule_match).
func (f *flow) source() netip.Addr {
	switch {
	case f.dst.Is4() && !f.src.IsValid():
		return netip.IPv4Unspecified()
	case f.dst.Is6() && f.src.IsUnspecified():
		return netip.Addr{}
	}
	return f.src.Unmap()
}

// find is fib_lookup: the route that a flow takes. No route and no error means
// that the local table has the destination, see own. A route that refuses is
// found like any other. As long as nobody touched the rules there is no list to
// walk; a broadcast address is then known by the route to its network.
func (rt *routing) find(f *flow) (*route, error) {
	fam := rt.fib.of(f.dst)
	if !fam.policy {
		if rt.ns.IsLocal(f.dst) {
			return nil, nil
		}
		if r := fam.main.lookup(f); r != nil {
			return r, nil
		}
		return nil, ErrNetUnreachable
	}
	if f.in == nil {
		g := *f
		g.in = rt.ns.lo
		f = &g
	}
	for _, r := range fam.list(f.dst.Is6()) {
		if !r.takes(f) {
			continue
		}
		switch r.Action {
		case RuleUnreachable:
			return nil, ErrNetUnreachable
		case RuleProhibit:
			return nil, ErrAccess
		case RuleBlackhole:
			return nil, ErrInvalid
		}
		if r.Table == TableLocal && rt.isOwn(f) {
			return nil, nil
		}
		if x := fam.table(r.Table).lookup(f); x != nil && x.Dst.Bits() >= r.MinBits {
			return x, nil
		}
	}
	return nil, ErrNetUnreachable
}

// isOwn reports whether the part of the local table that follows from the
// addresses has the destination: as an address of this namespace, or as the
// broadcast address of one of its networks.
func (rt *routing) isOwn(f *flow) bool {
	return rt.ns.IsLocal(f.dst) || rt.broadcastBy(f) != nil
}

// broadcastBy is the interface that has the destination as a broadcast address.
func (rt *routing) broadcastBy(f *flow) *Interface {
	if !f.dst.Is4() {
		return nil
	}
	for _, i := range rt.ns.devs.list {
		if i.up && (f.out == nil || i == f.out) && i.ipAddrs.isBroadcast(f.dst) {
			return i
		}
	}
	return nil
}
