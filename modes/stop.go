package modes

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/container"
	"dnetsim/userland"
)

// stopTimeout is how long a container has between the stop signal and SIGKILL.
const stopTimeout = 10 * time.Second

func notRunning(c *Container) error {
	return errf(ErrConflict, "Container %s is not running", c.ID)
}

// begin finds a container and begins a call on it, which the caller ends.
func (cs *Containers) begin(ref string) (c *Container, end func(), err error) {
	if c, err = cs.Get(ref); err != nil {
		return nil, nil, err
	}
	end, err = cs.d.calls.Begin()
	return c, end, err
}

// Stop sends the stop signal, and SIGKILL after the timeout (nil: the
// container's own, or 10 s). A container that does not run is [ErrNotModified].
func (cs *Containers) Stop(ref string, timeout *time.Duration) error {
	c, end, err := cs.begin(ref)
	if err != nil {
		return err
	}
	defer end()
	if !c.State.Running() {
		return errf(ErrNotModified, "Container %s is already stopped", c.ID)
	}
	c.run.manualStop = true
	c.stopAndWait(c.grace(timeout))
	if err := cs.d.calls.Pass(cs.d.profile.Cost.Stop); err != nil {
		return err
	}
	c.event("stop")
	return nil
}

// grace is the time a container gets to stop by itself.
func (c *Container) grace(asked *time.Duration) time.Duration {
	switch {
	case asked != nil:
		return *asked
	case c.Config.StopTimeout != nil:
		return *c.Config.StopTimeout
	}
	return stopTimeout
}

// stopAndWait ends a running container and returns when it has ended. A
// negative limit waits for ever.
func (c *Container) stopAndWait(limit time.Duration) {
	d := c.run.daemon
	if c.State.Status == container.Restarting && c.run.pid1 == nil {
		c.cancelRestart()
		c.State.Status = container.Exited
		c.stateChanged()
		c.finishWaits(false)
		return
	}
	sig := userland.SIGTERM
	if s, ok := userland.ParseSignal(c.Config.StopSignal); ok && c.Config.StopSignal != "" {
		sig = s
	}
	c.signal(sig)
	if c.waitStopped(limit) || d.calls.Gone() {
		return
	}
	d.Journal.Write("info", fmt.Sprintf("Container failed to exit within %v of signal %d - using the force", limit, sig), "container", c.ID)
	c.killNow()
	c.waitStopped(-1)
}

// signal sends a signal to PID 1; a paused container wakes up for it.
func (c *Container) signal(sig userland.Signal) {
	if c.run.pid1 == nil {
		return
	}
	if c.State.Status == container.Paused && (sig == userland.SIGKILL || sig == userland.SIGTERM) {
		c.run.machine.Unpause()
		c.State.Status = container.Running
	}
	c.event("kill", "signal", strconv.Itoa(int(sig)))
	c.run.pid1.Signal(sig)
}

func (c *Container) killNow() { c.signal(userland.SIGKILL) }

// waitStopped waits until PID 1 is gone and reports whether it is.
func (c *Container) waitStopped(limit time.Duration) bool {
	d := c.run.daemon
	if d.loop.Current() == nil {
		return c.run.pid1 == nil
	}
	end := d.loop.Now() + limit
	for c.run.pid1 != nil && !d.calls.Gone() {
		left := time.Duration(-1)
		if limit >= 0 {
			if left = end - d.loop.Now(); left <= 0 {
				return false
			}
		}
		if err := c.run.changed.WaitFor(d.loop, left); err != nil && limit < 0 {
			return c.run.pid1 == nil
		}
	}
	return c.run.pid1 == nil
}

// Kill sends a signal ("" is SIGKILL).
func (cs *Containers) Kill(ref, signal string) error {
	c, end, err := cs.begin(ref)
	if err != nil {
		return err
	}
	defer end()
	sig := userland.SIGKILL
	if signal != "" {
		if sig, err = container.ParseSignal(signal); err != nil {
			return err
		}
	}
	if c.run.pid1 == nil {
		return wrapf(notRunning(c), "Cannot kill container: %s: ", ref)
	}
	if err := cs.d.calls.Pass(cs.d.profile.Cost.Kill); err != nil {
		return err
	}
	if c.run.pid1 == nil {
		return wrapf(notRunning(c), "Cannot kill container: %s: ", ref)
	}
	if own, err := container.ParseSignal(c.Config.StopSignal); err != nil || own == sig || sig == userland.SIGKILL ||
		c.HostConfig.RestartPolicy.Name == "unless-stopped" {
		c.run.manualStop = true // without a stop signal of its own, whatever it is sent
	}
	c.signal(sig)
	if sig == userland.SIGKILL {
		c.waitStopped(10 * time.Second)
	}
	return nil
}

