package replay

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"dnetsim/explain"
	"dnetsim/scenarios"
	"dnetsim/sim"
	"dnetsim/userland"
)

// Options say which world it is.
type Options struct {
	Scenario *scenarios.Scenario
	Seed     *uint64          // instead of the file's, or nil
	Docker   scenarios.Docker // makes the docker program of each host
	Moment   scenarios.Moment // where it begins; the zero Moment is after the setup
	// Built hears of the lab when its setup has run, or is nil. It may look at
	// everything and must change nothing. Copies do not call it.
	Built func(*scenarios.Lab)
}

// Kind is what an input does.
type Kind string

// The kinds of inputs.
const (
	OpenTerminal Kind = "open"  // a terminal at Place, with Rows and Cols
	TypeKeys     Kind = "keys"  // Data is typed at Terminal
	Resize       Kind = "size"  // Terminal has Rows and Cols from now on
	Hangup       Kind = "close" // who sits at Terminal goes away
	RunLine      Kind = "run"   // Data, or what is typed if that is "", is run on the host Place by a shell without a terminal
	EndInput     Kind = "end"   // nothing more is typed for what has no terminal
)

// Input is something that came into a world from outside, as a log has it on a line.
type Input struct {
	At       time.Duration `json:"at"` // virtual time
	Kind     Kind          `json:"kind"`
	Terminal int           `json:"terminal,omitempty"` // from 1, in the order of opening; not of "open"
	Place    string        `json:"place,omitempty"`    // "bdc01", or "bdc01/c1" for a shell in a container
	Data     string        `json:"data,omitempty"`
	Rows     int           `json:"rows,omitempty"`
	Cols     int           `json:"cols,omitempty"`
}

// World is a scenario that somebody works in. It is not safe for concurrent use, and
// must be closed.
type World struct {
	options   Options
	lab       *scenarios.Lab
	failed    string
	log       []Input
	terminals []*terminal
	err       error // what brought it down
}

// Open makes a world and runs its setup. A setup that fails is no error: the world is
// as it was then, and [World.Failed] says what failed.
func Open(o Options) (*World, error) {
	w := &World{options: o}
	var err error
	w.lab, w.failed, err = scenarios.OpenAt(o.Scenario, scenarios.Options{Docker: o.Docker, Seed: o.Seed}, o.Moment)
	if err != nil {
		return nil, err
	}
	w.lab.Copy = w.copyBefore
	if o.Built != nil {
		o.Built(w.lab)
	}
	return w, nil
}

// Adopt is the world of a lab that was opened as the options say, and in which nothing
// has been typed so far. Its owner moves its time and gives it inputs with [World.Take].
func Adopt(o Options, lab *scenarios.Lab) *World {
	w := &World{options: o, lab: lab}
	lab.Copy = w.copyBefore
	return w
}

// copyBefore is a copy for questions that somebody asks within the world: what came in
// before, without the question itself.
func (w *World) copyBefore(before time.Duration) (explain.World, error) {
	cut := 0
	for cut < len(w.log) && w.log[cut].At < before {
		cut++
	}
	o := w.options
	o.Built = nil
	c, err := o.replay(w.log[:cut], before)
	if err != nil {
		return nil, err
	}
	return standing{c, before}, nil
}

// Replay makes a world again from the log of its inputs, as it was at a virtual time.
// Inputs later than that are left out.
//
// What typed questions of package explain tried in copies is not tried again.
func (o Options) Replay(log []Input, until time.Duration) (*World, error) {
	w, err := o.replay(log, until)
	if err == nil {
		w.lab.Copy = w.copyBefore
	}
	return w, err
}

func (o Options) replay(log []Input, until time.Duration) (*World, error) {
	w, err := Open(o)
	if err != nil {
		return nil, err
	}
	w.lab.Copy = nil
	for _, in := range log {
		if in.At > until {
			break
		}
		if err = w.Run(in.At, never); err == nil {
			err = w.Do(in)
		}
		if err != nil {
			break
		}
	}
	if err == nil {
		err = w.Run(until, never)
	}
	if err != nil && w.err == nil { // an input that cannot be carried out; a world that came down stays as it was
		w.Close()
		return nil, fmt.Errorf("replay: %w", err)
	}
	return w, nil
}

