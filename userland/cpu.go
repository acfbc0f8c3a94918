package userland

import "time"

// Compute takes d of the processor of the host, which its containers share and
// which does one thing at a time, and returns how long it is from now until that
// is done. CPU time is free elsewhere; this is for programs that push bytes as
// fast as they can, which nothing else would hold back on an unlimited cable.
func (p *Process) Compute(d time.Duration) time.Duration {
	host := p.Machine
	for host.Parent != nil {
		host = host.Parent
	}
	now := host.loop.Now()
	host.computed = max(host.computed, now) + d
	return host.computed - now
}
