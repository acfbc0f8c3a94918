package userland

import "time"

const (
	// workPerPause is how much a machine's processes may do without virtual time passing.
	workPerPause = 50_000
	// spawnWork and copyWork weigh a process started and each 16 KiB copied
	// against a shell's command, which is 1: they cost the real machine more.
	spawnWork = 100
	copyUnit  = 16 << 10
	// steadyPauses is how many pauses of a millisecond come before they grow.
	steadyPauses = 4
)

// treadmill counts the work that a machine's processes have done since time
// last passed by itself.
type treadmill struct {
	work   int
	pauses int
	lag    time.Duration
	last   time.Duration // when the last pause ended
}

// Tick counts a step of a program that may loop without ever blocking: a shell's
// command, a write to /dev/null. After many of them the process sleeps a
// millisecond, and soon twice as long each time as long as nothing else makes
// time pass, so that a program that loops for ever meets the run's limit.
// Programs with loops of their own (awk, yes) call it too.
func (p *Process) Tick() { p.toil(1) }

// toil is Tick for work that weighs more than one step.
func (p *Process) toil(n int) {
	t := &p.Machine.treadmill
	if t.work += n; t.work < workPerPause {
		return
	}
	l := p.Loop()
	c := l.Current()
	if c == nil {
		return
	}
	t.work = 0
	switch {
	case t.lag == 0 || l.Now() != t.last:
		t.lag, t.pauses = time.Millisecond, 0
	case t.pauses >= steadyPauses && t.lag < 24*time.Hour:
		t.lag *= 2
	}
	t.pauses++
	c.Sleep(t.lag)
	t.last = l.Now()
}
