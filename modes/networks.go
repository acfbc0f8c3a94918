package modes

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/filters"
	"dnetsim/modes/network"
)

// Get finds a network by name, id or the beginning of an id.
func (nw *Networks) Get(ref string) (*network.Network, error) {
	if err := nw.d.available(); err != nil {
		return nil, err
	}
	nw.d.net.Global.Refresh()
	n, err := nw.d.net.Find(ref)
	if err == nil {
		nw.d.net.Global.RefreshEndpoints(n)
	} else if o, ok := nw.d.Swarm.find(ref); ok {
		return o, nil
	}
	return n, err
}

// GetScoped is [Networks.Get] for the networks of one scope, of all with "". On a manager
// bridge and host are in both: this host has them, and the swarm for its services.
func (nw *Networks) GetScoped(ref, scope string) (*network.Network, error) {
	n, err := nw.Get(ref)
	if err != nil || scope == "" || scope == n.Scope {
		return n, err
	}
	if o, ok := nw.d.Swarm.find(ref); ok && scope == o.Scope {
		return o, nil
	}
	return nil, errf(ErrNotFound, "network %s not found", ref)
}

// Subnets are a network's subnets, and how many of their addresses are taken: in the whole
// swarm, if this node manages the one whose network it is, otherwise on this host.
func (nw *Networks) Subnets(n *network.Network) (all []network.Subnet) {
	for _, u := range nw.d.Swarm.node.Usage(n.ID) {
		all = append(all, network.Subnet{Prefix: u.Subnet, InUse: u.InUse, Free: u.Free})
	}
	if all == nil {
		return n.Subnets()
	}
	return all
}

// List lists the networks that pass the filters, by name.
func (nw *Networks) List(f filters.Args) ([]*network.Network, error) {
	if err := nw.d.available(); err != nil {
		return nil, err
	}
	if err := f.Validate("dangling", "driver", "id", "label", "name", "scope", "type"); err != nil {
		return nil, err
	}
	for _, v := range f["type"] {
		if v != "custom" && v != "builtin" {
			return nil, errf(ErrInvalid, "invalid filter: 'type'='%s'", v)
		}
	}
	nw.d.net.Global.Refresh()
	var out []*network.Network
	for _, n := range slices.Concat(nw.d.net.Networks, nw.d.Swarm.networks(false)) {
		if nw.d.net.Passes(n, f) {
			out = append(out, n)
		}
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].Name < out[k].Name })
	return out, nil
}

// begin begins a call that needs the networks' store, if the engine has one; the
// caller ends it.
func (nw *Networks) begin() (end func(), err error) {
	if err := nw.d.available(); err != nil {
		return nil, err
	}
	return nw.d.calls.Begin()
}

// Create makes a network.
func (nw *Networks) Create(r network.Create) (n *network.Network, warning string, err error) {
	end, err := nw.begin()
	if err != nil {
		return nil, "", err
	}
	defer end()
	if nw.d.profile.StrictSettings && container.IsJoinMode(r.Name) {
		return nil, "", errf(ErrForbidden, "network name %q is reserved and cannot be created", r.Name)
	}
	if network.Predefined(r.Name) {
		return nil, "", errf(ErrForbidden, "operation is not permitted on predefined %s network", r.Name)
	}
	if nw.d.profile.StrictSettings && strings.TrimSpace(r.Name) == "" {
		return nil, "", errf(ErrInvalid, "invalid name: name is empty")
	}
	if r.Driver == "" {
		r.Driver = "bridge"
	}
	nw.d.net.Global.Refresh()
	old, _ := nw.d.net.Named(r.Name)
	if old != nil || strings.TrimSpace(r.Name) == "" {
		if r.CheckDuplicate || old == nil {
			return nil, "", errf(ErrConflict, "network with name %s already exists", r.Name)
		}
		warning = "Network with name " + old.Name + " (id : " + old.ID + ") already exists"
	}
	if nw.d.Swarm.creates(&r) {
		n, err := nw.d.Swarm.createNetwork(&r)
		return n, warning, err
	}
	if err := nw.d.calls.Pass(nw.d.profile.Cost.NetworkCreate); err != nil {
		return nil, "", err
	}
	n, err = nw.d.net.Make(r)
	if err != nil {
		return nil, "", err
	}
	nw.d.net.Event(n, "create")
	return n, warning, nil
}

