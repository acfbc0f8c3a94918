package modes

import (
	"slices"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/config"
	"dnetsim/modes/container"
	"dnetsim/modes/events"
	"dnetsim/modes/ident"
	"dnetsim/modes/image"
	"dnetsim/modes/journal"
	"dnetsim/modes/network"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/profile"
	"dnetsim/modes/volume"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// Daemon is the dockerd of one host. Its containers, networks and images
// outlive a restart, as files in /var/lib/docker do. What it does is done by its
// parts, a type for each noun; its own methods are about its process.
type Daemon struct {
	host    *Host
	loop    *sim.Loop
	profile *profile.Profile
	spec    HostSpec
	config  config.Config
	id      string
	ids     ident.Source

	starting *startup // while it comes up
	running  bool
	failed   bool            // the last start did not work
	returns  bool            // systemd is about to start it again
	panicked bool            // it ended by itself the last time
	starts   []time.Duration // of the last minute
	since    time.Time       // when these two changed, by the host's clock
	pid      int
	proc     *userland.Process // dockerd itself
	calls    *calls.Calls      // what is under way
	over     sim.Cond          // broadcast when dockerd is to end
	api      api
	Journal  *journal.Journal

	// Containers, Execs and Images are what the API calls by these names; Volumes
	// are used on the loop only.
	Containers *Containers
	Execs      *Execs
	Images     *Images
	Volumes    *volume.Store
	Events     *events.Log
	Networks   *Networks
	Swarm      *Swarm
	snapshots  image.Snapshots // of containerd's store
	net        *network.Controller
	face       *driver.Host
}

func newDaemon(h *Host, spec HostSpec) *Daemon {
	l := h.Loop()
	d := &Daemon{
		host: h, loop: l, profile: profile.Of(spec.Engine), spec: spec, ids: ident.New(l, h.Name),
		Events: events.New(l, h.Wall), calls: calls.New(l),
	}
	d.Journal = journal.New(l, h.Wall, func() int { return d.pid })
	d.api.d = d
	d.face = &driver.Host{
		Machine: h.Machine, Profile: d.profile, Stream: d.ids.Stream, Log: d.Journal.Write,
		Dockerd: func() *userland.Process { return d.proc },
	}
	d.net = newController(d)
	d.Networks = &Networks{d: d}
	d.Swarm = newSwarm(d)
	d.Containers = &Containers{d: d}
	d.Execs = &Execs{d: d, all: map[string]*ExecProcess{}}
	if spec.Registry == nil {
		d.spec.Registry = image.DefaultRegistry(l)
	}
	d.Images = newImages(d, spec.Images)
	d.Volumes = volume.NewStore(h.Machine, func() string { return d.ids.Stream("volume", "name").Hex(64) })
	id := d.ids.Stream("daemon", "id").Hex(30)
	if d.id = ident.ServerID(id); d.profile.UUIDs {
		d.id = ident.UUID(id)
	}
	return d
}

func (d *Daemon) ns() *stack.Namespace { return d.host.NS() }

// Host is the host that the daemon runs on.
func (d *Daemon) Host() *Host { return d.host }

// Wall is the wall clock of the daemon's host.
func (d *Daemon) Wall() time.Time { return d.host.Wall() }

// Running reports whether the daemon answers.
func (d *Daemon) Running() bool { return d.running }

func (d *Daemon) boot() error {
	cfg, err := config.Read(d.host.FS(), d.spec.Flags, d.profile)
	if err != nil {
		return err
	}
	d.config = cfg
	if err := cfg.Verify(); err != nil {
		return wrapf(err, "failed to start daemon: ")
	}
	for _, o := range cfg.Deprecated {
		d.Journal.Write("warning", `The "`+o+`" option is deprecated. To be removed soon.`)
	}
	warnOfUnheeded(d, &cfg)
	d.Journal.Write("info", "Starting up")
	if err := d.api.open(); err != nil {
		return err
	}
	store := storeLog{d.Journal, d.profile}
	store.opened(d.host.FS())
	d.calls.Spend(d.profile.Cost.DaemonInit)
	if err := d.net.Global.Init(); err != nil {
		return err
	}
	d.Journal.Write("info", "Loading containers: start.")
	store.chosen()
	d.net.Global.Follow()
	d.calls.Spend(d.profile.Cost.DaemonLoad)
	live := d.Containers.live()
	if !live {
		reloadLinks(d)
	}
	if err := d.net.Start(live, d.api.ports(), d.Networks.cleanLeftovers); err != nil {
		return errf(ErrSystem, "failed to start daemon: Error initializing network controller: %v", err)
	}
	d.calls.Spend(d.profile.Cost.DaemonReady)
	d.makeRunDir()
	d.net.Reopen()
	d.net.Global.WatchAllNames()
	if live && !d.config.LiveRestore {
		d.Containers.shutdown() // a dockerd that was killed has left them
	}
	d.Containers.restore()
	d.Journal.Write("info", "Loading containers: done.")
	store.told()
	d.Swarm.node.Start()
	store.built()
	d.Journal.Write("info", "Daemon has completed initialization")
	return nil
}

// setState notes that the daemon came up, went down or failed.
func (d *Daemon) setState(running, failed bool) {
	if d.running != running || d.failed != failed {
		d.running, d.failed, d.returns, d.since = running, failed, false, d.Wall()
		d.panicked = d.panicked && !running
	}
}

// Stop stops the daemon and, without live-restore, its containers.
func (d *Daemon) Stop() error {
	if !d.running {
		d.abortStart(false)
		return nil
	}
	d.Journal.Write("info", "Processing signal 'terminated'")
	d.calls.Refuse()
	d.calls.End()
	d.Swarm.node.Stop()
	if !d.config.LiveRestore {
		d.Containers.shutdown()
		d.Swarm.leaveBalancers()
		d.net.CloseIdle()
		d.face.Collect()
	}
	d.face.Abandon()
	d.calls.Spend(d.profile.Cost.DaemonStop)
	d.calls.End()
	d.net.Global.Leave()
	d.api.close()
	d.setState(false, false)
	for _, at := range d.config.Sockets() {
		d.host.FS().Remove(at)
	}
	d.host.FS().Remove(pidPath)
	d.Journal.Write("info", "Daemon shutdown complete")
	d.Events.Wake()
	d.endSelf()
	return nil
}

// launchSelf starts dockerd as a process of the host: ps shows it, its threads
// serve names, and docker-proxy is its child. Killing it stops the daemon.
func (d *Daemon) launchSelf() {
	var p *userland.Process
	p = d.host.Machine.Start(userland.ProcSpec{
		Args:     []string{"/usr/sbin/dockerd", "--containerd=/run/containerd/containerd.sock"},
		NewGroup: true,
		Program: func(p *userland.Process) int {
			p.Catch(userland.SIGTERM, userland.SIGINT, userland.SIGHUP, userland.SIGUSR1)
			for {
				d.over.Wait(d.loop)
				switch p.Pending() {
				case userland.SIGTERM, userland.SIGINT:
					d.Stop()
					return 0
				case userland.SIGHUP:
					reload(d)
				case userland.SIGUSR1:
					dumpStacks(d)
				}
			}
		},
		OnExit: func(int) {
			switch { // killed?
			case d.proc != p:
			case d.starting != nil:
				d.abortStart(true)
			case d.running:
				d.setState(false, true)
				d.calls.End()
				d.Swarm.node.Kill()
				d.api.close()
				d.net.Global.Leave()
				d.face.Abandon()
				d.Events.Wake()
				d.comeBack()
			}
		},
	})
	d.proc, d.pid = p, p.PID
	d.starts = append(d.starts, d.loop.Now())
}

// backAfter is RestartSec of Docker's unit, whose Restart is always; mostStarts is its
// StartLimitBurst, in a time of startLimit.
const (
	backAfter  = 2 * time.Second
	mostStarts = 3
	startLimit = time.Minute
)

// crash ends dockerd by a panic of its own, when what is under way has come to its end.
func (d *Daemon) crash() {
	at := d.proc
	d.loop.After(0, func() {
		if p := d.proc; p != nil && p == at {
			d.panicked = true
			p.Signal(userland.SIGKILL)
		}
	})
}

// comeBack has systemd start a dockerd that was killed, unless somebody else has done
// something about it meanwhile. One that has been started too often stays away.
func (d *Daemon) comeBack() {
	at := d.since
	d.starts = slices.DeleteFunc(d.starts, func(t time.Duration) bool { return d.loop.Now()+backAfter-t >= startLimit })
	if len(d.starts) >= mostStarts {
		return
	}
	d.returns = true
	d.loop.After(backAfter, func() {
		if d.returns && d.since == at && d.starting == nil && !d.host.Off() {
			d.loop.Go("restart dockerd of "+d.host.Name, func(*sim.Proc) { d.Start() })
		}
	})
}

// endSelf ends dockerd's process in order: nobody takes it for killed.
func (d *Daemon) endSelf() {
	p := d.proc
	d.proc = nil
	if p != nil {
		p.Signal(userland.SIGKILL)
	}
}

// Restart is Stop and Start.
func (d *Daemon) Restart() error {
	if err := d.Stop(); err != nil {
		return err
	}
	return d.Start()
}

// shutdown stops everything that runs, all at once, 15 s at most.
func (cs *Containers) shutdown() {
	var procs []*sim.Proc
	for _, c := range cs.all {
		if !c.State.Running() {
			continue
		}
		c.run.shutdown = true
		if cs.d.loop.Current() == nil {
			c.killNow()
			continue
		}
		procs = append(procs, cs.d.loop.Go("stop "+c.Name, func(*sim.Proc) { c.stopAndWait(c.grace(nil)) }))
	}
	for _, p := range procs {
		p.Join()
	}
}

// restore brings the containers into the state that their policies ask for. The
// daemon is not up before all have been tried, those too that wait for the store
// (group.Wait in dockerd's restore).
func (cs *Containers) restore() {
	var waiting []*sim.Proc
	for _, c := range append([]*Container(nil), cs.all...) {
		if c.run.pid1 != nil {
			c.initHealth() // live-restore
		}
		if !c.startsWithEngine() {
			continue
		}
		c.run.shutdown = false
		if cs.d.net.Global.Active() && cs.d.Networks.misses(c) {
			waiting = append(waiting, cs.d.loop.Go("start "+c.Name, func(*sim.Proc) {
				defer cs.d.calls.Track(false)()
				cs.d.Networks.await(c)
				if !cs.d.calls.Gone() {
					c.restart()
				}
			}))
			continue
		}
		c.restart()
	}
	for _, p := range waiting {
		p.Join()
	}
}

// startsWithEngine reports whether a container's policy says that an engine that
// comes up starts it.
func (c *Container) startsWithEngine() bool {
	switch {
	case c.run.pid1 != nil:
		return false // live-restore: it never stopped
	case c.State.Status == container.Restarting:
		c.State.Status = container.Exited // the engine ended between two runs
		return true
	case c.State.StartedAt.IsZero():
		return false
	}
	switch c.HostConfig.RestartPolicy.Name {
	case "always":
		return true
	case "unless-stopped":
		return c.run.shutdown && !c.run.manualStop
	}
	return false
}

func (c *Container) restart() {
	d := c.run.daemon
	free, err := c.lock()
	if err != nil {
		return
	}
	defer free()
	if c.run.pid1 != nil {
		return
	}
	if err := c.start(); err != nil {
		d.Journal.Write("error", "failed to start container", "container", c.ID, "error", err.Error())
	}
}

// available begins every call of the API: it refuses while the daemon does not
// run, and waits until the ends of containers are known.
func (d *Daemon) available() error {
	for d.Containers.reaping > 0 && d.loop.Current() != nil {
		if d.Containers.reaped.Wait(d.loop) != nil {
			break
		}
	}
	if d.running {
		return nil
	}
	return calls.ErrUnavailable
}
