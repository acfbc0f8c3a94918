package quorum

import (
	"time"

	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// During a rotation of the root certificate the leader looks every rotationTime which nodes
// have no certificate of the new root yet, and asks so many more of them to renew theirs.
const (
	rotationTime = 3 * time.Second
	rotationMost = 30
)

// followRotation has a process follow the rotation that the swarm is in, until its end or
// until another has taken its place: a process that is not m.rotator any more ends.
func (m *Manager) followRotation() {
	c := state.Cluster(m.state)
	switch {
	case c == nil || c.Rotation == nil:
		m.rotator = nil
	case m.rotator == nil || m.rotating != c.Rotation.Root.Digest:
		to := c.Rotation.Root.Digest
		m.rotating = to
		m.rotator = m.Loop.Go("swarm root rotation "+m.Node, func(p *sim.Proc) { m.rotate(p, to) })
	}
}

// rotate asks nodes for new certificates until all have them; then the root is the one that
// was to come. A node that does not answer holds it up until it does, or is removed.
func (m *Manager) rotate(p *sim.Proc, to string) {
	log := func(level, msg string, pairs ...string) {
		m.Log(level, msg, append(pairs, "method", "(*Server).rootRotationReconciler", "module", "ca", "node.id", m.Node)...)
	}
	for m.rotator == p {
		done := false
		err := m.state.Update(func(tx *state.Tx) error {
			c := state.Cluster(tx)
			if c == nil || c.Rotation == nil || c.Rotation.Root.Digest != to {
				return nil
			}
			left := state.Where(tx, func(n *object.Node) bool { return !ca.Signed(n.Description.TLSInfo, c.Rotation.Root) })
			if len(left) == 0 {
				m.finishRotation(tx, c)
				done = true
			}
			asked := 0
			for _, n := range left {
				if n.CertState != object.CertRotate && asked < rotationMost {
					n = object.Clone(n)
					n.CertState = object.CertRotate
					tx.Update(n)
					asked++
				}
			}
			return nil
		})
		switch {
		case err != nil && m.rotator != p: // another leads
			return
		case err != nil && done:
			log("error", "could not complete root rotation", "error", err.Error())
		case err != nil:
			log("error", "store error when trying to request certificate rotations", "error", err.Error())
		case done:
			log("info", "completed root rotation")
		}
		if p.Sleep(rotationTime) != nil {
			return
		}
	}
}

// finishRotation makes the root that was to come the swarm's. Tokens begin with its digest:
// those of the old one are void.
func (m *Manager) finishRotation(tx *state.Tx, c *object.Cluster) {
	c = object.Clone(c)
	c.Former = append(c.Former, c.Root.Digest)
	c.Root, c.Rotation, c.RootRotationInProgress = c.Rotation.Root, nil, false
	c.TLSInfo = ca.Info(c.Root.PEM, c.Root.PEM)
	r := m.Stream("ca")
	c.JoinTokens = object.JoinTokens{Worker: ca.NewToken(r, c.Root), Manager: ca.NewToken(r, c.Root)}
	tx.Update(c)
}
