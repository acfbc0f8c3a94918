package stack

import (
	"cmp"
	"net/netip"
	"slices"
)

// Routes returns the routes of a table in the order in which `ip route` shows
// them: IPv4 before IPv6, by destination. Zero is every table, in one order.
func (ns *Namespace) Routes(table TableID) []Route {
	var out []Route
	for k := range ns.routes.fib.families {
		f := &ns.routes.fib.families[k]
		for _, t := range f.tables() {
			if table == 0 || t.id == table {
				out = t.shown(out)
			}
		}
	}
	if table == 0 || table == TableLocal {
		out = append(out, ns.routes.localRoutes()...)
	}
	slices.SortStableFunc(out, compareShown)
	return out
}

// Tables returns the tables of a family that exist, in the order in which the kernel dumps them: local, the oldest of
// the last chain, at the end. A table stays when its last route has gone.
func (ns *Namespace) Tables(v6 bool) []TableID {
	var out []TableID
	for _, t := range ns.routes.family(v6).tables() {
		if t.id != TableLocal {
			out = append(out, t.id)
		}
	}
	return append(out, TableLocal)
}

// shown appends the table's routes. The kernel drops those of an interface that
// goes down.
func (t *table) shown(out []Route) []Route {
	for _, r := range t.routes {
		if r.dev == nil || r.dev.up {
			out = append(out, r.shown())
		}
	}
	return out
}

// compareShown is the order of a dump: default first, then by address and
// prefix length.
func compareShown(a, b Route) int {
	if a4, b4 := a.Dst.Addr().Is4(), b.Dst.Addr().Is4(); a4 != b4 {
		if a4 {
			return -1
		}
		return 1
	}
	if c := a.Dst.Addr().Compare(b.Dst.Addr()); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Dst.Bits(), b.Dst.Bits()); c != 0 {
		return c
	}
	return cmp.Compare(a.Metric, b.Metric)
}

// shown is the route as `ip route` reports it.
func (r *route) shown() Route {
	s := r.Route
	if r.legs != nil {
		s.Hops = nil
		for _, l := range r.legs {
			h := l.Hops[0]
			h.Dev, h.Dead, h.LinkDown = l.dev.name, l.dead, !l.dead && !l.dev.Carrier()
			s.Hops = append(s.Hops, h)
		}
		s.Via, s.Dev = s.Hops[0].Via, s.Hops[0].Dev
	}
	if r.dev != nil {
		s.Dev = r.dev.name
		s.LinkDown = r.dev.up && !r.dev.Carrier()
	}
	return s
}

// localRoutes derives the local table from the addresses.
func (rt *routing) localRoutes() []Route {
	var out []Route
	for _, i := range rt.ns.devs.list {
		for _, a := range i.ipAddrs.list {
			out = append(out, a.localRoutes()...)
		}
		if i.ndp.configured { // addrconf_add_mroute
			out = append(out, Route{Dst: allGroups6, Dev: i.name, Proto: ProtoKernel, Type: RouteMulticast, Table: TableLocal, Metric: 256,
				LinkDown: i.up && !i.Carrier()})
		}
	}
	return out
}

var allGroups6 = netip.MustParsePrefix("ff00::/8")

func (a *ifAddr) localRoutes() []Route {
	if a.Tentative {
		return nil
	}
	ip := a.Prefix.Addr()
	down := a.dev.up && !a.dev.Carrier()
	host := func(dst netip.Prefix, typ RouteType, scope Scope, ld bool) Route {
		r := Route{Dst: dst, Dev: a.dev.name, Proto: ProtoKernel, Scope: scope, Type: typ, Table: TableLocal, LinkDown: ld}
		if ip.Is4() {
			r.Src = ip
		}
		return r
	}
	self := host(netip.PrefixFrom(ip, ip.BitLen()), RouteLocal, ScopeHost, false)
	if ip.Is6() {
		self.Scope = ScopeGlobal
		return []Route{self}
	}
	out := []Route{self}
	if (ip.IsLoopback() || a.dev.kind == KindLoopback) && a.Prefix.Bits() < 32 {
		out = append(out, host(a.Prefix.Masked(), RouteLocal, ScopeHost, false))
	}
	if b := a.broadcast(); b.IsValid() && a.dev.up {
		out = append(out, host(netip.PrefixFrom(b, 32), RouteBroadcast, ScopeLink, down))
	}
	return out
}

// AddRoute adds a route. It returns ErrExist if its table has one to the same
// destination with the same metric, ErrNetUnreachable if the gateway is not
// reachable directly, ErrNoDevice, ErrNetDown, or ErrInvalid for what cannot
// be.
func (ns *Namespace) AddRoute(r Route) error {
	x, err := ns.routes.resolveRoute(r)
	if err != nil {
		return err
	}
	if t := ns.routes.tableOf(x); t != nil && slices.ContainsFunc(t.routes, x.collides) {
		return ErrExist
	}
	ns.routes.fib.insert(x)
	return nil
}

// ReplaceRoute adds a route in the place of the one in its table to the same
// destination with the same metric, if there is one.
func (ns *Namespace) ReplaceRoute(r Route) error {
	x, err := ns.routes.resolveRoute(r)
	if err != nil {
		return err
	}
	if t := ns.routes.tableOf(x); t != nil {
		ns.routes.fib.removeFrom(t, func(o *route) bool { return o.Dst != x.Dst || o.Metric != x.Metric })
	}
	ns.routes.fib.insert(x)
	return nil
}

