package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// capture writes a run's frames: into one FILE.pcapng, or into a folder with
// one file for each interface.
type capture struct {
	path, scenario string
	single         bool
	files          []*os.File
	captures       []*link.Capture
	byPlace        map[trail.Place]*link.Capture
	stop           func()
	err            error
	out            io.Writer     // of the path "-"
	streams        []*outbox     // to pipes
	ahead          time.Duration // see link.Capture.SetAhead
}

func newCapture(path, scenario string) (*capture, error) {
	c := &capture{path: path, scenario: scenario, single: strings.HasSuffix(path, ".pcapng") || isPipe(path), byPlace: map[trail.Place]*link.Capture{}, stop: func() {}}
	if !c.single {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Open begins to write what the loop's journal tells.
func (c *capture) Open(loop *sim.Loop) error {
	if c.single {
		one, err := c.create(c.path)
		if err != nil {
			return err
		}
		c.stop = trail.Of(loop).Listen(func(e *trail.Event) {
			if atInterface(e) {
				one.Event(e)
			}
		})
		return nil
	}
	c.stop = trail.Of(loop).Listen(c.event)
	return nil
}

func (c *capture) create(path string) (*link.Capture, error) {
	to, err := c.target(path)
	if err != nil {
		return nil, err
	}
	one := link.NewCapture(to)
	one.SetAhead(c.ahead)
	c.captures = append(c.captures, one)
	return one, nil
}

// target opens what a capture is written to. A pipe's reader cannot make the loop
// wait.
func (c *capture) target(path string) (io.Writer, error) {
	if path == stdoutPath {
		return c.stream(unclosed{c.out}), nil
	}
	pipe := isPipe(path)
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if pipe {
		return c.stream(f), nil
	}
	c.files = append(c.files, f)
	return f, nil
}

func (c *capture) stream(to io.WriteCloser) io.Writer {
	o := newOutbox(to)
	c.streams = append(c.streams, o)
	return o
}

// stdoutPath is the --pcap that means standard output.
const stdoutPath = "-"

// isPipe reports whether a capture goes to a program that reads it as it comes.
func isPipe(path string) bool {
	info, err := os.Stat(path)
	return path == stdoutPath || err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// unclosed is a stream that is the process's, and stays open.
type unclosed struct{ io.Writer }

// Close implements io.Closer.
func (unclosed) Close() error { return nil }

// flush writes what there is, for somebody who watches. It reports the first error,
// once: the captures end with it.
func (c *capture) flush() error {
	for _, one := range c.captures {
		if err := one.Flush(); err != nil {
			c.stop()
			c.captures = nil // it is told
			return err
		}
	}
	return nil
}

// follow writes captures as they come, until the result is called.
func (c *capture) follow(loop *sim.Loop, t *terminal) (over func()) {
	tick, done := time.NewTicker(flushEvery), make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			loop.Inject(func() {
				if err := c.flush(); err != nil {
					t.say("--pcap: the captures end here: %v", err)
				}
			})
		}
	}()
	return func() {
		tick.Stop()
		close(done)
	}
}

func (c *capture) event(e *trail.Event) {
	if c.err != nil || !atInterface(e) {
		return
	}
	one := c.byPlace[e.Place]
	if one == nil {
		name := strings.NewReplacer("/", "-", ":", "-", " ", "_").Replace(e.Place.String()) + ".pcapng"
		one, c.err = c.create(filepath.Join(c.path, name))
		if c.err != nil {
			return
		}
		c.byPlace[e.Place] = one
	}
	one.Event(e)
}

// atInterface reports whether an event belongs into a capture: what an interface
// sends and receives, and what is lost anywhere. What passes cables and bridge
// ports unharmed is seen at the interfaces.
func atInterface(e *trail.Event) bool {
	return e.Verb == trail.Drop || e.Place.IsInterface() && (e.Verb == trail.Send || e.Verb == trail.Receive)
}

// Done flushes what was written and says what went wrong.
func (c *capture) Done() error {
	c.stop()
	err := c.err
	for _, one := range c.captures {
		err = errors.Join(err, one.Flush())
	}
	for _, f := range c.files {
		err = errors.Join(err, f.Close())
	}
	for _, o := range c.streams {
		o.Close()
		<-o.over
	}
	c.files, c.captures, c.streams = nil, nil, nil
	if err != nil {
		return fmt.Errorf("writing captures: %w", err)
	}
	return nil
}

// close gives back what a run that broke left open.
func (c *capture) close() {
	c.stop()
	for _, f := range c.files {
		f.Close()
	}
}
