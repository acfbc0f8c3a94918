package stack

import (
	"net/netip"

	"dnetsim/link/trail"
)

// RouteQuery is a question of `ip route get`: which way would such a packet go?
type RouteQuery struct {
	Dst  netip.Addr
	From netip.Addr // its source; invalid: not chosen yet
	In   string     // the interface that it came in by; empty: it is made here
	Out  string     // the interface that its socket is bound to; empty: none
	Mark uint32
	TOS  uint8
}

// RouteGet answers for a packet that is made here. from may be invalid.
func (ns *Namespace) RouteGet(dst, from netip.Addr) (Route, error) {
	return ns.RouteFor(RouteQuery{Dst: dst, From: from})
}

// RouteFor answers `ip route get`: the way that a packet would take. The
// answer's Dst is the address itself; its Table is the one that had the route.
// What is local is said to come from main as long as nobody touched the rules:
// until then the kernel keeps the two tables in one (fib_unmerge).
//
// It returns what the sender or the forwarding host would be told, ErrNoDevice
// for an unknown interface, ErrNetUnreachable for a From that is not this
// namespace's without an In, ErrCrossDevice for a packet that rp_filter drops,
// ErrInvalid for other impossible sources.
func (ns *Namespace) RouteFor(q RouteQuery) (Route, error) {
	f := flow{dst: q.Dst.Unmap(), src: q.From.Unmap(), mark: q.Mark, tos: q.TOS &^ 3}
	if q.Out != "" {
		if f.out = ns.devs.byName[q.Out]; f.out == nil {
			return Route{}, ErrNoDevice
		}
	}
	h, err := ns.routes.answer(&f, q.In)
	if err != nil {
		return Route{}, err
	}
	r := Route{Dst: netip.PrefixFrom(f.dst, f.dst.BitLen()), Type: h.kind, Table: TableMain, Src: h.src}
	if h.dev != nil {
		r.Dev = h.dev.name
	}
	switch {
	case h.r != nil:
		r.Table = h.r.Table
	case (h.kind == RouteLocal || h.kind == RouteBroadcast) && ns.routes.fib.of(f.dst).rules != nil:
		r.Table = TableLocal
	}
	if h.via != f.dst && h.via.IsValid() {
		r.Via = h.via
	}
	if q.From.IsValid() {
		r.Src = q.From
	}
	if h.dev != nil && h.mtu < h.dev.mtu {
		r.MTU = h.mtu
	}
	learned(ns, &r, f.dst, h)
	return r, nil
}

// answer looks the way up: ip_route_output_key, or ip_route_input for a packet
// that comes in.
func (rt *routing) answer(f *flow, in string) (hop, error) {
	if in == "" {
		if f.src.IsValid() && !f.src.IsUnspecified() && !rt.ns.IsLocal(f.src) {
			return hop{}, ErrNetUnreachable
		}
		return rt.routeOut(*f)
	}
	if f.in = rt.ns.devs.byName[in]; f.in == nil {
		return hop{}, ErrNoDevice
	}
	if !f.src.IsValid() || f.src.IsUnspecified() {
		return hop{}, ErrInvalid
	}
	h, err := rt.routeOut(*f)
	switch {
	case err == nil && h.kind == RouteUnicast && !rt.ns.sys.forwarding(f.in, f.dst.Is6()):
		err = ErrHostUnreachable
	case err == nil:
		switch rt.martian(f) {
		case trail.None:
		case trail.RPFilter:
			err = ErrCrossDevice
		default:
			err = ErrInvalid
		}
	}
	return h, err
}
