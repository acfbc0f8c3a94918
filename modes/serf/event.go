package serf

import (
	"bytes"
	"fmt"
	"time"

	"dnetsim/modes/memberlist"
	"dnetsim/modes/msgpack"
	"dnetsim/sim"
)

// EventType says what happened.
type EventType int

// The kinds of events.
const (
	EventMemberJoin EventType = iota
	EventMemberLeave
	EventMemberFailed
	EventMemberUpdate
	EventMemberReap
	EventUser
	EventQuery
)

func (t EventType) String() string {
	return [...]string{"member-join", "member-leave", "member-failed", "member-update", "member-reap", "user", "query"}[t]
}

// Event is something that happened in the cluster. A member is told of its own
// user events and queries too.
type Event struct {
	Type     EventType
	Members  []Member // of the member events
	Name     string   // of EventUser
	Payload  []byte
	LTime    uint64
	Coalesce bool
	Query    *Query // of EventQuery
}

func (a *Agent) tell(ev Event) {
	if a.cfg.Events != nil {
		a.cfg.Events(ev)
	}
}

// UserEvent sends an event to every member, ourselves included. With coalesce
// receivers may leave out older events of the same name. It does not block. After
// Shutdown it does nothing.
func (a *Agent) UserEvent(name string, payload []byte, coalesce bool) error {
	if len(name)+len(payload) > userEventSizeLimit {
		return fmt.Errorf("user event exceeds configured limit of %d bytes before encoding", userEventSizeLimit)
	}
	if a.list.Down() {
		return nil
	}
	m := userEventMsg{uint64(a.eventClock), name, payload, coalesce}
	raw := m.encode()
	if len(raw) > userEventSizeLimit {
		return fmt.Errorf("encoded user event exceeds configured limit of %d bytes after encoding", userEventSizeLimit)
	}
	a.eventClock++
	a.userEvent(&m)
	a.eventQueue.Add(raw, "", nil)
	a.list.Wake()
	return nil
}

// NotifyMsg takes in one message of the upper layer and spreads what is news.
func (a *Agent) NotifyMsg(b []byte) {
	d := &msgpack.Decoder{B: b[1:]}
	again, q := false, &a.intentQueue
	bad := func(what string, err error) bool {
		if err != nil {
			a.logf("ERR", "serf: Error decoding %s message: %s", what, err)
		}
		return err != nil
	}
	switch b[0] {
	case typeLeave:
		var m intent
		if bad("leave", m.decode(d)) {
			return
		}
		a.logf("DEBUG", "serf: messageLeaveType: %s", m.node)
		again = a.leaveIntent(&m)
	case typeJoin:
		var m intent
		if bad("join", m.decode(d)) {
			return
		}
		a.logf("DEBUG", "serf: messageJoinType: %s", m.node)
		again = a.joinIntent(&m)
	case typeUserEvent:
		var m userEventMsg
		if bad("user event", m.decode(d)) {
			return
		}
		a.logf("DEBUG", "serf: messageUserEventType: %s", m.name)
		again, q = a.userEvent(&m), &a.eventQueue
	case typeQuery:
		var m queryMsg
		if bad("query", m.decode(d)) {
			return
		}
		a.logf("DEBUG", "serf: messageQueryType: %s", m.name)
		again, q = a.query(&m), &a.queryQueue
	case typeQueryResponse:
		var m responseMsg
		if bad("query response", m.decode(d)) {
			return
		}
		a.logf("DEBUG", "serf: messageQueryResponseType: %v", m.from)
		a.responded(&m)
	default:
		a.logf("WARN", "serf: Received message of unknown type: %d", b[0])
	}
	if again {
		q.Add(append([]byte{}, b...), "", nil)
		a.list.Wake()
	}
}

// Pending reports whether there is something to spread.
func (a *Agent) Pending() bool {
	return !a.intentQueue.Empty() || !a.queryQueue.Empty() || !a.eventQueue.Empty()
}

// Broadcasts takes messages for one more datagram: intents first.
func (a *Agent) Broadcasts(overhead, limit int) (out [][]byte) {
	for _, q := range []*memberlist.Queue{&a.intentQueue, &a.queryQueue, &a.eventQueue} {
		for _, m := range q.Take(overhead, limit, len(a.members)) {
			limit -= len(m) + overhead
			out = append(out, m)
		}
	}
	return out
}

// userEvent takes in a user event and reports whether it is news.
func (a *Agent) userEvent(m *userEventMsg) bool {
	a.eventClock.witness(m.ltime)
	if m.ltime < a.eventMin {
		return false
	}
	now, n := uint64(a.eventClock), uint64(len(a.events))
	if now > n && m.ltime < now-n {
		a.logf("WARN", "serf: received old event %s from time %d (current: %d)", m.name, m.ltime, now)
		return false
	}
	at := a.events[m.ltime%n]
	if at == nil || at.ltime != m.ltime {
		at = &eventsAt{ltime: m.ltime}
		a.events[m.ltime%n] = at
	}
	for i := range at.events {
		if at.events[i].name == m.name && bytes.Equal(at.events[i].payload, m.payload) {
			return false
		}
	}
	at.events = append(at.events, userEventMsg{name: m.name, payload: m.payload})
	a.coalescer.take(Event{Type: EventUser, Name: m.name, Payload: m.payload, LTime: m.ltime, Coalesce: m.coalesce})
	return true
}

// coalescer holds back user events for a moment and keeps only the newest of
// each name.
type coalescer struct {
	a       *Agent
	held    []Event
	begun   time.Duration
	quantum *sim.Timer
}

func (c *coalescer) init(a *Agent) {
	c.a = a
	c.quantum = a.list.Timer(c.flush)
}

func (c *coalescer) take(ev Event) {
	cfg := &c.a.cfg
	if !ev.Coalesce || cfg.UserCoalesce <= 0 || cfg.UserQuiescent <= 0 {
		c.a.tell(ev)
		return
	}
	now := c.a.loop.Now()
	if len(c.held) == 0 {
		c.begun = now
	}
	c.quantum.Reset(min(cfg.UserQuiescent, c.begun+cfg.UserCoalesce-now))
	keep := c.held[:0]
	for _, h := range c.held {
		if h.Name == ev.Name && h.LTime > ev.LTime {
			return
		}
		if h.Name != ev.Name || h.LTime == ev.LTime {
			keep = append(keep, h)
		}
	}
	c.held = append(keep, ev)
}

func (c *coalescer) flush() {
	held := c.held
	c.held = nil
	for _, ev := range held {
		c.a.tell(ev)
	}
}
