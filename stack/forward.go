package stack

import (
	"dnetsim/link/trail"
	"dnetsim/stack/netfilter"
)

// forward is ip_forward: send a packet of somebody else on its way.
func (rx *ipInput) forward(p *packet) {
	dst := p.dst()
	if dst.IsLinkLocalUnicast() && dst.Is6() || p.src().IsLinkLocalUnicast() && p.nf.V6 {
		rx.ns.ends.discard(p.in, trail.LinkLocalNotForwarded, p)
		return
	}
	h, err := rx.ns.routes.routeOut(p.flow())
	if err != nil {
		rx.unroutable(p, h.kind)
		return
	}
	if p.ttl() <= 1 {
		rx.ns.icmp.sendTimeExceeded(p)
		rx.ns.ends.discard(p.in, trail.TTLExceeded, p)
		return
	}
	if !p.fits(h.mtu) && p.dontFragment() {
		rx.ns.icmp.sendFragNeeded(p, h.mtu)
		rx.ns.ends.discard(h.dev, trail.TooBig, p)
		return
	}
	p.decrementTTL()
	if h.dev == p.in && !p.nf.V6 && !p.rewritten {
		rx.ns.icmp.sendRedirect(p, h)
	}
	if !rx.ns.filter.hook(netfilter.Forward, p, p.in, h.dev) {
		return
	}
	rx.ns.tx.postroute(p, h)
}

// fits reports whether the packet, or each segment that it stands for, is small
// enough.
func (p *packet) fits(mtu int) bool {
	if len(p.nf.Data) <= mtu {
		return true
	}
	b := p.payload()
	return p.f.GSO > 0 && len(b) > 12 && p.f.GSO+p.headerLen()+int(b[12]>>4)*4 <= mtu
}

// unroutable answers a packet that no route takes.
func (rx *ipInput) unroutable(p *packet, kind RouteType) {
	switch kind {
	case RouteBlackhole:
		rx.ns.ends.discard(p.in, trail.BlackholeRoute, p)
		return
	case RouteProhibit:
		rx.ns.icmp.sendUnreachable(p, unreachableAdmin)
	case RouteUnreachable:
		rx.ns.icmp.sendUnreachable(p, unreachableHost)
	default:
		rx.ns.icmp.sendUnreachable(p, unreachableNet)
	}
	rx.ns.ends.discard(p.in, trail.NoRoute, p)
}
