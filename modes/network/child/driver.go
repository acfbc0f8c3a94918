// Package child is the two drivers whose endpoints are devices stacked on one
// interface of the host, its parent: macvlan and ipvlan. It owns the parents that
// it makes; what the modes mean is the kernel's business (package stack). Start
// reading at [Driver]; macvlan.go and ipvlan.go say how the two differ.
package child

import (
	"slices"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// kind is what differs between the two drivers.
type kind struct {
	name   string   // the driver's and the device's
	modes  []string // the first one is the default
	dummy  string   // what the name of a dummy parent begins with
	absent string   // refuses the parent of a sub-interface that is not there
	ownMAC bool     // children have link-layer addresses of their own
	add    func(ns *stack.Namespace, name string, parent *stack.Interface, mode string) (*stack.Interface, error)
}

func (k *kind) dummyName(n *driver.Network) string { return k.dummy + n.ShortID() }

// Driver is the macvlan or the ipvlan driver of one host. Neither knows of the
// other's networks.
type Driver struct {
	host     *driver.Host
	kind     *kind
	networks []*network          // in the order of their making
	earlier  map[string]*network // of the dockerd before, by id
}

var _ driver.Driver = (*Driver)(nil)

// NewMacvlan is the macvlan driver of a host.
func NewMacvlan(h *driver.Host) *Driver { return &Driver{host: h, kind: &macvlan} }

// NewIPvlan is the ipvlan driver of a host.
func NewIPvlan(h *driver.Host) *Driver { return &Driver{host: h, kind: &ipvlan} }

// Start begins a run of dockerd: its networks come back by ReviveNetwork.
func (d *Driver) Start() {
	d.earlier = map[string]*network{}
	for _, n := range d.networks {
		d.earlier[n.ID] = n
	}
	d.networks = nil
}

// Capability says that the networks are of one host; with the IPAM driver "null"
// they have no pools, which the driver then refuses.
func (d *Driver) Capability() driver.Capability { return driver.Capability{Pools: driver.MayHavePools} }

func (d *Driver) network(id string) *network {
	for _, n := range d.networks {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// CreateNetwork makes the parent if it is missing.
func (d *Driver) CreateNetwork(n *driver.Network) error {
	ch, err := d.parse(n)
	if err != nil {
		return err
	}
	if err := ch.create(); err != nil {
		return err
	}
	d.networks = append(d.networks, ch)
	return nil
}

// ReviveNetwork makes a network anew; without its parent it stays, lost.
func (d *Driver) ReviveNetwork(n *driver.Network) error {
	ch, err := d.parse(n)
	if err != nil {
		return err
	}
	old := d.earlier[n.ID]
	ch.made = old != nil && old.made
	ch.revive()
	d.networks = append(d.networks, ch)
	return nil
}

// DeleteNetwork takes away the parent if the driver made it.
func (d *Driver) DeleteNetwork(id string) error {
	if ch := d.network(id); ch != nil {
		ch.remove()
		d.networks = slices.DeleteFunc(d.networks, func(x *network) bool { return x == ch })
	}
	return nil
}

// CreateEndpoint gives a new endpoint its link-layer address and its gateway.
// Published ports are noted and do nothing: the container is on the segment
// itself.
func (d *Driver) CreateEndpoint(ep *driver.Endpoint) error {
	ch, k := d.network(ep.Network), d.kind
	if ch == nil || ch.lost {
		return errdefs.System("network id %q not found", ep.Network)
	}
	if !k.ownMAC && ep.MAC != (link.MAC{}) {
		return errdefs.System("%s interfaces do not support custom mac address assignment", k.name)
	}
	if k.ownMAC && ep.MAC == (link.MAC{}) {
		ep.MAC = d.host.EndpointMAC(ep)
	}
	if len(ep.PortBindings) > 0 {
		d.host.Log("warning", k.name+" driver does not support port mappings")
	}
	if len(ep.ExposedPorts) > 0 {
		d.host.Log("warning", k.name+" driver does not support port exposures")
	}
	if ep.NoGatewayService = ch.routes(); ch.Internal || ch.routes() {
		return nil
	}
	ep.Gateway = driver.GatewayOf(ch.V4, ep.Addr.Addr())
	if ep.Addr6.IsValid() {
		ep.Gateway6 = driver.GatewayOf(ch.V6, ep.Addr6.Addr())
	}
	return nil
}

// Join makes the endpoint's device, on the host and without its final name.
func (d *Driver) Join(ep *driver.Endpoint) error {
	ch, ns := d.network(ep.Network), d.host.NS()
	if ch == nil {
		return errdefs.System("network id %q not found", ep.Network)
	}
	parent := ns.Interface(ch.parent)
	if parent == nil {
		return errdefs.System("the requested parent interface %s was not found on the Docker host", ch.parent)
	}
	i, err := d.kind.add(ns, d.host.VethName(ep.Label), parent, ch.mode)
	if err != nil {
		return errdefs.System("failed to create the %s port: %s", d.kind.name, errdefs.Lower(err))
	}
	i.SetTxQueueLen(0)
	ep.Inside = i
	if ch.routes() && !ch.Internal {
		ep.Routes = deviceRoutes(ep)
	}
	return nil
}

// Nothing is left to do when an endpoint goes: its device goes with it. Ports
// cannot be published.
func (d *Driver) DeleteEndpoint(*driver.Endpoint)                       {}
func (d *Driver) Leave(*driver.Endpoint)                                {}
func (d *Driver) ProgramExternal(*driver.Endpoint, []nat.Request) error { return nil }
func (d *Driver) RevokeExternal(*driver.Endpoint)                       {}
