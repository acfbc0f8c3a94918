package sim

import "time"

// Timer calls a function once after a delay, and can be stopped or set again.
// Make one with [Loop.NewTimer]; it starts stopped.
type Timer struct {
	loop *Loop
	fn   func()
	slot uint32 // of the loop's, if it is set
	set  bool
}

// alarm is a timer as the queue has it.
type alarm Timer

// Fire calls the timer's function.
func (a *alarm) Fire() {
	a.set = false
	a.fn()
}

// NewTimer returns a stopped timer that will call fn.
func (l *Loop) NewTimer(fn func()) *Timer { return &Timer{loop: l, fn: fn} }

// Init makes a timer of a larger value's what NewTimer returns.
func (t *Timer) Init(l *Loop, fn func()) { *t = Timer{loop: l, fn: fn} }

// Reset stops the timer if it runs and starts it to fire after d.
func (t *Timer) Reset(d time.Duration) {
	t.Stop()
	t.slot, t.set = t.loop.push(d, (*alarm)(t)), true
}

// Stop prevents the timer from firing and reports whether it was running.
func (t *Timer) Stop() bool {
	if !t.set {
		return false
	}
	t.set = false
	t.loop.cancel(t.slot)
	return true
}

// Running reports whether the timer is set and has not fired.
func (t *Timer) Running() bool { return t.set }
