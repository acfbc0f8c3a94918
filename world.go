package dnetsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/engine/gate"
	"dnetsim/explain"
	"dnetsim/scenarios"
	"dnetsim/scenarios/compose"
	"dnetsim/sim"
)

// ErrClosed is what the calls of a closed World return. It is net.ErrClosed, as of
// any connection.
var ErrClosed = net.ErrClosed

// Options are what a World may be opened with. The zero value is fine.
type Options struct {
	// Seed is used instead of the file's if it is not zero.
	Seed uint64
	// File is the file's name for errors; "scenario.yaml" if empty. What a Compose
	// file extends or includes is read from beside it.
	File string
	// Transcript gets what the setup prints; nil: nobody.
	Transcript io.Writer
	// Patience is how long, by the clock, it stays your turn after a connection was
	// used; zero: one second.
	Patience time.Duration
}

// World is a scenario's hosts, containers and cables. Its methods are safe for
// use by several goroutines, see the package's rules. It must be closed.
type World struct {
	lab   *scenarios.Lab
	gate  *gate.Gate
	pacer *pacer
	last  map[string]*scenarios.Job // of each host; used on the loop
	ended chan struct{}             // the loop has come to its end
	once  sync.Once
	mu    sync.Mutex
	err   error // why, if not by Close
}

// Open makes the world of a scenario file, or of a Compose file, and runs its setup.
// Mistakes in the file come all at once, each with its line and column. o may be
// nil.
func Open(text []byte, o *Options) (*World, error) {
	var with Options
	if o != nil {
		with = *o
	}
	if with.File == "" {
		with.File = "scenario.yaml"
	}
	if with.Patience <= 0 {
		with.Patience = time.Second
	}
	if compose.Is(text) {
		imported, _, err := compose.Import(with.File, text, compose.Options{})
		if err != nil {
			return nil, err
		}
		text = imported
	}
	s, err := scenarios.Read(with.File, text)
	if err != nil {
		return nil, err
	}
	run := scenarios.Options{Docker: cli.Program, Transcript: with.Transcript}
	if with.Seed != 0 {
		run.Seed = &with.Seed
	}
	lab, err := scenarios.Open(s, run)
	if err != nil {
		return nil, err
	}
	return start(lab, with.Patience), nil
}

func start(lab *scenarios.Lab, patience time.Duration) *World {
	w := &World{lab: lab, gate: gate.New(lab.Loop), last: map[string]*scenarios.Job{}, ended: make(chan struct{})}
	w.pacer = &pacer{gate: w.gate, now: lab.Loop.Now, patience: patience, allowed: lab.Loop.Now()}
	go w.drive()
	return w
}

// drive is the goroutine that moves virtual time.
func (w *World) drive() {
	defer close(w.ended)
	var err error
	broken := w.lab.Guard(func() { err = w.lab.Loop.Serve(w.pacer, w.pacer.isOver) })
	w.mu.Lock()
	w.err = errors.Join(broken, err)
	w.mu.Unlock()
	w.gate.Close()
}

// Close ends the world: every call that waits returns an error that is [ErrClosed],
// and so does every later one. It returns what brought the simulation down before,
// if something did. A second Close does the same again.
func (w *World) Close() error {
	w.gate.Close()
	w.once.Do(func() {
		w.lab.Loop.Inject(func() { w.pacer.over = true })
		<-w.ended
		w.lab.Close()
	})
	<-w.ended
	return w.broke()
}

func (w *World) broke() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// do runs fn as a process of the loop and waits.
func (w *World) do(ctx context.Context, what string, fn func() error) error {
	var err error
	switch e := w.gate.Do(ctx, what, func() { err = fn() }); {
	case e == nil:
		return err
	case w.broke() != nil:
		return w.broke()
	default:
		return e
	}
}

// Result is what a line has done.
type Result struct {
	Exit   int    // its status, as $? has it
	Output string // what it printed on both streams, in order
}

// Run types a line at a host ("bdc01"), a router, or in a container ("bdc01/web")
// and waits for its end. Variables, the working directory and background jobs stay
// from line to line of a host, as in one terminal; a line at a host where another is
// still running is typed at another terminal. A status that is not zero is no error.
func (w *World) Run(place, line string) (Result, error) {
	return w.RunContext(context.Background(), place, line)
}

