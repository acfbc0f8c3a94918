package swarm

import (
	"fmt"
	"slices"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
)

// Leave makes the node one of no swarm. A manager does so only by force.
func (n *Node) Leave(force bool) error {
	if n.disk == nil {
		return errNone
	}
	if n.life == nil && n.disk.Locked != "" && !force {
		return errLocked
	}
	if l := n.life; l != nil && l.manager != nil && !force {
		return n.refuseLeave()
	}
	if n.life != nil {
		n.life.end()
	}
	n.Containers()
	n.forget()
	return nil
}

// refuseLeave is what a manager is told that would leave.
func (n *Node) refuseLeave() error {
	text := "You are attempting to leave the swarm on a node that is participating as a manager. "
	up, down := 0, 0
	for _, x := range n.managers() {
		if x.ManagerStatus.Reachability == "reachable" {
			up++
		} else {
			down++
		}
	}
	switch all := up + down; {
	case all == 0:
		text += "Doing so may lose the consensus of your cluster. "
	case up == 1 && down == 0:
		return errdefs.New(errdefs.KindUnavailable, "%s", text+"Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message.")
	case up-1 < all/2+1:
		text += fmt.Sprintf("Removing this node leaves %v managers out of %v. Without a Raft quorum your swarm will be inaccessible. ", up-1, all)
	}
	return errdefs.New(errdefs.KindUnavailable, "%s", text+"The only way to restore a swarm that has lost consensus is to reinitialize it with `--force-new-cluster`. Use `--force` to suppress this message.")
}

func (n *Node) managers() []*object.Node {
	var all []*object.Node
	if n.Control(control.ListNodes, nil, &all) != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(x *object.Node) bool { return x.ManagerStatus == nil })
}

// Info is the Swarm part of `docker info`.
type Info struct {
	NodeID, NodeAddr string
	LocalNodeState   string
	ControlAvailable bool
	Error            string
	RemoteManagers   []Peer
	Nodes            int             `json:",omitempty"`
	Managers         int             `json:",omitempty"`
	Cluster          *object.Cluster `json:",omitempty"`
	Warnings         []string        `json:",omitempty"`
}

// Peer is a manager.
type Peer struct{ NodeID, Addr string }

// Info is of this moment. It blocks while the managers are asked.
func (n *Node) Info() Info {
	i := Info{}
	i.LocalNodeState, i.Error = n.State()
	d := n.disk
	if d == nil {
		return i
	}
	i.NodeID, i.NodeAddr = d.Cert.NodeID, addrText(n.AdvertiseAddress())
	for _, r := range d.Remotes {
		i.RemoteManagers = append(i.RemoteManagers, Peer{r.Node, r.Addr})
	}
	if n.NotManager() != nil {
		return i
	}
	i.ControlAvailable = true
	var c object.Cluster
	if err := n.Control(control.GetCluster, nil, &c); err != nil {
		i.Error = err.Error()
		return i
	}
	i.Cluster = c.Public()
	i.Cluster.JoinTokens = object.JoinTokens{}
	var all []*object.Node
	if err := n.Control(control.ListNodes, nil, &all); err != nil {
		i.Error = err.Error()
		return i
	}
	i.Nodes = len(all)
	for _, x := range all {
		if x.ManagerStatus != nil {
			i.Managers++
		}
	}
	return i
}

// UnlockKey is the key that unlocks this swarm's managers, "" without autolock.
func (n *Node) UnlockKey() (string, error) {
	if err := n.NotManager(); err != nil {
		return "", err
	}
	var a message.CertificateAnswer
	err := n.life.local.Call(message.GetUnlockKey, nil, &a, rpc.In(n.Loop, requestTime))
	return a.UnlockKey, err
}

// lock notes that a manager has to be unlocked when it starts again.
func (d *disk) lock() { d.Locked = d.Key }

// Unlock gives a manager that waits for it the key. It blocks until the node is ready.
func (n *Node) Unlock(key string) error {
	switch {
	case n.disk == nil:
		return errdefs.New(errdefs.KindUnavailable, `This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`)
	case n.life != nil || n.disk.Locked == "":
		return errdefs.New(errdefs.KindConflict, "swarm is not locked")
	case key != n.disk.Locked:
		return errdefs.New(errdefs.KindForbidden, "swarm could not be unlocked: invalid key provided")
	}
	n.disk.Locked = ""
	return n.begin().await(rpc.In(n.Loop, joinTime))
}
