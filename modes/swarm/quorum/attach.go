package quorum

import (
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
)

// attach makes a task that stands for a container's place in a network: the allocator
// gives it an address, and its node is the one that asks.
func (m *Manager) attach(r *rpc.Request) (any, error) {
	var q message.Attach
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if r.Peer == nil {
		return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied: unauthorized peer role")
	}
	t := &object.Task{ID: object.NewID(m.Stream("tasks")), NodeID: r.Peer.NodeID, DesiredState: object.TaskRunning}
	t.Labels = map[string]string{}
	t.Spec = object.TaskSpec{Runtime: "attachment", NetworkAttachmentSpec: &object.AttachmentSpec{ContainerID: q.Container, Addresses: q.Addresses}}
	t.Status = object.TaskStatus{Timestamp: m.Wall().UTC(), State: object.TaskNew, Message: "created"}
	return message.Attached{Task: t.ID}, m.state.Update(func(tx *state.Tx) error {
		n, ok := state.Get[*object.Network](tx, q.Network)
		if !ok {
			n, ok = state.Named[*object.Network](tx, q.Network)
		}
		switch {
		case !ok:
			return rpc.Errorf(rpc.NotFound, "network %s not found", q.Network)
		case !n.Spec.Attachable:
			return rpc.Errorf(rpc.PermissionDenied, "network %s not manually attachable", q.Network)
		}
		t.Spec.Networks = []object.NetworkTarget{{Target: n.ID}}
		tx.Create(t)
		return nil
	})
}

// detach removes it.
func (m *Manager) detach(r *rpc.Request) (any, error) {
	var q message.Attached
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, m.state.Update(func(tx *state.Tx) error {
		t, ok := state.Get[*object.Task](tx, q.Task)
		switch {
		case !ok:
			return rpc.Errorf(rpc.NotFound, "attachment %s not found", q.Task)
		case r.Peer == nil || t.NodeID != r.Peer.NodeID:
			return rpc.Errorf(rpc.PermissionDenied, "attachment %s doesn't belong to this node", q.Task)
		}
		tx.Remove(object.KindTask, t.ID)
		return nil
	})
}
