package modes

import (
	"sort"

	"dnetsim/modes/network/bridge"
)

// gatewayNetwork is the bridge network that gives a way out to containers whose
// networks have none, such as overlays.
const gatewayNetwork = "docker_gwbridge"

// global reports whether one of the sandbox's networks spans hosts.
func (sb *sandbox) global() bool {
	for _, ep := range sb.endpoints {
		if ep.net.core.global != nil {
			return true
		}
	}
	return false
}

func (sb *sandbox) gatewayEndpoint() *endpoint {
	for _, ep := range sb.endpoints {
		if ep.gatewayName != "" {
			return ep
		}
	}
	return nil
}

// needsGateway reports whether a network that should have a way out gives none.
func (sb *sandbox) needsGateway() bool {
	need := false
	for _, ep := range sb.endpoints {
		switch {
		case ep.gatewayName != "" || ep.NoGatewayService || ep.net.Internal:
		case ep.Gateway.IsValid():
			return false
		default:
			need = true
		}
	}
	return need
}

// checkGateway gives the sandbox its endpoint in docker_gwbridge, or takes it
// away, and publishes ports on what is then the way out.
func (sb *sandbox) checkGateway() error {
	have := sb.gatewayEndpoint()
	switch {
	case have == nil && sb.needsGateway():
		return sb.addGateway()
	case have != nil && !sb.needsGateway():
		sb.leave(have)
		sb.ctl.deleteEndpoint(have)
	}
	return sb.moveExternal()
}

func (sb *sandbox) addGateway() error {
	ctl := sb.ctl
	n, ok := ctl.findByName(gatewayNetwork)
	if !ok {
		if err := ctl.Calls.Pass(ctl.CreateTime); err != nil {
			return err
		}
		n, ok = ctl.findByName(gatewayNetwork) // another container may have been faster
	}
	if !ok {
		var err error
		if n, err = ctl.make(CreateNetwork{
			Name: gatewayNetwork, Driver: "bridge",
			Options: map[string]string{bridge.OptName: gatewayNetwork, bridge.OptICC: "false", bridge.OptMasquerade: "true"},
		}); err != nil {
			return wrapf(err, "error creating external connectivity network: ")
		}
	}
	ep := ctl.newEndpoint(n, sb.c, ctl.IDs.ID("endpoint", "gateway/"+sb.id))
	ep.gatewayName = "gateway_" + sb.id[:12]
	if err := ctl.assign(ep, nil); err != nil {
		return err
	}
	n.core.endpoints = append(n.core.endpoints, ep)
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
			sb.leave(ep)
		}
	}
	if err != nil {
		ctl.deleteEndpoint(ep)
	}
	return err
}
