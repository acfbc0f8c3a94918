package shell_test

import (
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/programs"
	"dnetsim/userland/shell"
)

// A shell that never waits remembers CHILD_MAX jobs, those that run among them.
func TestAShellForgetsOldJobs(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	sh := shell.New(m, shell.Options{Style: shell.Bash})
	p := m.Start(userland.ProcSpec{Args: []string{"sh"}, Program: func(p *userland.Process) int {
		return sh.Run(p, "sleep 100000 & i=0; while [ $i -lt 3000 ]; do : & i=$((i+1)); done; wait %1")
	}})
	if err := l.Run(p.Done, 50*time.Hour); err != nil || p.Status() != 0 {
		t.Errorf("status %d, %v", p.Status(), err)
	}
	if n := shell.Jobs(sh); n > 1024 {
		t.Errorf("the shell remembers %d jobs", n)
	}
}
