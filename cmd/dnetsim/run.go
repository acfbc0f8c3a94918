package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	seed   seed
	engine engineName
	pcap   string
	trace  bool
	quiet  bool
}

func (f *shared) add(c *cobra.Command) {
	c.Flags().Var(&f.seed, "seed", "use this `seed` instead of the file's")
	f.addEngine(c)
	c.Flags().StringVar(&f.pcap, "pcap", "", "write captures: one pcapng per interface into this `folder` (for several scenarios, into one for each within it), or one FILE.pcapng")
	c.Flags().BoolVar(&f.trace, "trace", false, "print what happens on the wires on standard error")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "print no transcript")
}

func (f *shared) addEngine(c *cobra.Command) {
	c.Flags().Var(&f.engine, "engine", "use this `profile` of the engine on hosts that name none, instead of the file's: "+strings.Join(scenarios.Engines, " or "))
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
	shard  shard
	// folders are where the captures of each scenario go within --pcap.
	folders map[*scenarios.Scenario]string
}

func newRun(t *terminal) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO...",
		Short: "Run scenarios and print their transcripts",
		Long: `Run scenarios and print their transcripts. SCENARIO is a file, a folder (every
*.yaml in it and below), the name of a library scenario, or - for standard input.
A file may have several scenarios, with a line --- between them.

What came of them is said on standard error: 31 passed, 1 failed: NAME. In GitHub
Actions (GITHUB_ACTIONS is set) failures are annotations of the lines, and the
step's summary has a table.

Exit status: 0 every expectation held, 1 one failed, 2 the command line is wrong,
and nothing ran, or a scenario file is, which does not keep the others from
running, 3 the run itself broke.`,
		Example: `  dnetsim run overlay-ping
  dnetsim run tests/ --jobs 4 --junit report.xml
  dnetsim run my.yaml --update
  dnetsim run tests/ --shard 1/3 --json 1.json; dnetsim report merge 1.json 2.json 3.json`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			return f.run(c.Context(), t, args)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&f.digest, "digest", false, "print the run's digest (frames, transcript, final tables) instead of the transcript")
	c.Flags().StringVar(&f.json, "json", "", "write the results as JSON to this `file`, - for standard output instead of the transcripts")
	c.Flags().StringVar(&f.junit, "junit", "", "write the results as JUnit XML to this `file`, - for standard output")
	c.Flags().BoolVar(&f.update, "update", false, "rewrite the files' expectations from what happened, and keep what still holds; refused when CI is set")
	c.Flags().IntVar(&f.repeat, "repeat", 1, "run `N` times and fail at the first event that differs")
	c.Flags().IntVar(&f.jobs, "jobs", 1, "run `N` scenarios at a time")
	c.Flags().Var(&f.shard, "shard", "run the `i/n`th part of the scenarios: 1/3, 2/3 and 3/3 are all")
	refuseOutside(c)
	return c
}

func (f *runFlags) run(ctx context.Context, t *terminal, args []string) error {
	if ci := t.env("CI"); f.update && ci != "" && ci != "false" && ci != "0" {
		return status{exitUsage, errors.New("dnetsim: --update is refused when CI is set: run it by hand and commit the result")}
	}
	if f.repeat < 1 || f.jobs < 1 {
		return status{exitUsage, errors.New("dnetsim: --repeat and --jobs are numbers from 1")}
	}
	list := f.shard.of(find(ctx, t, args))
	for _, x := range list {
		f.apply(x.scenario)
	}
	if err := f.targets(list); err != nil {
		return err
	}
	list.say(t)
	f.folders = captureFolders(list)
	results := f.all(ctx, t, list)
	if err := f.write(t, list, results); err != nil {
		return status{exitBroken, err}
	}
	if code := verdict(results); code != exitOK {
		return status{code: code}
	}
	return nil
}

