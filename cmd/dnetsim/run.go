package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"
	"dnetsim/sim"

	"github.com/spf13/cobra"
)

// shared are the flags that run and shell have in common.
type shared struct {
	seed  seed
	pcap  string
	trace bool
	quiet bool
}

func (f *shared) add(c *cobra.Command) {
	c.Flags().Var(&f.seed, "seed", "use this `seed` instead of the file's")
	c.Flags().StringVar(&f.pcap, "pcap", "", "write captures: one pcapng per interface into this `folder`, or one FILE.pcapng")
	c.Flags().BoolVar(&f.trace, "trace", false, "print what happens on the wires on standard error")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "print no transcript")
}

// options are the run's options that the shared flags stand for.
func (f *shared) options(t *terminal) scenarios.Options {
	o := scenarios.Options{Docker: cli.Program}
	if t.docker != nil {
		o.Docker = t.docker
	}
	o.Seed = f.seed.value
	if f.trace {
		o.Trace = scenarios.VisibleWriter(t.err)
	}
	return o
}

type runFlags struct {
	shared
	digest bool
	json   string
	junit  string
	update bool
	repeat int
	jobs   int
}

func newRun(t *terminal) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO...",
		Short: "Run scenarios and print their transcripts",
		Long: `Run scenarios and print their transcripts. SCENARIO is a file, a folder (every
*.yaml in it), the name of a library scenario, or - for standard input.

Exit status: 0 every expectation held, 1 one failed, 2 a scenario or the command
line is wrong and nothing ran, 3 the run itself broke.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			return f.run(c.Context(), t, args)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&f.digest, "digest", false, "print the run's digest (frames, transcript, final tables) instead of the transcript")
	c.Flags().StringVar(&f.json, "json", "", "write the results as JSON to this `file`")
	c.Flags().StringVar(&f.junit, "junit", "", "write the results as JUnit XML to this `file`")
	c.Flags().BoolVar(&f.update, "update", false, "rewrite the files' expectations from what happened; refused when CI is set")
	c.Flags().IntVar(&f.repeat, "repeat", 1, "run `N` times and fail at the first event that differs")
	c.Flags().IntVar(&f.jobs, "jobs", 1, "run `N` scenarios at a time")
	return c
}

// load reads every scenario that the arguments stand for. All mistakes of all
// files come together, and nothing runs.
func load(ctx context.Context, t *terminal, args []string) ([]*scenarios.Scenario, []scenarios.Source, error) {
	var list []*scenarios.Scenario
	var sources []scenarios.Source
	var wrong []string
	for _, a := range args {
		found, err := scenarios.Find(a, t.input(ctx))
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		for _, src := range found {
			s, err := scenarios.Read(src.File, src.Text)
			if err != nil {
				wrong = append(wrong, err.Error())
				continue
			}
			list = append(list, s)
			sources = append(sources, src)
		}
	}
	if wrong != nil {
		return nil, nil, status{exitUsage, errors.New(strings.Join(wrong, "\n"))}
	}
	return list, sources, nil
}

func (f *runFlags) run(ctx context.Context, t *terminal, args []string) error {
	if f.update && t.env("CI") != "" {
		return status{exitUsage, errors.New("dnetsim: --update is refused when CI is set: run it by hand and commit the result")}
	}
	if f.repeat < 1 || f.jobs < 1 {
		return status{exitUsage, errors.New("dnetsim: --repeat and --jobs are numbers from 1")}
	}
	list, sources, err := load(ctx, t, args)
	if err != nil {
		return err
	}
	if err := f.targets(list, sources); err != nil {
		return err
	}
	results := make([]*scenarios.Result, len(list))
	ready := make([]chan struct{}, len(list))
	for i := range ready {
		ready[i] = make(chan struct{})
	}
	next := make(chan int, len(list))
	for i := range list {
		next <- i
	}
	close(next)
	stream := f.jobs == 1 || len(list) == 1
	var wg sync.WaitGroup
	for range min(f.jobs, len(list)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				results[i] = f.one(ctx, t, list[i], stream)
				close(ready[i])
			}
		}()
	}
	code := exitOK
	for i := range list {
		<-ready[i]
		code = max(code, f.show(t, results[i], len(list) > 1, stream))
	}
	wg.Wait()
	if err := f.files(list, sources, results); err != nil {
		return status{exitBroken, err}
	}
	if code != exitOK {
		return status{code: code}
	}
	return nil
}

// one runs a scenario as often as asked and compares the runs. A bug that ends
// it leaves the other scenarios alone.
func (f *runFlags) one(ctx context.Context, t *terminal, s *scenarios.Scenario, stream bool) (r *scenarios.Result) {
	defer func() {
		if p := recover(); p != nil {
			r = scenarios.Broken(s, sim.Caught(nil, p))
		}
	}()
	o := f.options(t)
	o.Context = ctx
	o.Digest = f.digest || f.repeat > 1
	if stream && !f.quiet && !f.digest {
		o.Transcript = t.out
		o.Style = style(t)
	}
	if f.pcap != "" {
		c, err := newCapture(f.pcap, s.Name)
		if err != nil {
			return scenarios.Broken(s, err)
		}
		defer c.close()
		o.Capture = c
	}
	if f.repeat == 1 {
		if f.jobs == 1 {
			o.Progress = &scenarios.Progress{}
			w := showProgress(t, o.Progress)
			defer w.end()
			o.Transcript = w.below(o.Transcript)
		}
		return scenarios.Run(s, o)
	}
	return scenarios.Repeat(s, o, f.repeat, progress(t, s.Name))
}

// show prints what is still to be said of a result and returns its status.
func (f *runFlags) show(t *terminal, r *scenarios.Result, several, streamed bool) int {
	if f.digest {
		if several {
			fmt.Fprintf(t.out, "%s  %s\n", r.Digest, scenarios.Visible(r.Name))
		} else if r.Digest != "" {
			fmt.Fprintln(t.out, r.Digest)
		}
	} else if !streamed && !f.quiet {
		io.WriteString(t.out, scenarios.Visible(r.Transcript))
	}
	switch {
	case r.Err != nil:
		return t.fails(r.Name, fmt.Sprintf("dnetsim run %s --seed %d", r.File, r.Seed), r.Err)
	case r.Failed():
		io.WriteString(t.err, scenarios.Visible(r.Report()))
		return exitFailed
	}
	return exitOK
}

func (f *runFlags) files(list []*scenarios.Scenario, sources []scenarios.Source, results []*scenarios.Result) error {
	if f.json != "" {
		if err := os.WriteFile(f.json, scenarios.JSON(results), 0o644); err != nil {
			return fmt.Errorf("dnetsim: --json: %w", err)
		}
	}
	if f.junit != "" {
		if err := os.WriteFile(f.junit, scenarios.JUnit(results), 0o644); err != nil {
			return fmt.Errorf("dnetsim: --junit: %w", err)
		}
	}
	if !f.update {
		return nil
	}
	for i, s := range list {
		text := scenarios.Update(s, results[i])
		if string(text) == string(s.Source) {
			continue
		}
		if err := replace(sources[i].Path, text); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".dnetsim-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(text); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		os.Chmod(tmp.Name(), info.Mode())
	}
	return os.Rename(tmp.Name(), path)
}
