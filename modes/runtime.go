package modes

import (
	"io"
	"time"

	"dnetsim/modes/image"
	"dnetsim/modes/logs"
	"dnetsim/modes/network"
	"dnetsim/modes/streams"
	"dnetsim/sim"
	"dnetsim/userland"
)

// runtime is what a container has beyond its description: its files, its
// streams, and while it runs its machine and sandbox.
type runtime struct {
	daemon  *Daemon
	fs      *userland.FS
	image   *image.Image
	layers  func() Layers
	machine *userland.Machine // of the current or last run
	pid1    *userland.Process // nil if it does not run
	sandbox *network.Sandbox  // its own, or the one it joined
	base    *Container        // whose stack it shares, in container mode
	links   []containerLink
	// leftover is the sandbox of an earlier run that the cluster store could
	// not be told the end of.
	leftover *network.Sandbox

	log     *logs.Log
	streams *streams.Streams
	stdin   *userland.PipeWriter // nil without -i, and with a TTY
	stdinR  *userland.PipeReader
	tty     *userland.TTY

	holder     *sim.Proc // who has locked the container
	freed      sim.Cond
	changed    sim.Cond // signalled on every change of state
	waits      []*Wait
	removed    bool
	removing   bool
	manualStop bool // stopped by a person: policies respect it
	shutdown   bool // stopped because the daemon did
	powerLost  bool // its host crashed
	backoff    time.Duration
	began      time.Duration // of the loop, of the last start
	retry      *sim.Timer
	probe      *sim.Timer // to the next health check, nil before the first
}

func newRuntime(d *Daemon, c *Container, img *image.Image) *runtime {
	r := &runtime{daemon: d, image: img, log: logs.New(d.loop, d.Wall)}
	r.fs = d.Images.store.Files(img).Clone()
	r.fs.SetClock(d.host.Machine)
	r.streams = streams.New(d.loop, r.log)
	r.openStdio(d.loop, c)
	return r
}

// openStdio makes the streams for the next run, so that a client can attach
// before the container starts.
func (r *runtime) openStdio(l *sim.Loop, c *Container) {
	r.tty, r.stdin, r.stdinR = nil, nil, nil
	if c.Config.Tty {
		r.tty = userland.NewTTY(l)
		r.tty.OnOutput(func(b []byte) { r.streams.Write(1, b) })
		if w := c.HostConfig.Console; w.Rows > 0 && w.Cols > 0 {
			r.tty.Resize(w)
		}
		return
	}
	if c.Config.OpenStdin {
		r.stdinR, r.stdin = userland.NewPipe(l)
	}
}

// input is an attached client's way to the container's standard input.
func (r *runtime) input(c *Container) io.WriteCloser {
	switch {
	case !c.Config.OpenStdin:
		return nil
	case r.tty != nil:
		return streams.TypeOn(r.tty)
	}
	return streams.WriteTo(r.stdin, c.Config.StdinOnce)
}

// runcThreads draws how many threads runc's init, a Go program, has had when it
// becomes the container's program. They took PIDs of the container: the first
// exec's is 6 to 8, the next ones' as much higher each.
func (d *Daemon) runcThreads() int {
	seen := [...]int{4, 5, 5, 5, 5, 5, 5, 6, 6, 7} // of captures of several execs in a row
	return seen[d.loop.Stream("runc/"+d.host.Name).IntN(len(seen))]
}
