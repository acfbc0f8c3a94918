package swarm

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/modes/swarm/allocator"
	"dnetsim/modes/swarm/ca"
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
	Services []*object.Service
	former   []string // what a manager knows of roots that the swarm had before
	root     string   // the certificate
	words    string   // how the refusal of one begins
	cert     object.Certificate
}

// Refuses is what keeps a node whose clock says now from joining the swarm of a manager
// whose clock says own: by its clock a certificate has not begun, or is over. Nil for
// clocks that agree well enough, and for views of who is no manager.
func (v View) Refuses(now, own time.Time) error {
	if !v.Manager || v.root == "" {
		return nil
	}
	if err := ca.CheckRoot(v.root, now); err != nil {
		return err
	}
	if err := ca.Check(v.words, v.Root, &v.cert, now); err != nil {
		return err
	}
	fresh := ca.At(v.cert, own)
	return ca.CheckOwn(&fresh, now)
}

// Same reports whether two nodes trust roots of one swarm. One that has not been told of a
// new root trusts the one before, which is known to managers.
func (v View) Same(o View) bool {
	return v.Root == o.Root || slices.Contains(v.former, o.Root) || slices.Contains(o.former, v.Root)
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
		v.root, v.cert, v.words = d.Root.PEM, d.Cert, n.TLSWords
		v.Manager, v.Led = true, l.manager.HasLeader()
		if c := state.Cluster(l.manager.State()); c != nil {
			v.former = c.Former
		}
		v.Nodes = state.All[*object.Node](l.manager.State())
		v.Networks = state.All[*object.Network](l.manager.State())
		v.Services = state.All[*object.Service](l.manager.State())
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
