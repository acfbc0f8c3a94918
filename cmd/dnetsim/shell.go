package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
	"dnetsim/sim"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

type shellFlags struct {
	shared
	host, line, at string
	attach         bool
}

// onlyOnce is a flag that is refused a second time, as the first would be lost. It
// implements pflag.Value.
type onlyOnce struct {
	value *string
	given bool
}

// String implements pflag.Value.
func (o *onlyOnce) String() string {
	if o.value == nil {
		return ""
	}
	return *o.value
}

// Type implements pflag.Value.
func (*onlyOnce) Type() string { return "string" }

// Set implements pflag.Value.
func (o *onlyOnce) Set(text string) error {
	if o.given {
		return errors.New("there is one already: write both in one, with ; between")
	}
	*o.value, o.given = text, true
	return nil
}

func newShell(t *terminal) *cobra.Command {
	var f shellFlags
	c := &cobra.Command{
		Use:   "shell SCENARIO",
		Short: "Open a terminal on the simulated hosts",
		Long: `Open a terminal on the simulated hosts, after the scenario's setup has run, or
where its steps have got to with --at. It opens on the first host of the file; ssh
HOST moves to another, exit comes back, help says what there is. ~. at the start of
a line always comes back to the real shell, ~? lists what else. If a line of the
setup fails, the lab opens at that point.

The lab has a name, which is printed; --attach opens another terminal on it, or on
one that dnetsim up serves, so that tcpdump runs in one and ping in the other. With
-c, or lines from standard input, it runs them there, in the lab's own time.

On a terminal, virtual time follows the clock. With lines from standard input or
with -c it runs as fast as it can and gives the same output every time; a line that
has not ended after the scenario's limit: of virtual time is an error.`,
		Example: `  dnetsim shell local-modes
  dnetsim shell --attach local-modes
  dnetsim shell --attach local-modes --host bdc02 -c 'ip route'
  dnetsim shell overlay-ping --at end
  dnetsim shell local-modes -c 'docker network ls'
  echo 'docker ps' | dnetsim shell local-modes --host bdc02`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.attach:
				return f.join(cmd, t, append(args, "")[0])
			case len(args) == 0:
				return status{exitUsage, errors.New("dnetsim: shell wants a scenario: `dnetsim list` prints those that are compiled in")}
			}
			return f.run(cmd, t, args)
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.host, "host", "", "open on this `host` instead of the first")
	c.Flags().VarP(&onlyOnce{value: &f.line}, "command", "c", "run one `line` and exit with its status")
	c.Flags().StringVar(&f.at, "at", "setup", "open at this `moment`: setup, end, a number of steps, 12s, or a part of the step before which to stop")
	c.Flags().BoolVar(&f.attach, "attach", false, "open another terminal on a lab that is open: its name, or none if there is only one")
	return c
}

// join opens another terminal on a lab, or runs a line there.
func (f *shellFlags) join(cmd *cobra.Command, t *terminal, name string) error {
	for _, flag := range []string{"at", "engine", "pcap", "seed", "trace"} {
		if cmd.Flags().Changed(flag) {
			return status{exitUsage, fmt.Errorf("dnetsim: --%s is of a lab that shell opens, and with --attach one is open already", flag)}
		}
	}
	one := cmd.Flags().Changed("command")
	if one && f.line == "" {
		return nil // as sh -c '' does
	}
	return attach(cmd.Context(), t, name, said{Host: f.host, Run: one, Line: f.line})
}

