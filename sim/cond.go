package sim

import (
	"slices"
	"time"
)

// Cond is a queue of processes that wait for something. The zero value is
// ready. As with any condition variable a waiter looks again at what it waits
// for after it wakes.
type Cond struct {
	waiters []waiter
}

type waiter struct {
	p     *Proc
	epoch uint64
}

// Wait blocks the running process until Signal or Broadcast. It returns
// [ErrInterrupted] if the process was interrupted instead.
func (c *Cond) Wait(l *Loop) error { return c.wait(l, -1) }

// WaitFor is Wait with a limit: after d it returns [ErrTimeout]. A d below
// zero means no limit.
func (c *Cond) WaitFor(l *Loop, d time.Duration) error { return c.wait(l, d) }

func (c *Cond) wait(l *Loop, d time.Duration) error {
	p := l.must()
	if p.interrupted {
		p.interrupted = false
		return ErrInterrupted
	}
	end := l.now + d
	c.waiters = append(c.waiters, waiter{p, p.epoch})
	p.parked = true
	if d >= 0 {
		p.alarm.set(p, d)
	}
	still := c.parkUntilWoken(p)
	if p.interrupted {
		p.interrupted = false
		return ErrInterrupted
	}
	if still && d >= 0 && l.now >= end {
		return ErrTimeout
	}
	return nil
}

// parkUntilWoken parks a process that is in the queue and reports whether it
// was still there when it woke. A process that is killed leaves the queue too.
func (c *Cond) parkUntilWoken(p *Proc) (still bool) {
	epoch := p.epoch
	defer func() { still = c.remove(p, epoch) }()
	p.park()
	return still
}

// remove takes a waiter out of the queue and reports whether it was there: it
// is not when Signal woke it.
func (c *Cond) remove(p *Proc, epoch uint64) bool {
	for i, w := range c.waiters {
		if w.p == p && w.epoch == epoch {
			c.waiters = slices.Delete(c.waiters, i, i+1)
			return true
		}
	}
	return false
}

// Signal wakes the process that has waited longest.
func (c *Cond) Signal() {
	for len(c.waiters) > 0 {
		w := c.waiters[0]
		c.waiters = slices.Delete(c.waiters, 0, 1)
		if w.p.done || w.p.epoch != w.epoch {
			continue
		}
		w.p.wakeAfter(0)
		return
	}
}

// Broadcast wakes every process that waits, in the order in which they came.
func (c *Cond) Broadcast() {
	for _, w := range c.waiters {
		if !w.p.done && w.p.epoch == w.epoch {
			w.p.wakeAfter(0)
		}
	}
	clear(c.waiters)
	c.waiters = c.waiters[:0]
}
