package userland_test

import (
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
)

// A process that starts threads for ever keeps those that run only: dockerd has
// two for the names of each container.
func TestAProcessForgetsThreadsThatAreOver(t *testing.T) {
	l := sim.NewLoop(1)
	m := userland.NewMachine(l, "h", nil)
	stop := false
	p := m.Start(userland.ProcSpec{Args: []string{"p"}, Program: func(p *userland.Process) int {
		for !stop {
			p.Go(func() { p.Sleep(time.Second) })
			p.Sleep(100 * time.Millisecond)
		}
		return 0
	}})
	l.RunFor(time.Hour)
	if n := userland.Threads(p); n > 11 {
		t.Errorf("the process has %d threads, ten run", n)
	}
	stop = true
	l.RunFor(2 * time.Second)
	if n := l.Procs(); n != 0 || !p.Done() {
		t.Errorf("%d coroutines are left", n)
	}
}
