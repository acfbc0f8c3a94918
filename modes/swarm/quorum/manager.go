// Package quorum is a swarm's managers: each a member of the log, and, while it leads, the
// authority of certificates, the dispatcher, and who decides what runs where. Each
// manager answers on port 2377 and in its own node; what only the leader may do is
// forwarded to it.
//
// Start reading at [Manager], then leader.go.
package quorum

import (
	"net/netip"
	"time"

	"dnetsim/modes/swarm/allocator"
	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/dispatcher"
	"dnetsim/modes/swarm/logbroker"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/orchestrator"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/scheduler"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// proposeTime is how long a change may take to be agreed on.
const proposeTime = 20 * time.Second

// Config is what a manager needs of its node.
type Config struct {
	Loop   *sim.Loop
	Wall   func() time.Time
	Stream func(name string) *sim.Rand
	Net    rpc.Sockets
	Log    func(level, msg string, pairs ...string)

	Node      string
	Hostname  string
	Listen    netip.AddrPort
	Advertise string                     // "10.0.0.11:2377"
	Cert      func() *object.Certificate // the node's own, nil if it has none
	Root      func() string              // the digest of the root that the node trusts
	Disk      *raft.Disk
	New       *object.Cluster // of a new swarm, else nil
	First     *object.Node    // the new swarm's first node
	Force     bool            // --force-new-cluster
	IPv6      bool            // subnets of IPv6 are given out
	GoOn      bool            // subnets are cut behind the last one
	EarlyLog  bool            // raft logs as of 20.10
	TLSWords  string          // how the refusal of a peer's certificate begins
	// Watch is told of every change that the managers have agreed on.
	Watch func(state.Change)
	// Removed is called when the manager is no member any more.
	Removed func()
	// Crash ends the engine: the log cannot be what the others take it for.
	Crash func()
}

// Manager is one that runs.
type Manager struct {
	Config
	server       *rpc.Server
	raft         *raft.Node
	state        *state.State
	dispatcher   *dispatcher.Dispatcher
	control      *control.Server
	broker       *logbroker.Broker
	allocator    *allocator.Allocator
	scheduler    *scheduler.Scheduler
	orchestrator *orchestrator.Orchestrator
	peers        map[uint64]*peer
	proxy        *rpc.Conn // to the leader
	leading      bool      // the leader's work is under way
	term         uint64
	lead         *sim.Proc
	rotator      *sim.Proc // of the way to rotating, nil without a rotation
	rotating     string    // the digest of the root to come
	dirty        sim.Cond
	news         sim.Cond // the leader or its work has changed
	stopped      bool
	removedIDs   []uint64
}

// New is one that does nothing yet.
func New(c Config) *Manager {
	m := &Manager{Config: c, peers: map[uint64]*peer{}}
	m.state = state.New(c.Loop, c.Wall, m.propose, m.changed, c.Watch)
	m.server = rpc.NewServer(rpc.Config{
		Loop: c.Loop, Net: c.Net, Rand: c.Stream("tls"), Cert: c.Cert, Verify: m.verify, Log: c.Log,
	})
	m.dispatcher = dispatcher.New(dispatcher.Config{
		Loop: c.Loop, Rand: c.Stream("dispatcher"), Wall: c.Wall, State: m.state, Node: c.Node, Managers: m.managers, Log: c.Log,
	})
	m.control = control.New(control.Config{Loop: c.Loop, Rand: c.Stream("control"), Wall: c.Wall, State: m.state, Raft: m, Founder: c.New != nil})
	m.broker = logbroker.New(logbroker.Config{Loop: c.Loop, Rand: c.Stream("logs"), State: m.state})
	m.raft = raft.New(c.Disk, raft.Config{
		Loop: c.Loop, Rand: c.Stream("raft"), Send: m.send, Apply: m.state.Apply,
		Snapshot: m.state.Snapshot, Restore: m.state.Restore, Changed: m.raftChanged,
		Log:   func(level, msg string) { c.Log(level, msg, "module", "raft", "node.id", c.Node) },
		Early: c.EarlyLog,
		Panic: func(msg string) {
			c.Log("panic", msg, "module", "raft", "node.id", c.Node)
			c.Crash()
		},
	})
	m.handle()
	return m
}

// Start opens the port and joins the log. An error is that of the port.
func (m *Manager) Start() error {
	if err := m.server.Listen(m.Listen); err != nil {
		return rpc.Errorf(rpc.Unknown, "failed to listen on remote API address: listen tcp %v: bind: %s", m.Listen, lower(err))
	}
	m.Log("info", "Listening for connections", "addr", m.Listen.String(), "module", "node", "node.id", m.Node, "proto", "tcp")
	m.Log("info", "Listening for local connections", "addr", "/var/run/docker/swarm/control.sock", "module", "node", "node.id", m.Node, "proto", "unix")
	if m.Disk.ID == 0 {
		return nil // see Joined
	}
	me := raft.Member{ID: m.Disk.ID, Node: m.Node, Addr: m.Advertise}
	switch {
	case m.New != nil:
		m.raft.Bootstrap(me)
	case m.Force:
		m.raft.ForceAlone(me)
	}
	m.raft.Start()
	return nil
}

// Stop ends it. What is on its disk stays.
func (m *Manager) Stop() {
	if m.stopped {
		return
	}
	m.stopped = true
	m.Log("info", "Stopping manager", "module", "node", "node.id", m.Node)
	m.unlead()
	m.raft.Stop()
	for _, p := range m.peers { // closing has no order
		p.close()
	}
	if m.proxy != nil {
		m.proxy.Close()
	}
	m.server.Close()
	m.news.Broadcast()
	m.dirty.Broadcast()
	m.Log("info", "Manager shut down", "module", "node", "node.id", m.Node)
}

// Local is a connection to the manager from its own node.
func (m *Manager) Local() *rpc.Conn { return m.server.Local() }

// State is what the manager knows of the swarm.
func (m *Manager) State() *state.State { return m.state }

// HasLeader reports whether the manager knows who leads: without, nothing can be changed.
func (m *Manager) HasLeader() bool {
	_, ok := m.raft.Leader()
	return ok
}

// Members are the managers.
func (m *Manager) Members() []raft.Member { return m.raft.Members() }

// Counters are the server's.
func (m *Manager) Counters() rpc.Counters { return m.server.Counters() }

// Led waits until there is a leader that does its work; an error says that there was
// none in time.
func (m *Manager) Led(limit time.Duration) error {
	end := m.Loop.Now() + limit
	for !m.stopped {
		if l, ok := m.raft.Leader(); ok && (l.ID != m.Disk.ID || m.leading) && state.Cluster(m.state) != nil {
			return nil
		}
		if err := m.news.WaitFor(m.Loop, max(end-m.Loop.Now(), 0)); err != nil {
			return err
		}
	}
	return raft.ErrStopped
}

// propose brings a batch to all managers.
func (m *Manager) propose(b []byte) error {
	err := m.raft.Propose(b, proposeTime)
	if err == sim.ErrTimeout {
		return rpc.ErrDeadline
	}
	return err
}

// changed is told of every change of the state.
func (m *Manager) changed() {
	m.dispatcher.Changed()
	m.broker.Changed()
	m.dirty.Broadcast()
	m.news.Broadcast()
}

// managers are those that agents may call.
func (m *Manager) managers() (out []message.Peer) {
	for _, x := range m.raft.Members() {
		out = append(out, message.Peer{Node: x.Node, Addr: x.Addr, Weight: 10})
	}
	return out
}

// verify refuses nodes that another root has signed, and those that were removed.
func (m *Manager) verify(c *object.Certificate) error {
	if m.Cert() == nil {
		return errNoCertificate
	}
	return ca.Check(m.TLSWords, m.Root(), c, m.Wall())
}

// handle says who answers what.
func (m *Manager) handle() {
	lead := func(method string, h rpc.Handler) { m.server.Handle(method, m.leaders(m.allowed(method, h))) }
	m.dispatcher.Handle(lead)
	m.control.Handle(lead)
	m.broker.Handle(lead)
	lead(message.IssueCertificate, m.issue)
	lead(message.RaftJoin, m.join)
	lead(message.RaftLeave, m.leave)
	lead(message.AttachNetwork, m.attach)
	lead(message.DetachNetwork, m.detach)
	m.server.Handle(message.GetRootCA, m.rootCA)
	m.server.Handle(message.GetUnlockKey, m.unlockKey)
	m.server.Handle(message.RaftMessage, m.receive)
}

// allowed refuses nodes that have been removed, and workers what only managers may.
func (m *Manager) allowed(method string, h rpc.Handler) rpc.Handler {
	return func(r *rpc.Request) (any, error) {
		if c := state.Cluster(m.state); c != nil && r.Peer != nil {
			for _, id := range c.Removed {
				if id == r.Peer.NodeID {
					return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied: node %s has been removed from swarm", id)
				}
			}
		}
		if managersOnly(method) && (r.Peer == nil || r.Peer.Role != object.RoleManager) {
			return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied: unauthorized peer role: rpc error: code = PermissionDenied desc = remote certificate not authorized to perform operation")
		}
		return h(r)
	}
}

// Joined starts the log of a manager that has got its place in it, and is told who else
// has one.
func (m *Manager) Joined(id uint64, members []raft.Member) {
	m.Disk.ID = id
	for _, x := range members {
		m.peers[x.ID] = &peer{m: m, to: x}
	}
	m.raft.Start()
}
