package network

import (
	"net/netip"

	"dnetsim/modes/container"
	"dnetsim/stack"
)

// addBalancer makes this node's own sandbox in an overlay network of the cluster's and
// its endpoint there: "lb-NAME" with "NAME-endpoint", which services are balanced from.
// The ingress network's has a way out too.
func (a *Agent) addBalancer(n *Network, at netip.Prefix) error {
	ctl := a.ctl
	c := &container.Container{ID: "lb-" + n.Name, Name: "lb-" + n.Name, Anonymous: true}
	sb := &Sandbox{ID: "lb_" + n.ID, ctl: ctl, C: c, users: 1, plumbed: true, balances: n}
	if n.Ingress {
		c.ID, c.Name, sb.ID = "ingress-sbox", "ingress-sbox", "ingress_sbox"
	}
	sb.Key = "/var/run/docker/netns/" + sb.ID[:min(12, len(sb.ID))]
	sb.NS = stack.New(ctl.Loop, ctl.Host+"/"+c.Name, stack.Options{Init: ctl.ns()})
	ctl.addSandbox(sb)
	sb.DisableIPv6()
	n.Core.swarm.balancer = sb
	es := &container.EndpointSettings{}
	es.Place([]netip.Prefix{at})
	ep := ctl.newEndpoint(n, c, ctl.IDs.ID("endpoint", c.Name+"/"+n.Name))
	ep.balancer = true
	if err := ctl.establish(ep, es); err != nil {
		n.Core.swarm.balancer = nil
		sb.discard()
		return err
	}
	ep.NoGatewayService = !n.Ingress
	if err := sb.Join(ep); err != nil {
		ctl.DeleteEndpoint(ep)
		n.Core.swarm.balancer = nil
		sb.discard()
		return err
	}
	return nil
}

// discard ends a sandbox that no container is in.
func (sb *Sandbox) discard() {
	for len(sb.endpoints) > 0 {
		ep := sb.endpoints[0]
		sb.Leave(ep)
		sb.ctl.DeleteEndpoint(ep)
	}
	sb.Release()
	sb.ctl.DropSandbox(sb)
}