func never() bool { return false }

// Lab is what the world is made of. Who changes something in it that is no input
// loses that the world can be made again.
func (w *World) Lab() *scenarios.Lab { return w.lab }

// Now is the virtual time.
func (w *World) Now() time.Duration { return w.lab.Loop.Now() }

// Failed is what failed in the setup, or "".
func (w *World) Failed() string { return w.failed }

// Err is what brought the world down, or nil: nothing moves in it any more.
func (w *World) Err() error { return w.err }

// Options are what the world was opened with.
func (w *World) Options() Options { return w.options }

// Log is a copy of the inputs so far.
func (w *World) Log() []Input { return slices.Clone(w.log) }

// Inputs is how many there have been.
func (w *World) Inputs() int { return len(w.log) }

// Run lets virtual time pass until a time, or until stop, which is asked before each
// event, is true: then time stands at the last event. It returns what brought the
// world down.
func (w *World) Run(until time.Duration, stop func() bool) error {
	if w.err != nil {
		return w.err
	}
	loop, stopped := w.lab.Loop, false
	var err error
	broken := w.lab.Guard(func() {
		err = loop.Run(func() bool { stopped = stop(); return stopped }, max(until, 1))
		if !stopped && (errors.Is(err, sim.ErrLimit) || errors.Is(err, sim.ErrIdle)) {
			err = nil
			if until > loop.Now() {
				err = loop.RunFor(until - loop.Now())
			}
		}
	})
	w.err = errors.Join(broken, err)
	return w.err
}

// Step fires one event of the loop and reports whether there was one.
func (w *World) Step() (fired bool, err error) {
	if w.err != nil {
		return false, w.err
	}
	w.err = w.lab.Guard(func() { fired = w.lab.Loop.Step() })
	return fired, w.err
}

// Fork is the world once more, as it is now. It is made of copies: another goroutine
// may own it.
func (w *World) Fork() (*World, error) { return w.copyAt(w.Now()) }

func (w *World) copyAt(at time.Duration) (*World, error) {
	o := w.options
	o.Built = nil
	return o.replay(w.Log(), at)
}

// Close ends the world.
func (w *World) Close() { w.lab.Close() }

// Do carries an input out at the present time and keeps it; its At is overwritten.
// What else is due at this instant happens first. An input that makes no sense is an
// error and is not kept.
func (w *World) Do(in Input) error {
	if err := w.Run(w.Now(), never); err != nil {
		return err
	}
	var err error
	if w.err = w.lab.Guard(func() { err = w.Take(in) }); w.err != nil {
		return w.err
	}
	return err
}

// Take is Do for the owner of a loop that runs, between two of its events.
func (w *World) Take(in Input) error {
	in.At = w.Now()
	err := w.carryOut(in)
	if err == nil {
		w.log = append(w.log, in)
	}
	return err
}

func (w *World) carryOut(in Input) error {
	if in.Kind == OpenTerminal {
		return w.open(in)
	}
	if in.Kind == RunLine {
		return w.run(in)
	}
	if in.Terminal < 1 || in.Terminal > len(w.terminals) {
		return fmt.Errorf("there is no terminal %d: %d have been opened", in.Terminal, len(w.terminals))
	}
	t := w.terminals[in.Terminal-1]
	if t.tty == nil {
		return t.input(in)
	}
	switch in.Kind {
	case EndInput:
	case TypeKeys:
		t.tty.Input([]byte(in.Data))
	case Resize:
		t.tty.Resize(userland.Winsize{Rows: in.Rows, Cols: in.Cols})
	case Hangup:
		t.tty.Hangup()
	default:
		return fmt.Errorf("%q is no kind of input: open, keys, size, close", in.Kind)
	}
	return nil
}

// Line runs a line on a machine, or with "HOST/CONTAINER" in a container, as sh -c
// would, and waits for its end. It is no input: it is for copies, which nobody makes
// again.
func (w *World) Line(place, line string) (exit int, output string, err error) {
	if w.err != nil {
		return 0, "", w.err
	}
	host, line := commandAt(place, line)
	broken := w.lab.Guard(func() { exit, output, err = w.lab.Output(host, line) })
	if broken != nil {
		w.err, err = broken, broken
	}
	return exit, output, err
}
