package network

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/modes/errdefs"
)

// Idle refuses a network that has endpoints, on any host.
func (ctl *Controller) Idle(n *Network) error {
	if n.ConfigOnly && slices.ContainsFunc(ctl.Networks, func(x *Network) bool { return x.ConfigFrom == n.Name }) {
		return errdefs.Forbidden("configuration network %q is in use", n.Name)
	}
	used := slices.ContainsFunc(n.Core.Endpoints, func(ep *Endpoint) bool { return !ep.balancer })
	if c := ctl.Global.Cluster; n.Core.global != nil && c != nil {
		count := endpointCount{}
		if _, err := c.Store.Get(countKey(n.ID), &count); err != nil {
			return errdefs.New(errdefs.KindSystem, "%v", err)
		}
		used = count.Count > 0
	}
	if used && ctl.Face.Profile.StrictSettings {
		var all []string
		for _, ep := range n.Core.Endpoints {
			all = append(all, fmt.Sprintf("name:%q id:%q", ep.name(), ep.ID[:12]))
		}
		return errdefs.Forbidden("network %s has active endpoints (%s)", n.Name, strings.Join(all, ", "))
	}
	if used {
		return errdefs.New(errdefs.KindForbidden, "network %s id %s has active endpoints", n.Name, n.ID)
	}
	return nil
}

// Remove gives back everything that the network holds.
func (ctl *Controller) Remove(n *Network) error {
	if n.Core.global != nil {
		if err := ctl.Global.withdrawNetwork(n); err != nil {
			return err
		}
	} else {
		if err := ctl.driver(n).DeleteNetwork(n.ID); err != nil {
			return err
		}
		ctl.releasePools(n)
	}
	for i, x := range ctl.Networks {
		if x == n {
			ctl.Networks = slices.Concat(ctl.Networks[:i], ctl.Networks[i+1:])
			break
		}
	}
	return nil
}
