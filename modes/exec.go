package modes

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes/container"
	"dnetsim/modes/health"
	"dnetsim/modes/streams"
	"dnetsim/sim"
	"dnetsim/userland"
)

// Execs are the execs of the host's containers.
type Execs struct {
	d        *Daemon
	all      map[string]*ExecProcess
	sweeping bool // ended ones are due to be forgotten
}

// ExecConfig is the request of `docker exec`.
type ExecConfig struct {
	Cmd                                     []string
	Env                                     []string
	User                                    string
	WorkingDir                              string
	Tty, Detach, Privileged                 bool
	AttachStdin, AttachStdout, AttachStderr bool
	DetachKeys                              string
	Console                                 userland.Winsize // of a terminal when it begins; zero: nobody says
}

// ExecProcess is one exec of a container, alive or not.
type ExecProcess struct {
	ID        string
	Container *Container
	Config    ExecConfig
	Running   bool
	Started   bool
	Pid       int  // on the host
	ExitCode  *int // nil until it has ended
	Created   time.Time

	run   *execRun
	stale bool // had ended when dockerd looked last
}

type execRun struct {
	proc    *userland.Process
	tty     *userland.TTY
	size    userland.Winsize // of the terminal, zero if nobody said
	stdin   *userland.PipeWriter
	streams *streams.Streams
}

// Create prepares an exec in a running container.
func (x *Execs) Create(ref string, cfg ExecConfig) (*ExecProcess, error) {
	c, err := x.d.Containers.Get(ref)
	if err != nil {
		return nil, err
	}
	if len(cfg.Cmd) == 0 {
		return nil, errf(ErrInvalid, "No exec command specified")
	}
	if err := execAllowed(c); err != nil {
		return nil, err
	}
	if _, err := c.links(); err != nil {
		return nil, err
	}
	e := &ExecProcess{
		ID: x.d.ids.ID("exec", c.Name), Container: c, Config: cfg, Created: x.d.Wall(),
		run: &execRun{streams: streams.New(x.d.loop, nil)},
	}
	x.all[e.ID] = e
	c.ExecIDs = append(c.ExecIDs, e.ID)
	c.event("exec_create: "+strings.Join(cfg.Cmd, " "), "execID", e.ID)
	return e, nil
}

func execAllowed(c *Container) error {
	switch {
	case c.State.Status == container.Paused:
		return errf(ErrConflict, "Container %s is paused, unpause the container before exec", c.ID)
	case c.State.Status == container.Restarting:
		return errf(ErrConflict, "Container %s is restarting, wait until the container is running", c.ID)
	case c.run.pid1 == nil:
		return notRunning(c)
	}
	return nil
}

// Get finds an exec by id.
func (x *Execs) Get(id string) (*ExecProcess, error) {
	if err := x.d.available(); err != nil {
		return nil, err
	}
	if e, ok := x.all[id]; ok {
		return e, nil
	}
	return nil, errf(ErrNotFound, "No such exec instance: %s", id)
}

// Start starts a prepared exec. Unless it is detached the attachment
// carries its streams; what runc cannot start ends with its words on the
// attachment and exit code 126.
func (x *Execs) Start(id string, detach, tty bool) (*streams.Attachment, error) {
	e, err := x.Get(id)
	if err != nil {
		return nil, err
	}
	c := e.Container
	if e.Started {
		return nil, errf(ErrConflict, "Error: Exec command %s is already running", id)
	}
	if err := execAllowed(c); err != nil {
		return nil, err
	}
	end, err := x.d.calls.Begin()
	if err != nil {
		return nil, err
	}
	defer end()
	e.Started = true
	c.event("exec_start: "+strings.Join(e.Config.Cmd, " "), "execID", e.ID)
	if err := x.d.calls.Pass(x.d.profile.Cost.Exec); err != nil {
		e.end(126)
		return nil, err
	}
	if err := execAllowed(c); err != nil {
		e.end(126)
		return nil, err
	}
	var a *streams.Attachment
	if !detach {
		a = e.run.streams.Open(streams.Options{Stdout: true, Stderr: true, Stream: true}, e.Config.Tty)
	}
	in, err := x.launch(e, detach)
	if err != nil {
		err = errf(ErrInvalid, "OCI runtime exec failed: exec failed: unable to start container process: %v: unknown", err)
		if a != nil {
			e.run.streams.Write(1, []byte(x.d.profile.Say(err.Error())+"\r\n"))
		}
		e.end(x.d.missingStatus(err))
		if detach {
			return nil, err
		}
		return a, nil
	}
	if a != nil {
		a.Stdin = in
	}
	return a, nil
}

