package network

import (
	"net/netip"

	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
)

// inSwarm is what a node has of a network of the cluster's beside what every network
// has. Its scope is "swarm".
type inSwarm struct {
	balancer *Sandbox            // the node's own endpoint is in it: "lb-NAME" or "ingress-sbox"
	gossips  bool                // the other nodes know that this one is in it
	records  map[string]record   // the names that there are, by endpoint id
	services map[string]balanced // what the balancer spreads, by service id
	agent    *Agent
}

// Dynamic reports whether the network is one of the cluster's, which comes to this node
// when something here uses it.
func (n *Network) Dynamic() bool { return n.Core.swarm != nil }

// CreateManaged makes a network of the cluster's on this node, as a manager describes
// it: its id, and with r its subnets, gateways and the driver's options, which name the
// tunnels' identifiers ([overlay.OptVxlanIDs]). An overlay network gets this node's own
// endpoint, at the address of [Agent.ResetAttachments]. One that is here already is no
// error.
func (a *Agent) CreateManaged(id string, r Create) (*Network, error) {
	ctl := a.ctl
	for _, n := range ctl.Networks {
		if n.ID == id {
			return n, nil
		}
	}
	var place netip.Prefix
	if r.Driver == "overlay" {
		if place = a.places[id]; !place.IsValid() {
			return nil, errdefs.New(errdefs.KindSystem, "failed to find a load balancer IP to use for network: %s", id)
		} else if !place.Addr().Is4() { // it asks for that as for an address of IPv4
			return nil, errdefs.New(errdefs.KindInvalid, "Invalid address %s: It does not belong to any of this network's subnets", place.Addr())
		}
	}
	n := ctl.describe(id, r)
	n.Scope, n.Core.swarm = "swarm", &inSwarm{records: map[string]record{}, agent: a}
	if err := ctl.furnish(n, r); err != nil {
		return nil, err
	}
	if !place.IsValid() {
		return n, nil
	}
	a.joinGossip(n)
	if err := a.addBalancer(n, place); err != nil {
		a.RemoveManaged(id)
		return nil, err
	}
	return n, nil
}

// RemoveManaged takes a network of the cluster's from this node, unless containers
// here are in it; its own endpoint goes with it. One that is not here is an error.
func (a *Agent) RemoveManaged(id string) error {
	ctl := a.ctl
	for _, n := range ctl.Networks {
		if n.ID != id || n.Core.swarm == nil {
			continue
		}
		if err := ctl.Idle(n); err != nil {
			return err
		}
		if sb := n.Core.swarm.balancer; sb != nil {
			a.unbalance(n)
			n.Core.swarm.balancer = nil
			sb.discard()
		}
		a.leaveGossip(n)
		return ctl.Remove(n)
	}
	return errdefs.New(errdefs.KindNotFound, "network %s not found", id)
}

// SetupIngress makes the network that published services are reached by on every node,
// and this node's sandbox in it, at an address of the network. It waits until the node's
// gossip has begun ([Agent.Start]). One with another id takes the old one's place.
func (a *Agent) SetupIngress(id string, r Create, at netip.Prefix) error {
	for p := a.provider; !a.started; {
		if p == nil || a.provider != p || a.ready.Wait(a.ctl.Loop) != nil {
			return errdefs.New(errdefs.KindSystem, "the node left the swarm before its ingress network came")
		}
	}
	if old := a.ingress(); old != nil && old.ID != id {
		if err := a.RemoveManaged(old.ID); err != nil {
			return err
		}
	}
	if a.places == nil {
		a.places = map[string]netip.Prefix{}
	}
	a.places[id] = at
	_, err := a.CreateManaged(id, r)
	return err
}

// ReleaseIngress takes the ingress network away; without one it does nothing.
func (a *Agent) ReleaseIngress() error {
	n := a.ingress()
	if n == nil {
		return nil
	}
	return a.RemoveManaged(n.ID)
}

func (a *Agent) ingress() *Network {
	for _, n := range a.ctl.Networks {
		if n.Ingress {
			return n
		}
	}
	return nil
}

// space is where the addresses of the cluster's networks come from: a manager chooses
// them, and this node only notes which ones it uses.
func (a *Agent) space() ipam.Space {
	if a.addresses == nil {
		a.addresses, _ = ipam.NewLocal(nil, poolRules(a.ctl))
	}
	return a.addresses
}

// Attach finds a network for a container that is to join it. A network of the cluster's
// is asked for: the cluster says which addresses es gets, and the network is on this
// node when it has. A container of a task has its place already.
func (a *Agent) Attach(ref string, c *container.Container, es *container.EndpointSettings) (*Network, error) {
	n, err := a.ctl.Find(ref)
	if c.Managed || a.provider == nil || err == nil && !n.Dynamic() {
		return n, err
	}
	if errdefs.KindOf(err) == errdefs.KindInvalid {
		return nil, err // ambiguous
	}
	var want []netip.Addr
	if es.IPAMConfig != nil {
		for _, s := range []string{es.IPAMConfig.IPv4Address, es.IPAMConfig.IPv6Address} {
			if at, err := netip.ParseAddr(s); err == nil {
				want = append(want, at)
			}
		}
	}
	const tries = 5 // somebody else's last container may take the network away again
	for try := 0; ; try++ {
		p := a.provider
		if p == nil {
			return nil, errdefs.New(errdefs.KindNotFound, "network %s not found", ref)
		}
		at, err := p.AttachNetwork(ref, c.ID, want)
		if err != nil {
			return nil, err
		}
		if n, err := a.ctl.Find(at.Network); err == nil {
			es.Place(at.Addresses)
			return n, nil
		}
		p.DetachNetwork(ref, c.ID)
		if try == tries {
			return nil, errdefs.New(errdefs.KindSystem, "could not find network %s after successful attachment", ref)
		}
	}
}

// Detach gives a container's place in a network of the cluster's back.
func (a *Agent) Detach(n *Network, c *container.Container) {
	if c.Managed || a.provider == nil || !n.Dynamic() {
		return
	}
	for _, ref := range []string{n.Name, n.ID} { // the one that the container asked by is not known any more
		if a.provider == nil {
			return
		}
		err := a.provider.DetachNetwork(ref, c.ID)
		if err == nil {
			return
		}
		a.ctl.Journal.Write("warning", "error detaching from network", "error", err.Error())
	}
}
