package modes

import (
	"fmt"

	"dnetsim/modes/journal"
	"dnetsim/modes/profile"
	"dnetsim/sim"
	"dnetsim/userland"
)

// startup is a daemon on its way up. It goes on when whoever asked for it is
// interrupted, as systemd's jobs do, and ends when dockerd is stopped or killed.
type startup struct {
	proc *sim.Proc
	done bool
	// listens tells that its sockets are open.
	listens bool
	err     error
	over    sim.Cond
}

func (s *startup) end(err error) {
	s.done, s.err = true, err
	s.over.Broadcast()
}

// Start starts the daemon: it reads its configuration, sets up forwarding, the
// firewall and the predefined networks, and starts the containers whose policy
// says so. A start that is under way is waited for. The error is what dockerd
// prints before it exits.
func (d *Daemon) Start() error {
	if d.running {
		return nil
	}
	s := d.starting
	if s == nil {
		s = &startup{}
		d.starting = s
		s.proc = d.loop.Go("start dockerd of "+d.host.Name, func(*sim.Proc) { s.end(d.comeUp()) })
	}
	for !s.done {
		if err := s.over.Wait(d.loop); err != nil {
			return err
		}
	}
	return s.err
}

// comeUp is the work of a start.
func (d *Daemon) comeUp() error {
	d.calls.Spend(d.profile.Cost.DaemonStart)
	d.calls.Drain()
	d.calls.Admit()
	d.launchSelf()
	if err := d.boot(); err != nil {
		d.starting = nil
		d.calls.End()
		d.api.close()
		d.setState(false, true)
		d.net.Global.Leave()
		d.Journal.Raw(err.Error())
		d.endSelf()
		return err
	}
	d.starting = nil
	d.setState(true, false)
	d.api.answer()
	return nil
}

// AwaitStart blocks the running process while dockerd starts, as requests do
// that come to its socket meanwhile.
func (d *Daemon) AwaitStart() {
	if s := d.starting; s != nil && d.loop.Current() != nil {
		for !s.done && s.over.Wait(d.loop) == nil {
		}
	}
}

// abortStart ends a start that is under way: dockerd was stopped, or killed,
// which is a failure.
func (d *Daemon) abortStart(failed bool) {
	s := d.starting
	d.starting = nil
	d.setState(false, failed)
	if s == nil {
		return
	}
	s.proc.Kill()
	d.calls.End()
	d.Swarm.node.Kill()
	d.api.close()
	d.net.Global.Leave()
	s.end(errf(ErrSystem, "dockerd was stopped while it started"))
	d.endSelf()
}

// dockerd's run time files: its own directory, which only root may enter, its
// socket and the number of its process.
const runDir = "/run/docker"

// makeRunDir lays them down when the daemon starts; what is there stays. The
// directory of namespaces comes with the first of them.
func (d *Daemon) makeRunDir() {
	fs := d.host.FS()
	fs.MkdirAll(runDir, 0o700)
	for _, dir := range []string{"containerd", "libnetwork", "plugins", "runtime-runc", "swarm"} {
		fs.MkdirAll(runDir+"/"+dir, 0o711)
	}
	fs.Socket(runDir+"/metrics.sock", 0o755)
	fs.WriteFile(pidPath, []byte(fmt.Sprint(d.pid)), 0o644)
}

// pidPath is the file that says that a daemon runs.
const pidPath = "/run/docker.pid"

// storeLog is what dockerd logs of the parts that it starts with: its store of images and
// containers, and what came with containerd's.
type storeLog struct {
	*journal.Journal
	profile *profile.Profile
}

// opened is before the store is used; fs is the host's.
func (l storeLog) opened(fs *userland.FS) {
	if !l.profile.ContainerdStore {
		l.Write("info", "[graphdriver] using prior storage driver: overlay2")
		return
	}
	l.Write("info", "OTEL tracing is not configured, using no-op tracer provider")
	for _, dir := range []string{"/etc/cdi", "/var/run/cdi"} {
		if !fs.Exists(dir) {
			l.Write("info", "CDI directory does not exist, skipping", "dir", dir)
		}
	}
	l.Write("info", "Creating a containerd client", "address", "/run/containerd/containerd.sock", "timeout", "1m0s")
}

// chosen is when containers are about to be loaded.
func (l storeLog) chosen() {
	if l.profile.ContainerdStore {
		l.Write("info", "NRI is disabled")
		l.Write("info", "Starting daemon with containerd snapshotter integration enabled")
		l.Write("info", "Restoring containers: start.")
	}
}

// told is when they are loaded.
func (l storeLog) told() {
	v := l.profile.Version
	if !l.profile.ContainerdStore {
		l.Write("info", "Docker daemon", "commit", v.GitCommit, "graphdriver(s)", "overlay2", "version", v.Version)
		return
	}
	if w := l.profile.CgroupWarning; w != "" {
		l.Write("warning", w)
	}
	l.Write("info", "Docker daemon", "commit", v.GitCommit, "containerd-snapshotter", "true", "storage-driver", "overlayfs", "version", v.Version)
}

// built is when the builder is ready, too.
func (l storeLog) built() {
	if l.profile.ContainerdStore {
		l.Write("info", "Initializing buildkit")
		l.Write("info", "Completed buildkit initialization")
	}
}
