package stack

import (
	"net/netip"

	"dnetsim/link/trail"
)

// martian is why a packet's addresses are impossible here: the source checks of
// ip_route_input_slow and fib_validate_source.
func (rt *routing) martian(f *flow) trail.Reason {
	i, src, dst := f.in, f.src, f.dst
	if i.kind == KindLoopback {
		return trail.None
	}
	c := i.conf.read()
	switch {
	case src.IsMulticast() || src == broadcast4:
		return trail.MartianSource
	case src.IsLoopback() && !(c.localnet && src.Is4()):
		return trail.MartianSource
	case dst.IsLoopback() && !(c.localnet && dst.Is4()):
		return trail.MartianDestination
	case src.IsUnspecified():
		return trail.None
	case rt.ns.addrs.of(src) != nil && !c.localSrc:
		return trail.MartianSource // our own address from outside
	case c.rpFilter == 0 || src.Is6():
		return trail.None
	}
	back, ok := rt.reverse(f)
	if !ok {
		return trail.None
	}
	r, err := rt.find(&back)
	var dev *Interface
	if r != nil {
		dev = r.dev
	} else if a := rt.ns.addrs.of(src); err == nil && a != nil { // accept_local
		dev = a.dev
	}
	if dev == nil || c.rpFilter == 1 && dev != i {
		return trail.RPFilter
	}
	return trail.None
}

// reverse is the flow of an answer, whose way fib_validate_source compares with
// the interface that the packet came in by: the addresses swapped, as if it
// came in where the packet leaves, or were made here. The mark counts if
// src_valid_mark is set. ok is false if the packet has no way out: it is not
// looked at then, but refused for that.
func (rt *routing) reverse(f *flow) (back flow, ok bool) {
	back = flow{dst: f.src, src: f.dst, tos: f.tos}
	if !rt.fib.of(f.src).policy {
		return back, true
	}
	if f.mark != 0 && f.in.conf.flag(false, "src_valid_mark") {
		back.mark = f.mark
	}
	if f.dst.IsMulticast() || f.in.ipAddrs.isBroadcast(f.dst) {
		back.src = netip.Addr{}
		return back, true
	}
	h, err := rt.routeOut(*f)
	if h.kind == RouteUnicast {
		back.in = h.dev
	}
	return back, err == nil
}
