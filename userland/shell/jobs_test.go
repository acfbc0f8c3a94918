package shell_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

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

// Of a job that is over a shell keeps the numbers and the status, no process.
func TestAJobThatIsOverKeepsNoProcess(t *testing.T) {
	l := sim.NewLoop(1)
	m := newMachine(l, programs.Busybox())
	sh := shell.New(m, shell.Options{Style: shell.Bash})
	p := m.Start(userland.ProcSpec{Args: []string{"sh"}, Program: func(p *userland.Process) int {
		return sh.Run(p, "sleep 1 & sleep 1 | false & sleep 10; wait %1; echo $?; wait $!; exit $?")
	}})
	l.RunFor(time.Second / 2)
	var jobs []weak.Pointer[userland.Process]
	for _, q := range m.AllProcesses() {
		if len(q.Args) == 2 && q.Args[1] == "1" {
			jobs = append(jobs, weak.Make(q))
		}
	}
	l.RunFor(5 * time.Second)
	if n := shell.Jobs(sh); n != 2 || len(jobs) != 2 {
		t.Fatalf("%d jobs, %d processes", n, len(jobs))
	}
	runtime.GC()
	for _, j := range jobs {
		if q := j.Value(); q != nil {
			t.Errorf("%v is kept", q.Args)
		}
	}
	if l.RunFor(10 * time.Second); !p.Done() || p.Status() != 1 {
		t.Errorf("status %d, want that of false", p.Status())
	}
}
