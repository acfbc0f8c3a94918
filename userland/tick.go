package userland

import "time"

const (
	// workPerPause is how much a process may do without virtual time passing.
	workPerPause = 50_000
	// spawnWork and copyWork weigh a process started and each 16 KiB copied
	// against a shell's command, which is 1: they cost the real machine more.
	spawnWork = 100
	copyUnit  = 16 << 10
	// steadyPauses is how many pauses of a millisecond come before they grow.
	steadyPauses = 4
)

// Tick counts a step of a program that may loop without ever blocking: a shell's
// command, a write to /dev/null. After many of them the process sleeps a
// millisecond, and soon twice as long each time as long as nothing else makes
// time pass, so that a program that loops for ever meets the run's limit.
// Programs with loops of their own (awk, yes) call it too.
func (p *Process) Tick() { p.toil(1) }

// toil is Tick for work that weighs more than one step.
func (p *Process) toil(n int) {
	if p.work += n; p.work < workPerPause {
		return
	}
	p.work = 0
	c := p.Loop().Current()
	if c == nil {
		return
	}
	switch {
	case p.Loop().Now() != p.lastPause:
		p.lag, p.pauses = time.Millisecond, 0
	case p.pauses >= steadyPauses:
		p.lag *= 2
	}
	p.pauses++
	c.Sleep(max(p.lag, time.Millisecond))
	p.lastPause = p.Loop().Now()
}
