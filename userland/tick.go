package userland

import "time"

const (
	// workPerPause is how much a machine's processes may do without virtual time passing.
	workPerPause = 50_000
	// SpawnWork weighs a process started against a shell's command, which is 1: it
	// costs the real machine more.
	SpawnWork = 100
	// CopyUnit is how many bytes copied weigh as much as a shell's command.
	CopyUnit = 4 << 10
	// screenWork is a write to a terminal.
	screenWork = 10
	// steadyPauses is how many pauses of a millisecond come before they grow.
	steadyPauses = 4
	// workPace is how much virtual time must have passed by itself for a machine
	// to be called unhurried: it computes less than it waits.
	workPace = time.Second
	// mostHurried and mostIdle bound a pause where some time passes by itself and
	// where none does.
	mostHurried = 2 * time.Minute
	mostIdle    = 24 * time.Hour
)

// effort counts the work that a machine's processes have done since time
// last passed by itself.
type effort struct {
	work   int
	pauses int
	lag    time.Duration
	last   time.Duration // when the last pause ended
}

// most is the longest pause now.
func (t *effort) most(now time.Duration) time.Duration {
	if now == t.last {
		return mostIdle
	}
	return mostHurried
}

// Tick counts a step of a program that may loop without ever blocking: a shell's
// command, a write to /dev/null. After many of them the process sleeps a
// millisecond, and soon twice as long each time as long as next to no time passes
// by itself, so that a program that computes for ever meets the run's limit.
// Programs with loops of their own (awk, yes) call it too.
func (p *Process) Tick() { p.Work(1) }

// Work is Tick for what weighs more than one step, a shell's command.
func (p *Process) Work(n int) {
	l := p.Loop()
	l.Charge(n)
	t := &p.Machine.effort
	if t.work += n; t.work < workPerPause {
		return
	}
	c := l.Current()
	if c == nil {
		return
	}
	t.work = 0
	if l.Paced() { // keys and everything else that is due come first
		c.Pause(time.Millisecond)
		return
	}
	switch {
	case t.lag == 0 || l.Now()-t.last >= workPace:
		t.lag, t.pauses = time.Millisecond, 0
	case t.pauses >= steadyPauses && t.lag < t.most(l.Now()):
		t.lag *= 2
	}
	t.pauses++
	c.Pause(t.lag)
	t.last = l.Now()
}

// Toil counts the work of a program that goes through n bytes at once.
func (p *Process) Toil(n int) { p.Work(1 + n/CopyUnit) }
