package modes

import (
	"slices"
)

func (ctl *controller) idle(n *Network) error {
	used := len(n.core.endpoints) > 0
	if c := ctl.shared.cluster; n.core.global != nil && c != nil {
		count := endpointCount{}
		if _, err := c.store.Get(countKey(n.ID), &count); err != nil {
			return errf(ErrSystem, "%v", err)
		}
		used = count.Count > 0
	}
	if used {
		return errf(ErrForbidden, "network %s id %s has active endpoints", n.Name, n.ID)
	}
	return nil
}

// remove gives back everything that the network holds.
func (ctl *controller) remove(n *Network) error {
	if n.core.global != nil {
		if err := ctl.shared.withdrawNetwork(n); err != nil {
			return err
		}
	} else {
		if err := ctl.driver(n).DeleteNetwork(n.ID); err != nil {
			return err
		}
		ctl.releasePools(n)
	}
	for i, x := range ctl.networks {
		if x == n {
			ctl.networks = slices.Concat(ctl.networks[:i], ctl.networks[i+1:])
			break
		}
	}
	return nil
}
