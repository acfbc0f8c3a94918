package network

import "time"

// Describe is a network of the cluster's that is not on this node, as a manager lists
// it. Nothing is made.
func (a *Agent) Describe(id string, r Create, created time.Time) *Network {
	n := a.ctl.describe(id, r)
	n.Created, n.Scope, n.Core.swarm = created, "swarm", &inSwarm{}
	n.Described = true
	if r.IPAM != nil && n.readIPAM(r.IPAM.Config) == nil {
		n.IPAM.Config = n.shownIPAM()
	}
	n.Labels = r.Labels
	if r.Driver == "" { // nothing could be allocated
		n.Options, n.IPAM = nil, IPAM{}
	}
	return n
}