// RunContext is Run until ctx ends: the line is left running then.
func (w *World) RunContext(ctx context.Context, place, line string) (Result, error) {
	var res Result
	err := w.do(ctx, "run "+place, func() (err error) {
		res, err = w.run(place, line)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

func (w *World) run(place, line string) (Result, error) {
	host, container, inside := strings.Cut(place, "/")
	if inside {
		line = "docker exec " + quoted(container) + " sh -c " + quoted(line)
	}
	start := w.lab.Start
	if before := w.last[host]; before != nil && !before.Done() {
		start = w.lab.StartAside
	}
	j := start(host, line)
	w.last[host] = j
	err := w.lab.Await(j)
	return Result{j.Exit(), j.Output()}, err
}

// quoted is a word for a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Advance lets virtual time pass, with everything that happens meanwhile.
func (w *World) Advance(d time.Duration) error {
	return w.do(context.Background(), "advance", func() error { return w.lab.Loop.Current().Sleep(d) })
}

// Now is the world's virtual time since its beginning.
func (w *World) Now() (now time.Duration, err error) {
	err = w.do(context.Background(), "now", func() error {
		now = w.lab.Loop.Now()
		return nil
	})
	return now, err
}

// Hosts are the names of the hosts, in the file's order.
func (w *World) Hosts() []string {
	var out []string
	for _, h := range w.lab.Scenario.Hosts {
		out = append(out, h.Name)
	}
	return out
}

// Fault breaks something, in the words of a scenario file: "cable: bdc01, loss: 10%",
// "cable: bdc01, down: true", "host: bdc02, crash: true".
func (w *World) Fault(what string) error { return w.trouble(scenarios.StepFault, what) }

// Repair undoes a fault: "cable: bdc01", "host: bdc02".
func (w *World) Repair(what string) error { return w.trouble(scenarios.StepRepair, what) }

func (w *World) trouble(kind scenarios.StepKind, what string) error {
	return w.do(context.Background(), "trouble", func() error { return w.lab.Trouble(kind, what) })
}

// Report is why a flow fails, or that it works.
type Report = explain.Report

// Explain sends a probe and follows it. from is a host, a container's name or
// HOST/CONTAINER; to is the same, an address, or a name that from resolves; port is
// "80/tcp", "53/udp", or "" for a ping. Cures are named and not tried.
func (w *World) Explain(from, to, port string) (*Report, error) {
	proto, number, err := explain.ParsePort(port)
	if err != nil {
		return nil, err
	}
	var r *Report
	err = w.do(context.Background(), "explain", func() (err error) {
		r, err = w.lab.Ask(explain.Flow{From: from, To: to, Proto: proto, Port: number})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("explain %s to %s: %w", from, to, err)
	}
	return r, nil
}

// Library is the text of a scenario that is compiled in, by its name; `dnetsim list`
// has the names.
func Library(name string) ([]byte, error) {
	s, err := scenarios.FromLibrary(name)
	if err != nil {
		return nil, err
	}
	return s.Source, nil
}

// pacer decides how fast virtual time passes, see the package's rules. It is used
// on the loop only. It implements sim.Pacer.
type pacer struct {
	gate     *gate.Gate
	now      func() time.Duration
	patience time.Duration
	allowed  time.Duration
	over     bool
}

var _ sim.Pacer = (*pacer)(nil)

func (p *pacer) isOver() bool { return p.over }

// Elapsed implements sim.Pacer.
func (p *pacer) Elapsed() time.Duration { return max(p.allowed, p.now()) }

// look is how often it is asked again how fast time passes.
const look = 20 * time.Millisecond

// Wait implements sim.Pacer.
func (p *pacer) Wait(at time.Duration, wake <-chan struct{}) {
	wanted, hurry := p.gate.Wanted()
	switch {
	case !wanted || at < 0:
		<-wake
		return
	case hurry && !p.gate.Turn(p.patience):
		p.allowed = at
		return
	}
	from, began := p.Elapsed(), time.Now()
	timer := time.NewTimer(min(at-from, look))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	}
	p.allowed = min(at, from+time.Since(began))
}
