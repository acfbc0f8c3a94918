package quorum

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dnetsim/modes/swarm/allocator"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/orchestrator"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/scheduler"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// raftChanged is told that the leader or the members have changed.
func (m *Manager) raftChanged() {
	m.news.Broadcast()
	if m.stopped {
		return
	}
	now := m.raft.Members()
	for id, p := range m.peers { // closing has no order
		if !has(now, id) && p.to.ID == id {
			p.close()
		}
	}
	if m.raft.Removed() {
		m.unlead()
		m.Loop.After(0, func() {
			if !m.stopped && m.Removed != nil {
				m.Removed()
			}
		})
		return
	}
	if m.raft.IsLeader() && (m.lead == nil || m.term != m.raft.Term()) {
		m.unlead()
		m.term = m.raft.Term()
		m.lead = m.Loop.Go("swarm leader "+m.Node, func(*sim.Proc) { m.reign() })
	} else if !m.raft.IsLeader() && m.lead != nil {
		m.unlead()
	}
	m.dispatcher.Changed()
	m.dirty.Broadcast()
}

func has(ms []raft.Member, id uint64) bool {
	for _, x := range ms {
		if x.ID == id {
			return true
		}
	}
	return false
}

// unlead ends the leader's work.
func (m *Manager) unlead() {
	if m.lead == nil {
		return
	}
	m.leading = false
	m.rotator = nil
	m.dispatcher.Stop()
	if m.orchestrator != nil {
		m.orchestrator.Stop()
	}
	lead := m.lead
	m.lead = nil
	if lead != m.Loop.Current() {
		lead.Kill()
	}
	m.news.Broadcast()
}

// reign is the work of a leader: as long as it leads, what has changed is looked at
// until nothing is left to decide.
func (m *Manager) reign() {
	term := m.term
	still := func() bool { return m.raft.IsLeader() && m.term == term && !m.stopped }
	if m.begin() != nil || !still() {
		return
	}
	m.allocator = allocator.New(m.Wall, func(level, msg string, pairs ...string) { m.Log(level, msg, append(pairs, "node.id", m.Node)...) })
	m.allocator.IPv6, m.allocator.GoOn = m.IPv6, m.GoOn
	m.scheduler = &scheduler.Scheduler{Wall: m.Wall}
	m.orchestrator = orchestrator.New(orchestrator.Config{
		Loop: m.Loop, Rand: m.Stream("tasks"), Wall: m.Wall, State: m.state, Log: m.Log, Again: func() { m.dirty.Broadcast() },
	})
	m.leading = true
	m.news.Broadcast()
	for still() {
		work, err := m.decide()
		m.followRotation() // nothing blocks from here to the wait
		switch {
		case err != nil && still():
			m.Loop.Current().Sleep(time.Second)
		case work:
			continue
		case m.dirty.Wait(m.Loop) != nil:
		}
	}
}

// begin sets a new swarm up, and takes an old one over.
func (m *Manager) begin() error {
	before := state.Cluster(m.state)
	if before == nil && m.New == nil {
		return errors.New("no cluster")
	}
	if before == nil {
		m.Log("info", "Creating default ingress network", "module", "node", "node.id", m.Node)
		err := m.state.Update(func(tx *state.Tx) error {
			tx.Create(m.New)
			tx.Create(m.First)
			tx.Create(newIngress(object.NewID(m.Stream("control"))))
			return nil
		})
		if err != nil {
			return err
		}
	}
	if before != nil {
		m.Log("error", "error creating cluster object", "error", "name conflicts with an existing object", "module", "node", "node.id", m.Node)
	}
	if c := state.Cluster(m.state); c != nil && len(c.DefaultAddrPool) > 0 {
		m.Log("info", fmt.Sprintf("Swarm initialized global default address pool to: Subnetlist - %s,: Size %d", strings.Join(c.DefaultAddrPool, ","), c.SubnetSize))
	}
	m.Log("info", "leadership changed from not yet part of a raft cluster to "+m.Node, "module", "node", "node.id", m.Node)
	if m.Force {
		if err := m.forget(); err != nil {
			return err
		}
	}
	return m.dispatcher.Start()
}

// forget makes workers of the managers that a new cluster by force has left behind.
func (m *Manager) forget() error {
	return m.state.Update(func(tx *state.Tx) error {
		for _, n := range state.All[*object.Node](tx) {
			if n.ID != m.Node && n.Spec.Role == object.RoleManager {
				n = object.Clone(n)
				n.Spec.Role, n.Cert.Role = object.RoleWorker, object.RoleWorker
				tx.Update(n)
			}
		}
		return nil
	})
}

// newIngress is the network that published services are reached by.
func newIngress(id string) *object.Network {
	n := &object.Network{ID: id}
	n.Spec = object.NetworkSpec{
		Annotations: object.Annotations{Name: "ingress", Labels: map[string]string{}},
		Ingress:     true, DriverConfiguration: &object.Driver{}, IPAMOptions: &object.IPAM{}, Scope: "swarm",
	}
	return n
}

// decide makes one round of decisions and reports whether there were any.
func (m *Manager) decide() (bool, error) {
	work := false
	for _, step := range []func(*state.Tx) error{m.settleRoles, m.allocator.Run, m.orchestrator.Run, m.scheduler.Run} {
		err := m.state.Update(func(tx *state.Tx) error {
			if err := step(tx); err != nil {
				return err
			}
			work = work || tx.Changed()
			return nil
		})
		if err != nil {
			return work, err
		}
	}
	if !work {
		m.orchestrator.Updates()
	}
	return work, m.settleMembers()
}

// Status is a node's place in the log, nil if it has none.
func (m *Manager) Status(node string) *object.ManagerStatus {
	x, member := m.memberOf(node)
	if !member {
		return nil
	}
	is := &object.ManagerStatus{Reachability: "unreachable", Addr: x.Addr, Leader: x.ID == m.Disk.ID}
	if m.raft.Reachable(x.ID) {
		is.Reachability = "reachable"
	}
	return is
}

// settleRoles notes what the log's members are: a manager's status is its place there.
func (m *Manager) settleRoles(tx *state.Tx) error {
	for _, n := range state.All[*object.Node](tx) {
		want := m.Status(n.ID)
		if (want == nil) == (n.ManagerStatus == nil) && (want == nil || *want == *n.ManagerStatus) {
			continue
		}
		n = object.Clone(n)
		n.ManagerStatus = want
		tx.Update(n)
	}
	return nil
}

// settleMembers takes managers that were demoted out of the log.
func (m *Manager) settleMembers() error {
	for _, n := range state.All[*object.Node](m.state) {
		x, member := m.memberOf(n.ID)
		if !member || n.Spec.Role == object.RoleManager || !m.raft.CanRemove(x.ID) {
			continue
		}
		if x.ID == m.Disk.ID && m.raft.Transfer() {
			return nil // the next leader removes this one
		}
		if err := m.raft.RemoveMember(x.ID, proposeTime); err != nil && !errors.Is(err, raft.ErrChanging) {
			return err
		}
	}
	return nil
}