// tableOf is the table that a route belongs to, or nil if there is none yet.
func (rt *routing) tableOf(r *route) *table {
	return rt.fib.of(r.Dst.Addr()).table(r.Table.orMain())
}

// collides reports whether a table has no room for both routes.
func (r *route) collides(o *route) bool {
	return o.Dst == r.Dst && o.Metric == r.Metric && (r.Dst.Addr().Is4() || o.dev == r.dev)
}

// resolveRoute checks a route and fills in what is derived.
func (rt *routing) resolveRoute(r Route) (*route, error) {
	r.Table = r.Table.orMain()
	r.Dst = r.Dst.Masked()
	if r.Type == RouteUnicast {
		r.Type = 0
	}
	if r.Proto == 0 {
		r.Proto = ProtoBoot
	}
	if r.Dst.Addr().Is6() && r.Metric == 0 {
		r.Metric = 1024
	}
	x := &route{Route: r}
	if r.Dev != "" {
		if x.dev = rt.ns.Interface(r.Dev); x.dev == nil {
			return nil, ErrNoDevice
		}
		if !x.dev.up {
			return nil, ErrNetDown
		}
	}
	switch r.Type {
	case RouteUnreachable, RouteBlackhole, RouteProhibit, RouteThrow:
		return x, nil
	case RouteLocal:
		x.Scope = ScopeHost
	}
	if len(r.Hops) > 0 {
		return x, resolveHops(rt.ns, x)
	}
	if r.Via.IsValid() {
		if err := rt.resolveGateway(x); err != nil {
			return nil, err
		}
	}
	if x.dev == nil {
		return nil, ErrNoDevice
	}
	if x.Scope == 0 {
		x.Scope = ScopeLink
		if r.Via.IsValid() || r.Dst.Addr().Is6() {
			x.Scope = ScopeGlobal
		}
	}
	if r.Src.IsValid() && rt.ns.addrs.of(r.Src) == nil {
		return nil, ErrInvalid
	}
	return x, nil
}

// resolveHops checks each next hop of a route as if it was the only one.
func resolveHops(ns *Namespace, x *route) error {
	hops := x.Hops
	x.Hops = nil
	for _, h := range hops {
		if h.Weight < 0 || h.Weight > 256 {
			return ErrInvalid
		}
		r := x.Route
		r.Via, r.Dev, r.OnLink = h.Via, h.Dev, h.OnLink
		leg, err := ns.routes.resolveRoute(r)
		if err != nil {
			return err
		}
		h.Weight = max(h.Weight, 1)
		leg.Hops = []NextHop{h}
		x.legs = append(x.legs, leg)
	}
	x.Via, x.Dev, x.OnLink = netip.Addr{}, "", false
	x.Scope = x.legs[0].Scope
	return nil
}

// resolveGateway finds the interface of the gateway: it must be on a directly
// connected network, according to the table of the route if that knows it, or
// else to the rules (fib_check_nh).
func (rt *routing) resolveGateway(x *route) error {
	if x.OnLink && x.dev != nil {
		return nil
	}
	if rt.ns.IsLocal(x.Via) {
		return ErrInvalid
	}
	if x.Via.Is6() && x.Via.IsLinkLocalUnicast() {
		if x.dev == nil {
			return ErrInvalid
		}
		return nil
	}
	f := flow{dst: x.Via, out: x.dev, direct: true}
	g := rt.tableOf(x).lookup(&f)
	if g == nil {
		g, _ = rt.find(&f)
	}
	if g == nil || !g.direct() {
		if x.Via.Is6() {
			return ErrHostUnreachable
		}
		return ErrNetUnreachable
	}
	x.dev = g.dev
	return nil
}

// GatewayOnLink reports whether AddRoute would take the gateway of a route: one
// that is not on a connected network is refused.
func (ns *Namespace) GatewayOnLink(r Route) bool {
	return ns.routes.resolveGateway(&route{Route: r, dev: ns.devs.byName[r.Dev]}) == nil
}

// DelRoute removes the first route of a table that agrees with every field of r
// that is set. It returns ErrNoProcess if there is none, as the kernel does.
func (ns *Namespace) DelRoute(r Route) error {
	t := ns.routes.fib.of(r.Dst.Addr()).table(r.Table.orMain())
	if t == nil {
		return ErrNoProcess
	}
	dst := r.Dst.Masked()
	for _, x := range t.routes {
		o := x
		if x.legs != nil && len(r.Hops) == 0 { // its first way is compared, as fib_nh_match does
			o = x.legs[0]
		}
		switch {
		case o.Dst != dst:
		case len(r.Hops) > 0 && !x.sameHops(r.Hops):
		case len(r.Hops) > 0:
			ns.routes.fib.removeFrom(t, func(y *route) bool { return y != x })
			return nil
		case r.Via.IsValid() && r.Via != o.Via:
		case r.Dev != "" && (o.dev == nil || o.dev.name != r.Dev):
		case r.Metric != 0 && r.Metric != o.Metric:
		case r.Proto != 0 && r.Proto != o.Proto:
		case r.Type != 0 && r.Type.orUnicast() != o.Type.orUnicast():
		default:
			ns.routes.fib.removeFrom(t, func(y *route) bool { return y != x })
			return nil
		}
	}
	return ErrNoProcess
}

// sameHops reports whether a route has these next hops.
func (r *route) sameHops(hops []NextHop) bool {
	return slices.EqualFunc(r.legs, hops, func(l *route, h NextHop) bool {
		return l.Via == h.Via && (h.Dev == "" || h.Dev == l.dev.name) && (h.Weight == 0 || h.Weight == l.weight())
	})
}
