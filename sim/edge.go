package sim

import (
	"sync"
	"time"
)

// edge is where the real world reaches the loop: functions injected from other
// goroutines. Only interactive and live modes use it; a repeatable run has none.
type edge struct {
	mu   sync.Mutex
	jobs []func()
	wake chan struct{}
	live bool // Live drives the loop
}

// Inject hands fn to the loop from another goroutine. It runs on the loop at
// the virtual time of the moment when [Loop.Live] takes it.
func (l *Loop) Inject(fn func()) {
	l.edge.mu.Lock()
	l.edge.jobs = append(l.edge.jobs, fn)
	l.edge.mu.Unlock()
	select {
	case l.edge.wake <- struct{}{}:
	default:
	}
}

// Injected runs what other goroutines have handed over and reports whether
// there was anything.
func (l *Loop) Injected() bool {
	l.edge.mu.Lock()
	jobs := l.edge.jobs
	l.edge.jobs = nil
	l.edge.mu.Unlock()
	for _, fn := range jobs {
		fn()
	}
	return len(jobs) > 0
}

// A Pacer ties virtual time to the real one. It belongs to the edge: cmd gives
// the real implementation, because nothing below it reads the wall clock.
type Pacer interface {
	// Elapsed is the virtual time that the wall clock allows by now.
	Elapsed() time.Duration
	// Wait blocks until virtual time at is allowed, or wake receives. A
	// negative at means no event is due: wait for wake only.
	Wait(at time.Duration, wake <-chan struct{})
}

// Live fires events no earlier than the pacer allows, and runs injected
// functions as they come, until done reports true or [Loop.Stop] is called. It
// is the one mode that promises no repeatability.
func (l *Loop) Live(pacer Pacer, done func() bool) {
	l.edge.live = true
	defer func() { l.edge.live = false }()
	l.follow(pacer, done, l.Stopped)
}

// Serve is Live for programs instead of a person: what computes for ever meets
// its limit as in [Loop.Run], and the loop ends with [ErrWork] as that does. It
// returns why it ended, or nil if done said so.
func (l *Loop) Serve(pacer Pacer, done func() bool) error {
	l.follow(pacer, done, l.halt)
	if done() {
		return nil
	}
	return l.halt()
}

// follow drives the loop until done, or ended has a reason.
func (l *Loop) follow(pacer Pacer, done func() bool, ended func() error) {
	for !done() && ended() == nil {
		if allowed := pacer.Elapsed(); !l.due(allowed) && allowed > l.now {
			l.now = allowed
		}
		if l.Injected() {
			continue
		}
		if done() {
			return
		}
		at, ok := l.next()
		if !ok {
			pacer.Wait(-1, l.edge.wake)
			continue
		}
		if at > pacer.Elapsed() {
			pacer.Wait(at, l.edge.wake)
			continue
		}
		l.Step()
	}
}

// Paced reports whether virtual time follows a pacer: somebody watches, and nobody
// waits for the end of what computes.
func (l *Loop) Paced() bool { return l.edge.live }

func (l *Loop) due(t time.Duration) bool {
	at, ok := l.next()
	return ok && at <= t
}
