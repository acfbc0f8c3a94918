package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
}

func newCapture(path, scenario string) (*capture, error) {
	c := &capture{path: path, scenario: scenario, single: strings.HasSuffix(path, ".pcapng"), byPlace: map[trail.Place]*link.Capture{}, stop: func() {}}
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
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	c.files = append(c.files, f)
	one := link.NewCapture(f)
	c.captures = append(c.captures, one)
	return one, nil
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
	c.files, c.captures = nil, nil
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
