package stack

import (
	"net/netip"
	"slices"

	"dnetsim/sim"
)

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// ifAddr is an address of an interface.
type ifAddr struct {
	Address
	dev    *Interface
	dad    *sim.Timer // runs while the address is being checked, nil otherwise
	probes int        // that are still to be sent
	nonce  uint64     // of the probe that was sent last
}

// broadcast is the broadcast address that the local table has for it: the one
// configured, or the last of the prefix.
func (a *ifAddr) broadcast() netip.Addr {
	if a.Broadcast.IsValid() {
		return a.Broadcast
	}
	if a.Prefix.Addr().Is6() || a.Prefix.Bits() >= 31 {
		return netip.Addr{}
	}
	return lastAddr(a.Prefix)
}

// lastAddr is the highest address of an IPv4 prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := range b {
		bits := p.Bits() - 8*i
		switch {
		case bits <= 0:
			b[i] = 0xff
		case bits < 8:
			b[i] |= 0xff >> bits
		}
	}
	return netip.AddrFrom4(b)
}

// AddAddr gives the interface an address, and its connected route if the
// interface is up. It returns ErrExist if the interface has it already,
// ErrAddrInUse if another ipvlan child of its parent has it, and ErrAccess for an IPv6 address where IPv6 is disabled.
func (i *Interface) AddAddr(p netip.Prefix, opts AddrOptions) error {
	ip := p.Addr()
	if !p.IsValid() || ip.IsMulticast() {
		return ErrInvalid
	}
	if ip.Is6() && i.conf.disabledIPv6() {
		return ErrAccess
	}
	for _, a := range i.ipAddrs.list {
		if a.Prefix == p || ip.Is6() && a.Prefix.Addr() == ip {
			return ErrExist
		}
	}
	if i.under.siblingHas(ip) {
		return ErrAddrInUse
	}
	i.ipAddrs.insert(&ifAddr{dev: i, Address: describeAddr(i, p, opts)}, opts.NoPrefixRoute)
	return nil
}

func describeAddr(i *Interface, p netip.Prefix, opts AddrOptions) Address {
	ip := p.Addr()
	a := Address{Prefix: p, Broadcast: opts.Broadcast, Scope: opts.Scope, Label: opts.Label, NoDAD: opts.NoDAD && ip.Is6()}
	if a.Scope == 0 {
		switch {
		case ip.IsLoopback():
			a.Scope = ScopeHost
		case ip.Is6() && ip.IsLinkLocalUnicast():
			a.Scope = ScopeLink
		default:
			a.Scope = ScopeGlobal
		}
	}
	if opts.AutoBroadcast && ip.Is4() && p.Bits() < 31 {
		a.Broadcast = lastAddr(p)
	}
	if ip.Is4() {
		if a.Label == "" {
			a.Label = i.name
		}
		for _, o := range i.ipAddrs.list {
			if o.Prefix.Addr().Is4() && o.Prefix.Bits() == p.Bits() && o.Prefix.Contains(ip) {
				a.Secondary = true
			}
		}
	}
	return a
}

// ifAddrs is the addresses of an interface, in the order that `ip addr` shows.
type ifAddrs struct {
	i    *Interface
	list []*ifAddr
}

func (ia *ifAddrs) insert(a *ifAddr, noRoute bool) {
	at := len(ia.list)
	if a.Prefix.Addr().Is4() { // IPv4 before IPv6, primaries before secondaries
		at = 0
		for at < len(ia.list) && ia.list[at].Prefix.Addr().Is4() && (a.Secondary || !ia.list[at].Secondary) {
			at++
		}
	} else { // the kernel shows IPv6 addresses by scope, widest first
		for at = range ia.list {
			if ia.list[at].Prefix.Addr().Is6() && ia.list[at].Scope > a.Scope {
				break
			}
			at++
		}
		at = min(at, len(ia.list))
	}
	ia.list = slices.Insert(ia.list, at, a)
	if a.is4() {
		a.settle()
	}
	if ia.i.up && !noRoute {
		ia.addConnected(a)
	}
	if !a.is4() {
		a.Tentative = !a.NoDAD
		ia.i.ndp.detect(a)
	}
	if ia.i.up {
		ia.i.ns.routes.fib.revive(ia.i)
	}
}

