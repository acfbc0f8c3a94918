package modes

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/image"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
	"dnetsim/userland/shell"
)

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Start starts a container; one that runs is [ErrNotModified].
func (cs *Containers) Start(ref string) error {
	c, end, err := cs.begin(ref)
	if err != nil {
		return err
	}
	defer end()
	if err := startable(c); err != nil {
		return err
	}
	free, err := c.lock()
	if err != nil {
		return err
	}
	defer free()
	if err := startable(c); err != nil {
		return err
	}
	if err := cs.d.calls.Pass(cs.d.profile.Cost.Start); err != nil {
		return err
	}
	if err := startable(c); err != nil {
		return err
	}
	c.run.manualStop = false
	c.run.backoff = 0
	return c.start()
}

func startable(c *Container) error {
	switch {
	case c.run.removing || c.run.removed || c.State.Status == container.Dead:
		return errf(ErrConflict, "container is marked for removal and cannot be started")
	case c.State.Status == container.Paused:
		return errf(ErrConflict, "cannot start a paused container, try unpause instead")
	case c.run.pid1 != nil:
		return errf(ErrNotModified, "Container %s is already running", c.ID)
	}
	return nil
}

// start brings a container up. On error it is as before, but
// for the words and the exit code in its state.
func (c *Container) start() error {
	d := c.run.daemon
	c.cancelRestart()
	err := c.bringUp()
	if err == nil {
		return nil
	}
	c.State.Error = err.Error()
	if code := exitCodeOf(err); code != 128 || c.State.ExitCode == 0 {
		c.State.ExitCode = code // 128 does not hide how it ended before
	}
	c.bringDown()
	if !d.Networks.cleanLeftover(c) {
		d.Networks.notDeleted(c.run.leftover)
	}
	c.run.streams.End()
	c.stateChanged()
	if c.HostConfig.AutoRemove {
		c.remove()
	}
	return err
}

// exitCodeOf is the status of a container that could not be started: that of a
// shell if its program is the reason.
func exitCodeOf(err error) int {
	var e execError
	switch {
	case !errors.As(err, &e):
		return 128
	case e.err == userland.EACCES:
		return 126
	}
	return 127
}

func (c *Container) bringUp() error {
	d := c.run.daemon
	if err := d.Networks.connectAll(c); err != nil {
		return err
	}
	if err := d.calls.Pass(d.profile.Cost.Launch); err != nil {
		return err
	}
	switch {
	case c.run.removing || c.run.removed:
		return errf(ErrConflict, "container is marked for removal and cannot be started")
	case d.calls.Gone():
		return errf(ErrSystem, "context canceled")
	}
	if _, err := c.links(); err != nil {
		return err
	}
	if err := c.setSysctls(); err != nil {
		return err
	}
	m := c.newMachine()
	argv := append([]string{c.Path}, c.Args...)
	env := c.environment(m, c.Config.Tty, nil)
	if _, _, err := m.FS().Identify(c.Config.User); err != nil {
		return errf(ErrInvalid, "%v", err)
	}
	if err := userland.CheckGroups(m.FS(), c.HostConfig.GroupAdd); err != nil {
		return errf(ErrInvalid, "%v", err)
	}
	prog, argv, err := findProgram(m, argv, env, c.Config.WorkingDir)
	if err != nil {
		return errdefs.Because(err, ErrInvalid, "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: %v: unknown", err)
	}
	if len(c.Config.Hostname) > 64 {
		return errf(ErrSystem, "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: sethostname: invalid argument: unknown")
	}
	if init := c.HostConfig.Init; init != nil && *init || init == nil && c.run.daemon.config.Init {
		prog = userland.InitProcess(prog, argv)
		argv = append([]string{"/sbin/docker-init", "--"}, argv...)
	}
	r := c.run
	r.machine = m
	spec := userland.ProcSpec{
		Program: prog, Args: argv, Env: env, Dir: workingDir(m, c.Config.WorkingDir), User: c.Config.User, Groups: c.HostConfig.GroupAdd,
		NewGroup: true, Caps: c.HostConfig.Capabilities(), Threads: d.runcThreads(), Umask: c.HostConfig.Umask,
	}
	if r.tty != nil {
		spec.TTY = r.tty
		r.tty.SetForeground(m, 1)
	} else {
		spec.Stdout, spec.Stderr = r.streams.Writer(1), r.streams.Writer(2)
		if r.stdinR != nil {
			spec.Stdin = r.stdinR
		}
	}
	r.pid1 = m.Start(spec)
	r.began = d.loop.Now()
	c.State = container.State{Status: container.Running, Pid: r.pid1.PIDOn(d.host.Machine), StartedAt: d.Wall(), FinishedAt: c.State.FinishedAt, Health: c.State.Health}
	run := r.pid1
	run.OnExit(func(status int) { c.ended(run, status) })
	c.initHealth()
	c.stateChanged()
	c.event("start")
	return nil
}

