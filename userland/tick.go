package userland

import "time"

// ticksPerPause is how much a process may do without virtual time passing.
const ticksPerPause = 100_000

// Tick counts a step of a program that may loop without ever blocking: a shell's
// command, a write to /dev/null. After many of them the process sleeps a
// millisecond, and twice as long each time as long as nothing else makes time
// pass, so that a program that loops for ever meets the run's limit soon.
// Programs with loops of their own (awk, yes) call it too.
func (p *Process) Tick() {
	if p.work++; p.work < ticksPerPause {
		return
	}
	p.work = 0
	now := p.Loop().Now()
	if now == p.lastPause && p.lag > 0 {
		p.lag *= 2
	} else {
		p.lag = time.Millisecond
	}
	if c := p.Loop().Current(); c != nil {
		c.Sleep(p.lag)
	}
	p.lastPause = p.Loop().Now()
}
