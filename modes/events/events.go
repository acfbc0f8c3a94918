// Package events is the daemon's log of events: who adds them, who listens, and which
// of them pass the filters of docker events.
package events

import (
	"io"
	"strings"
	"time"

	"dnetsim/modes/filters"
	"dnetsim/sim"
)

// Event is one entry of `docker events`.
type Event struct {
	Time       time.Time
	Type       string // "container", "network", "image", "daemon", "service", …
	Action     string // "create", "start", "exec_start: sh", …
	ID         string
	Attributes map[string]string
	Scope      string // "local", which is meant by "", or "swarm"
	From       string // image, for containers
}

// Options are those of `docker events`.
type Options struct {
	Since, Until time.Time // zero: none
	Filters      filters.Args
}

// Log keeps the last events and tells who listens.
type Log struct {
	loop  *sim.Loop
	wall  func() time.Time // the host's
	kept  []Event
	cond  sim.Cond
	total int // number of events ever; kept holds the last of them
}

// keptEvents is how many events the daemon remembers for --since.
const keptEvents = 256

// New is the log of a host with that wall clock.
func New(l *sim.Loop, wall func() time.Time) *Log { return &Log{loop: l, wall: wall} }

// Wake has who waits for an event look again: the daemon has ended.
func (l *Log) Wake() { l.cond.Broadcast() }

// Add notes what has just happened.
func (l *Log) Add(e Event) {
	if e.Time = l.wall(); e.Scope == "" {
		e.Scope = "local"
	}
	l.kept = append(l.kept, e)
	l.total++
	if len(l.kept) > 2*keptEvents {
		l.kept = append(make([]Event, 0, 2*keptEvents+1), l.kept[len(l.kept)-keptEvents:]...)
	}
	l.cond.Broadcast()
}

// Stream gives events as they happen.
type Stream struct {
	l      *Log
	o      Options
	asked  time.Duration // of the loop: Until is so long after it, by the clock of then
	span   time.Duration
	seen   int
	closed bool
}

// Open starts a stream: with Since it begins in the past.
func (l *Log) Open(o Options) *Stream {
	s := &Stream{l: l, o: o, seen: l.total}
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
func (s *Stream) Next() (Event, error) {
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
func (s *Stream) Close() {
	s.closed = true
	s.l.cond.Broadcast()
}

func (s *Stream) passes(e Event) bool {
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
			if strings.HasPrefix(name, v) || strings.HasPrefix(id, v) {
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
			ok = f.Has("type", e.Type)
		case "event":
			action, _, _ := strings.Cut(e.Action, ":")
			ok = f.Has("event", action) || f.Has("event", e.Action)
		case "container":
			ok = named(values, "container", e.ID, e.Attributes["name"]) ||
				e.Type == "network" && f.Has("container", e.Attributes["container"])
		case "network", "volume", "daemon", "plugin", "node", "service", "secret", "config":
			ok = named(values, key, e.ID, e.Attributes["name"])
		case "image":
			ok = f.Has("image", e.From) || named(values, "image", e.ID, e.Attributes["name"])
		case "label":
			ok = filters.MatchLabels(values, e.Attributes)
		case "scope":
			ok = f.Has("scope", e.Scope)
		default:
			ok = true
		}
		if !ok {
			return false
		}
	}
	return true
}
