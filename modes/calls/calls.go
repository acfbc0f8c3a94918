// Package calls keeps the calls of the Engine API that are under way. Each lets
// virtual time pass, and dockerd may end meanwhile: a call finds out where it waits.
package calls

import (
	"slices"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/sim"
)

// ErrGone is what a call ends with when its dockerd has gone meanwhile.
var ErrGone = driver.ErrGone

// A call changes something, and lets virtual time pass on the way: dockerd may
// be stopped or killed under it, or its host lose power. The goroutines of a real
// one are gone then. Here each call that is under way finds out where it waits
// (pass, and the store, which is closed), gives back what it holds, and ends
// with an error; a new dockerd begins when all have ended. What the cluster store
// could not be told then is a debt, see owe.
type Calls struct {
	loop     *sim.Loop
	under    []*call
	ends     int  // counts the ends of dockerd
	stopping bool // dockerd was told to end: its API is closed first
	none     sim.Cond
}

// call is one that is under way.
type call struct {
	proc  *sim.Proc
	life  int  // how many ends there were when it began
	quiet bool // nothing interrupts it: it follows the end of a container
}

// New has no call under way.
func New(l *sim.Loop) *Calls { return &Calls{loop: l} }

// Refuse makes the API refuse calls from now on: dockerd was told to end.
func (k *Calls) Refuse() { k.stopping = true }

// Admit takes them again.
func (k *Calls) Admit() { k.stopping = false }

// Begin notes a call of the API until end is called.
func (k *Calls) Begin() (end func(), err error) {
	if k.stopping {
		return nil, ErrUnavailable
	}
	return k.Track(false), nil
}

// Track notes what the running process does until end is called.
func (k *Calls) Track(quiet bool) (end func()) {
	p := k.loop.Current()
	if p == nil {
		return func() {}
	}
	c := &call{p, k.ends, quiet}
	k.under = append(k.under, c)
	return func() {
		for i, x := range k.under {
			if x == c {
				k.under = slices.Concat(k.under[:i], k.under[i+1:])
				break
			}
		}
		if len(k.under) == 0 {
			k.none.Broadcast()
		}
	}
}

// Tracked reports whether a process is in a call.
func (k *Calls) Tracked(p *sim.Proc) bool {
	for _, c := range k.under {
		if c.proc == p {
			return true
		}
	}
	return false
}

// life is that of the dockerd that the running process makes a call of.
func (k *Calls) life() int {
	if p := k.loop.Current(); p != nil {
		for _, c := range k.under {
			if c.proc == p {
				return c.life
			}
		}
	}
	return k.ends
}

// Gone reports whether the dockerd of the running process's call has ended.
func (k *Calls) Gone() bool { return k.life() != k.ends }

// Pass lets virtual time pass in a call; the error says that dockerd has gone.
func (k *Calls) Pass(t time.Duration) error {
	if !k.Gone() {
		k.Spend(t)
	}
	if k.Gone() {
		return driver.ErrGone
	}
	return nil
}

// End tells every call that is under way that its dockerd is gone.
func (k *Calls) End() {
	k.ends++
	for _, c := range k.under {
		if !c.quiet && c.proc != k.loop.Current() {
			c.proc.Interrupt()
		}
	}
}

// Drain waits for the calls of an earlier dockerd.
func (k *Calls) Drain() {
	for len(k.under) > 0 && k.loop.Current() != nil {
		if k.none.Wait(k.loop) != nil {
			return
		}
	}
}

// Spend lets virtual time pass, if a process makes the call.
func (k *Calls) Spend(t time.Duration) {
	if p := k.loop.Current(); p != nil && t > 0 {
		p.Sleep(t)
	}
}

// ErrUnavailable is what whoever calls while dockerd does not run is told.
var ErrUnavailable = errdefs.New(errdefs.KindUnavailable, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
