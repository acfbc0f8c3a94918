package modes

import (
	"io"
	"strings"
	"time"

	"dnetsim/sim"
)

// Event is one entry of `docker events`.
type Event struct {
	Time       time.Time
	Type       string // "container", "network", "image", "daemon"
	Action     string // "create", "start", "exec_start: sh", …
	ID         string
	Attributes map[string]string
	Scope      string // "local"
	From       string // image, for containers
}

// EventOptions are those of `docker events`.
type EventOptions struct {
	Since, Until time.Time // zero: none
	Filters      Filters
}

// eventLog keeps the last events and tells who listens.
type eventLog struct {
	loop  *sim.Loop
	wall  func() time.Time // the host's
	kept  []Event
	cond  sim.Cond
	total int // number of events ever; kept holds the last of them
}

// keptEvents is how many events the daemon remembers for --since.
const keptEvents = 256

func newEventLog(l *sim.Loop, wall func() time.Time) *eventLog { return &eventLog{loop: l, wall: wall} }

// wake has who waits for an event look again: the daemon has ended.
func (l *eventLog) wake() { l.cond.Broadcast() }

// add notes what has just happened.
func (l *eventLog) add(e Event) {
	e.Time, e.Scope = l.wall(), "local"
	l.kept = append(l.kept, e)
	l.total++
	if len(l.kept) > 2*keptEvents {
		l.kept = append(make([]Event, 0, 2*keptEvents+1), l.kept[len(l.kept)-keptEvents:]...)
	}
	l.cond.Broadcast()
}

// EventStream gives events as they happen.
type EventStream struct {
	l      *eventLog
	o      EventOptions
	asked  time.Duration // of the loop: Until is so long after it, by the clock of then
	span   time.Duration
	seen   int
	closed bool
}

// Open starts a stream: with Since it begins in the past.
func (l *eventLog) Open(o EventOptions) *EventStream {
	s := &EventStream{l: l, o: o, seen: l.total}
	if !o.Until.IsZero() {
		s.asked, s.span = l.loop.Now(), o.Until.Sub(l.wall())
	}
	if !o.Since.IsZero() {
		s.seen = l.total - len(l.kept)
	}
	return s
}

// Next blocks until an event that passes the filters; io.EOF after Until and
// after Close.
func (s *EventStream) Next() (Event, error) {
	l := s.l
	for {
		for s.seen < l.total {
			i := s.seen - (l.total - len(l.kept))
			s.seen++
			if i < 0 {
				continue
			}
			if e := l.kept[i]; s.passes(e) {
				return e, nil
			}
		}
		if s.closed {
			return Event{}, io.EOF
		}
		wait := time.Duration(-1)
		if !s.o.Until.IsZero() {
			if wait = s.span - (l.loop.Now() - s.asked); wait <= 0 {
				return Event{}, io.EOF
			}
		}
		if err := l.cond.WaitFor(l.loop, wait); err != nil && err != sim.ErrTimeout {
			return Event{}, err
		}
	}
}

// Close ends the stream.
func (s *EventStream) Close() {
	s.closed = true
	s.l.cond.Broadcast()
}

func (s *EventStream) passes(e Event) bool {
	if !s.o.Since.IsZero() && e.Time.Before(s.o.Since) {
		return false
	}
	if !s.o.Until.IsZero() && e.Time.After(s.o.Until) {
		return false
	}
	named := func(values []string, typ, id, name string) bool {
		if e.Type != typ {
			return false
		}
		for _, v := range values {
			if v == name || v == id || strings.HasPrefix(id, v) {
				return true
			}
		}
		return false
	}
	f := s.o.Filters
	for key, values := range f {
		if len(values) == 0 {
			continue
		}
		ok := false
		switch key {
		case "type":
			ok = f.has("type", e.Type)
		case "event":
			action, _, _ := strings.Cut(e.Action, ":")
			ok = f.has("event", action) || f.has("event", e.Action)
		case "container":
			ok = named(values, "container", e.ID, e.Attributes["name"]) ||
				e.Type == "network" && f.has("container", e.Attributes["container"])
		case "network":
			ok = named(values, "network", e.ID, e.Attributes["name"])
		case "image":
			ok = f.has("image", e.From) || named(values, "image", e.ID, e.Attributes["name"])
		case "label":
			ok = matchLabels(values, e.Attributes)
		case "scope":
			ok = f.has("scope", e.Scope)
		default:
			ok = true
		}
		if !ok {
			return false
		}
	}
	return true
}