// Remove removes a network without active endpoints.
func (nw *Networks) Remove(ref string) error {
	end, err := nw.begin()
	if err != nil {
		return err
	}
	defer end()
	nw.d.net.Global.Refresh()
	n, err := nw.d.net.Find(ref)
	if o, ok := nw.d.Swarm.find(ref); ok && err != nil {
		n, err = o, nil
	}
	if err != nil {
		return err
	}
	if n.Dynamic() {
		return nw.d.Swarm.removeNetwork(n)
	}
	if network.Predefined(n.Name) {
		return errf(ErrForbidden, "%s is a pre-defined network and cannot be removed", n.Name)
	}
	if err := nw.d.net.Idle(n); err != nil {
		return wrapf(err, "error while removing network: ")
	}
	if err := nw.d.calls.Pass(nw.d.profile.Cost.NetworkRemove); err != nil {
		return err
	}
	if err := nw.d.net.Idle(n); err != nil {
		return wrapf(err, "error while removing network: ")
	}
	if err := nw.d.net.Remove(n); err != nil {
		return err
	}
	nw.d.net.Event(n, "destroy")
	return nil
}

// Prune removes the user's networks that no container uses, and
// returns their names.
func (nw *Networks) Prune(f filters.Args) ([]string, error) {
	if err := nw.d.available(); err != nil {
		return nil, err
	}
	if err := f.Validate("label", "label!", "until"); err != nil {
		return nil, err
	}
	until, err := f.Until(nw.d.Wall())
	if err != nil {
		return nil, err
	}
	end, err := nw.d.calls.Begin()
	if err != nil {
		return nil, err
	}
	defer end()
	var gone []string
	nw.d.net.Global.Refresh()
	for _, n := range append([]*network.Network(nil), nw.d.net.Networks...) {
		if n.SpansHosts() || network.Predefined(n.Name) || n.Used() || !filters.MatchLabels(f["label"], n.Labels) {
			continue
		}
		if not := f["label!"]; len(not) > 0 && filters.MatchLabels(not, n.Labels) || !until.IsZero() && n.Created.After(until) {
			continue
		}
		if err := nw.d.calls.Pass(nw.d.profile.Cost.NetworkRemove); err != nil {
			return gone, err
		}
		if n.Used() || nw.d.net.Remove(n) != nil {
			continue
		}
		nw.d.net.Event(n, "destroy")
		gone = append(gone, n.Name)
	}
	return gone, nil
}

// Networks are the host's networks as the API has them, and what containers have of
// them.
type Networks struct{ d *Daemon }

// newController makes the daemon's, which has what it needs of it.
func newController(d *Daemon) *network.Controller {
	return network.New(network.Options{
		Face: d.face, Host: d.host.Name, Loop: d.loop, Calls: d.calls, IDs: &d.ids, Journal: d.Journal, Events: d.Events, Config: &d.config, ServerID: func() string { return d.id },
		CreateTime: d.profile.Cost.NetworkCreate, OverlayJoin: d.profile.Cost.OverlayJoin, Later: d.profile.LaterGossip,
		NameOf: func(ref string) string {
			if c, err := d.Containers.find(ref); err == nil {
				return c.Name
			}
			return ref
		},
	})
}

// Where a release checks an endpoint's settings before it makes anything, this is
// how: when a container is created, connected, and again when it starts.

// verifySettings refuses what was asked of a container's endpoint in a network, which
// is nil if nobody has made it yet.
func verifySettings(name string, n *network.Network, es *container.EndpointSettings) error {
	var wrong []string
	ipam := es.IPAMConfig
	if ipam == nil {
		ipam = &container.EndpointIPAM{}
	}
	if network.Predefined(name) || container.IsJoinMode(name) {
		if ipam.IPv4Address != "" || ipam.IPv6Address != "" {
			wrong = append(wrong, "user-specified IP address is supported on user-defined networks only")
		}
		if len(es.Aliases) > 0 {
			wrong = append(wrong, "network-scoped aliases are only supported for user-defined networks")
		}
	}
	if n != nil {
		for _, text := range []string{ipam.IPv4Address, ipam.IPv6Address} {
			a, err := netip.ParseAddr(text)
			if err == nil && !slices.ContainsFunc(n.Subnets(), func(s network.Subnet) bool { return s.Prefix.Contains(a) }) {
				wrong = append(wrong, fmt.Sprintf("no configured subnet contains IP address %s", a))
			}
		}
	}
	switch len(wrong) {
	case 0:
		return nil
	case 1:
		return errf(ErrInvalid, "invalid endpoint settings:\n%s", wrong[0])
	}
	return errf(ErrInvalid, "invalid endpoint settings:\n* %s", strings.Join(wrong, "\n* "))
}

// verifyAll refuses the settings of a container that is to be created.
func (nw *Networks) verifyAll(eps map[string]*container.EndpointSettings) error {
	for _, name := range slices.Sorted(maps.Keys(eps)) {
		n, _ := nw.d.net.Find(name)
		if err := verifySettings(name, n, eps[name]); err != nil {
			return wrapf(err, "invalid config for network %s: ", name)
		}
	}
	return nil
}

// dnsNames are the names by which a container is found in a network of the user's:
// its own, those that were asked for, the short id and the hostname.
func dnsNames(c *Container, aliases []string) []string {
	var out []string
	for _, name := range append(append([]string{c.Name}, aliases...), c.ShortID(), c.Config.Hostname) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
