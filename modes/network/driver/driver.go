// Package driver is the face of a network driver, in the words of libnetwork's
// driverapi: what the engine asks of a kind of network, and what a driver sees
// of the engine, of its networks and of their endpoints. It owns no network: the
// drivers are the packages beside it, one for each mode.
package driver

import (
	"net/netip"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/stack"
)

// Driver is one kind of network. Its calls may let virtual time pass; one that
// its dockerd has gone under ends with [ErrGone].
type Driver interface {
	Capability() Capability
	// CreateNetwork sets a new network up. On error nothing is left.
	CreateNetwork(*Network) error
	// ReviveNetwork sets a network of an earlier dockerd up again. What cannot be
	// revived at all is an error; the network is forgotten then.
	ReviveNetwork(*Network) error
	// DeleteNetwork gives everything back that CreateNetwork took.
	DeleteNetwork(id string) error
	// CreateEndpoint gives an endpoint that has its addresses what the driver
	// adds: a MAC, a gateway, perhaps an interface. The caller deletes it on
	// error.
	CreateEndpoint(*Endpoint) error
	DeleteEndpoint(*Endpoint)
	// Join makes ready what is plugged into the container's namespace, and Leave
	// ends that. Leave of an endpoint that has not joined does nothing.
	Join(*Endpoint) error
	Leave(*Endpoint)
	// ProgramExternal publishes ports through an endpoint that has become the
	// container's way out, all of them or none; RevokeExternal ends that.
	ProgramExternal(*Endpoint, []nat.Request) error
	RevokeExternal(*Endpoint)
}

// ErrGone is what a call ends with when its dockerd has gone meanwhile.
var ErrGone error = errdefs.System("context canceled")

// Capability is what the engine has to know of a kind of network.
type Capability struct {
	// Global networks are of all hosts of a cluster: they, their endpoints and
	// their addresses are in its store.
	Global bool
	// Pools says who has address pools.
	Pools Pools
	// Stack says whose network stack a container of the network uses: a choice of
	// stack excludes every other network.
	Stack Stack
}

// Pools says whether a network has address pools.
type Pools int

// Who has pools.
const (
	NoPools      Pools = iota
	MayHavePools       // unless the IPAM driver is "null"
	HasPools
)

// Stack is whose network stack a container uses.
type Stack int

// The stacks.
const (
	OwnStack Stack = iota // with the network's endpoints plugged in
	HostStack
	LoopbackOnly // its own, with nothing plugged in
)

// Network is a network as its driver sees it.
type Network struct {
	ID, Name   string
	Internal   bool
	EnableIPv6 bool
	Options    map[string]string
	V4, V6     []Pool
}

// ShortID is the first 12 digits of the id.
func (n *Network) ShortID() string { return n.ID[:12] }

// Pool is a subnet of a network.
type Pool struct {
	Prefix  netip.Prefix
	Gateway netip.Prefix
	Aux     map[string]netip.Addr // auxiliary addresses by name
}

// Endpoint is a container's place in a network as the driver sees it.
type Endpoint struct {
	ID      string
	Network string // id
	// Label names the endpoint's random streams: "container/network".
	Label        string
	Addr, Addr6  netip.Prefix // invalid: none
	LinkLocal    []netip.Prefix
	ExposedPorts map[nat.Port]bool
	PortBindings map[nat.Port][]nat.PortBinding

	// Children are the ids of the endpoints that this one is linked to (--link),
	// Parents of those that are linked to it.
	Children, Parents []string

	// Into is the container's namespace if its interface is to be born there.
	Into *stack.Namespace

	// What the driver gives.
	MAC      link.MAC // may have been asked for
	Gateway  netip.Addr
	Gateway6 netip.Addr
	Inside   *stack.Interface // what goes into the container's namespace, nil if nothing does
	Outside  *stack.Interface // its other end on the host, nil if it has none
	Routes   []stack.Route    // of the container; without Via they are by the endpoint's device
	// NoGatewayService says that the endpoint needs no way out of another
	// network's, although it has no gateway.
	NoGatewayService bool

	// WayOut says of which families, IPv4 and IPv6, it is the container's way out;
	// set where ways out are chosen for each.
	WayOut     [2]bool
	External   bool      // ports are published through it
	Programmed bool      // they were, in this endpoint's life
	Bound      []Binding // the published ports

	// Orphan: its container has ended, and the cluster store could not be told.
	Orphan bool
}

// Binding is one published port while it is bound.
type Binding struct {
	Port     nat.Port // of the container
	HostIP   netip.Addr
	HostPort int
}

// Unplug deletes the veth pair, of which either end takes the other with it, or
// the device on a parent.
func (ep *Endpoint) Unplug() {
	switch {
	case ep.Outside != nil:
		ep.Outside.Delete()
	case ep.Inside != nil:
		ep.Inside.Delete()
	}
	ep.Inside, ep.Outside = nil, nil
}

// MACOf is the MAC that Docker derives from an address: 02:42 and its bytes.
func MACOf(a netip.Addr) link.MAC {
	b := a.As4()
	return link.MAC{0x02, 0x42, b[0], b[1], b[2], b[3]}
}

// GatewayOf is the gateway of the pool that an address is from.
func GatewayOf(pools []Pool, a netip.Addr) netip.Addr {
	for _, p := range pools {
		if p.Prefix.Contains(a) {
			return p.Gateway.Addr()
		}
	}
	return netip.Addr{}
}
