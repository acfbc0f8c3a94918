package modes

import (
	"dnetsim/modes/ident"
	"dnetsim/modes/network"
	"dnetsim/modes/swarm"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
)

// networks are those of the cluster that are not on this node, if it manages; with
// predefined also those that every node has of its own.
func (s *Swarm) networks(predefined bool) (out []*network.Network) {
	if s.node.NotManager() != nil {
		return nil
	}
	var all []*object.Network
	if s.Ask(control.ListNetworks, nil, &all) != nil {
		return nil
	}
	for _, o := range all {
		here := o.Predefined() && !predefined
		for _, n := range s.d.net.Networks {
			here = here || n.ID == o.ID
		}
		if here {
			continue
		}
		r := swarm.Created(o)
		if len(r.Labels) == 0 {
			r.Labels = nil
		}
		if !o.NodeLocal() && o.IPAMOptions == nil { // nothing could be allocated
			r.Driver, r.IPAM, r.Options = "", nil, nil
		}
		out = append(out, s.d.net.Agent.Describe(o.ID, r, o.CreatedAt))
	}
	return out
}

// find finds one of them as a user names it.
func (s *Swarm) find(ref string) (*network.Network, bool) {
	n, matches := ident.Find(s.networks(true), ref, func(n *network.Network) string { return n.ID }, func(n *network.Network) string { return n.Name })
	return n, matches == 1
}

// creates reports whether a network is the cluster's to make: one of several hosts, by its
// driver or because somebody says so.
func (s *Swarm) creates(r *network.Create) bool {
	return s.node.IsAgent() && !r.ConfigOnly && (r.Scope == "swarm" || r.Driver == "overlay" && r.Scope != "local" && s.d.net.Global.Cluster == nil)
}

// createNetwork has the managers make a network.
func (s *Swarm) createNetwork(r *network.Create) (*network.Network, error) {
	if !s.node.IsManager() {
		return nil, errf(ErrForbidden, "%s", s.d.profile.WorkerNetwork)
	}
	for _, n := range s.networks(true) {
		if n.Name == r.Name {
			return nil, errf(ErrConflict, "network with name %s already exists", r.Name)
		}
	}
	spec := object.NetworkSpec{
		Annotations: object.Annotations{Name: r.Name, Labels: r.Labels}, IPv6Enabled: r.IPv6(), Internal: r.Internal,
		Attachable: r.Attachable, Ingress: r.Ingress, Scope: r.Scope,
		DriverConfiguration: &object.Driver{Name: r.Driver, Options: r.Options},
	}
	if r.ConfigFrom != "" {
		spec.ConfigFrom = &object.ConfigFrom{Network: r.ConfigFrom}
	}
	if r.IPAM != nil {
		spec.IPAMOptions = &object.IPAM{Driver: object.Driver{Name: r.IPAM.Driver, Options: r.IPAM.Options}}
		for _, c := range r.IPAM.Config {
			spec.IPAMOptions.Configs = append(spec.IPAMOptions.Configs, object.IPAMConfig{Subnet: c.Subnet, Range: c.IPRange, Gateway: c.Gateway})
		}
	}
	var ref control.Ref
	if err := s.Ask(control.CreateNetwork, spec, &ref); err != nil {
		return nil, err
	}
	return s.d.net.Agent.Describe(ref.ID, *r, s.d.Wall()), nil
}

// removeNetwork has the managers remove one.
func (s *Swarm) removeNetwork(n *network.Network) error {
	return s.Ask(control.RemoveNetwork, control.Ref{ID: n.ID}, nil)
}