// setSysctls is what runc does with --sysctl, those of the network: it opens and
// writes the files.
func (c *Container) setSysctls() error {
	const failed = "failed to create shim task: OCI runtime create failed: runc create failed: "
	for _, k := range slices.Sorted(maps.Keys(c.HostConfig.Sysctls)) {
		if !strings.HasPrefix(k, "net.") {
			continue
		}
		sb, file := c.run.sandbox, "/proc/sys/"+strings.ReplaceAll(k, ".", "/")
		if sb.HostStack {
			return errf(ErrSystem, failed+"sysctl %q not allowed in host network namespace: unknown", k)
		}
		const init = failed + "unable to start container process: error during container init: "
		switch sb.NS.SetSysctl(k, c.HostConfig.Sysctls[k]) {
		case nil:
		case stack.ErrNoEntry:
			return errf(ErrSystem, init+"open %s: no such file or directory: unknown", file)
		default:
			return errf(ErrSystem, init+"write %s: invalid argument: unknown", file)
		}
	}
	return nil
}

// newMachine is the computer that the container's programs see.
func (c *Container) newMachine() *userland.Machine {
	d := c.run.daemon
	r := c.run
	c.mountRoot()
	m := userland.NewMachineOn(d.loop, d.host.Name+"/"+c.Name, r.sandbox.NS, r.fs)
	m.Resolve = names.Addresses
	m.Container, m.Parent = true, d.host.Machine
	m.UTS = &userland.UTS{Hostname: c.Config.Hostname, Domain: c.Config.Domainname}
	if c.HostConfig.UTSMode == "host" {
		m.UTS = d.host.UTS
	}
	m.KernelVersion, m.Arch, m.OSVersion = d.host.KernelVersion, d.host.Arch, d.host.OSVersion
	m.Shell = shell.Sh(r.image.Shell())
	m.Programs = r.image.Programs()
	m.Env = c.environment(m, false, nil)
	m.SetFirstPID(1)
	return m
}

// environment is what Docker and runc give a process: PATH, HOSTNAME, TERM with
// a terminal, the links, the container's own, and HOME.
func (c *Container) environment(m *userland.Machine, tty bool, extra []string) []string {
	env := []string{defaultPath, "HOSTNAME=" + c.Config.Hostname}
	if tty {
		env = append(env, "TERM=xterm")
	}
	env = append(env, c.linkEnv()...)
	env = image.MergeEnv(env, c.Config.Env)
	env = image.MergeEnv(env, extra)
	for _, kv := range env {
		if strings.HasPrefix(kv, "HOME=") {
			return env
		}
	}
	home := "/root"
	if id, _, err := m.FS().Identify(c.Config.User); err == nil {
		home = id.Home
	}
	return append(env, "HOME="+home)
}

// workingDir is the directory a process starts in; it is made if it is missing.
func workingDir(m *userland.Machine, dir string) string {
	if dir == "" {
		return "/"
	}
	m.FS().MkdirAll(dir, 0o755)
	return path.Clean(dir)
}

// execError is that a program cannot be run: err is EACCES or ENOENT.
type execError struct {
	name string
	err  error
}

// Error is in the words of Go's os/exec.
func (e execError) Error() string {
	what := "executable file not found in $PATH"
	switch {
	case e.err == userland.EACCES:
		what = "permission denied"
	case strings.Contains(e.name, "/"):
		what = "stat " + e.name + ": no such file or directory"
	}
	return `exec: "` + e.name + `": ` + what
}

// findProgram looks a program up as runc does, through the container's PATH.
func findProgram(m *userland.Machine, argv, env []string, dir string) (userland.Program, []string, error) {
	if dir == "" {
		dir = "/"
	}
	prog, args, err := m.FindProgram(argv, env, dir)
	switch err {
	case nil:
		return prog, args, nil
	case userland.EACCES:
		return nil, nil, execError{argv[0], err}
	}
	return nil, nil, execError{argv[0], userland.ENOENT}
}

// stateChanged wakes those who watch the container.
func (c *Container) stateChanged() {
	c.run.changed.Broadcast()
	c.run.log.Wake()
}
