package modes

import (
	"maps"
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/modes/container"
	"dnetsim/modes/ipam"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/network/overlay"
	"dnetsim/modes/serf"
	"dnetsim/stack"
	"dnetsim/userland"
)

// Holdings are what a daemon has given out and set up at one moment, for checks
// that compare its books with each other and with the kernel's tables. They are
// copies; taking them passes no time and asks nobody.
type Holdings struct {
	Running bool
	// Settled: no container is on its way up, down or out. Books need to agree
	// with each other only then.
	Settled    bool
	Containers []*Container
	Networks   []NetworkHolding
	Pools      []PoolHolding // of the daemon's own address space
	Ports      []PortHolding
	Overlays   map[string]*stack.Namespace // of overlay networks, by network id
}

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
	Container *Container
	Addresses map[string]netip.Addr // by the key of the pool that they are of
	MAC       link.MAC
	Inside    *stack.Interface // nil: not plugged in
	Outside   *stack.Interface // of the host
	Bound     []BoundPort
}

// BoundPort is a published port of an endpoint.
type BoundPort = driver.Binding

// Holdings are the daemon's at this moment.
func (d *Daemon) Holdings() Holdings {
	h := Holdings{
		Running: d.running, Settled: d.settled(), Containers: append([]*Container(nil), d.Containers.all...),
		Overlays: map[string]*stack.Namespace{},
	}
	for _, n := range d.networks {
		h.Networks = append(h.Networks, d.holding(n))
	}
	if d.ipam != nil {
		h.Pools = d.ipam.Holdings()
	}
	if p := d.bridges.Ports(); p != nil {
		h.Ports = p.Taken()
	}
	if o, ok := d.drivers["overlay"].(*overlay.Driver); ok {
		h.Overlays = o.Namespaces()
	}
	return h
}

func (d *Daemon) settled() bool {
	if d.starting != nil || d.Containers.reaping > 0 {
		return false
	}
	for _, c := range d.Containers.all {
		r := c.run
		if r.removing || (r.pid1 == nil) != (r.sandbox == nil) || c.State.Status == container.Restarting {
			return false
		}
	}
	return true
}

func (d *Daemon) holding(n *Network) NetworkHolding {
	h := NetworkHolding{Network: n, Reserved: map[string][]netip.Addr{}}
	h.Bridge, h.Stale = d.bridges.Bridge(n.ID)
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

// Space is the network namespace that a container uses: its own, another
// container's or the host's. It is nil while the container does not run.
func (c *Container) Space() *stack.Namespace {
	if c.run.sandbox == nil {
		return nil
	}
	return c.run.sandbox.ns
}

// Machine is what a container's programs run on, or nil if it never ran.
func (c *Container) Machine() *userland.Machine { return c.run.machine }

// Cluster is what a daemon knows of the cluster that it shares a store with.
type Cluster struct {
	Store     string     // cluster-store, "" for none
	Advertise string     // cluster-advertise as dockerd understood it, "ADDRESS:PORT"
	Self      netip.Addr // its address
	Gossip    bool       // the gossip agent runs: its address could be bound
	Name      string     // of the agent
	Members   []serf.Member
	Peers     []overlay.Peer
}

// Cluster is the host's part in a cluster, as it is now; the zero
// value without one.
func (h *Host) Cluster() Cluster {
	d := h.Daemon
	c := d.cluster
	if c == nil || !d.running {
		return Cluster{}
	}
	v := Cluster{Store: d.config.ClusterStore, Advertise: c.advertise, Self: c.self, Peers: c.driver.Peers()}
	if a := c.driver.Agent(); a != nil {
		v.Gossip, v.Name, v.Members = !a.Down(), a.Name(), a.Members()
	}
	return v
}

// Off reports whether the host has no power.
func (h *Host) Off() bool { return h.off }
