// Package dispatcher is a leader's side of its nodes' sessions: which nodes live, what
// each is to run, and how far its tasks are. A node that has not been heard of for three
// of its heartbeats is down.
package dispatcher

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"dnetsim/modes/swarm/ca"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// What a node's heartbeats may differ from the period by, and how many may be missed;
// a node that a new leader does not know yet may miss more.
const (
	periodJitter = 500 * time.Millisecond
	graceBeats   = 3
	graceUnknown = 6
)

// Config is what a dispatcher needs of its manager.
type Config struct {
	Loop     *sim.Loop
	Rand     *sim.Rand
	Wall     func() time.Time
	State    *state.State
	Node     string // the manager's
	Managers func() []message.Peer
	Log      func(level, msg string, pairs ...string)
}

// Dispatcher serves nodes while its manager leads.
type Dispatcher struct {
	Config
	sessions map[string]*session // by node
	running  bool
	changed  sim.Cond
	cluster  *object.Cluster // as it was last seen
}

// session is a node's, or the place of one that has none.
type session struct {
	id, node string
	period   time.Duration
	expiry   *sim.Timer
	since    time.Duration // the last registration
	attempts int           // in a row
}

// A node registers three times, and then not before eight seconds after the last: machines
// that are clones of one another would do nothing else.
const (
	mostAttempts = 3
	attemptsTime = 8 * time.Second
)

// limit refuses registrations of a node that follow too fast on one another.
func (d *Dispatcher) limit(node string) error {
	s := d.sessions[node]
	if s == nil {
		return nil
	}
	if d.Loop.Now()-s.since > attemptsTime {
		s.attempts = 0
	}
	if s.attempts++; s.attempts > mostAttempts {
		return rpc.Errorf(rpc.Unavailable, "node %s exceeded rate limit count of registrations", node)
	}
	return nil
}

// New is one that does not serve yet.
func New(c Config) *Dispatcher { return &Dispatcher{Config: c, sessions: map[string]*session{}} }

// Start begins to serve: nodes that were there before are unknown until they are heard
// of.
func (d *Dispatcher) Start() error {
	d.Log("info", "dispatcher starting", "module", "dispatcher", "node.id", d.Node)
	d.running, d.cluster = true, state.Cluster(d.State)
	return d.State.Update(func(tx *state.Tx) error {
		for _, n := range state.All[*object.Node](tx) {
			if n.Status.State == object.NodeDown || n.Cert.NodeID == "" {
				continue
			}
			d.watch(n.ID, graceUnknown*d.period(), `heartbeat failure for node in "unknown" state`)
			if n.Status.State == object.NodeUnknown {
				continue
			}
			n = object.Clone(n)
			n.Status.State = object.NodeUnknown
			n.Status.Message = `Node moved to "unknown" state due to leadership change in cluster`
			tx.Update(n)
		}
		return nil
	})
}

// Stop ends every session.
func (d *Dispatcher) Stop() {
	if !d.running {
		return
	}
	d.running = false
	d.Log("info", "dispatcher stopping", "method", "(*Dispatcher).Stop", "module", "dispatcher", "node.id", d.Node)
	for _, id := range slices.Sorted(maps.Keys(d.sessions)) {
		s := d.sessions[id]
		s.expiry.Stop()
		if s.id != "" {
			d.Log("info", "dispatcher session dropped, marking node "+id+" down", "method", "(*Dispatcher).Session", "node.id", id, "node.session", s.id)
			d.Log("error", "failed to remove node", "error", "rpc error: code = Aborted desc = dispatcher is stopped", "method", "(*Dispatcher).Session", "node.id", id, "node.session", s.id)
		}
	}
	d.sessions = map[string]*session{}
	d.changed.Broadcast()
}

// Changed tells that the state has changed.
func (d *Dispatcher) Changed() {
	if c := state.Cluster(d.State); d.running && c != d.cluster {
		d.cluster = c
		d.Log("info", "cluster update event", "module", "dispatcher", "node.id", d.Node)
	}
	d.changed.Broadcast()
}

// Handle answers the nodes' calls.
func (d *Dispatcher) Handle(set func(string, rpc.Handler)) {
	set(message.Session, d.session)
	set(message.Heartbeat, d.heartbeat)
	set(message.Assignments, d.assignments)
	set(message.UpdateTaskStatus, d.updateStatus)
}

func (d *Dispatcher) period() time.Duration {
	if c := state.Cluster(d.State); c != nil && c.Spec.Dispatcher.HeartbeatPeriod > 0 {
		return c.Spec.Dispatcher.HeartbeatPeriod
	}
	return object.DefaultSpec().Dispatcher.HeartbeatPeriod
}

// watch gives a node a session, whose end is the node's failure after limit.
func (d *Dispatcher) watch(node string, limit time.Duration, why string) *session {
	s := &session{node: node, period: d.period(), since: d.Loop.Now()}
	if old := d.sessions[node]; old != nil {
		old.expiry.Stop()
		s.attempts = old.attempts
	}
	s.expiry = d.Loop.NewTimer(func() {
		d.Loop.Go("swarm down "+node, func(*sim.Proc) { d.fail(s, why) })
	})
	s.expiry.Reset(limit)
	d.sessions[node] = s
	return s
}

