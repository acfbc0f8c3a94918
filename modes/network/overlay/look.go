package overlay

import (
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/modes/serf"
)

// Peer is what a host believes of one container of an overlay network.
type Peer struct {
	Network, Endpoint string
	Addr              netip.Addr
	MAC               link.MAC
	VTEP              netip.Addr // the host that it is on
	Local             bool
}

// Peers is what the host believes, by network and address.
func (o *Driver) Peers() []Peer {
	var out []Peer
	for _, id := range sortedKeys(o.peers.networks) {
		start := len(out)
		for k, entries := range o.peers.networks[id] {
			for _, e := range entries {
				out = append(out, Peer{Network: id, Endpoint: e.endpoint, Addr: k.ip, MAC: k.mac, VTEP: e.vtep, Local: e.local})
			}
		}
		slices.SortStableFunc(out[start:], func(a, b Peer) int { return a.Addr.Compare(b.Addr) })
	}
	return out
}

// Agent is the host's part in the gossip, nil before it has begun or if its
// address could not be bound.
func (o *Driver) Agent() *serf.Agent {
	if k, ok := o.plane.(*shared); ok {
		return k.agent
	}
	return nil
}
