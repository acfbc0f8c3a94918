package modes

import (
	"net/netip"

	"dnetsim/stack"
)

// ipvlan is the driver whose endpoints share the parent's link-layer address
// and are told apart by their IP addresses. In mode l3 they have no gateway:
// their default route is the device, and the parent's host routes for them.
var ipvlan = childKind{
	name:   "ipvlan",
	modes:  []string{"l2", "l3"},
	dummy:  "di-",
	absent: "-o parent interface was not found on the host",
	add: func(ns *stack.Namespace, name string, parent *stack.Interface, mode string) (*stack.Interface, error) {
		return ns.AddIPvlan(name, parent, mode)
	},
}

// routeByDevice adds the default routes of an endpoint in mode l3.
func (ep *endpoint) routeByDevice() error {
	all := []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0)}
	if ep.addr6.IsValid() {
		all = append(all, netip.PrefixFrom(netip.IPv6Unspecified(), 0))
	}
	for _, dst := range all {
		if err := ep.sb.ns.AddRoute(stack.Route{Dst: dst, Dev: ep.ifName, Scope: "link"}); err != nil {
			return errf(ErrSystem, "failed to add interface %s to sandbox: failed to set interface routes: %s", ep.ifName, lower(err))
		}
	}
	return nil
}
