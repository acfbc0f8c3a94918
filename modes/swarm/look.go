package swarm

import (
	"net/netip"

	"dnetsim/modes/swarm/allocator"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
)

// View is what a node knows of its swarm at one moment. Taking it passes no time and asks
// nobody; what it points to is not to be changed.
type View struct {
	State    string // as [Node.State] says
	ID       string // of the node, "" as long as it has none
	Root     string // the digest of the swarm's root certificate, "" as long as it is not known
	Manager  bool
	Led      bool             // a manager that knows who leads
	Managers []netip.AddrPort // where it looks for managers
	Nodes    []*object.Node   // what a manager's log has, nil for workers
	Networks []*object.Network
}

// View is the node's at this moment.
func (n *Node) View() View {
	v := View{}
	v.State, _ = n.State()
	d := n.disk
	if d == nil {
		return v
	}
	v.ID, v.Root = d.Cert.NodeID, d.Root.Digest
	for _, r := range d.Remotes {
		if at, err := netip.ParseAddrPort(r.Addr); err == nil {
			v.Managers = append(v.Managers, at)
		}
	}
	if l := n.life; l != nil && l.manager != nil {
		v.Manager, v.Led = true, l.manager.HasLeader()
		v.Nodes = state.All[*object.Node](l.manager.State())
		v.Networks = state.All[*object.Network](l.manager.State())
	}
	return v
}

// Usage is how much of a network's subnets is taken on all nodes, as far as this one is a
// manager that knows who leads; nil for others, which only know their own part.
func (n *Node) Usage(id string) []allocator.Usage {
	if l := n.life; l != nil && l.manager != nil && l.manager.HasLeader() {
		return allocator.UsageOf(l.manager.State(), id)
	}
	return nil
}
