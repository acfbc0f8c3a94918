package stack

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// redirectLife is how long a destination keeps the next hop that a redirect
// gave it (RT_GC_TIMEOUT).
const redirectLife = 300 * time.Second

// redirection is the next hop of one destination, as a router told us.
type redirection struct {
	via   netip.Addr
	dev   *Interface
	until time.Duration
}

// sendRedirect tells a neighbour of a shorter way (RFC 1122), at most once a
// second. On a medium that several subnets share, which is the default, the
// next hop may be in a subnet that the neighbour is not in.
func (ic *icmpLayer) sendRedirect(p *packet, h hop) {
	if !p.in.conf.flag(false, "send_redirects") {
		return
	}
	src := p.src()
	back, _ := ic.ns.routes.find(&flow{dst: src, src: p.dst(), in: h.dev})
	if back == nil || back.Via.IsValid() || back.dev != p.in { // not a neighbour
		return
	}
	if !p.in.conf.flag(false, "shared_media") && !p.in.ipAddrs.bothOnLink(src, h.via) {
		return
	}
	if !ic.limits(src, icmpRedirect) {
		return
	}
	g := h.via.As4()
	ic.sendError(p, icmpRedirect, 1, binary.BigEndian.Uint32(g[:]))
}

// bothOnLink is inet_addr_onlink: one subnet of the interface has both.
func (ia *ifAddrs) bothOnLink(a, b netip.Addr) bool {
	for _, x := range ia.list {
		if x.Prefix.Contains(a) && x.Prefix.Contains(b) {
			return true
		}
	}
	return false
}

// redirectIn is __ip_do_redirect: believe the router that the destination goes
// through if it names another next hop. As in the kernel the first redirect
// only makes the new next hop's address known; one that comes when it is known
// takes effect.
func (ic *icmpLayer) redirectIn(p *packet, m []byte) {
	if len(m) < 28 || m[8]>>4 != 4 || m[1] > 3 {
		return
	}
	dst := netip.AddrFrom4([4]byte(m[24:28]))
	via := netip.AddrFrom4([4]byte(m[4:8]))
	h, err := ic.ns.routes.routeOut(flow{dst: dst, src: netip.AddrFrom4([4]byte(m[20:24]))})
	if err != nil || h.kind != RouteUnicast || h.via != p.src() || via == p.src() || !p.in.conf.believesRedirects() {
		return
	}
	if via.IsMulticast() || via.IsUnspecified() || via == broadcast4 {
		return
	}
	if p.in.conf.flag(false, "shared_media") {
		if ic.ns.IsLocal(via) {
			return
		}
	} else if !p.in.ipAddrs.bothOnLink(via, p.src()) {
		return
	}
	n := ic.ns.neigh.findOrMake(h.dev, via)
	if !n.valid {
		n.resolve()
		return
	}
	if ic.ns.routes.nextHops == nil {
		ic.ns.routes.nextHops = make(map[netip.Addr]redirection)
	}
	ic.ns.routes.nextHops[dst] = redirection{via, h.dev, ic.ns.loop.Now() + redirectLife}
}

// resolve asks for the address of a neighbour that no packet waits for.
func (n *neighbour) resolve() {
	if n.state == NeighNone || n.state == NeighFailed {
		n.set(NeighIncomplete)
		n.probes = 0
		n.probe()
	}
}

// believesRedirects is IN_DEV_RX_REDIRECTS: a router believes them only if both
// settings say so.
func (sc *ifSysctls) believesRedirects() bool {
	all := sc.i.ns.sys.number(confKey(false, "all", "accept_redirects")) != 0
	own := sc.i.ns.sys.number(confKey(false, sc.i.name, "accept_redirects")) != 0
	if sc.i.ns.sys.forwarding(sc.i, false) {
		return all && own
	}
	return all || own
}

// redirect replaces the next hop of a destination that a redirect named, unless
// the route changed to another interface since.
func (rt *routing) redirect(dst netip.Addr, h *hop) {
	if r, ok := rt.nextHops[dst]; ok {
		if rt.ns.loop.Now() >= r.until || r.dev.ns != rt.ns {
			delete(rt.nextHops, dst)
		} else if r.dev == h.dev {
			h.via = r.via
		}
	}
}
