package child

import (
	"net/netip"

	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// ipvlan is the driver whose endpoints share the parent's link-layer address
// and are told apart by their IP addresses. In mode l3 they have no gateway:
// their default route is the device, and the parent's host routes for them.
var ipvlan = kind{
	name:   "ipvlan",
	modes:  []string{"l2", "l3"},
	dummy:  "di-",
	absent: "-o parent interface was not found on the host",
	add: func(ns *stack.Namespace, name string, parent *stack.Interface, mode string) (*stack.Interface, error) {
		return ns.AddIPvlan(name, parent, mode)
	},
}

// routes reports whether the network needs no gateway because the parent's host
// routes what its endpoints send.
func (ch *network) routes() bool { return ch.d.kind == &ipvlan && ch.mode == "l3" }

// deviceRoutes are the default routes of an endpoint in mode l3.
func deviceRoutes(ep *driver.Endpoint) []stack.Route {
	out := []stack.Route{{Dst: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Scope: stack.ScopeLink}}
	if ep.Addr6.IsValid() {
		out = append(out, stack.Route{Dst: netip.PrefixFrom(netip.IPv6Unspecified(), 0), Scope: stack.ScopeLink})
	}
	return out
}