// addConnected adds the route to the address's own network.
func (ia *ifAddrs) addConnected(a *ifAddr) {
	ip := a.Prefix.Addr()
	r := &route{dev: ia.i, Route: Route{Dst: a.Prefix.Masked(), Dev: ia.i.name, Proto: ProtoKernel, Scope: ScopeLink, Table: TableMain}}
	switch {
	case ip.Is6():
		if ia.i.kind == KindLoopback {
			return
		}
		r.Metric, r.Scope = 256, ScopeGlobal
	case ia.i.kind == KindLoopback || a.Prefix.Bits() == 32:
		return // the local table has it (fib_add_ifaddr: all of a loopback device's network is local)
	default:
		r.Src = ip
	}
	for _, o := range ia.i.ns.routes.fib.of(ip).main.routes {
		if o.dev == ia.i && o.Dst == r.Dst && o.Proto == ProtoKernel {
			return
		}
	}
	ia.i.ns.routes.fib.insert(r)
}

// DelAddr removes an address and its routes. Removing a primary IPv4 address
// removes the secondaries of its subnet too, unless promote_secondaries is set.
// It returns ErrAddrNotAvail if the interface does not have it.
func (i *Interface) DelAddr(p netip.Prefix) error {
	at := slices.IndexFunc(i.ipAddrs.list, func(a *ifAddr) bool { return a.Prefix == p })
	if at < 0 {
		return ErrAddrNotAvail
	}
	a := i.ipAddrs.list[at]
	gone := []*ifAddr{a}
	if p.Addr().Is4() && !a.Secondary {
		for _, o := range i.ipAddrs.list {
			if o.Secondary && o.Prefix.Bits() == p.Bits() && p.Contains(o.Prefix.Addr()) {
				if i.conf.flag(false, "promote_secondaries") {
					o.Secondary = false
					break
				}
				gone = append(gone, o)
			}
		}
	}
	for _, g := range gone {
		i.ipAddrs.remove(g)
	}
	return nil
}

// settle makes the namespace answer at the address.
func (a *ifAddr) settle() {
	a.dev.ns.addrs.add(a)
	a.dev.ns.transport.AddAddr(a.Prefix)
}

func (ia *ifAddrs) remove(a *ifAddr) {
	a.stopDAD()
	ia.list = slices.DeleteFunc(ia.list, func(x *ifAddr) bool { return x == a })
	ip := a.Prefix.Addr()
	ia.i.ns.addrs.remove(ip)
	if ia.i.ns.addrs.of(ip) == nil {
		ia.i.ns.transport.RemoveAddr(a.Prefix)
	}
	ia.i.ns.routes.fib.remove(func(r *route) bool {
		if r.Src == ip && ia.i.ns.addrs.of(ip) == nil {
			return false
		}
		return !(r.dev == ia.i && r.Proto == ProtoKernel && r.Dst == a.Prefix.Masked() && !ia.covers(a.Prefix))
	})
	for _, o := range ia.list {
		if ia.i.up && o.Prefix.Masked() == a.Prefix.Masked() {
			ia.addConnected(o)
		}
	}
	if ip.Is4() && !slices.ContainsFunc(ia.list, (*ifAddr).is4) {
		disableIPv4(ia.i)
	}
}

func (a *ifAddr) is4() bool { return a.Prefix.Addr().Is4() }

// disableIPv4 takes an interface's IPv4 routes and neighbours away: without an
// address of its own nothing goes there (fib_disable_ip).
func disableIPv4(i *Interface) {
	i.ns.routes.fib.remove(func(r *route) bool { return r.dev != i || r.Dst.Addr().Is6() })
	i.ns.neigh.flush(func(n *neighbour) bool { return n.dev == i && n.addr.Is4() })
}

// covers reports whether another address of the interface has the same network.
func (ia *ifAddrs) covers(p netip.Prefix) bool {
	return slices.ContainsFunc(ia.list, func(o *ifAddr) bool {
		return o.Prefix.Masked() == p.Masked() && (p.Addr().Is6() || o.Prefix.Addr() == p.Addr())
	})
}