func (f *shellFlags) run(cmd *cobra.Command, t *terminal, args []string) error {
	s, err := f.loadOne(cmd.Context(), t, args[0], "shell opens")
	if err != nil {
		return err
	}
	moment, err := scenarios.ParseMoment(s, f.at)
	if err != nil {
		return status{exitUsage, err}
	}
	if err := unwritable(f.captures()); err != nil {
		return err
	}
	o := f.options(t)
	o.Context = cmd.Context()
	if isTerminal(t.in) && f.line == "" && !f.quiet {
		o.Transcript, o.Style = t.out, style(t)
	}
	if f.pcap != "" {
		capture, err := newCapture(f.pcap, s.Name)
		if err != nil {
			return status{exitBroken, err}
		}
		defer capture.close()
		o.Capture = capture
	}
	lab, failed, err := scenarios.OpenAt(s, o, moment)
	if bug := (*sim.Panic)(nil); errors.As(err, &bug) {
		return status{t.fails(s.Name, "", err), nil}
	}
	if cmd.Context().Err() != nil && err != nil {
		return status{exitBroken, err}
	}
	if err != nil {
		return status{exitFailed, err}
	}
	defer lab.Close()
	if failed != "" {
		t.say("%s\nthe lab is as it was then", strings.TrimSuffix(failed, "\n"))
	}
	if f.host == "" {
		f.host = lab.First()
	}
	if _, ok := lab.Machine(f.host); !ok {
		return status{exitUsage, fmt.Errorf("--host: there is no host %q in %s", f.host, s.File)}
	}
	if c, ok := o.Capture.(*capture); ok && isTerminal(t.in) && f.line == "" {
		defer c.follow(lab.Loop, t)() // whoever is killed leaves what there was a second before
	}
	world := replay.Adopt(replay.Options{Scenario: s, Seed: o.Seed, Docker: o.Docker, Moment: moment}, lab)
	code, err := typeAt(t, t.input(cmd.Context()), world, f.host, f.line, cmd.Flags().Changed("command"))
	if bug := (*sim.Panic)(nil); errors.As(err, &bug) {
		return status{t.fails(s.Name, "", err), nil}
	}
	if o.Capture != nil {
		err = errors.Join(err, o.Capture.Done())
	}
	if err != nil {
		return status{max(code, 1), err}
	}
	if code == 0 && failed != "" {
		code = exitFailed
	}
	if code != 0 {
		return status{code: code}
	}
	return nil
}

// typeAt lets a line, a script or a person type at a host.
func typeAt(t *terminal, in io.Reader, w *replay.World, host, line string, one bool) (int, error) {
	lab := w.Lab()
	if one {
		return lab.Line(host, line, in, t.out, t.err)
	}
	if !isTerminal(t.in) {
		return lab.Script(host, in, t.out, t.err)
	}
	return interactive(t, w, host)
}

// interactive joins the real terminal to a simulated one: bytes go both ways,
// the simulated line discipline does the rest, and virtual time follows the
// clock.
func interactive(t *terminal, w *replay.World, host string) (int, error) {
	in, ok := t.in.(*os.File)
	if !ok {
		return 2, errors.New("standard input is no terminal")
	}
	lab := w.Lab()
	if err := w.Take(replay.Input{Kind: replay.OpenTerminal, Place: host}); err != nil {
		return 2, err
	}
	number := w.Terminals()
	if door, err := openDoor(t, w); err == nil {
		defer door.close()
		t.say("lab %s: `dnetsim shell --attach %s` opens another terminal on it; help says what there is, ~. leaves", door.name, door.name)
	} else {
		t.say("no other terminal can be opened on this lab: %v", err)
	}
	left := false
	was, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return 2, err
	}
	restore := func() {
		io.WriteString(t.out, noBracketPaste)
		term.Restore(int(in.Fd()), was)
	}
	t.cooked.Store(&restore)
	defer restore()
	resize := func() {
		if cols, rows, err := term.GetSize(int(in.Fd())); err == nil {
			w.Take(replay.Input{Kind: replay.Resize, Terminal: number, Rows: rows, Cols: cols})
		}
	}
	resize()
	w.OnOutput(number, func(b []byte) { t.out.Write(b) })
	over := make(chan struct{})
	defer close(over)
	go followSize(int(in.Fd()), over, func() { lab.Loop.Inject(resize) })
	go func() {
		e := escape{
			leave: func() { lab.Loop.Inject(func() { left = true }) },
			help:  func() { lab.Loop.Inject(func() { io.WriteString(t.out, escapes) }) },
		}
		for {
			b := make([]byte, 1024)
			n, err := in.Read(b)
			keys := e.keys(b[:n])
			lab.Loop.Inject(func() { w.Take((&said{Keys: keys}).input(number, err)) })
			if err != nil {
				return
			}
		}
	}()
	if err := lab.Guard(func() { lab.Loop.Live(newPace(lab.Loop.Now(), 1), func() bool { return left || w.Ended(number) }) }); err != nil {
		return exitBroken, err
	}
	if err := lab.Loop.Stopped(); err != nil {
		return exitBroken, err
	}
	if left {
		io.WriteString(t.out, "\r\n")
		return 0, nil
	}
	return w.Status(number), nil
}

// noBracketPaste asks a real terminal to paste text as it is.
const noBracketPaste = "\x1b[?2004l"

// followSize calls changed when the window's size has changed. It looks instead
// of taking SIGWINCH, which not every system has.
func followSize(fd int, over <-chan struct{}, changed func()) {
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	cols, rows, _ := term.GetSize(fd)
	for {
		select {
		case <-over:
			return
		case <-look.C:
		}
		c, r, err := term.GetSize(fd)
		if err == nil && (c != cols || r != rows) {
			cols, rows = c, r
			changed()
		}
	}
}
