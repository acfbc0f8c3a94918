package control

import (
	"slices"
	"time"

	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
)

// ClusterUpdate changes the swarm itself.
type ClusterUpdate struct {
	Version                    uint64
	Spec                       object.ClusterSpec
	Worker, Manager, UnlockKey bool // what is to be rotated
}

// Fill gives a specification the defaults of what it leaves out.
func Fill(spec *object.ClusterSpec) {
	d := object.DefaultSpec()
	if spec.Name == "" {
		spec.Name = d.Name
	}
	if spec.Orchestration.TaskHistoryRetentionLimit == nil {
		spec.Orchestration = d.Orchestration
	}
	if spec.Raft.SnapshotInterval == 0 {
		spec.Raft.SnapshotInterval = d.Raft.SnapshotInterval
	}
	if spec.Raft.LogEntriesForSlowFollowers == 0 {
		spec.Raft.LogEntriesForSlowFollowers = d.Raft.LogEntriesForSlowFollowers
	}
	if spec.Raft.KeepOldSnapshots == nil {
		spec.Raft.KeepOldSnapshots = d.Raft.KeepOldSnapshots
	}
	if spec.Raft.ElectionTick == 0 {
		spec.Raft.ElectionTick, spec.Raft.HeartbeatTick = d.Raft.ElectionTick, d.Raft.HeartbeatTick
	}
	if spec.Dispatcher.HeartbeatPeriod == 0 {
		spec.Dispatcher = d.Dispatcher
	}
	if spec.CAConfig.NodeCertExpiry == 0 {
		spec.CAConfig.NodeCertExpiry = d.CAConfig.NodeCertExpiry
	}
	if spec.Labels == nil {
		spec.Labels = map[string]string{}
	}
}

// Check refuses a cluster's specification.
func Check(spec *object.ClusterSpec) error {
	switch {
	case spec.CAConfig.NodeCertExpiry != 0 && spec.CAConfig.NodeCertExpiry < time.Hour:
		return rpc.Errorf(rpc.InvalidArgument, "minimum certificate expiry time is: %v", time.Hour)
	case spec.Dispatcher.HeartbeatPeriod < 0:
		return rpc.Errorf(rpc.InvalidArgument, "heartbeat time period cannot be a negative duration")
	case spec.Name != "" && spec.Name != "default":
		return rpc.Errorf(rpc.InvalidArgument, "modification of cluster name is not allowed")
	case spec.Raft.ElectionTick != 0 && spec.Raft.ElectionTick <= spec.Raft.HeartbeatTick:
		return rpc.Errorf(rpc.InvalidArgument, "invalid raft config")
	}
	return nil
}

func (s *Server) updateCluster(r *rpc.Request) (any, error) {
	var q ClusterUpdate
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if err := Check(&q.Spec); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		c, err := s.cluster(tx)
		if err != nil {
			return err
		}
		if err := fresh(c, q.Version); err != nil {
			return err
		}
		c = object.Clone(c)
		locked := c.Spec.EncryptionConfig.AutoLockManagers
		c.Spec = q.Spec
		Fill(&c.Spec)
		if q.Worker {
			c.JoinTokens.Worker = ca.NewToken(s.Rand, c.Root)
		}
		if q.Manager {
			c.JoinTokens.Manager = ca.NewToken(s.Rand, c.Root)
		}
		if err := s.setRoot(c); err != nil {
			return err
		}
		switch auto := c.Spec.EncryptionConfig.AutoLockManagers; {
		case !auto:
			c.UnlockKey = ""
		case !locked || q.UnlockKey:
			c.UnlockKey = ca.NewUnlockKey(s.Rand)
		}
		tx.Update(c)
		return nil
	})
}

// NodeUpdate changes a node.
type NodeUpdate struct {
	ID      string
	Version uint64
	Spec    object.NodeSpec
}

func (s *Server) updateNode(r *rpc.Request) (any, error) {
	var q NodeUpdate
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		n, ok := state.Get[*object.Node](tx, q.ID)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "node %s not found", q.ID)
		}
		if n.Spec.Role == object.RoleManager && q.Spec.Role == object.RoleWorker {
			if err := s.demote(tx, n); err != nil {
				return err
			}
		}
		if err := fresh(n, q.Version); err != nil {
			return err
		}
		n = object.Clone(n)
		n.Spec = q.Spec
		tx.Update(n)
		return nil
	})
}

// demote refuses to make a worker of the last manager, or of one that the others
// could not do without.
func (s *Server) demote(tx *state.Tx, n *object.Node) error {
	managers := state.Where(tx, func(n *object.Node) bool { return n.Spec.Role == object.RoleManager })
	if len(managers) == 1 {
		return rpc.Errorf(rpc.FailedPrecondition, "attempting to demote the last manager of the swarm")
	}
	rest, up := 0, 0
	for _, m := range managers {
		if is := s.Raft.Status(m.ID); m.ID != n.ID && is != nil {
			rest++
			if is.Reachability == "reachable" {
				up++
			}
		}
	}
	if rest > 0 && up < rest/2+1 {
		return rpc.Errorf(rpc.FailedPrecondition, "can't remove member from the raft: this would result in a loss of quorum")
	}
	return nil
}

func (s *Server) removeNode(r *rpc.Request) (any, error) {
	var q Ref
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		n, ok := state.Get[*object.Node](tx, q.ID)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "node %s not found", q.ID)
		}
		isMember := slices.ContainsFunc(s.Raft.Members(), func(m raft.Member) bool { return m.Node == n.ID })
		switch {
		case n.Spec.Role == object.RoleManager && !isMember && !q.Force, isMember:
			return rpc.Errorf(rpc.FailedPrecondition, "node %s is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal", n.ID)
		case !q.Force && n.Status.State == object.NodeReady:
			return rpc.Errorf(rpc.FailedPrecondition, "node %s is not down and can't be removed", n.ID)
		}
		c, err := s.cluster(tx)
		if err != nil {
			return err
		}
		c = object.Clone(c)
		c.Removed = append(c.Removed, n.ID)
		tx.Update(c)
		for _, t := range state.Where(tx, func(t *object.Task) bool { return t.NodeID == n.ID }) {
			t = object.Clone(t)
			t.Status = object.TaskStatus{State: object.TaskOrphaned, Timestamp: s.Wall().UTC(), Message: "Task belonged to a node that has been deleted"}
			tx.Update(t)
			if t.Spec.NetworkAttachmentSpec != nil {
				tx.Remove(object.KindTask, t.ID)
			}
		}
		tx.Remove(object.KindNode, n.ID)
		return nil
	})
}
