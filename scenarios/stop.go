package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"dnetsim/sim"
)

// ErrMemory is the cause of a context that ends a run because it has taken more
// memory than the machine may give it.
var ErrMemory = errors.New("too much memory")

// heed makes the run stop when the options' context is done. What it returns
// ends that.
func (l *Lab) heed(o Options) func() bool {
	l.Loop.SetBudget(max(1, l.Scenario.Limit.Hours()))
	o.Progress.watch(l.Loop)
	if o.Context == nil {
		return func() bool { return true }
	}
	stop := func() {
		err := context.Cause(o.Context)
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		l.Loop.Stop(err)
	}
	if o.Context.Err() != nil {
		stop()
	}
	return context.AfterFunc(o.Context, stop)
}

// stops reports whether an error ends the run rather than a step.
func stops(err error) bool {
	return errors.Is(err, sim.ErrWork) || errors.Is(err, ErrMemory)
}

// ended ends the run at a step that did not: hanging, working without end and
// taking all memory are failures of the step, anything else is not its fault.
func (r *running) ended(res *StepResult, err error) {
	r.hung, res.hung = true, true
	if why := hangs(err, r.lab.Scenario.Limit); why != "" {
		res.Failure = why
		return
	}
	r.result.Err = fmt.Errorf("%w at %v of virtual time, at line %d: %s", err, r.lab.Loop.Now(), res.Step.at.line, res.Step)
}

// hangs says why something did not end, or "" if it was stopped from outside.
func hangs(err error, limit time.Duration) string {
	switch {
	case errors.Is(err, sim.ErrLimit):
		return fmt.Sprintf("it still runs at the limit of %v of virtual time: it hangs, or limit: is too small", limit)
	case errors.Is(err, sim.ErrIdle):
		return fmt.Sprintf("it waits for something that cannot come: %v", err)
	case errors.Is(err, sim.ErrWork):
		return fmt.Sprintf("it does %v: it computes or sends without end, or limit: is too small (%v stand for half a minute of work)", err, max(limit, time.Hour))
	case errors.Is(err, ErrMemory):
		return err.Error()
	}
	return ""
}

// Progress is how far a run is, for somebody who waits for it. It is safe for
// use by another goroutine; a nil Progress hears nothing.
type Progress struct {
	loop atomic.Pointer[sim.Loop]
	line atomic.Pointer[string]
}

// At is the virtual time, about, and the step under way.
func (p *Progress) At() (time.Duration, string) {
	var at time.Duration
	step := ""
	if l := p.loop.Load(); l != nil {
		at = l.Clock()
	}
	if s := p.line.Load(); s != nil {
		step = *s
	}
	return at, step
}

func (p *Progress) watch(l *sim.Loop) {
	if p != nil {
		p.loop.Store(l)
	}
}

func (p *Progress) step(st *Step) {
	if p != nil {
		s := st.String()
		p.line.Store(&s)
	}
}

// guard runs fn and makes an error of a panic, which is a bug of ours: it ends
// this run and nothing else.
func guard(loop *sim.Loop, fn func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = sim.Caught(loop, r)
		}
	}()
	fn()
	return nil
}

// Guard runs fn, which lets the lab's loop go on, and makes an error of a
// panic; the lab can only be closed then.
func (l *Lab) Guard(fn func()) error {
	err := guard(l.Loop, fn)
	l.broken = l.broken || err != nil
	return err
}

// Close ends the run and gives back what it holds. What a run that broke cannot
// give back is lost with it.
func (l *Lab) Close() {
	if l.broken {
		guard(l.Loop, l.close)
		return
	}
	l.close()
}
