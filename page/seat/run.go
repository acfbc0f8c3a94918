package seat

import (
	"errors"
	"time"
)

// slice is how long the world runs before the seat looks whether somebody asks.
const slice = 5 * time.Millisecond

// behind is how far the world may be behind the wall clock before it gives up to
// catch up.
const behind = 100 * time.Millisecond

// pace ties the world's time to the wall clock.
type pace struct {
	real  time.Time
	base  time.Duration
	speed float64
}

func (p *pace) reset(now time.Duration, speed float64) {
	p.real, p.base, p.speed = time.Now(), now, speed
}

// allowed is the virtual time that the wall clock allows by now.
func (p *pace) allowed() time.Duration {
	return p.base + time.Duration(float64(time.Since(p.real))*p.speed)
}

// goal is what the world runs to, as fast as it can.
type goal struct {
	reached func() bool
	limit   time.Duration   // virtual time
	done    func(err error) // nil: it was reached
}

// The reasons why a goal is not reached.
var (
	errLate    = errors.New("nothing of that kind happened within a minute of the world's time")
	errGivenUp = errors.New("given up for something else")
)

// pass lets time go on for a slice, and says how long to wait before the next.
func (s *Seat) pass() time.Duration {
	if s.world == nil || s.err != nil || s.players == 0 && s.goal == nil {
		return time.Hour
	}
	if s.goal != nil {
		return s.approach()
	}
	if s.state != Running {
		return time.Hour
	}
	allowed := s.pace.allowed()
	if allowed > s.world.Now() {
		if !s.advance(allowed, func() bool { return false }) {
			return time.Hour
		}
	}
	if s.config.Limits.Gentle && s.tired {
		s.tired = false
		return slice
	}
	if now := s.world.Now(); s.pace.allowed()-now > time.Duration(float64(behind)*s.speed) {
		s.pace.reset(now, s.speed)
	}
	at, ok := s.world.Lab().Loop.Upcoming()
	if !ok {
		return time.Hour
	}
	return time.Duration(float64(at-s.pace.allowed()) / s.speed)
}

// advance runs the world up to a time or a stop, a slice at most; false if it came
// down.
func (s *Seat) advance(until time.Duration, stop func() bool) bool {
	start := time.Now()
	n := 0
	err := s.world.Run(until, func() bool {
		n++
		if n%64 == 0 && time.Since(start) > slice {
			s.tired = true
			return true
		}
		return stop() || len(s.jobs) > 0 && n > 1
	})
	s.teller.flush()
	s.end = max(s.end, s.world.Now())
	if err != nil {
		s.fails(err)
		return false
	}
	return true
}

// approach goes on to the goal.
func (s *Seat) approach() time.Duration {
	g := s.goal
	if !g.reached() {
		if s.world.Now() >= g.limit {
			s.arrive(errLate)
			return 0
		}
		if !s.advance(g.limit, g.reached) {
			return time.Hour
		}
	}
	if g.reached() {
		s.arrive(nil)
	}
	if s.config.Limits.Gentle && s.tired {
		s.tired = false
		return slice
	}
	return 0
}

// arrive is the end of a goal.
func (s *Seat) arrive(err error) {
	g := s.goal
	s.goal = nil
	s.state = Paused
	g.done(err)
	s.teller.everything()
}

// run lets time go on by itself, or stand still.
func (s *Seat) run(state State) {
	s.cancel()
	s.state = state
	s.pace.reset(s.world.Now(), s.speed)
	s.teller.clock()
	s.publish()
}

// cancel gives a goal up.
func (s *Seat) cancel() {
	if g := s.goal; g != nil {
		s.goal = nil
		g.done(errGivenUp)
	}
}
