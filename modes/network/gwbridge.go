package network

import (
	"slices"
	"sort"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/bridge"
)

// GatewayNetwork is the bridge network that gives a way out to containers whose
// networks have none, such as overlays.
const GatewayNetwork = "docker_gwbridge"

// Global reports whether one of the sandbox's networks spans hosts.
func (sb *Sandbox) Global() bool {
	for _, ep := range sb.endpoints {
		if ep.net.Core.global != nil {
			return true
		}
	}
	return false
}

// Clustered reports whether others have to be told when the sandbox ends: a store, or
// a swarm's managers.
func (sb *Sandbox) Clustered() bool {
	return sb.Global() || slices.ContainsFunc(sb.endpoints, func(ep *Endpoint) bool { return ep.net.Dynamic() })
}

func (sb *Sandbox) gatewayEndpoint() *Endpoint {
	for _, ep := range sb.endpoints {
		if ep.gatewayName != "" {
			return ep
		}
	}
	return nil
}

// needsGateway reports whether a network that should have a way out gives none.
func (sb *Sandbox) needsGateway() bool {
	need := false
	for _, ep := range sb.endpoints {
		switch {
		case ep.gatewayName != "" || ep.NoGatewayService || ep.net.Internal:
		case ep.Gateway.IsValid(), ep.Gateway6.IsValid() && sb.ctl.Face.Profile.WayOutByFamily:
			return false
		default:
			need = true
		}
	}
	return need
}

// CheckGateway gives the sandbox its endpoint in docker_gwbridge, or takes it
// away, and publishes ports on what is then the way out.
func (sb *Sandbox) CheckGateway() error {
	have := sb.gatewayEndpoint()
	switch {
	case have == nil && sb.needsGateway():
		return sb.addGateway()
	case have != nil && !sb.needsGateway():
		sb.Leave(have)
		sb.ctl.DeleteEndpoint(have)
	}
	return sb.moveExternal()
}

// DropGateway takes a sandbox that is left over out of docker_gwbridge, with the ports
// that are published there: that network is this host's own, whatever the store says of
// the others (sandbox.delete with force, when a dockerd starts).
func (sb *Sandbox) DropGateway() {
	if have := sb.gatewayEndpoint(); have != nil {
		sb.Leave(have)
		sb.ctl.DeleteEndpoint(have)
	}
}

func (sb *Sandbox) addGateway() error {
	ctl := sb.ctl
	n, ok := ctl.Named(GatewayNetwork)
	if !ok {
		if err := ctl.Calls.Pass(ctl.CreateTime); err != nil {
			return err
		}
		n, ok = ctl.Named(GatewayNetwork) // another container may have been faster
	}
	if !ok {
		var err error
		if n, err = ctl.Make(Create{
			Name: GatewayNetwork, Driver: "bridge",
			Options: map[string]string{bridge.OptName: GatewayNetwork, bridge.OptICC: "false", bridge.OptMasquerade: "true"},
		}); err != nil {
			return errdefs.Wrap(err, "error creating external connectivity network: ")
		}
	}
	ep := ctl.newEndpoint(n, sb.C, ctl.IDs.ID("endpoint", "gateway/"+sb.ID))
	ep.gatewayName = "gateway_" + sb.ID[:12]
	if sb.balances != nil {
		ep.gatewayName = "gateway_" + sb.C.ID
	}
	if err := ctl.assign(ep, nil); err != nil {
		return err
	}
	n.Core.add(ep)
	before := sb.out()
	err := ctl.driver(n).CreateEndpoint(&ep.Endpoint)
	if err == nil {
		ep.sb = sb
		sb.endpoints = append(sb.endpoints, ep)
		sort.SliceStable(sb.endpoints, func(i, k int) bool { return sb.endpoints[i].ahead(sb.endpoints[k]) })
		if sb.plumbed {
			if err = sb.plug(ep); err == nil {
				sb.updateGateway()
			}
		}
		if err == nil {
			err = sb.moveExternal()
		}
		if err != nil {
			sb.Leave(ep)
		}
	}
	if err != nil {
		ctl.DeleteEndpoint(ep)
		return err
	}
	if ctl.Face.Profile.JoinLines {
		sb.tellWays(ep, before)
	}
	return nil
}