// flushAddrs removes every address of one family.
func (i *Interface) flushAddrs(v6 bool) {
	for _, a := range slices.Clone(i.ipAddrs.list) {
		if a.Prefix.Addr().Is6() == v6 && slices.Contains(i.ipAddrs.list, a) {
			i.ipAddrs.remove(a)
		}
	}
}

// Addrs returns the addresses in the order in which `ip addr` shows them.
func (i *Interface) Addrs() []Address {
	out := make([]Address, len(i.ipAddrs.list))
	for k, a := range i.ipAddrs.list {
		out[k] = a.Address
	}
	return out
}

// find finds one of the interface's own addresses.
func (ia *ifAddrs) find(ip netip.Addr) *ifAddr {
	for _, a := range ia.list {
		if a.Prefix.Addr() == ip {
			return a
		}
	}
	return nil
}

// primaryFor is the address that packets to dst come from if nothing else says:
// the first of the interface in dst's subnet, or its first of wide scope.
func (ia *ifAddrs) primaryFor(dst netip.Addr) netip.Addr {
	var first netip.Addr
	for _, a := range ia.list {
		ip := a.Prefix.Addr()
		if ip.Is4() != dst.Is4() || a.Secondary || a.Tentative {
			continue
		}
		if a.Prefix.Contains(dst) {
			return ip
		}
		if !first.IsValid() && (a.Scope == ScopeGlobal || dst.Is6() && !dst.IsGlobalUnicast()) {
			first = ip
		}
	}
	return first
}

// linkLocal is an IPv6 link-local address that may be used, invalid if there is
// none.
func (ia *ifAddrs) linkLocal() netip.Addr {
	for _, a := range ia.list {
		if ip := a.Prefix.Addr(); ip.Is6() && ip.IsLinkLocalUnicast() && !a.Tentative {
			return ip
		}
	}
	return netip.Addr{}
}

// isBroadcast reports whether dst is a broadcast address on this interface.
func (ia *ifAddrs) isBroadcast(dst netip.Addr) bool {
	if !dst.Is4() {
		return false
	}
	if dst == broadcast4 {
		return true
	}
	for _, a := range ia.list {
		if a.Prefix.Addr().Is4() && (a.Broadcast == dst || a.Prefix.Bits() < 31 && lastAddr(a.Prefix) == dst) {
			return true
		}
	}
	return false
}

// addrTable finds the namespace's own addresses, on whatever interface they are.
type addrTable struct {
	ns   *Namespace
	byIP map[netip.Addr]*ifAddr
}

// of finds an address of the namespace, on any interface.
func (at *addrTable) of(ip netip.Addr) *ifAddr { return at.byIP[ip] }

func (at *addrTable) add(a *ifAddr) {
	if at.byIP == nil {
		at.byIP = make(map[netip.Addr]*ifAddr)
	}
	if at.byIP[a.Prefix.Addr()] == nil {
		at.byIP[a.Prefix.Addr()] = a
	}
}

// remove forgets an address unless another interface has it too.
func (at *addrTable) remove(ip netip.Addr) {
	delete(at.byIP, ip)
	for _, i := range at.ns.devs.list {
		if a := i.ipAddrs.find(ip); a != nil && !a.Tentative {
			at.byIP[ip] = a
			return
		}
	}
}

// loopbackNet reports whether ip lies in an IPv4 network of lo, all of which is
// local: 127.0.0.0/8, and any other that somebody gave it.
func (at *addrTable) loopbackNet(ip netip.Addr) bool {
	if !ip.Is4() || at.ns.lo == nil {
		return false
	}
	for _, a := range at.ns.lo.ipAddrs.list {
		if a.Prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// IsLocal reports whether a packet to ip is for this namespace itself.
func (ns *Namespace) IsLocal(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ns.addrs.of(ip) != nil || ns.addrs.loopbackNet(ip)
}

// eui64 is the link-local address that follows from a MAC (RFC 4291, A).
func eui64(m MAC) netip.Addr {
	b := [16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]}
	return netip.AddrFrom16(b)
}
