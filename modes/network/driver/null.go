package driver

import (
	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
)

// Null is the driver of a network that plugs nothing in, of which there is one:
// "none", with which a container has a stack of its own and loopback, and "host",
// with which it uses the host's.
type Null struct {
	name  string
	stack Stack
	made  string // the id of the network
}

var _ Driver = (*Null)(nil)

// NewNull is the driver of this name.
func NewNull(name string, s Stack) *Null { return &Null{name: name, stack: s} }

// Capability says whose stack it is.
func (d *Null) Capability() Capability { return Capability{Stack: d.stack} }

// CreateNetwork makes the one network.
func (d *Null) CreateNetwork(n *Network) error {
	if d.made != "" {
		return errdefs.Forbidden("only one instance of %q network is allowed", d.name)
	}
	d.made = n.ID
	return nil
}

// ReviveNetwork takes the network of an earlier run.
func (d *Null) ReviveNetwork(n *Network) error {
	d.made = n.ID
	return nil
}

// DeleteNetwork forgets it.
func (d *Null) DeleteNetwork(string) error {
	d.made = ""
	return nil
}

// CreateEndpoint takes a MAC away that was asked for: there is no interface.
func (d *Null) CreateEndpoint(ep *Endpoint) error {
	ep.MAC, ep.NoGatewayService = link.MAC{}, true
	return nil
}

// Nothing is plugged in, and nothing is published.
func (d *Null) DeleteEndpoint(*Endpoint)                       {}
func (d *Null) Join(*Endpoint) error                           { return nil }
func (d *Null) Leave(*Endpoint)                                {}
func (d *Null) ProgramExternal(*Endpoint, []nat.Request) error { return nil }
func (d *Null) RevokeExternal(*Endpoint)                       {}
