package modes

import "dnetsim/modes/calls"

// lock keeps others from starting, connecting, disconnecting or renaming a
// container until free is called: each of these takes time, and leaves the
// container half done on the way. Calls wait for each other, as those of a real
// dockerd wait for the container's mutex; the error says that dockerd has gone
// meanwhile. What is no process waits for nobody, and nobody comes between.
func (c *Container) lock() (free func(), err error) {
	d := c.run.daemon
	p, r := d.loop.Current(), c.run
	if p == nil {
		return func() {}, nil
	}
	for r.holder != nil {
		r.freed.Wait(d.loop)
		if d.calls.Gone() {
			return nil, calls.ErrGone
		}
	}
	r.holder = p
	return func() {
		r.holder = nil
		r.freed.Broadcast()
	}, nil
}
