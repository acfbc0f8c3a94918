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
func (c *Container) ended(pid1 *userland.Process, status int) {
	d := c.run.daemon
	d.Containers.reaping++
	d.loop.After(d.profile.Cost.Reap, func() {
		c.reap(pid1, status)
		d.Containers.reaping--
		d.Containers.reaped.Broadcast()
	})
}

func (c *Container) reap(pid1 *userland.Process, status int) {
	d := c.run.daemon
	r := c.run
	if r.pid1 != pid1 {
		return
	}
	if r.sandbox != nil && r.base == nil && r.sandbox.Clustered() {
		// They have to be told first, which takes time.
		d.loop.Go("exit "+c.Name, func(*sim.Proc) {
			defer d.calls.Track(true)()
			if r.pid1 == pid1 && r.sandbox != nil {
				d.Networks.leaveAll(c)
			}
			c.hasEnded(pid1, status)
		})
		return
	}
	c.hasEnded(pid1, status)
}

func (c *Container) hasEnded(pid1 *userland.Process, status int) {
	d := c.run.daemon
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
	again := c.restartWanted(status, lasted)
	c.State.Status = container.Exited
	if again {
		c.State.Status = container.Restarting
		c.RestartCount++
	}
	c.stopHealth()
	r.streams.End()
	d.Execs.endAll(c)
	if d.profile.DieLast {
		c.bringDown()
	}
	extra := []string{"exitCode", strconv.Itoa(status)}
	if d := c.run.daemon; d.profile.DieDuration {
		extra = append(extra, "execDuration", strconv.Itoa(int(d.Wall().Sub(c.State.StartedAt)/time.Second)))
	}
	c.event("die", extra...)
	if !d.profile.DieLast {
		c.bringDown()
	}
	r.openStdio(d.loop, c)
	c.stateChanged()
	c.finishWaits(false)
	switch {
	case again:
		c.scheduleRestart()
	case c.HostConfig.AutoRemove && !r.removing:
		r.removing = true
		d.loop.After(d.profile.Cost.Remove, func() { c.remove() })
	}
}

// bringDown takes the network away from a container that does not run.
func (c *Container) bringDown() {
	d := c.run.daemon
	r := c.run
	c.unmountRoot()
	if r.sandbox == nil {
		return
	}
	sb := r.sandbox
	r.sandbox = nil
	if r.base != nil {
		r.base = nil
		sb.Release()
		return
	}
	r.sandbox = sb
	c.run.sandbox.DisconnectAll()
	r.sandbox = nil
	c.NetworkSettings.Ports = map[nat.Port][]nat.PortBinding{}
	if d.profile.StrictSettings {
		c.NetworkSettings.SandboxID, c.NetworkSettings.SandboxKey = "", ""
	}
	d.net.DropSandbox(sb)
	sb.Release()
}

// The pauses between restarts double from the first to the longest, and begin
// anew after a run of stableRun.
const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = time.Minute
	stableRun    = 10 * time.Second
)

func (c *Container) restartWanted(status int, lasted time.Duration) bool {
	d := c.run.daemon
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

func (c *Container) scheduleRestart() {
	d := c.run.daemon
	r := c.run
	if r.retry == nil {
		r.retry = d.loop.NewTimer(func() {
			if c.State.Status != container.Restarting || !alive(d) {
				return
			}
			again := func() {
				free, err := c.lock()
				if err != nil {
					return
				}
				defer free()
				if c.State.Status != container.Restarting { // somebody else was faster
					return
				}
				if err := c.start(); err != nil {
					c.State.Status = container.Exited
					d.Journal.Write("error", "restartmanger wait error: "+err.Error())
					c.stateChanged()
				}
			}
			if d.net.Global.Active() || r.holder != nil { // starting may need an answer of the store, or has to wait
				d.loop.Go("restart "+c.Name, func(*sim.Proc) {
					defer d.calls.Track(false)()
					again()
				})
				return
			}
			again()
		})
	}
	r.retry.Reset(r.backoff + d.profile.Cost.Start + d.profile.Cost.Launch)
}

// cancelRestart forgets a restart that is due.
func (c *Container) cancelRestart() {
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
func (c *Container) finishWaits(removed bool) {
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
