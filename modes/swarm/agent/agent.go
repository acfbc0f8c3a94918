// Package agent is a node's side of its session with the managers: it tells them that
// the node lives, runs the tasks that they assign to it, and tells how far these are. A
// session that breaks is begun again, with another manager perhaps, for as long as the
// node is one of the swarm's; tasks go on meanwhile.
//
// Start reading at [Agent], then task.go.
package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// The times of a session, as swarmkit's agent has them.
const (
	sessionTime  = 5 * time.Second // to begin one, and for each call in it
	firstBackoff = 100 * time.Millisecond
	mostBackoff  = 8 * time.Second
)

// Executor is the engine that runs the tasks.
type Executor interface {
	// Describe is what the node says of itself.
	Describe() object.NodeDescription
	// Configure takes in what the managers say of the node, and whom they know.
	Configure(*message.SessionMessage)
	// Controller is who runs a task, whose secrets and configs are with it.
	Controller(*object.Task, Dependencies) Controller
}

// Dependencies finds what a task mounts.
type Dependencies interface {
	Secret(id string) *object.Secret
	Config(id string) *object.Config
}

// Controller runs one task. Its calls block; each is made once the one before it has
// returned, but for Shutdown and Remove.
type Controller interface {
	Prepare() error
	Start() error
	// Wait returns when the task has ended: nil is success.
	Wait() error
	Shutdown() error
	Remove() error
	// Status is the container, nil if there is none, and the ports that it has on
	// the node.
	Status() (*object.ContainerStatus, []object.Port)
	// Logs opens the container's log, nil if there is no container.
	Logs(message.LogOptions) (LogReader, error)
}

// Config is what an agent needs of its node.
type Config struct {
	Loop *sim.Loop
	Rand *sim.Rand
	Wall func() time.Time
	Log  func(level, msg string, pairs ...string)
	Node string
	Addr string // that the node is to be known by, "" is where its calls come from
	// Dial connects to a manager and says which; a node that is one connects to itself.
	Dial     func(end rpc.Deadline) (*rpc.Conn, string, error)
	Executor Executor
}

// Agent is one that runs.
type Agent struct {
	Config
	conn    *rpc.Conn
	session string
	again   string // the session that is to go on with another description
	who     string // whom it is with
	ready   bool   // there was a session ever
	stopped bool
	news    sim.Cond
	main    *sim.Proc

	tasks    map[string]*run
	secrets  map[string]*object.Secret
	configs  map[string]*object.Config
	reports  []message.TaskUpdate
	reporter bool
	watched  []*watching
}

// New is one that does nothing yet.
func New(c Config) *Agent {
	return &Agent{Config: c, tasks: map[string]*run{}, secrets: map[string]*object.Secret{}, configs: map[string]*object.Config{}}
}

// Start begins to look for a manager.
func (a *Agent) Start() {
	a.main = a.Loop.Go("swarm agent "+a.Node, func(*sim.Proc) { a.serve() })
}

// Stop ends the session and the work on tasks; what they have started goes on.
func (a *Agent) Stop() {
	if a.stopped {
		return
	}
	a.stopped = true
	if a.conn != nil {
		a.conn.Close()
	}
	for _, r := range a.runs() {
		if r.task.Spec.NetworkAttachmentSpec != nil && a.session != "" { // what became of it nobody takes down any more
			a.Log("info", "attempted to update status for a task that has been removed", "module", "node/agent/taskmanager", "node.id", a.Node, "service.id", r.task.ServiceID, "task.id", r.task.ID)
		}
		r.kill()
	}
	if a.main != nil && a.main != a.Loop.Current() {
		a.main.Kill()
	}
	a.news.Broadcast()
}

// Ready waits for the first session.
func (a *Agent) Ready(end rpc.Deadline) error {
	for !a.ready && !a.stopped {
		if err := a.news.WaitFor(a.Loop, left(a.Loop, end)); err != nil {
			return err
		}
	}
	return nil
}

func left(l *sim.Loop, end rpc.Deadline) time.Duration { return max(time.Duration(end)-l.Now(), 0) }

// Conn is the connection of the session, nil without one.
func (a *Agent) Conn() *rpc.Conn {
	if a.session == "" || a.conn == nil || !a.conn.Alive() {
		return nil
	}
	return a.conn
}

// Redescribe has the manager told at once what the node says of itself now: by the session
// that there is, on a connection that is made again.
func (a *Agent) Redescribe() {
	if a.session == "" || a.conn == nil || a.stopped {
		return // who begins a session says it there
	}
	a.Log("info", "agent: found node update", "module", "node/agent", "node.id", a.Node)
	a.again = a.session
	a.conn.Close()
}

