// Command dnetsim simulates Docker hosts and their networks: it runs scenario
// files, opens a terminal on the simulated hosts, and prints what a real
// machine would print. It owns flags, files and exit codes; everything else is
// in the packages to its right.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"dnetsim/scenarios"
	"dnetsim/sim"

	"github.com/spf13/cobra"
)

// The exit statuses of the command.
const (
	exitOK     = 0
	exitFailed = 1 // an expectation failed
	exitUsage  = 2 // the scenario or the command line is wrong; nothing ran
	exitBroken = 3 // the run itself broke
)

// status is an error that carries an exit status; its text may be empty when
// everything has been said already.
type status struct {
	code int
	err  error
}

func (s status) Error() string {
	if s.err == nil {
		return ""
	}
	return s.err.Error()
}

func (s status) Unwrap() error { return s.err }

// terminal is the world outside: the standard streams and what is known of
// them.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	docker   scenarios.Docker       // the docker program of simulated hosts, docker's own if nil
	pump     *pumped                // who reads in, once somebody has asked
	cooked   atomic.Pointer[func()] // gives a raw terminal back, or nil
	memory   atomic.Uint64          // the heap at which everything ends, 0: that of a run
}

func main() {
	giveRoom()
	// A reader that has left is an error of the write and not a death.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	t := &terminal{in: os.Stdin, out: &output{Writer: os.Stdout}, err: &output{Writer: os.Stderr}, env: os.Getenv}
	ctx, cancel := context.WithCancelCause(context.Background())
	go heedSignals(t, cancel)
	go watchMemory(t, cancel)
	os.Exit(execute(ctx, t, os.Args[1:]))
}

// execute runs one command line and returns its exit status. A panic is our
// own bug: it ends with status 3 and a sentence, not a stack trace.
func execute(ctx context.Context, t *terminal, args []string) (code int) {
	out, errs := remembering(t.out), remembering(t.err)
	t.out, t.err = out, errs
	code = t.execute(ctx, args)
	if err := out.lost("standard output"); err != nil {
		t.say("dnetsim: %v", err)
		return exitBroken
	}
	if errs.lost("standard error") != nil {
		return exitBroken
	}
	return code
}

func (t *terminal) execute(ctx context.Context, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			code = t.fails("dnetsim", "", sim.Caught(nil, r))
		}
	}()
	root := newRoot(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var bug *sim.Panic
	if errors.As(err, &bug) {
		return t.fails("dnetsim", "", err)
	}
	var s status
	if errors.As(err, &s) {
		if text := s.Error(); text != "" {
			t.say("%s", text)
		}
		return s.code
	}
	t.say("dnetsim: %v", err)
	return exitUsage
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "dnetsim",
		Short: "Simulate Docker networking: no Docker, no root, the same result on every machine",
		Long: `dnetsim runs Docker hosts in userspace: every container has a real TCP/IP
stack, every bridge, route, iptables rule and DNS answer is really there, and
time is virtual. The same file and seed give the same bytes on every machine.

Try:
  dnetsim run local-modes        the four local network modes, step by step
  dnetsim shell local-modes      a terminal on the simulated hosts
  dnetsim list                   what else is there`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return status{exitUsage, fmt.Errorf("dnetsim: %w: see `%s --help`", err, c.CommandPath())}
	})
	root.Version = version()
	root.SetVersionTemplate(versionLine())
	root.AddCommand(newRun(t), newShell(t), newLab(t), newServe(t), newUp(t), newDown(t), newGraph(t), newRecord(t), newImport(t), newExplain(t), newDiff(t), newVerify(t), newTestify(t), newReport(t), newList(t), newShow(t), newSchema(t), newVersion(t), newMan(), newCheck(t), newMCP(t), newGrade(t))
	return root
}
