package sim

import (
	"errors"
	"time"
)

// Work is what a run costs the real machine, in units of roughly a microsecond:
// an event is one, and rooms above charge what they do within an event. Virtual
// time pays for work as it passes. What does endless work in no time, or nearly
// none, therefore meets [ErrWork], after the same work on every machine.
const (
	// workBurst is what a run may be behind at most: about half a minute.
	workBurst = 30_000_000
	// workRate is what a second of virtual time pays for: a run that is not much
	// slower than its own clock may go on for ever.
	workRate = 2_000_000
	// workStep is how much is done between two looks at the account.
	workStep = 1 << 12
)

// ErrWork is returned by [Loop.Run] when a run has done far more work than its
// virtual time pays for.
var ErrWork = errors.New("too much work in too little virtual time")

// account is what a loop knows of its work.
type account struct {
	charged uint64        // by Charge
	seen    uint64        // of charged and fired, at the last look
	due     uint64        // the same, when the next look is; 0 while the run is behind too far
	spent   time.Duration // work that is not paid for, as virtual time would pay it
	paid    time.Duration // virtual time up to which it was paid
	scale   float64       // of workBurst; 0 is 1
}

// Charge counts n units of work within an event or a process. A process that
// has done too much, or that is to stop, is put aside here, so that whoever
// drives the loop hears of it; a process may be killed here as in any blocking
// call.
func (l *Loop) Charge(n int) {
	l.Work(n)
	if l.current == nil || l.halt() == nil {
		return
	}
	l.current.Pause(0)
}

// Work is Charge where nobody can be put aside: in the middle of what must not
// be left half done.
func (l *Loop) Work(n int) { l.account.charged += uint64(n) }

// SetBudget makes the work that a run may be behind larger or smaller: 1 is about
// half a minute of a real machine's.
func (l *Loop) SetBudget(scale float64) { l.account.scale, l.account.due = scale, 0 }

// overBudget looks at the account if it is time to.
func (l *Loop) overBudget() bool {
	a := &l.account
	if done := a.charged + l.fired - a.seen; done >= workStep {
		a.seen += done
		a.spent += time.Duration(done) * (time.Second / workRate)
		a.spent = max(0, a.spent-(l.now-a.paid))
		a.paid = l.now
		l.clock.Store(int64(l.now))
	}
	burst := time.Duration(workBurst) * (time.Second / workRate)
	if a.scale > 0 {
		burst = time.Duration(float64(burst) * a.scale)
	}
	if a.due = a.seen + workStep; a.spent > burst {
		a.due = 0
	}
	return a.spent > burst
}

// Clock is about [Loop.Now], for another goroutine that shows how far a run is.
func (l *Loop) Clock() time.Duration { return time.Duration(l.clock.Load()) }

// Stop makes the loop stop with err as soon as it can: [Loop.Run] returns it.
// It may be called from any goroutine, and more than once; the first one counts.
func (l *Loop) Stop(err error) {
	l.stop.CompareAndSwap(nil, &err)
	select {
	case l.edge.wake <- struct{}{}:
	default:
	}
}

// Stopped is what [Loop.Stop] was given, or nil.
func (l *Loop) Stopped() error {
	if err := l.stop.Load(); err != nil {
		return *err
	}
	return nil
}

// halt says why the loop must not go on, or nil. It is asked before every event,
// so what it nearly always says is two comparisons in the caller.
func (l *Loop) halt() error {
	if a := &l.account; a.charged+l.fired < a.due && l.stop.Load() == nil {
		return nil
	}
	return l.reason()
}

func (l *Loop) reason() error {
	if err := l.stop.Load(); err != nil {
		return *err
	}
	if l.overBudget() {
		return ErrWork
	}
	return nil
}