// Restart stops a container, if it runs, and starts it.
func (cs *Containers) Restart(ref string, timeout *time.Duration) error {
	c, end, err := cs.begin(ref)
	if err != nil {
		return err
	}
	defer end()
	auto := c.HostConfig.AutoRemove
	c.HostConfig.AutoRemove = false
	defer func() { c.HostConfig.AutoRemove = auto }()
	if c.State.Running() {
		c.run.manualStop = true
		c.stopAndWait(c.grace(timeout))
		if cs.d.calls.Gone() {
			return calls.ErrGone
		}
		c.event("stop")
	}
	free, err := c.lock()
	if err != nil {
		return err
	}
	defer free()
	if c.run.pid1 != nil && c.State.Status != container.Paused { // somebody else was faster
		c.event("restart")
		return nil
	}
	if err := cs.d.calls.Pass(cs.d.profile.Cost.Start); err != nil {
		return err
	}
	c.run.manualStop = false
	if err := startable(c); err != nil {
		return wrapf(err, "Cannot restart container %s: ", ref)
	}
	if err := c.start(); err != nil {
		return &Error{Kind: ErrSystem, Msg: "Cannot restart container " + ref + ": " + err.Error()}
	}
	c.event("restart")
	return nil
}

// Pause freezes a container's processes.
func (cs *Containers) Pause(ref string) error {
	c, err := cs.Get(ref)
	if err != nil {
		return err
	}
	switch {
	case c.State.Status == container.Paused:
		return errf(ErrConflict, "Container %s is already paused", c.ID)
	case c.State.Status == container.Restarting:
		return errf(ErrConflict, "Container %s is restarting, wait until the container is running", c.ID)
	case c.run.pid1 == nil:
		return notRunning(c)
	}
	c.run.machine.Pause()
	c.State.Status = container.Paused
	c.stopHealth()
	c.stateChanged()
	c.event("pause")
	return nil
}

// Unpause lets them go on.
func (cs *Containers) Unpause(ref string) error {
	c, err := cs.Get(ref)
	if err != nil {
		return err
	}
	if c.State.Status != container.Paused {
		return errf(ErrConflict, "Container %s is not paused", c.ID)
	}
	c.run.machine.Unpause()
	c.State.Status = container.Running
	c.resumeHealth()
	c.stateChanged()
	c.event("unpause")
	return nil
}

// Rename gives a container another name.
func (cs *Containers) Rename(ref, name string) error {
	c, end, err := cs.begin(ref)
	if err != nil {
		return err
	}
	defer end()
	name = strings.TrimPrefix(name, "/")
	if name == "" {
		return errf(ErrInvalid, "Neither old nor new names may be empty")
	}
	if name == c.Name {
		return errf(ErrInvalid, "Renaming a container with the same name as its current name")
	}
	if err := cs.checkName(name); err != nil {
		return wrapf(err, "Error when allocating new name: ")
	}
	if err := cs.d.calls.Pass(cs.d.profile.Cost.Rename); err != nil {
		return err
	}
	old, anonymous := c.Name, c.Anonymous
	c.Name, c.Anonymous = name, false
	cs.known = nil
	if err := c.run.sandbox.Renamed(&c.Container); err != nil {
		c.Name, c.Anonymous = old, anonymous
		cs.known = nil
		c.run.sandbox.ForgetNames()
		return err
	}
	c.event("rename", "oldName", "/"+old)
	return nil
}

// Update changes a container's restart policy.
func (cs *Containers) Update(ref string, p container.RestartPolicy) error {
	c, err := cs.Get(ref)
	if err != nil {
		return err
	}
	h := c.HostConfig
	if h.AutoRemove && p.Name != "no" {
		return errf(ErrConflict, "Cannot update container %s: Restart policy cannot be updated because AutoRemove is enabled for the container", c.ID)
	}
	h.RestartPolicy = p
	if err := container.VerifyRestart(&h); err != nil {
		return err
	}
	c.HostConfig.RestartPolicy = p
	c.event("update")
	return nil
}
