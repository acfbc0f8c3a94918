package stack

import (
	"cmp"
	"net/netip"
	"slices"
)

// Routes returns the routes of a table in the order in which `ip route` shows
// them: IPv4 before IPv6, by destination. "all" or "" is every table but
// "local" for "", which is the main table.
func (ns *Namespace) Routes(table string) []Route {
	table = tableName(table)
	var out []Route
	for _, r := range ns.fib.routes {
		if table != "all" && r.Table != table {
			continue
		}
		if r.dev != nil && !r.dev.up {
			continue // the kernel drops them when the interface goes down
		}
		out = append(out, r.shown())
	}
	if table == "local" || table == "all" {
		out = append(out, ns.localTable()...)
	}
	slices.SortStableFunc(out, compareShown)
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
	if r.dev != nil {
		s.Dev = r.dev.name
		s.LinkDown = r.dev.up && !r.dev.Carrier()
	}
	return s
}

// localTable derives the local table from the addresses.
func (ns *Namespace) localTable() []Route {
	var out []Route
	for _, i := range ns.ifaces {
		for _, a := range i.addrs {
			out = append(out, a.localRoutes()...)
		}
	}
	return out
}

func (a *ifAddr) localRoutes() []Route {
	ip := a.Prefix.Addr()
	down := a.dev.up && !a.dev.Carrier()
	host := func(dst netip.Prefix, typ, scope string, ld bool) Route {
		r := Route{Dst: dst, Dev: a.dev.name, Proto: "kernel", Scope: scope, Type: typ, Table: "local", LinkDown: ld}
		if ip.Is4() {
			r.Src = ip
		}
		return r
	}
	self := host(netip.PrefixFrom(ip, ip.BitLen()), "local", "host", false)
	if ip.Is6() {
		self.Scope = "global"
		return []Route{self}
	}
	out := []Route{self}
	if ip.IsLoopback() && a.Prefix.Bits() < 32 {
		out = append(out, host(a.Prefix.Masked(), "local", "host", false))
	}
	if b := a.broadcast(); b.IsValid() && a.dev.up {
		out = append(out, host(netip.PrefixFrom(b, 32), "broadcast", "link", down))
	}
	return out
}

// AddRoute adds a route. It returns ErrExist if there is one to the same
// destination with the same metric, ErrNetUnreachable if the gateway is not
// reachable directly, ErrNoDevice, or ErrNetDown.
func (ns *Namespace) AddRoute(r Route) error {
	x, err := ns.resolveRoute(r)
	if err != nil {
		return err
	}
	for _, o := range ns.fib.routes {
		if o.Table == x.Table && o.Dst == x.Dst && o.Metric == x.Metric && (x.Dst.Addr().Is4() || o.dev == x.dev) {
			return ErrExist
		}
	}
	ns.fib.insert(x)
	return nil
}

// ReplaceRoute adds a route in the place of the one to the same destination
// with the same metric, if there is one.
func (ns *Namespace) ReplaceRoute(r Route) error {
	x, err := ns.resolveRoute(r)
	if err != nil {
		return err
	}
	ns.fib.remove(func(o *route) bool {
		return o.Table != x.Table || o.Dst != x.Dst || o.Metric != x.Metric
	})
	ns.fib.insert(x)
	return nil
}

// resolveRoute checks a route and fills in what is derived.
func (ns *Namespace) resolveRoute(r Route) (*route, error) {
	r.Table = tableName(r.Table)
	r.Dst = r.Dst.Masked()
	if r.Type == "unicast" {
		r.Type = ""
	}
	if r.Proto == "" {
		r.Proto = "boot"
	}
	if r.Dst.Addr().Is6() && r.Metric == 0 {
		r.Metric = 1024
	}
	x := &route{Route: r}
	if r.Dev != "" {
		if x.dev = ns.Interface(r.Dev); x.dev == nil {
			return nil, ErrNoDevice
		}
		if !x.dev.up {
			return nil, ErrNetDown
		}
	}
	if r.Type != "" {
		return x, nil
	}
	if r.Via.IsValid() {
		if err := ns.resolveGateway(x); err != nil {
			return nil, err
		}
	}
	if x.dev == nil {
		return nil, ErrNoDevice
	}
	if x.Scope == "" {
		x.Scope = "link"
		if r.Via.IsValid() || r.Dst.Addr().Is6() {
			x.Scope = "global"
		}
	}
	if r.Src.IsValid() && ns.localAddr(r.Src) == nil {
		return nil, ErrInvalid
	}
	return x, nil
}

// resolveGateway finds the interface of the gateway: it must be on a directly
// connected network.
func (ns *Namespace) resolveGateway(x *route) error {
	if x.OnLink && x.dev != nil {
		return nil
	}
	if ns.localAddr(x.Via) != nil {
		return ErrInvalid
	}
	if x.Via.Is6() && x.Via.IsLinkLocalUnicast() {
		if x.dev == nil {
			return ErrInvalid
		}
		return nil
	}
	g := ns.fib.lookup(x.Via, x.dev)
	if g == nil || g.Via.IsValid() || routeType(g.Type) != "unicast" {
		if x.Via.Is6() {
			return ErrHostUnreachable
		}
		return ErrNetUnreachable
	}
	x.dev = g.dev
	return nil
}

// DelRoute removes the first route that agrees with every field of r that is
// set. It returns ErrNoProcess if there is none, as the kernel does.
func (ns *Namespace) DelRoute(r Route) error {
	table := tableName(r.Table)
	dst := r.Dst.Masked()
	for _, o := range ns.fib.routes {
		switch {
		case o.Table != table || o.Dst != dst:
		case r.Via.IsValid() && r.Via != o.Via:
		case r.Dev != "" && (o.dev == nil || o.dev.name != r.Dev):
		case r.Metric != 0 && r.Metric != o.Metric:
		case r.Proto != "" && r.Proto != o.Proto:
		case r.Type != "" && routeType(r.Type) != routeType(o.Type):
		default:
			ns.fib.remove(func(x *route) bool { return x != o })
			return nil
		}
	}
	return ErrNoProcess
}

// RouteGet answers `ip route get`: the way that a packet to dst would take. The
// answer's Dst is the address itself. from may be invalid.
func (ns *Namespace) RouteGet(dst, from netip.Addr) (Route, error) {
	h, err := ns.routeOut(dst, from, nil)
	if err != nil {
		return Route{}, err
	}
	dst = dst.Unmap()
	r := Route{Dst: netip.PrefixFrom(dst, dst.BitLen()), Type: h.kind, Table: "main", Src: h.src}
	if h.dev != nil {
		r.Dev = h.dev.name
	}
	if h.kind == "local" {
		r.Table = "local"
	}
	if h.via != dst && h.via.IsValid() {
		r.Via = h.via
	}
	if from.IsValid() {
		r.Src = from
	}
	if h.dev != nil && h.mtu < h.dev.mtu {
		r.MTU = h.mtu
	}
	return r, nil
}
