package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"dnetsim/modes"
	"dnetsim/userland"

	"github.com/docker/docker/api/types"
)

func (c *call) execCreate() error {
	var r types.ExecConfig
	if err := c.decode(&r); err != nil {
		return err
	}
	if len(r.Cmd) == 0 {
		return invalid("No exec command specified")
	}
	e, err := c.daemon.Execs.Create(c.job.Ref, modes.ExecConfig{
		Cmd: r.Cmd, Env: r.Env, User: r.User, WorkingDir: r.WorkingDir, Tty: r.Tty, Detach: r.Detach,
		Privileged: r.Privileged, AttachStdin: r.AttachStdin, AttachStdout: r.AttachStdout,
		AttachStderr: r.AttachStderr, DetachKeys: r.DetachKeys, Console: console(c),
	})
	if err != nil {
		c.daemon.Journal.Error(fmt.Sprintf("Error setting up exec command in container %s: %s", c.job.Ref, c.daemon.Profile().Say(err.Error())))
		return err
	}
	return c.json(http.StatusCreated, types.IDResponse{ID: e.ID})
}

// console is the size that a request wants its terminal to have, since API 1.42.
func console(c *call) (w userland.Winsize) {
	var r struct {
		ConsoleSize *[2]uint
		HostConfig  struct{ ConsoleSize [2]uint }
	}
	if !c.since(42) || json.Unmarshal(c.body, &r) != nil {
		return w
	}
	size := r.HostConfig.ConsoleSize
	if r.ConsoleSize != nil {
		size = *r.ConsoleSize
	}
	return userland.Winsize{Rows: int(size[0]), Cols: int(size[1])}
}

func (c *call) execStart() error {
	var r types.ExecStartCheck
	if len(bytes.TrimSpace(c.body)) > 0 {
		if err := c.decode(&r); err != nil {
			return err
		}
	}
	e, err := c.daemon.Execs.Get(c.job.Ref)
	if err != nil {
		return err
	}
	c.job.Container = e.Container
	if w := console(c); len(c.body) > 0 && w.Rows > 0 && r.Tty {
		c.daemon.Execs.Resize(c.job.Ref, w.Rows, w.Cols)
	}
	att, err := c.daemon.Execs.Start(c.job.Ref, r.Detach, r.Tty)
	if err != nil {
		return err
	}
	if att != nil {
		att.Tty = r.Tty // the stream is as who starts it says
	}
	if r.Detach || att == nil {
		return c.done(http.StatusOK)
	}
	return c.carry(att, e.Config.AttachStdin)
}

func (c *call) execResize() error {
	rows, cols, err := c.size()
	if err != nil {
		return err
	}
	if err := c.daemon.Execs.Resize(c.job.Ref, rows, cols); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func (c *call) execInspect() error {
	e, err := c.daemon.Execs.Get(c.job.Ref)
	if err != nil {
		return err
	}
	type process struct {
		Tty        bool     `json:"tty"`
		Entrypoint string   `json:"entrypoint"`
		Arguments  []string `json:"arguments"`
		Privileged bool     `json:"privileged"`
		User       string   `json:"user,omitempty"`
	}
	p := process{Tty: e.Config.Tty, Arguments: []string{}, Privileged: e.Config.Privileged, User: e.Config.User}
	if len(e.Config.Cmd) > 0 {
		p.Entrypoint, p.Arguments = e.Config.Cmd[0], e.Config.Cmd[1:]
	}
	return c.json(http.StatusOK, struct {
		ID            string
		Running       bool
		ExitCode      *int
		ProcessConfig process
		OpenStdin     bool
		OpenStderr    bool
		OpenStdout    bool
		CanRemove     bool
		ContainerID   string
		DetachKeys    string
		Pid           int
	}{
		ID: e.ID, Running: e.Running, ExitCode: e.ExitCode, ProcessConfig: p,
		OpenStdin: e.Config.AttachStdin, OpenStderr: e.Config.AttachStderr, OpenStdout: e.Config.AttachStdout,
		ContainerID: e.Container.ID, DetachKeys: e.Config.DetachKeys, Pid: e.Pid,
	})
}
