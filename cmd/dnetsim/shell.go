package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"dnetsim/scenarios"
	"dnetsim/sim"
	"dnetsim/userland"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newShell(t *terminal) *cobra.Command {
	var f shared
	var host, line string
	c := &cobra.Command{
		Use:   "shell SCENARIO",
		Short: "Open a terminal on the simulated hosts",
		Long: `Open a terminal on the simulated hosts, after the scenario's setup has run. It
opens on the first host of the file; ssh HOST moves to another, exit comes back.

On a terminal, virtual time follows the clock. With lines from standard input or
with -c it runs as fast as it can and gives the same output every time; a line that
has not ended after the scenario's limit: of virtual time is an error.`,
		Example: `  dnetsim shell local-modes
  dnetsim shell local-modes -c 'docker network ls'
  echo 'docker ps' | dnetsim shell local-modes --host bdc02`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, _, err := load(cmd.Context(), t, args)
			if err != nil {
				return err
			}
			if len(list) != 1 {
				return status{exitUsage, fmt.Errorf("%s: a folder of %d scenarios: shell opens one", args[0], len(list))}
			}
			if err := unwritable(f.captures()); err != nil {
				return err
			}
			o := f.options(t)
			o.Context = cmd.Context()
			if isTerminal(t.in) && line == "" && !f.quiet {
				o.Transcript, o.Style = t.out, style(t)
			}
			if f.pcap != "" {
				capture, err := newCapture(f.pcap, list[0].Name)
				if err != nil {
					return status{exitBroken, err}
				}
				defer capture.close()
				o.Capture = capture
			}
			lab, err := scenarios.Open(list[0], o)
			if bug := (*sim.Panic)(nil); errors.As(err, &bug) {
				return status{t.fails(list[0].Name, "", err), nil}
			}
			if cmd.Context().Err() != nil && err != nil {
				return status{exitBroken, err}
			}
			if err != nil {
				return status{exitFailed, err}
			}
			defer lab.Close()
			if host == "" {
				host = lab.First()
			}
			if _, ok := lab.Machine(host); !ok {
				return status{exitUsage, fmt.Errorf("--host: there is no host %q in %s", host, list[0].File)}
			}
			code, err := typeAt(t, t.input(cmd.Context()), lab, host, line, cmd.Flags().Changed("command"))
			if bug := (*sim.Panic)(nil); errors.As(err, &bug) {
				return status{t.fails(list[0].Name, "", err), nil}
			}
			if o.Capture != nil {
				err = errors.Join(err, o.Capture.Done())
			}
			if err != nil {
				return status{max(code, 1), err}
			}
			if code != 0 {
				return status{code: code}
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringVar(&host, "host", "", "open on this `host` instead of the first")
	c.Flags().StringVarP(&line, "command", "c", "", "run one `line` and exit with its status")
	return c
}

// typeAt lets a line, a script or a person type at a host.
func typeAt(t *terminal, in io.Reader, lab *scenarios.Lab, host, line string, one bool) (int, error) {
	if one {
		return lab.Line(host, line, in, t.out, t.err)
	}
	if !isTerminal(t.in) {
		return lab.Script(host, in, t.out, t.err)
	}
	return interactive(t, lab, host)
}

// interactive joins the real terminal to a simulated one: bytes go both ways,
// the simulated line discipline does the rest, and virtual time follows the
// clock.
func interactive(t *terminal, lab *scenarios.Lab, host string) (int, error) {
	in, ok := t.in.(*os.File)
	if !ok {
		return 2, errors.New("standard input is no terminal")
	}
	p, tty, err := lab.Login(host)
	if err != nil {
		return 2, err
	}
	was, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return 2, err
	}
	restore := func() { term.Restore(int(in.Fd()), was) }
	t.cooked.Store(&restore)
	defer restore()
	resize := func() {
		if cols, rows, err := term.GetSize(int(in.Fd())); err == nil {
			tty.Resize(userland.Winsize{Rows: rows, Cols: cols})
		}
	}
	resize()
	tty.OnOutput(func(b []byte) { t.out.Write(b) })
	over := make(chan struct{})
	defer close(over)
	go followSize(int(in.Fd()), over, func() { lab.Loop.Inject(resize) })
	go func() {
		for {
			b := make([]byte, 1024)
			n, err := in.Read(b)
			lab.Loop.Inject(func() {
				if err != nil {
					tty.Hangup()
					return
				}
				tty.Input(b[:n])
			})
			if err != nil {
				return
			}
		}
	}()
	if err := lab.Guard(func() { lab.Loop.Live(newPace(lab.Loop.Now(), 1), p.Done) }); err != nil {
		return exitBroken, err
	}
	if err := lab.Loop.Stopped(); err != nil {
		return exitBroken, err
	}
	return p.Status(), nil
}

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
