package network

import (
	"net/netip"
	"slices"

	"dnetsim/modes/ipam"
	"dnetsim/sim"
)

// Agent is the controller's part in a swarm: it gossips with the other nodes and has
// the cluster's networks that something on this node uses. The cluster calls it, in
// this order: [Agent.Init], [Agent.SetKeys], [Agent.Start], then [Agent.SetupIngress],
// [Agent.CreateManaged] and their opposites as a manager says, and [Agent.Stop].
type Agent struct {
	ctl      *Controller
	provider Provider // nil: of no swarm
	keys     []Key
	started  bool // its first try to join the others is over
	ready    sim.Cond
	// places are the addresses of this node's own endpoints in the cluster's networks,
	// by network id.
	places    map[string]netip.Prefix
	addresses *ipam.Local // of the cluster's networks, as far as this node uses them
}

// Init makes the daemon a node of a swarm, which it is until [Agent.Stop]. Nothing is
// sent yet.
func (a *Agent) Init(p Provider) { a.provider = p }

// Provider is the swarm that the daemon is a node of, nil if it is of none.
func (a *Agent) Provider() Provider { return a.provider }

// SetKeys takes the cluster's keys in: the first ones before [Agent.Start], later ones
// as they rotate. Keys that are missing from the list are dropped.
func (a *Agent) SetKeys(keys []Key) { a.keys = slices.Clone(keys) }

// Start begins to gossip with the provider's addresses and keys, and joins the remote
// nodes that the provider names. It returns when the first try of that is over: what
// failed is tried again in the background. Started again it does nothing.
func (a *Agent) Start() {
	a.started = true
	a.ready.Broadcast()
}

// Stop leaves the gossip and the swarm. The others are told, which takes up to some
// hundred milliseconds; networks that are still here stay until they are removed.
func (a *Agent) Stop() {
	a.provider, a.keys, a.started, a.places = nil, nil, false, nil
}

// ResetAttachments says which addresses this node's own endpoints have in the
// cluster's networks, by network id. [Agent.CreateManaged] needs the network's.
func (a *Agent) ResetAttachments(places map[string]netip.Prefix) { a.places = places }
