package quorum

import (
	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
)

// signature is how long the certificates of an answer are, in bytes.
const signature = 1200

// rootCA answers anybody.
func (m *Manager) rootCA(*rpc.Request) (any, error) {
	c := state.Cluster(m.state)
	if c == nil {
		return nil, rpc.Errorf(rpc.NotFound, "no cluster found")
	}
	return message.RootCA{PEM: c.Root.PEM}, nil
}

// unlockKey answers managers.
func (m *Manager) unlockKey(r *rpc.Request) (any, error) {
	c := state.Cluster(m.state)
	if c == nil || r.Peer == nil || r.Peer.Role != object.RoleManager {
		return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied")
	}
	return message.CertificateAnswer{UnlockKey: c.UnlockKey}, nil
}

// issue signs a certificate: of a new node that has a token, or of one that renews its
// own, with the role that it is to have.
func (m *Manager) issue(r *rpc.Request) (any, error) {
	var q message.CertificateRequest
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	out := message.CertificateAnswer{Signature: make([]byte, signature)}
	m.Stream("ca").Read(out.Signature)
	err := m.state.Update(func(tx *state.Tx) error {
		c := state.Cluster(tx)
		if c == nil {
			return rpc.Errorf(rpc.NotFound, "no cluster found")
		}
		n, err := m.applicant(tx, c, r, &q)
		if err != nil {
			return err
		}
		n.Cert = ca.Issue(m.Stream("ca"), c.Root, c.Rotation, n.ID, n.Spec.Role, m.Wall(), c.Spec.CAConfig.NodeCertExpiry)
		n.CertState = ""
		out.Cert = n.Cert
		if n.Spec.Role == object.RoleManager {
			out.UnlockKey = c.UnlockKey
		}
		if _, ok := state.Get[*object.Node](tx, n.ID); ok {
			tx.Update(n)
		} else {
			tx.Create(n)
		}
		return nil
	})
	return out, err
}

// applicant is the node that a certificate is for.
func (m *Manager) applicant(tx *state.Tx, c *object.Cluster, r *rpc.Request, q *message.CertificateRequest) (*object.Node, error) {
	if q.Renew && r.Peer != nil {
		n, ok := state.Get[*object.Node](tx, r.Peer.NodeID)
		if !ok {
			return nil, rpc.Errorf(rpc.NotFound, "node %s not found when attempting to renew certificate", r.Peer.NodeID)
		}
		n = object.Clone(n)
		if _, member := m.memberOf(n.ID); n.Spec.Role == object.RoleWorker && member {
			n.Cert.Role = object.RoleManager // it is still to leave the managers
		}
		return n, nil
	}
	role := ""
	switch q.Token {
	case c.JoinTokens.Worker:
		role = object.RoleWorker
	case c.JoinTokens.Manager:
		role = object.RoleManager
	default:
		return nil, rpc.Errorf(rpc.InvalidArgument, "A valid join token is necessary to join this cluster")
	}
	n := &object.Node{ID: object.NewID(m.Stream("ca")), Status: object.NodeStatus{State: object.NodeUnknown}}
	n.Spec = object.NodeSpec{Annotations: object.Annotations{Labels: map[string]string{}}, Role: role, Availability: q.Availability}
	if n.Spec.Availability == "" {
		n.Spec.Availability = object.Active
	}
	return n, nil
}

func (m *Manager) memberOf(node string) (raft.Member, bool) {
	for _, x := range m.raft.Members() {
		if x.Node == node {
			return x, true
		}
	}
	return raft.Member{}, false
}

// join gives a manager a place in the log.
func (m *Manager) join(r *rpc.Request) (any, error) {
	var q message.Join
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if old, ok := m.memberOf(r.Peer.NodeID); ok {
		if old.Addr == q.Addr {
			return message.Joined{RaftID: old.ID, Members: m.raft.Members()}, nil
		}
		if err := m.raft.RemoveMember(old.ID, proposeTime); err != nil {
			return nil, err
		}
	}
	// A manager that cannot be called back would take the quorum with it.
	c, err := m.dial(q.Addr)
	if err != nil {
		return nil, rpc.Errorf(rpc.FailedPrecondition, "can't add member: %v", err)
	}
	c.Close()
	me := raft.Member{ID: m.Stream("raft ids").Uint64() | 1, Node: r.Peer.NodeID, Addr: q.Addr}
	if err := m.raft.AddMember(me, proposeTime); err != nil {
		return nil, rpc.Errorf(rpc.FailedPrecondition, "%v", err)
	}
	return message.Joined{RaftID: me.ID, Members: m.raft.Members()}, nil
}

// leave takes a manager's place in the log away.
func (m *Manager) leave(r *rpc.Request) (any, error) {
	x, ok := m.memberOf(r.Peer.NodeID)
	if !ok {
		return nil, nil
	}
	if !m.raft.CanRemove(x.ID) {
		return nil, rpc.Errorf(rpc.FailedPrecondition, "raft: member cannot be removed, because removing it may result in loss of quorum")
	}
	return nil, m.raft.RemoveMember(x.ID, proposeTime)
}
