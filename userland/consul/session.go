package consul

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"dnetsim/sim"
)

// session is one session as the API prints it. LockDelay is in nanoseconds.
type session struct {
	ID          string
	Name        string
	Node        string
	Checks      []string
	LockDelay   time.Duration
	Behavior    string // "release" or "delete"
	TTL         string
	CreateIndex uint64
	ModifyIndex uint64

	ttl time.Duration
	end time.Duration // virtual time, 0: never
}

// Limits of a session's time to live. The server grants twice what was asked
// for, so that a holder that renews in time never loses to a slow network.
const (
	minTTL        = 10 * time.Second
	maxTTL        = 24 * time.Hour
	ttlMultiplier = 2
	maxLockDelay  = 60 * time.Second
)

func (st *state) session(id string) *session {
	for _, s := range st.sessions {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// create adds a session whose fields the caller has filled.
func (st *state) create(s *session) error {
	if err := s.check(); err != nil {
		return err
	}
	st.index++
	s.CreateIndex, s.ModifyIndex = st.index, st.index
	st.addSession(s)
	st.changed(record{Session: s})
	st.tell(func(x subject) bool { return x.sessions })
	return nil
}

// check reads the session's time to live and refuses what consul refuses.
func (s *session) check() error {
	if s.Behavior != "release" && s.Behavior != "delete" {
		return fmt.Errorf("Invalid Behavior setting '%s'", s.Behavior)
	}
	if s.TTL == "" {
		return nil
	}
	d, err := time.ParseDuration(s.TTL)
	if err != nil {
		return fmt.Errorf("Session TTL '%s' invalid: %v", s.TTL, err)
	}
	if d != 0 && (d < minTTL || d > maxTTL) {
		return fmt.Errorf("Invalid Session TTL '%d', must be between [%v=%v]", d, minTTL, maxTTL)
	}
	s.ttl = d
	return nil
}

// addSession puts a session into the table and starts its time to live.
func (st *state) addSession(s *session) {
	st.sessions = append(st.sessions, s)
	slices.SortFunc(st.sessions, func(a, b *session) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	st.sesIndex = s.ModifyIndex
	st.renew(s)
}

// renew starts the session's time to live again.
func (st *state) renew(s *session) {
	if s.ttl > 0 {
		s.end = st.loop.Now() + ttlMultiplier*s.ttl
		st.expiry.Signal()
	}
}

// destroy ends a session: the keys that it holds are released or deleted.
func (st *state) destroy(id string) {
	s := st.session(id)
	if s == nil {
		return
	}
	st.dropSession(id)
	st.index++
	st.sesIndex = st.index
	st.changed(record{EndSession: id, Index: st.index})
	st.tell(func(x subject) bool { return x.sessions })
	maps.DeleteFunc(st.delays, func(_ string, until time.Duration) bool { return until <= st.loop.Now() })
	for _, k := range slices.Clone(st.keys) {
		e := st.entries[k]
		if e.Session != id {
			continue
		}
		if d := min(s.LockDelay, maxLockDelay); d > 0 {
			st.delays[k] = st.loop.Now() + d
		}
		if s.Behavior == "delete" {
			st.remove(k)
			continue
		}
		free := *e
		free.Session = ""
		st.set(free)
	}
}

func (st *state) dropSession(id string) {
	st.sessions = slices.DeleteFunc(st.sessions, func(s *session) bool { return s.ID == id })
}

// reap ends sessions when their time is over; it is a thread of the leader.
func (st *state) reap(log func(level, text string)) {
	for {
		next := time.Duration(-1)
		for _, s := range slices.Clone(st.sessions) {
			switch {
			case s.end == 0:
			case s.end <= st.loop.Now():
				log("DEBUG", "consul.state: Session "+s.ID+" TTL expired")
				st.destroy(s.ID)
			case next < 0 || s.end < next:
				next = s.end
			}
		}
		limit := time.Duration(-1)
		if next >= 0 {
			limit = next - st.loop.Now()
		}
		if err := st.expiry.WaitFor(st.loop, limit); err != nil && err != sim.ErrTimeout && err != sim.ErrInterrupted {
			return
		}
	}
}
