package sim

import "time"

// Timer calls a function once after a delay, and can be stopped or set again.
// Make one with [Loop.NewTimer]; it starts stopped.
type Timer struct {
	loop *Loop
	fn   func()
	ev   *event
}

// NewTimer returns a stopped timer that will call fn.
func (l *Loop) NewTimer(fn func()) *Timer { return &Timer{loop: l, fn: fn} }

// Reset stops the timer if it runs and starts it to fire after d.
func (t *Timer) Reset(d time.Duration) {
	t.Stop()
	t.ev = t.loop.push(d, nil, t.fn)
	t.ev.timer = t
}

// Stop prevents the timer from firing and reports whether it was running.
func (t *Timer) Stop() bool {
	if t.ev == nil {
		return false
	}
	e := t.ev
	t.ev = nil
	t.loop.cancel(e)
	return true
}

// Running reports whether the timer is set and has not fired.
func (t *Timer) Running() bool { return t.ev != nil }