// all runs the scenarios and shows them in their order.
func (f *runFlags) all(ctx context.Context, t *terminal, list loaded) []*scenarios.Result {
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
	bar := showBar(t, list)
	var wg sync.WaitGroup
	for range min(f.jobs, len(list)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				if stream {
					f.title(t, list, i)
				}
				results[i] = f.one(ctx, t, list[i], stream, bar)
				close(ready[i])
			}
		}()
	}
	for i := range list {
		<-ready[i]
		bar.above(func() {
			if !stream {
				f.title(t, list, i)
			}
			f.show(t, results[i], len(list) > 1, stream)
		})
		bar.done()
	}
	wg.Wait()
	bar.end()
	return results
}

// speaks reports whether standard output is the transcripts'.
func (f *runFlags) speaks() bool {
	return !f.quiet && !f.digest && f.json != "-" && f.junit != "-"
}

// title says whose transcript follows, where there are several.
func (f *runFlags) title(t *terminal, list loaded, i int) {
	if len(list) < 2 || !f.speaks() || list[i].wrong != nil {
		return
	}
	gap := "\n"
	if i == 0 {
		gap = ""
	}
	title := list[i].scenario.Name
	if file := list[i].src.File; strings.TrimSuffix(file, ".yaml") != title {
		title += " (" + file + ")"
	}
	fmt.Fprintf(t.out, "%s=== %s ===\n", gap, scenarios.Visible(title))
}

// one runs a scenario as often as asked and compares the runs. A bug that ends
// it leaves the other scenarios alone.
func (f *runFlags) one(ctx context.Context, t *terminal, item source, stream bool, bar *bar) (r *scenarios.Result) {
	if item.wrong != nil {
		return scenarios.Wrong(item.src.File, item.wrong)
	}
	s := item.scenario
	defer func() {
		if p := recover(); p != nil {
			r = scenarios.Broken(s, sim.Caught(nil, p))
		}
	}()
	o := f.options(t)
	o.Context = ctx
	o.Digest = f.digest || f.repeat > 1
	if stream && f.speaks() {
		o.Transcript = t.out
		o.Style = style(t)
	}
	if f.pcap != "" {
		c, err := newCapture(filepath.Join(f.pcap, f.folders[s]), s.Name)
		if err != nil {
			return scenarios.Broken(s, err)
		}
		defer c.close()
		o.Capture = c
	}
	if f.repeat == 1 && stream {
		o.Progress = &scenarios.Progress{}
		w := showProgress(t, o.Progress, bar)
		defer w.end()
		o.Transcript = w.below(o.Transcript)
	}
	if f.repeat == 1 {
		r := scenarios.Run(s, o)
		if r.Failed() && r.Err == nil && !f.update {
			scenarios.Why(s, o, r)
		}
		return r
	}
	return scenarios.Repeat(s, o, f.repeat, progress(t, s.Name))
}

// show prints what is still to be said of a result. What fails is said in the
// end if the file's expectations are to be rewritten.
func (f *runFlags) show(t *terminal, r *scenarios.Result, several, streamed bool) {
	if r.Wrong() {
		return // said before anything ran
	}
	switch {
	case f.json == "-" || f.junit == "-":
	case f.digest && several:
		fmt.Fprintf(t.out, "%s  %s\n", r.Digest, scenarios.Visible(r.Name))
	case f.digest && r.Digest != "":
		fmt.Fprintln(t.out, r.Digest)
	case !streamed && f.speaks():
		io.WriteString(t.out, scenarios.Visible(r.Transcript))
	}
	switch {
	case r.Err != nil:
		t.fails(r.Name, r.Again(), r.Err)
	case !f.update:
		io.WriteString(t.err, scenarios.Visible(r.Report()))
	}
}

// verdict is the exit status of a run.
func verdict(results []*scenarios.Result) int {
	code := exitOK
	for _, r := range results {
		switch {
		case r.Wrong():
			code = max(code, exitUsage)
		case r.Err != nil:
			code = max(code, exitBroken)
		case r.Failed():
			code = max(code, exitFailed)
		}
	}
	return code
}