// launch starts the process and returns the way to its standard input.
func (x *Execs) launch(e *ExecProcess, detach bool) (io.WriteCloser, error) {
	c, cfg := e.Container, e.Config
	m := c.run.machine
	env := c.environment(m, cfg.Tty, cfg.Env)
	dir := cfg.WorkingDir
	if dir == "" {
		dir = c.Config.WorkingDir
	}
	user := cfg.User
	if user == "" {
		user = c.Config.User
	}
	if _, _, err := m.FS().Identify(user); err != nil {
		return nil, errf(ErrInvalid, "%v", err)
	}
	prog, argv, err := findProgram(m, cfg.Cmd, env, dir)
	if err != nil {
		return nil, err
	}
	caps := c.HostConfig.Capabilities()
	if cfg.Privileged {
		caps = userland.AllCapabilities
	}
	spec := userland.ProcSpec{Program: prog, Args: argv, Env: env, Dir: workingDir(m, dir), User: user, Groups: c.HostConfig.GroupAdd, NewGroup: true, Caps: caps,
		Threads: x.d.runcThreads(), Umask: e.Container.HostConfig.Umask}
	var in io.WriteCloser
	r := e.run
	if cfg.Tty {
		r.tty = userland.NewTTY(x.d.loop)
		if r.size.Rows == 0 {
			r.size = cfg.Console
		}
		if r.size.Rows > 0 && r.size.Cols > 0 {
			r.tty.Resize(r.size) // asked for before the start
		}
		r.tty.OnOutput(func(b []byte) { r.streams.Write(1, b) })
		spec.TTY = r.tty
		if cfg.AttachStdin {
			in = streams.TypeOn(r.tty)
		}
	} else {
		spec.Stdout, spec.Stderr = r.streams.Writer(1), r.streams.Writer(2)
		if cfg.AttachStdin && !detach {
			pr, pw := userland.NewPipe(x.d.loop)
			spec.Stdin, r.stdin = pr, pw
			in = streams.WriteTo(pw, true)
		}
	}
	r.proc = m.Start(spec)
	e.Running, e.Pid = true, r.proc.PIDOn(x.d.host.Machine)
	if r.tty != nil {
		r.tty.SetForeground(m, r.proc.PID)
	}
	r.proc.OnExit(func(status int) {
		e.end(status)
		c.event("exec_die", "execID", e.ID, "exitCode", strconv.Itoa(status))
	})
	return in, nil
}

// end records the exit code before the streams close: clients ask for it right
// after the end of the stream.
func (e *ExecProcess) end(status int) {
	if e.ExitCode != nil {
		return
	}
	e.Running = false
	e.ExitCode = &status
	// The container forgets it; its exit code can still be asked for.
	c := e.Container
	c.ExecIDs = slices.DeleteFunc(slices.Clone(c.ExecIDs), func(id string) bool { return id == e.ID })
	e.run.streams.End()
	c.run.daemon.Execs.sweep()
}

// execSweep is how often dockerd looks for execs that have ended. It forgets
// those that it saw there the time before (moby, daemon/exec.go, execCommandGC).
const execSweep = 5 * time.Minute

// sweep has the execs that have ended forgotten at the second tick from
// now on. Nothing ticks while there are none.
func (x *Execs) sweep() {
	if x.sweeping {
		return
	}
	x.sweeping = true
	x.d.loop.After(execSweep-x.d.loop.Now()%execSweep, func() {
		x.sweeping = false
		for _, id := range slices.Sorted(maps.Keys(x.all)) {
			switch e := x.all[id]; {
			case e.ExitCode == nil:
			case e.stale:
				delete(x.all, id)
			default:
				e.stale = true
				x.sweep()
			}
		}
	})
}

// endAll closes the execs of a container whose PID 1 has ended.
func (x *Execs) endAll(c *Container) {
	for _, id := range c.ExecIDs {
		if e := x.all[id]; e != nil && e.Running {
			e.end(137)
		}
	}
	c.ExecIDs = nil
}

