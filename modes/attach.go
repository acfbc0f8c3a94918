package modes

import (
	"dnetsim/modes/container"
	"dnetsim/modes/logs"
	"dnetsim/modes/streams"
)

// Attach joins a container's streams, whether it runs already or not.
func (cs *Containers) Attach(ref string, o streams.Options) (*streams.Attachment, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	switch c.State.Status {
	case container.Paused:
		return nil, errf(ErrConflict, "container %s is paused, unpause the container before attach", ref)
	case container.Restarting:
		return nil, errf(ErrConflict, "container %s is restarting, wait until the container is running", ref)
	}
	a := c.run.streams.Open(o, c.Config.Tty)
	if !o.Stream {
		return a, nil
	}
	if o.Stdin {
		a.Stdin = c.run.input(c)
	}
	c.event("attach")
	return a, nil
}

// Logs opens a container's log.
func (cs *Containers) Logs(ref string, o logs.Options) (*logs.Reader, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	if !o.Stdout && !o.Stderr {
		return nil, errf(ErrInvalid, "You must choose at least one stream")
	}
	if c.HostConfig.LogDriver == "none" {
		return nil, errf(ErrSystem, "configured logging driver does not support reading")
	}
	return c.run.log.Open(o, c.Config.Tty, func() bool { return c.State.Running() }), nil
}
