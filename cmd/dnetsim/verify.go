package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

type verifyFlags struct {
	shared
	procs []int
	jobs  int
}

func newVerify(t *terminal) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify SCENARIO...",
		Short: "Run scenarios in other processes, at other numbers of processors and under load, and compare every byte",
		Long: `Run each scenario in several processes at once, each with another GOMAXPROCS, so
that the machine has more to do than it can, and compare what they tell: every
frame with its time and place, the transcript, and the final tables. The first
event that differs is named with its virtual time and place.

Exit status: 0 every process told the same, 1 one told something else, 2 a
scenario or the command line is wrong and nothing ran, 3 a run broke.
Expectations are not judged here: a scenario that fails may fail the same way
everywhere.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			return f.run(c.Context(), t, args)
		},
	}
	c.Flags().Var(&f.seed, "seed", "use this `seed` instead of the file's")
	f.addEngine(c)
	c.Flags().BoolVar(&f.quiet, "quiet", false, "print differences only")
	c.Flags().IntSliceVar(&f.procs, "procs", []int{1, 2, 8, 16}, "run at these values of GOMAXPROCS, each in a process of its own")
	c.Flags().IntVar(&f.jobs, "jobs", 2, "verify `N` scenarios at a time")
	refuseOutside(c)
	return c
}

// newTestify is what verify starts: one run, told on standard output. The
// scenario's text comes on standard input.
func newTestify(t *terminal) *cobra.Command {
	var f shared
	var document int
	c := &cobra.Command{
		Use: "testify FILE", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := io.ReadAll(t.in)
			if err != nil {
				return err
			}
			all, err := scenarios.ReadAll(args[0], text)
			if err != nil {
				return status{exitUsage, err}
			}
			if document < 0 || document >= len(all) {
				return status{exitUsage, fmt.Errorf("%s has no document %d", args[0], document)}
			}
			s := all[document]
			f.apply(s)
			o := f.options(t)
			o.Context = c.Context()
			if err := scenarios.Testify(s, o, t.out); err != nil {
				return status{exitBroken, err}
			}
			return nil
		},
	}
	c.Flags().Var(&f.seed, "seed", "")
	f.addEngine(c)
	c.Flags().IntVar(&document, "document", 0, "")
	return c
}

func (f *verifyFlags) run(ctx context.Context, t *terminal, args []string) error {
	if len(f.procs) < 2 || f.jobs < 1 {
		return status{exitUsage, errors.New("dnetsim: --procs takes two numbers or more, and --jobs a number from 1: --procs 1,8 --jobs 2")}
	}
	for _, n := range f.procs {
		if n < 1 || n > 1024 {
			return status{exitUsage, fmt.Errorf("dnetsim: --procs %d: GOMAXPROCS is a number from 1 to 1024", n)}
		}
	}
	list, sources, err := f.load(ctx, t, args)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return status{exitBroken, fmt.Errorf("dnetsim: cannot start itself again: %w", err)}
	}
	told := progress(t, "verify")
	var mu sync.Mutex
	var wg sync.WaitGroup
	code, done := exitOK, 0
	places := make(chan struct{}, f.jobs)
	for i, s := range list {
		places <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-places; wg.Done() }()
			outcome, difference, err := f.one(ctx, self, sources[i])
			mu.Lock()
			defer mu.Unlock()
			done++
			if told != nil {
				told(done, len(list))
			}
			code = max(code, f.say(t, s, outcome, difference, err))
		}()
	}
	wg.Wait()
	if code != exitOK {
		return status{code: code}
	}
	return nil
}

// one runs a scenario in a process for each GOMAXPROCS, all at once.
func (f *verifyFlags) one(ctx context.Context, self string, src scenarios.Source) (*scenarios.Outcome, *scenarios.Difference, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends those that still run after a difference
	var witnesses []*witness
	var accounts []scenarios.Account
	for _, n := range f.procs {
		w, err := f.start(ctx, self, src, n)
		if err != nil {
			cancel()
			err = fmt.Errorf("cannot start a process: %w", err)
			for _, w := range witnesses {
				w.cmd.Wait()
			}
			return nil, nil, err
		}
		witnesses = append(witnesses, w)
		accounts = append(accounts, scenarios.Account{Who: fmt.Sprintf("GOMAXPROCS %d", n), Reader: w.out})
	}
	outcome, difference, err := scenarios.Compare(accounts)
	cancel()
	for _, w := range witnesses {
		w.cmd.Wait()
		if text := strings.TrimSpace(w.err.String()); err != nil && text != "" {
			err = fmt.Errorf("%w\n%s", err, text)
		}
	}
	return outcome, difference, err
}

// witness is a process that tells a run.
type witness struct {
	cmd *exec.Cmd
	out io.Reader
	err bytes.Buffer
}

func (f *verifyFlags) start(ctx context.Context, self string, src scenarios.Source, procs int) (*witness, error) {
	args := []string{"testify", src.File, "--document", strconv.Itoa(src.Document)}
	args = append(args, f.args()...)
	w := &witness{cmd: exec.CommandContext(ctx, self, args...)}
	w.cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	w.cmd.Stdin = bytes.NewReader(src.Text)
	w.cmd.Stderr = &w.err
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = out
	return w, w.cmd.Start()
}

// say prints what became of one scenario and returns the status.
func (f *verifyFlags) say(t *terminal, s *scenarios.Scenario, o *scenarios.Outcome, d *scenarios.Difference, err error) int {
	switch {
	case err != nil:
		t.say("%s: %v", s.Name, err)
		return exitBroken
	case d != nil:
		fmt.Fprintln(t.out, scenarios.Visible(fmt.Sprintf("DIFFERS  %s (%s)\n%s", s.Name, s.File, d)))
		return exitFailed
	case o.Broken != "":
		t.say("%s: every run broke: %s", s.Name, o.Broken)
		return exitBroken
	case !f.quiet:
		note := ""
		if o.Failed {
			note = "; expectations fail, the same way everywhere"
		}
		fmt.Fprintf(t.out, "same     %s: %d events, %.1f s of virtual time, at GOMAXPROCS %s%s\n", scenarios.Visible(s.Name), o.Sightings, o.Virtual.Seconds(),
			strings.Trim(strings.Join(strings.Fields(fmt.Sprint(f.procs)), ", "), "[]"), note)
	}
	return exitOK
}
