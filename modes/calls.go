package modes

import (
	"slices"
	"time"

	"dnetsim/modes/network/driver"
	"dnetsim/sim"
)

// errGone is what a call ends with when its dockerd has gone meanwhile.
var errGone = driver.ErrGone

// A call changes something, and lets virtual time pass on the way: dockerd may
// be stopped or killed under it, or its host lose power. The goroutines of a real
// one are gone then. Here each call that is under way finds out where it waits
// (pass, and the store, which is closed), gives back what it holds, and ends
// with an error; a new dockerd begins when all have ended. What the cluster store
// could not be told then is a debt, see [Daemon.owe].
type calls struct {
	under    []*call
	life     int  // counts the ends of dockerd
	stopping bool // dockerd was told to end: its API is closed first
	none     sim.Cond
	debts    []func() error
}

// call is one that is under way.
type call struct {
	proc  *sim.Proc
	life  int  // that of the dockerd that it belongs to
	quiet bool // nothing interrupts it: it follows the end of a container
}

// begin notes a call of the API until end is called.
func (d *Daemon) begin() (end func(), err error) {
	if d.calls.stopping {
		return nil, errUnavailable
	}
	return d.track(false), nil
}

// track notes what the running process does until end is called.
func (d *Daemon) track(quiet bool) (end func()) {
	p := d.loop.Current()
	if p == nil {
		return func() {}
	}
	c := &call{p, d.calls.life, quiet}
	d.calls.under = append(d.calls.under, c)
	return func() {
		for i, x := range d.calls.under {
			if x == c {
				d.calls.under = slices.Concat(d.calls.under[:i], d.calls.under[i+1:])
				break
			}
		}
		if len(d.calls.under) == 0 {
			d.calls.none.Broadcast()
		}
	}
}

// tracked reports whether a process is in a call.
func (d *Daemon) tracked(p *sim.Proc) bool {
	for _, c := range d.calls.under {
		if c.proc == p {
			return true
		}
	}
	return false
}

// life is that of the dockerd that the running process makes a call of.
func (d *Daemon) life() int {
	if p := d.loop.Current(); p != nil {
		for _, c := range d.calls.under {
			if c.proc == p {
				return c.life
			}
		}
	}
	return d.calls.life
}

// gone reports whether the dockerd of the running process's call has ended.
func (d *Daemon) gone() bool { return d.life() != d.calls.life }

// pass lets virtual time pass in a call; the error says that dockerd has gone.
func (d *Daemon) pass(t time.Duration) error {
	if !d.gone() {
		d.spend(t)
	}
	if d.gone() {
		return errGone
	}
	return nil
}

// endCalls tells every call that is under way that its dockerd is gone.
func (d *Daemon) endCalls() {
	d.calls.life++
	for _, c := range d.calls.under {
		if !c.quiet && c.proc != d.loop.Current() {
			c.proc.Interrupt()
		}
	}
}

// drain waits for the calls of an earlier dockerd.
func (d *Daemon) drain() {
	for len(d.calls.under) > 0 && d.loop.Current() != nil {
		if d.calls.none.Wait(d.loop) != nil {
			return
		}
	}
}

// owe does something that the cluster store has to be told when it can be
// reached again: fn is called until it returns no error. It may be called more
// than once, so it does only what is left to do.
func (d *Daemon) owe(fn func() error) { d.calls.debts = append(d.calls.debts, fn) }

// payDebts tells the store what it could not be told.
func (d *Daemon) payDebts() {
	due := d.calls.debts
	d.calls.debts = nil
	for i, fn := range due {
		if d.cluster == nil {
			d.calls.debts = append(d.calls.debts, due[i:]...)
			return
		}
		if fn() != nil {
			d.owe(fn)
		}
	}
}
