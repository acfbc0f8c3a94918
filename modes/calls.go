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
// could not be told then is a debt, see owe.
type calls struct {
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

func newCalls(l *sim.Loop) *calls { return &calls{loop: l} }

// refuse makes the API refuse calls from now on: dockerd was told to end.
func (k *calls) refuse() { k.stopping = true }

// admit takes them again.
func (k *calls) admit() { k.stopping = false }

// begin notes a call of the API until end is called.
func (k *calls) begin() (end func(), err error) {
	if k.stopping {
		return nil, errUnavailable
	}
	return k.track(false), nil
}

// track notes what the running process does until end is called.
func (k *calls) track(quiet bool) (end func()) {
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

// tracked reports whether a process is in a call.
func (k *calls) tracked(p *sim.Proc) bool {
	for _, c := range k.under {
		if c.proc == p {
			return true
		}
	}
	return false
}

// life is that of the dockerd that the running process makes a call of.
func (k *calls) life() int {
	if p := k.loop.Current(); p != nil {
		for _, c := range k.under {
			if c.proc == p {
				return c.life
			}
		}
	}
	return k.ends
}

// gone reports whether the dockerd of the running process's call has ended.
func (k *calls) gone() bool { return k.life() != k.ends }

// pass lets virtual time pass in a call; the error says that dockerd has gone.
func (k *calls) pass(t time.Duration) error {
	if !k.gone() {
		k.spend(t)
	}
	if k.gone() {
		return errGone
	}
	return nil
}

// end tells every call that is under way that its dockerd is gone.
func (k *calls) end() {
	k.ends++
	for _, c := range k.under {
		if !c.quiet && c.proc != k.loop.Current() {
			c.proc.Interrupt()
		}
	}
}

// drain waits for the calls of an earlier dockerd.
func (k *calls) drain() {
	for len(k.under) > 0 && k.loop.Current() != nil {
		if k.none.Wait(k.loop) != nil {
			return
		}
	}
}

// spend lets virtual time pass, if a process makes the call.
func (k *calls) spend(t time.Duration) {
	if p := k.loop.Current(); p != nil && t > 0 {
		p.Sleep(t)
	}
}

var errUnavailable = errf(ErrUnavailable, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
