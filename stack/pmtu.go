package stack

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// PMTU is how a socket uses path MTU discovery: IP_MTU_DISCOVER of ip(7).
type PMTU uint8

const (
	// PMTUWant sets Don't Fragment on what fits the path's MTU as it is known,
	// and cuts what does not: how sockets start on Linux.
	PMTUWant PMTU = iota
	// PMTUDont never sets Don't Fragment.
	PMTUDont
	// PMTUDo always sets it; what does not fit the path's MTU is not sent.
	PMTUDo
	// PMTUProbe always sets it, too, and sends whatever the device can carry: what
	// was learned of the path does not count.
	PMTUProbe
)

// permits reports whether a packet of size bytes may be sent at all.
func (m PMTU) permits(size int, h hop) bool {
	switch m {
	case PMTUDo:
		return size <= h.mtu
	case PMTUProbe:
		return size <= h.dev.mtu
	}
	return size <= 65535
}

// forbidsCutting reports whether a packet carries Don't Fragment
// (ip_dont_fragment and __ip_make_skb).
func (m PMTU) forbidsCutting(size int, h hop) bool {
	return m == PMTUDo || m == PMTUProbe || m == PMTUWant && size <= h.mtu
}

// pmtuOf is what a socket's wish becomes under net.ipv4.ip_no_pmtu_disc.
func (rt *routing) pmtuOf(m PMTU) PMTU {
	if m == PMTUWant && rt.ns.sys.read().noPMTU {
		return PMTUDont
	}
	return m
}

// pathMTU is a learned limit for a destination.
type pathMTU struct {
	mtu     int
	expires time.Duration
}

// pathMTU is the largest packet that may go to dst by a route.
func (rt *routing) pathMTU(dst netip.Addr, dev *Interface, r *route) int {
	mtu := dev.mtu
	if r != nil && r.MTU > 0 {
		mtu = min(mtu, r.MTU)
	}
	if rt.pmtu != nil {
		if e, ok := rt.pmtu[dst]; ok {
			if rt.ns.loop.Now() < e.expires {
				mtu = min(mtu, e.mtu)
			} else {
				delete(rt.pmtu, dst)
			}
		}
	}
	return mtu
}

// RouteCache is what was learned of destinations of one family, as `ip route show
// cache` lists it, in order of the addresses.
func RouteCache(ns *Namespace, v6 bool) []Route {
	seen := map[netip.Addr]bool{}
	for a, e := range ns.routes.pmtu {
		seen[a] = ns.loop.Now() < e.expires
	}
	for a, e := range ns.routes.nextHops {
		seen[a] = seen[a] || ns.loop.Now() < e.until
	}
	var out []Route
	for a, live := range seen {
		if !live || a.Is6() != v6 {
			continue
		}
		if r, err := ns.RouteGet(a, netip.Addr{}); err == nil && r.Expires > 0 {
			r.Src = netip.Addr{}
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Route) int { return a.Dst.Addr().Compare(b.Dst.Addr()) })
	return out
}

// FlushRouteCache forgets it (net.ipv4.route.flush).
func FlushRouteCache(ns *Namespace, v6 bool) {
	maps.DeleteFunc(ns.routes.pmtu, func(a netip.Addr, _ pathMTU) bool { return a.Is6() == v6 })
	maps.DeleteFunc(ns.routes.nextHops, func(a netip.Addr, _ redirection) bool { return a.Is6() == v6 })
}

// learned fills in what is known of a destination for as long as it is believed.
func learned(ns *Namespace, r *Route, dst netip.Addr, h hop) {
	now := ns.loop.Now()
	if e, ok := ns.routes.pmtu[dst]; ok && now < e.expires && e.mtu == h.mtu {
		r.Expires = e.expires - now
	}
	if e, ok := ns.routes.nextHops[dst]; ok && now < e.until && e.via == h.via {
		r.Expires, r.Redirected = max(r.Expires, e.until-now), true
	}
}

// learnMTU stores what an ICMP error said about the path to dst.
func (rt *routing) learnMTU(dst netip.Addr, mtu int) {
	low := rt.ns.sys.number("net.ipv4.route.min_pmtu")
	if dst.Is6() {
		low = 1280
	}
	mtu = max(mtu, low)
	if rt.pmtu == nil {
		rt.pmtu = make(map[netip.Addr]pathMTU)
	}
	keep := time.Duration(rt.ns.sys.number("net.ipv4.route.mtu_expires")) * time.Second
	rt.pmtu[dst] = pathMTU{mtu, rt.ns.loop.Now() + keep}
}