// serve has one session after the other.
func (a *Agent) serve() {
	backoff := time.Duration(0)
	for !a.stopped {
		err := a.hold(backoff)
		if a.stopped || errors.Is(err, sim.ErrInterrupted) {
			return
		}
		if a.session != "" {
			backoff = 0
		}
		a.session = ""
		if a.again != "" {
			continue
		}
		backoff = min(firstBackoff+2*backoff, mostBackoff)
		a.Log("error", "agent: session failed", "backoff", backoff.String(), "error", err.Error(), "module", "node/agent", "node.id", a.Node)
	}
}

// hold has one session until its end.
func (a *Agent) hold(backoff time.Duration) error {
	wait, again := time.Duration(0), a.again
	a.again = ""
	if backoff > 0 {
		wait = time.Duration(a.Rand.Int64N(int64(backoff)))
	}
	defer func() {
		if a.conn != nil {
			a.conn.Close()
		}
	}()
	conn, who, err := a.Dial(rpc.In(a.Loop, sessionTime))
	a.who = who
	a.Log("info", "manager selected by agent for new session: "+who, "module", "node/agent", "node.id", a.Node)
	a.Log("info", fmt.Sprintf("waiting %v before registering session", wait), "module", "node/agent", "node.id", a.Node)
	if wait > 0 {
		a.Loop.Current().Sleep(wait)
	}
	if err != nil {
		if rpc.CodeOf(err) == rpc.DeadlineExceeded {
			err = errors.New("session initiation timed out")
		}
		return err
	}
	a.conn = conn
	q := message.SessionRequest{Description: a.Executor.Describe(), SessionID: again, Addr: a.Addr}
	s, err := conn.Stream(message.Session, q)
	if err != nil {
		return err
	}
	var m message.SessionMessage
	switch err := s.Recv(&m, rpc.In(a.Loop, sessionTime)); {
	case errors.Is(err, rpc.ErrDeadline):
		return errors.New("session initiation timed out")
	case err != nil:
		return err
	}
	a.session = m.SessionID
	a.Executor.Configure(&m)
	a.ready = true
	a.news.Broadcast()
	return a.live(s)
}

// live keeps a session going: heartbeats, assignments, and what the manager has to say.
func (a *Agent) live(s *rpc.Stream) error {
	id, conn := a.session, a.conn
	var failed error
	over := func(err error) {
		if failed == nil {
			failed = err
		}
		if conn.Alive() {
			conn.Close()
		}
	}
	a.Loop.Go("swarm heartbeat "+a.Node, func(p *sim.Proc) { over(a.beat(p, conn, id)) })
	a.Loop.Go("swarm assignments "+a.Node, func(*sim.Proc) { over(a.assigned(conn, id)) })
	a.Loop.Go("swarm log subscriptions "+a.Node, func(*sim.Proc) { a.listen(conn) })
	a.reportAll()
	for {
		var m message.SessionMessage
		if err := s.Recv(&m, 0); err != nil {
			over(err)
			return failed
		}
		a.Executor.Configure(&m)
	}
}

func (a *Agent) beat(p *sim.Proc, conn *rpc.Conn, id string) error {
	period := time.Duration(0)
	for conn.Alive() && !a.stopped {
		if period > 0 && p.Sleep(period) != nil {
			return sim.ErrInterrupted
		}
		var b message.BeatAnswer
		if err := conn.Call(message.Heartbeat, message.Beat{SessionID: id}, &b, rpc.In(a.Loop, sessionTime)); err != nil {
			if rpc.CodeOf(err) == rpc.DeadlineExceeded {
				a.Log("error", "heartbeat to manager "+a.who+" failed", "error", err.Error(), "method", "(*session).heartbeat", "module", "node/agent", "node.id", a.Node, "session.id", id, "sessionID", id)
			}
			return err
		}
		if period = b.Period; period <= 0 {
			period = sessionTime
		}
	}
	return errors.New("session closed")
}

func (a *Agent) assigned(conn *rpc.Conn, id string) error {
	s, err := conn.Stream(message.Assignments, message.Beat{SessionID: id})
	if err != nil {
		return err
	}
	for {
		var m message.Assigned
		if err := s.Recv(&m, 0); err != nil {
			return err
		}
		if a.stopped {
			return nil
		}
		a.assign(&m)
	}
}

// From reads the host of an address.
func From(addr string) netip.Addr {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		at, _ := netip.ParseAddr(addr)
		return at
	}
	return ap.Addr()
}