// Resize sets the size of an exec's terminal.
func (x *Execs) Resize(id string, rows, cols int) error {
	e, err := x.Get(id)
	if err != nil {
		return err
	}
	if !e.Container.State.Running() {
		return errf(ErrConflict, "Container %s is not running", e.Container.ID)
	}
	e.run.size = userland.Winsize{Rows: rows, Cols: cols}
	if e.run.tty != nil {
		e.run.tty.Resize(e.run.size)
	}
	return nil
}

// initHealth begins to probe a container that has just started.
func (c *Container) initHealth() {
	if len(c.Config.Healthcheck.Command()) == 0 {
		c.State.Health = nil
		return
	}
	if c.State.Health == nil {
		c.State.Health = &health.State{}
	}
	c.State.Health.Begin()
	c.resumeHealth()
}

// resumeHealth has the next probe happen an interval from now.
func (c *Container) resumeHealth() {
	r, d := c.run, c.run.daemon
	if c.State.Health == nil || r.pid1 == nil {
		return
	}
	if r.probe == nil {
		r.probe = d.loop.NewTimer(func() {
			if run := r.pid1; run != nil && alive(d) {
				d.loop.Go("health check of "+c.Name, func(*sim.Proc) {
					defer d.calls.Track(false)()
					c.check(run)
				})
			}
		})
	}
	every := c.Config.Healthcheck.Every()
	if d.profile.StartInterval {
		every = c.Config.Healthcheck.EveryOf(c.State.Health, d.Wall().Sub(c.State.StartedAt))
	}
	r.probe.Reset(every)
}

func (c *Container) stopHealth() {
	if c.run.probe != nil {
		c.run.probe.Stop()
	}
	c.State.Health.Stop()
}

// check probes once, and notes the result if the same run of the container is
// still being watched.
func (c *Container) check(run *userland.Process) {
	d, start := c.run.daemon, c.run.daemon.Wall()
	res, err := c.probe()
	if err != nil {
		res = health.Result{ExitCode: -1, Output: err.Error()}
	}
	res.Start, res.End = start, d.Wall()
	if c.run.pid1 != run || c.State.Status != container.Running || d.calls.Gone() {
		return
	}
	if h := c.State.Health; h.Note(c.Config.Healthcheck, res, c.State.StartedAt) {
		c.event("health_status: " + h.Status)
		c.stateChanged()
	}
	c.resumeHealth()
}

// probe runs the check's command as an exec of the container.
func (c *Container) probe() (res health.Result, err error) {
	d := c.run.daemon
	e, err := d.Execs.Create(c.ID, ExecConfig{Cmd: c.Config.Healthcheck.Command()})
	if err != nil {
		return res, err
	}
	e.Started = true
	c.event("exec_start: "+strings.Join(e.Config.Cmd, " "), "execID", e.ID)
	if err = d.calls.Pass(d.profile.Cost.Exec); err == nil {
		err = execAllowed(c)
	}
	a := e.run.streams.Open(streams.Options{Stdout: true, Stderr: true, Stream: true}, false)
	if err == nil {
		if _, err = d.Execs.launch(e, true); err != nil {
			err = errf(ErrInvalid, "OCI runtime exec failed: exec failed: unable to start container process: %v: unknown", err)
		}
	}
	if err != nil {
		e.end(126)
		return res, err
	}
	limit, late := c.Config.Healthcheck.Limit(), false
	alarm := d.loop.NewTimer(func() {
		late = true
		e.run.proc.Signal(userland.SIGTERM)
	})
	force := d.loop.NewTimer(func() { e.run.proc.Signal(userland.SIGKILL) })
	alarm.Reset(limit)
	force.Reset(limit + health.Grace)
	defer alarm.Stop()
	defer force.Stop()
	res.Output, err = a.ReadAll(health.MaxOutput)
	if late {
		said := ""
		if res.Output != "" && d.profile.KeepsLateOutput {
			said = ": " + res.Output
		}
		return res, errf(ErrSystem, "Health check exceeded timeout (%v)%s", limit, said)
	}
	if e.ExitCode != nil {
		res.ExitCode = *e.ExitCode
	}
	return res, err
}

// missingStatus is the exit status of an exec whose command could not be started: 126 if
// it is there and cannot be run.
func (d *Daemon) missingStatus(err error) int {
	if strings.Contains(err.Error(), "permission denied") || strings.Contains(err.Error(), "is a directory") {
		return 126
	}
	return d.profile.MissingCommand
}