// fail notes that a node is down.
func (d *Dispatcher) fail(s *session, why string) {
	if !d.running || d.sessions[s.node] != s {
		return
	}
	delete(d.sessions, s.node)
	d.setNode(s.node, object.NodeDown, why, "")
	d.changed.Broadcast()
}

func (d *Dispatcher) setNode(id, to, why, addr string) error {
	return d.State.Update(func(tx *state.Tx) error {
		n, ok := state.Get[*object.Node](tx, id)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "node not found")
		}
		n = object.Clone(n)
		n.Status.State, n.Status.Message = to, why
		if addr != "" {
			n.Status.Addr = addr
		}
		tx.Update(n)
		return nil
	})
}

// node is the one that calls; who has no certificate is refused.
func (d *Dispatcher) node(r *rpc.Request) (string, error) {
	if r.Peer == nil {
		return "", rpc.Errorf(rpc.PermissionDenied, "Permission denied: unauthorized peer role: rpc error: code = PermissionDenied desc = no client certificates in request")
	}
	if !d.running {
		return "", rpc.Errorf(rpc.Aborted, "dispatcher is stopped")
	}
	if _, ok := state.Get[*object.Node](d.State, r.Peer.NodeID); !ok {
		return "", rpc.Errorf(rpc.NotFound, "node not found")
	}
	return r.Peer.NodeID, nil
}

// known finds the session that a node names.
func (d *Dispatcher) known(node, id string) (*session, error) {
	s := d.sessions[node]
	if s == nil || s.id == "" {
		return nil, rpc.Errorf(rpc.NotFound, "node not registered")
	}
	if s.id != id {
		return nil, rpc.Errorf(rpc.InvalidArgument, "session invalid")
	}
	return s, nil
}

func (d *Dispatcher) beat() time.Duration {
	return d.period() - periodJitter + time.Duration(d.Rand.Int64N(int64(2*periodJitter)))
}

func (d *Dispatcher) session(r *rpc.Request) (any, error) {
	var q message.SessionRequest
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	id, err := d.node(r)
	if err != nil {
		return nil, err
	}
	if q.Addr == "" {
		q.Addr = r.From.Addr().Unmap().String()
	}
	if s, err := d.known(id, q.SessionID); err == nil { // it goes on with another description
		if err := d.register(id, &q); err != nil {
			return nil, err
		}
		return nil, d.tell(r, s)
	}
	if err := d.limit(id); err != nil {
		return nil, err
	}
	if err := d.register(id, &q); err != nil {
		return nil, err
	}
	s := d.watch(id, graceBeats*d.period(), "heartbeat failure")
	s.id = object.NewID(d.Rand)
	d.Log("info", "worker "+id+" was successfully registered", "method", "(*Dispatcher).register")
	return nil, d.tell(r, s)
}

// register notes what a node says of itself.
func (d *Dispatcher) register(id string, q *message.SessionRequest) error {
	return d.State.Update(func(tx *state.Tx) error {
		n, ok := state.Get[*object.Node](tx, id)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "node not found")
		}
		n = object.Clone(n)
		n.Description = q.Description
		if c := state.Cluster(tx); c != nil && n.Description.TLSInfo.TrustRoot == "" {
			n.Description.TLSInfo = ca.Info(c.Root.PEM, c.Root.PEM) // see message.SessionRequest
		}
		n.Status = object.NodeStatus{State: object.NodeReady, Addr: q.Addr}
		tx.Update(n)
		return nil
	})
}

// tell sends what a session's node has to know, each time that it has changed.
func (d *Dispatcher) tell(r *rpc.Request, s *session) error {
	var last message.SessionMessage
	for {
		n, ok := state.Get[*object.Node](d.State, s.node)
		c := state.Cluster(d.State)
		switch {
		case !d.running || d.sessions[s.node] != s:
			return rpc.Errorf(rpc.Aborted, "session invalid")
		case !ok || c == nil:
			return rpc.Errorf(rpc.NotFound, "node not found")
		}
		m := message.SessionMessage{SessionID: s.id, Node: n, Managers: d.Managers(), Keys: c.Keys, Root: c.Root, Port: c.DataPathPort}
		if n.Cert.Role == object.RoleManager {
			m.UnlockKey = c.UnlockKey
		}
		if !same(&m, &last) {
			r.Send(m)
			last = m
		}
		if err := d.changed.Wait(d.Loop); err != nil || r.Gone() {
			return errors.New("context canceled")
		}
	}
}

// same reports whether a node would learn nothing. Its own status is no news.
func same(a, b *message.SessionMessage) bool {
	return b.Node != nil && reflect.DeepEqual(a.Node.Spec, b.Node.Spec) && reflect.DeepEqual(a.Node.Attachments, b.Node.Attachments) &&
		a.Node.Cert.Role == b.Node.Cert.Role && a.Node.CertState == b.Node.CertState && reflect.DeepEqual(a.Managers, b.Managers) && reflect.DeepEqual(a.Keys, b.Keys) && a.Root == b.Root && a.UnlockKey == b.UnlockKey
}

func (d *Dispatcher) heartbeat(r *rpc.Request) (any, error) {
	var q message.Beat
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	id, err := d.node(r)
	if err != nil {
		return nil, err
	}
	s, err := d.known(id, q.SessionID)
	if err != nil {
		return nil, err
	}
	s.period = d.beat()
	s.expiry.Reset(graceBeats * s.period)
	return message.BeatAnswer{Period: s.period}, nil
}
