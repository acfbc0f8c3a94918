package dispatcher

import (
	"errors"
	"maps"
	"slices"

	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
)

// sent is what a node has been told so far, with the versions.
type sent map[string]uint64

// assignments sends a node what it is to run, and then what changes of it.
func (d *Dispatcher) assignments(r *rpc.Request) (any, error) {
	var q message.Beat
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	node, err := d.node(r)
	if err != nil {
		return nil, err
	}
	s, err := d.known(node, q.SessionID)
	if err != nil {
		return nil, err
	}
	told := sent{}
	for first := true; ; first = false {
		if m := d.news(node, told); first || len(m.Tasks)+len(m.Gone)+len(m.Secrets)+len(m.Configs) > 0 {
			m.Complete = first
			r.Send(m)
		}
		if err := d.changed.Wait(d.Loop); err != nil || r.Gone() {
			return nil, errors.New("context canceled")
		}
		if !d.running || d.sessions[node] != s {
			return nil, rpc.Errorf(rpc.Aborted, "session invalid")
		}
	}
}

// news is what a node does not know yet. A status is its own, so only what the managers
// have changed is sent again.
func (d *Dispatcher) news(node string, told sent) (m message.Assigned) {
	now := map[string]bool{}
	for _, t := range state.Where(d.State, func(t *object.Task) bool {
		return t.NodeID == node && t.Status.State.Rank() >= object.TaskAssigned.Rank()
	}) {
		now[t.ID] = true
		mark := uint64(t.DesiredState.Rank()) + 1
		if told[t.ID] == mark {
			continue
		}
		if told[t.ID] == 0 {
			d.dependencies(t, told, &m)
		}
		told[t.ID] = mark
		m.Tasks = append(m.Tasks, t)
	}
	for _, t := range goneOf(told, now) {
		delete(told, t)
		m.Gone = append(m.Gone, t)
	}
	return m
}

// dependencies are the secrets and configs that a task mounts.
func (d *Dispatcher) dependencies(t *object.Task, told sent, m *message.Assigned) {
	c := t.Spec.ContainerSpec
	if c == nil {
		return
	}
	for _, ref := range c.Secrets {
		if x, ok := state.Get[*object.Secret](d.State, ref.SecretID); ok && told["secret "+x.ID] != x.Version.Index {
			told["secret "+x.ID] = x.Version.Index
			m.Secrets = append(m.Secrets, x)
		}
	}
	for _, ref := range c.Configs {
		if x, ok := state.Get[*object.Config](d.State, ref.ConfigID); ok && told["config "+x.ID] != x.Version.Index {
			told["config "+x.ID] = x.Version.Index
			m.Configs = append(m.Configs, x)
		}
	}
}

// updateStatus takes in how far a node's tasks are. A task never goes back.
func (d *Dispatcher) updateStatus(r *rpc.Request) (any, error) {
	var q message.StatusRequest
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	node, err := d.node(r)
	if err != nil {
		return nil, err
	}
	if _, err := d.known(node, q.SessionID); err != nil {
		return nil, err
	}
	for _, u := range q.Updates {
		if t, ok := state.Get[*object.Task](d.State, u.Task); ok && t.NodeID != node {
			return nil, rpc.Errorf(rpc.PermissionDenied, "cannot update a task not assigned this node")
		}
	}
	return nil, d.State.Update(func(tx *state.Tx) error {
		for _, u := range q.Updates {
			t, ok := state.Get[*object.Task](tx, u.Task)
			if !ok || t.Status.State.Rank() > u.Status.State.Rank() {
				continue
			}
			t = object.Clone(t)
			t.Status = u.Status
			tx.Update(t)
		}
		return nil
	})
}

// goneOf are the tasks that a node was told of and that are not its any more.
func goneOf(told sent, now map[string]bool) (out []string) {
	for _, id := range slices.Sorted(maps.Keys(told)) {
		if len(id) == object.IDLength && !now[id] {
			out = append(out, id)
		}
	}
	return out
}
