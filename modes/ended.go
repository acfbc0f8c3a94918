package modes

import (
	"slices"
	"strconv"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/nat"
	"dnetsim/sim"
	"dnetsim/userland"
)

// ended is called when PID 1 is over: the container stops, and its policy says
// what comes next.
// The engine hears of it a little later: what its sockets still had to say is
// on its way before the network is taken away. Calls of the API wait for that
// ([Containers.available]), as they wait for the container's lock.
func (d *Daemon) ended(c *Container, pid1 *userland.Process, status int) {
	d.Containers.reaping++
	d.loop.After(d.profile.cost.reap, func() {
		d.reap(c, pid1, status)
		d.Containers.reaping--
		d.Containers.reaped.Broadcast()
	})
}

func (d *Daemon) reap(c *Container, pid1 *userland.Process, status int) {
	r := c.run
	if r.pid1 != pid1 {
		return
	}
	if r.sandbox != nil && r.base == nil && r.sandbox.global() {
		// The store has to be told first, which takes time.
		d.loop.Go("exit "+c.Name, func(*sim.Proc) {
			defer d.calls.Track(true)()
			if r.pid1 == pid1 && r.sandbox != nil {
				d.leaveAll(c)
			}
			d.hasEnded(c, pid1, status)
		})
		return
	}
	d.hasEnded(c, pid1, status)
}

func (d *Daemon) hasEnded(c *Container, pid1 *userland.Process, status int) {
	r := c.run
	if r.pid1 != pid1 {
		return
	}
	r.pid1 = nil
	if r.powerLost { // nobody saw how it ended, which is what 255 says
		r.powerLost, status = false, 255
	}
	lasted := d.loop.Now() - r.began
	c.State.Pid, c.State.ExitCode = 0, status
	c.State.FinishedAt = d.Wall()
	again := d.restartWanted(c, status, lasted)
	c.State.Status = container.Exited
	if again {
		c.State.Status = container.Restarting
		c.RestartCount++
	}
	c.stopHealth()
	r.streams.End()
	d.Execs.endAll(c)
	c.event("die", "exitCode", strconv.Itoa(status))
	d.bringDown(c)
	r.openStdio(d.loop, c)
	d.stateChanged(c)
	d.finishWaits(c, false)
	switch {
	case again:
		d.scheduleRestart(c)
	case c.HostConfig.AutoRemove && !r.removing:
		r.removing = true
		d.loop.After(d.profile.cost.remove, func() { d.remove(c) })
	}
}

// bringDown takes the network away from a container that does not run.
func (d *Daemon) bringDown(c *Container) {
	r := c.run
	d.unmountRoot(c)
	if r.sandbox == nil {
		return
	}
	sb := r.sandbox
	r.sandbox = nil
	if r.base != nil {
		r.base = nil
		sb.release()
		return
	}
	r.sandbox = sb
	d.disconnectAll(c)
	r.sandbox = nil
	c.NetworkSettings.Ports = map[nat.Port][]nat.PortBinding{}
	d.dropSandbox(sb)
	sb.release()
}

// disconnectAll takes a container out of all its networks.
func (d *Daemon) disconnectAll(c *Container) {
	sb := c.run.sandbox
	for len(sb.endpoints) > 0 {
		ep := sb.endpoints[0]
		sb.leave(ep)
		d.deleteEndpoint(ep)
		if ep.gatewayName != "" {
			continue
		}
		if es := c.NetworkSettings.Networks[ep.net.Name]; es != nil {
			es.Clear()
		}
		d.networkEvent(ep.net, "disconnect", "container", c.ID)
	}
}

// The pauses between restarts double from the first to the longest, and begin
// anew after a run of stableRun.
const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = time.Minute
	stableRun    = 10 * time.Second
)

func (d *Daemon) restartWanted(c *Container, status int, lasted time.Duration) bool {
	r, p := c.run, c.HostConfig.RestartPolicy
	if r.manualStop || r.shutdown || r.removing || !alive(d) {
		return false
	}
	switch p.Name {
	case "always", "unless-stopped":
	case "on-failure":
		if status == 0 || p.MaximumRetryCount > 0 && c.RestartCount >= p.MaximumRetryCount {
			return false
		}
	default:
		return false
	}
	switch {
	case lasted >= stableRun || r.backoff == 0:
		r.backoff = firstBackoff
	default:
		r.backoff = min(2*r.backoff, maxBackoff)
	}
	return true
}

func (d *Daemon) scheduleRestart(c *Container) {
	r := c.run
	if r.retry == nil {
		r.retry = d.loop.NewTimer(func() {
			if c.State.Status != container.Restarting || !alive(d) {
				return
			}
			again := func() {
				free, err := d.lock(c)
				if err != nil {
					return
				}
				defer free()
				if c.State.Status != container.Restarting { // somebody else was faster
					return
				}
				if err := d.start(c); err != nil {
					c.State.Status = container.Exited
					d.Journal.Write("error", "restartmanger wait error: "+err.Error())
					d.stateChanged(c)
				}
			}
			if d.cluster != nil || r.holder != nil { // starting may need an answer of the store, or has to wait
				d.loop.Go("restart "+c.Name, func(*sim.Proc) {
					defer d.calls.Track(false)()
					again()
				})
				return
			}
			again()
		})
	}
	r.retry.Reset(r.backoff + d.profile.cost.start + d.profile.cost.launch)
}

// cancelRestart forgets a restart that is due.
func (d *Daemon) cancelRestart(c *Container) {
	if c.run.retry != nil {
		c.run.retry.Stop()
	}
}

// Wait waits for a container, see ContainerWait.
type Wait struct {
	d      *Daemon
	c      *Container
	cond   string
	done   bool
	result WaitResult
}

// WaitResult is how a container ended.
type WaitResult struct {
	ExitCode int
	Error    string
}

// Wait registers for the end of a container at once, so that an end
// between this call and Result is not missed. The condition is "" or
// "not-running", "next-exit" or "removed".
func (cs *Containers) Wait(ref, condition string) (*Wait, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	w := &Wait{d: cs.d, c: c, cond: condition}
	switch condition {
	case "", "not-running":
		if !c.State.Running() {
			w.finish()
			return w, nil
		}
	case "next-exit", "removed":
	default:
		return nil, errf(ErrInvalid, "invalid condition: %q", condition)
	}
	c.run.waits = append(c.run.waits, w)
	return w, nil
}

func (w *Wait) finish() {
	w.done = true
	w.result = WaitResult{ExitCode: w.c.State.ExitCode, Error: w.c.State.Error}
}

// Result blocks until the condition holds.
func (w *Wait) Result() (WaitResult, error) {
	for !w.done {
		if err := w.c.run.changed.Wait(w.d.loop); err != nil {
			return WaitResult{}, err
		}
	}
	return w.result, nil
}

// Done reports whether the condition holds.
func (w *Wait) Done() bool { return w.done }

// Close gives up waiting.
func (w *Wait) Close() {
	r := w.c.run
	for i, x := range r.waits {
		if x == w {
			r.waits = slices.Concat(r.waits[:i], r.waits[i+1:])
			return
		}
	}
}

// finishWaits fulfils what the end or the removal of a container fulfils.
func (d *Daemon) finishWaits(c *Container, removed bool) {
	r := c.run
	var kept []*Wait
	for _, w := range r.waits {
		if !removed && w.cond == "removed" {
			kept = append(kept, w)
			continue
		}
		w.finish()
	}
	r.waits = kept
	r.changed.Broadcast()
}
