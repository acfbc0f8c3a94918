package modes

import (
	"dnetsim/modes/filters"
	"slices"
)

// NetworkRemove removes a network without active endpoints.
func (d *Daemon) NetworkRemove(ref string) error {
	if err := d.available(); err != nil {
		return err
	}
	end, err := d.calls.Begin()
	if err != nil {
		return err
	}
	defer end()
	d.refreshGlobal()
	n, err := d.findNetwork(ref)
	if err != nil {
		return err
	}
	if predefined(n.Name) {
		return errf(ErrForbidden, "%s is a pre-defined network and cannot be removed", n.Name)
	}
	if err := d.idle(n); err != nil {
		return wrapf(err, "error while removing network: ")
	}
	if err := d.calls.Pass(d.profile.cost.networkRemove); err != nil {
		return err
	}
	if err := d.idle(n); err != nil {
		return wrapf(err, "error while removing network: ")
	}
	if err := d.deleteNetwork(n); err != nil {
		return err
	}
	d.networkEvent(n, "destroy")
	return nil
}

func (d *Daemon) idle(n *Network) error {
	used := len(n.core.endpoints) > 0
	if c := d.cluster; n.core.global != nil && c != nil {
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

// deleteNetwork gives back everything that the network holds.
func (d *Daemon) deleteNetwork(n *Network) error {
	if n.core.global != nil {
		if err := d.withdrawNetwork(n); err != nil {
			return err
		}
	} else {
		if err := d.driver(n).DeleteNetwork(n.ID); err != nil {
			return err
		}
		d.releasePools(n)
	}
	for i, x := range d.networks {
		if x == n {
			d.networks = slices.Concat(d.networks[:i], d.networks[i+1:])
			break
		}
	}
	return nil
}

// NetworksPrune removes the user's networks that no container uses, and
// returns their names.
func (d *Daemon) NetworksPrune(f filters.Args) ([]string, error) {
	if err := d.available(); err != nil {
		return nil, err
	}
	if err := f.Validate("label", "label!", "until"); err != nil {
		return nil, err
	}
	until, err := f.Until(d.Wall())
	if err != nil {
		return nil, err
	}
	end, err := d.calls.Begin()
	if err != nil {
		return nil, err
	}
	defer end()
	var gone []string
	d.refreshGlobal()
	for _, n := range append([]*Network(nil), d.networks...) {
		if n.core.global != nil || predefined(n.Name) || len(n.core.endpoints) > 0 || !filters.MatchLabels(f["label"], n.Labels) {
			continue
		}
		if not := f["label!"]; len(not) > 0 && filters.MatchLabels(not, n.Labels) || !until.IsZero() && n.Created.After(until) {
			continue
		}
		if err := d.calls.Pass(d.profile.cost.networkRemove); err != nil {
			return gone, err
		}
		if len(n.core.endpoints) > 0 || d.deleteNetwork(n) != nil {
			continue
		}
		d.networkEvent(n, "destroy")
		gone = append(gone, n.Name)
	}
	return gone, nil
}
