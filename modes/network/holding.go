package network

import (
	"maps"
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/modes/ipam"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// PoolHolding is one address pool.
type PoolHolding = ipam.Holding

// PortHolding is one port of the host that is taken for a container.
type PortHolding = nat.Taken

// Holding is one network.
type Holding struct {
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

// Holding is what a network has at this moment.
func (ctl *Controller) Holding(n *Network) Holding {
	h := Holding{Network: n, Reserved: map[string][]netip.Addr{}}
	h.Bridge, h.Stale = ctl.Bridges.Bridge(n.ID)
	for _, u := range append(append([]poolUse(nil), n.Core.V4...), n.Core.v6...) {
		if u.gateway.IsValid() {
			h.Gateways = append(h.Gateways, u.gateway)
			h.Reserved[u.Key] = append(h.Reserved[u.Key], u.gateway.Addr())
		}
		for _, name := range slices.Sorted(maps.Keys(u.aux)) {
			h.Reserved[u.Key] = append(h.Reserved[u.Key], u.aux[name])
		}
	}
	for _, ep := range n.Core.Endpoints {
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
