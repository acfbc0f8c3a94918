package stack

import (
	"dnetsim/stack/netfilter"

	"dnetsim/link/trail"
)

// forward is ip_forward: send a packet of somebody else on its way.
func (ns *Namespace) forward(p *packet) {
	dst := p.dst()
	if dst.IsLinkLocalUnicast() && dst.Is6() || p.src().IsLinkLocalUnicast() && p.nf.V6 {
		ns.discard(p.in, trail.LinkLocalNotForwarded, p)
		return
	}
	h, err := ns.routeOut(p.flow())
	if err != nil {
		ns.unroutable(p, h.kind)
		return
	}
	if p.ttl() <= 1 {
		ns.sendTimeExceeded(p)
		ns.discard(p.in, trail.TTLExceeded, p)
		return
	}
	if !p.fits(h.mtu) && p.dontFragment() {
		ns.sendFragNeeded(p, h.mtu)
		ns.discard(h.dev, trail.TooBig, p)
		return
	}
	p.decrementTTL()
	if h.dev == p.in && !p.nf.V6 && !p.rewritten {
		ns.sendRedirect(p, h)
	}
	if !ns.hook(netfilter.Forward, p, p.in, h.dev) {
		return
	}
	ns.postroute(p, h)
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
func (ns *Namespace) unroutable(p *packet, kind RouteType) {
	switch kind {
	case RouteBlackhole:
		ns.discard(p.in, trail.BlackholeRoute, p)
		return
	case RouteProhibit:
		ns.sendUnreachable(p, unreachableAdmin)
	case RouteUnreachable:
		ns.sendUnreachable(p, unreachableHost)
	default:
		ns.sendUnreachable(p, unreachableNet)
	}
	ns.discard(p.in, trail.NoRoute, p)
}
