package swarm

import (
	"errors"
	"net/netip"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// What the network controller asks of the node, see [network.Provider].

// IsManager reports whether the node manages.
func (n *Node) IsManager() bool { return n.life != nil && n.life.manager != nil }

// IsAgent reports whether the node is one of a swarm's.
func (n *Node) IsAgent() bool { return n.life != nil && n.life.ready }

// LocalAddress is the host's own on the way to the managers.
func (n *Node) LocalAddress() netip.Addr {
	if n.disk == nil {
		return netip.Addr{}
	}
	return n.disk.Local
}

// ListenAddress is what --listen-addr says.
func (n *Node) ListenAddress() netip.Addr {
	if n.disk == nil {
		return netip.Addr{}
	}
	return n.disk.Listen.Addr()
}

// AdvertiseAddress is how other nodes know this one.
func (n *Node) AdvertiseAddress() netip.Addr {
	if n.disk == nil {
		return netip.Addr{}
	}
	if ap, err := netip.ParseAddrPort(n.disk.Advertise); err == nil {
		return ap.Addr()
	}
	return n.disk.Local
}

// DataPathAddress is what --data-path-addr says, invalid without.
func (n *Node) DataPathAddress() netip.Addr {
	if n.disk == nil {
		return netip.Addr{}
	}
	return n.disk.DataPath
}

// DataPathPort is the swarm's, 0 as long as it is not known.
func (n *Node) DataPathPort() uint16 {
	if n.disk == nil {
		return 0
	}
	return uint16(n.disk.Port)
}

// RemoteAddresses are the other managers'.
func (n *Node) RemoteAddresses() (out []netip.Addr) {
	if n.disk == nil {
		return nil
	}
	for _, r := range n.disk.Remotes {
		if ap, err := netip.ParseAddrPort(r.Addr); err == nil && r.Node != n.disk.Cert.NodeID {
			out = append(out, ap.Addr())
		}
	}
	return out
}

// attachment is a container's place in a network, or the wait for it.
type attachment struct {
	network, container string
	task               string
	given              *network.Attachment
	gone               bool
	changed            sim.Cond
}

var errDeadline = errors.New("context deadline exceeded")

func attachKey(network, container string) string { return container + "/" + network }

// AttachNetwork asks the managers for a container's place in a network, and waits until
// it is there.
func (n *Node) AttachNetwork(ref, container string, want []netip.Addr) (none network.Attachment, err error) {
	l := n.life
	if l == nil {
		return none, errdefs.System("Could not attach to network %s: %v", ref, errNone)
	}
	a := l.attach[attachKey(ref, container)]
	if a == nil || a.gone {
		a = &attachment{network: ref, container: container}
		l.attach[attachKey(ref, container)] = a // the task may be here before the answer
		if a.task, err = l.request(a, want); err != nil {
			delete(l.attach, attachKey(ref, container))
			return none, errdefs.System("Could not attach to network %s: %v", ref, err)
		}
	}
	end := n.Loop.Now() + requestTime
	for a.given == nil {
		if err := a.changed.WaitFor(n.Loop, max(end-n.Loop.Now(), 0)); err != nil || a.gone || l.over {
			if err == nil || errors.Is(err, sim.ErrTimeout) {
				err = errDeadline
			}
			n.drop(a)
			return none, errdefs.System("attaching to network failed, make sure your network options are correct and check manager logs: %v", err)
		}
	}
	return *a.given, nil
}

// request makes the task that stands for a place.
func (l *life) request(a *attachment, want []netip.Addr) (string, error) {
	n := l.n
	end := rpc.In(n.Loop, requestTime)
	q := message.Attach{Network: a.network, Container: a.container}
	for _, w := range want {
		q.Addresses = append(q.Addresses, w.String())
	}
	for {
		if conn := l.conn(); conn != nil {
			var out message.Attached
			err := conn.Call(message.AttachNetwork, q, &out, end)
			if rpc.CodeOf(err) == rpc.DeadlineExceeded {
				err = errDeadline
			}
			if err == nil || conn.Alive() {
				return out.Task, err
			}
		}
		if leftOf(n.Loop, end) <= 0 || l.over {
			return "", errDeadline
		}
		if err := n.Loop.Current().Sleep(min(100*time.Millisecond, leftOf(n.Loop, end))); err != nil {
			return "", err
		}
	}
}

// conn is the connection of the agent's session, nil without one.
func (l *life) conn() *rpc.Conn {
	if l.agent == nil || l.over {
		return nil
	}
	return l.agent.Conn()
}

// DetachNetwork gives a container's place back.
func (n *Node) DetachNetwork(ref, container string) error {
	l := n.life
	if l == nil {
		return errNone
	}
	a := l.attach[attachKey(ref, container)]
	if a == nil {
		return errdefs.System("could not find network attachment for container %s to network %s", container, ref)
	}
	n.drop(a)
	return nil
}

// drop gives a place back, and tells the managers in the background.
func (n *Node) drop(a *attachment) {
	l := n.life
	if l == nil {
		return
	}
	delete(l.attach, attachKey(a.network, a.container))
	a.gone = true
	a.changed.Broadcast()
	conn := l.conn()
	if conn == nil {
		return
	}
	conn.Call(message.DetachNetwork, message.Attached{Task: a.task}, nil, rpc.In(n.Loop, requestTime))
}

// attacher is who runs the task of a place in a network.
type attacher struct {
	l    *life
	task *object.Task
}

// Prepare brings the network to this node.
func (t *attacher) Prepare() error {
	for _, at := range t.task.NetworksAttachments {
		if err := t.l.bring(&at.Network); err != nil {
			return err
		}
	}
	return nil
}

// find is the attachment that the task stands for.
func (t *attacher) find() *attachment {
	for _, at := range t.task.NetworksAttachments {
		for _, ref := range []string{at.Network.ID, at.Network.Spec.Name} {
			a := t.l.attach[attachKey(ref, t.task.Spec.NetworkAttachmentSpec.ContainerID)]
			if a != nil && (a.task == "" || a.task == t.task.ID) {
				return a
			}
		}
	}
	return nil
}

// Start hands the place over to the container.
func (t *attacher) Start() error {
	a := t.find()
	if a == nil || len(t.task.NetworksAttachments) == 0 {
		return errors.New("the container does not wait for a network any more")
	}
	at := t.task.NetworksAttachments[0]
	a.given = &network.Attachment{Network: at.Network.ID}
	for _, s := range at.Addresses {
		if p, err := netip.ParsePrefix(s); err == nil {
			a.given.Addresses = append(a.given.Addresses, p)
		}
	}
	a.changed.Broadcast()
	return nil
}

// Wait waits until the container has left.
func (t *attacher) Wait() error {
	a := t.find()
	for a != nil && !a.gone {
		if err := a.changed.Wait(t.l.n.Loop); err != nil {
			return err
		}
	}
	return nil
}

// Shutdown does nothing: the container is its user's.
func (t *attacher) Shutdown() error { return nil }

// Remove takes the network away, if nobody here uses it any more.
func (t *attacher) Remove() error {
	for _, at := range t.task.NetworksAttachments {
		t.l.n.Agent.RemoveManaged(at.Network.ID)
	}
	return nil
}

// Status is none.
func (t *attacher) Status() (*object.ContainerStatus, []object.Port) { return nil, nil }
