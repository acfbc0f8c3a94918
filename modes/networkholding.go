package modes

import (
	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/modes/ipam"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
	"maps"
	"net/netip"
	"slices"
)

// PoolHolding is one address pool.
type PoolHolding = ipam.Holding

// PortHolding is one port of the host that is taken for a container.
type PortHolding = nat.Taken

// NetworkHolding is one network.
type NetworkHolding struct {
	*Network
	Bridge    string // the Linux bridge's name, "" for other drivers
	Stale     bool   // another network took its bridge over
	Reserved  map[string][]netip.Addr
	Gateways  []netip.Prefix
	Endpoints []EndpointHolding
}

// EndpointHolding is a container in a network.
type EndpointHolding struct {
	Container *container.Container
	Addresses map[string]netip.Addr // by the key of the pool that they are of
	MAC       link.MAC
	Inside    *stack.Interface // nil: not plugged in
	Outside   *stack.Interface // of the host
	Bound     []BoundPort
}

// BoundPort is a published port of an endpoint.
type BoundPort = driver.Binding

func (ctl *controller) holding(n *Network) NetworkHolding {
	h := NetworkHolding{Network: n, Reserved: map[string][]netip.Addr{}}
	h.Bridge, h.Stale = ctl.bridges.Bridge(n.ID)
	for _, u := range append(append([]poolUse(nil), n.core.v4...), n.core.v6...) {
		h.Gateways = append(h.Gateways, u.gateway)
		h.Reserved[u.key] = append(h.Reserved[u.key], u.gateway.Addr())
		for _, name := range slices.Sorted(maps.Keys(u.aux)) {
			h.Reserved[u.key] = append(h.Reserved[u.key], u.aux[name])
		}
	}
	for _, ep := range n.core.endpoints {
		e := EndpointHolding{Container: ep.c, Addresses: map[string]netip.Addr{}, MAC: ep.MAC, Inside: ep.Inside, Outside: ep.Outside}
		if ep.Addr.IsValid() {
			e.Addresses[ep.pool] = ep.Addr.Addr()
		}
		if ep.Addr6.IsValid() {
			e.Addresses[ep.pool6] = ep.Addr6.Addr()
		}
		e.Bound = append(e.Bound, ep.Bound...)
		h.Endpoints = append(h.Endpoints, e)
	}
	return h
}
