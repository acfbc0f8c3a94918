package main

import (
	"context"
	"errors"
	"fmt"

	"dnetsim/explain"
	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

type explainFlags struct {
	shared
	from, to, port, at string
	large, verbose     bool
}

func newExplain(t *terminal) *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain SCENARIO",
		Short: "Why can A not reach B? The cause, the evidence, the cure and its proof",
		Long: `Run a scenario, send a probe from one container or host to another, follow each of
its packets, and say why it fails: the way with what decided at each hop, where it
ended, the cause with a stable code, what shows it on a real machine, and what to
type to cure it. The cure is tried in a copy of the run.

--from is a host, a container's name, or HOST/CONTAINER. --to is an address,
HOST/CONTAINER, or a name that the sender would resolve. Without them it is the
last step of the scenario that reached for somebody in vain.

Exit status: 0 the flow works, 1 it fails, 2 the question cannot be asked.`,
		Example: `  dnetsim explain overlay-ping --from bdc01/c1 --to c2
  dnetsim explain overlay-ping
  dnetsim explain web.yaml --from web --to db --port 5432/tcp
  dnetsim explain underlay-mtu --from c1 --to 172.16.0.2 --large --at 'repair: bdc02'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			return f.explain(c.Context(), t, args)
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.from, "from", "", "who sends: a host, a container, or HOST/CONTAINER")
	c.Flags().StringVar(&f.to, "to", "", "whom it is for: an address, HOST/CONTAINER, or a name")
	c.Flags().StringVar(&f.port, "port", "", "a TCP or UDP port, such as 80/tcp; a ping by default")
	c.Flags().StringVar(&f.at, "at", "end", "the moment: end, setup, a number of steps, 12s, or a part of the step before which to stop")
	c.Flags().BoolVar(&f.large, "large", false, "packets of the interface's MTU")
	c.Flags().BoolVar(&f.verbose, "verbose", false, "every hop of every packet")
	return c
}

func (f *explainFlags) explain(ctx context.Context, t *terminal, args []string) error {
	if len(args) == 0 {
		return status{exitUsage, errors.New("dnetsim explain: which scenario? See `dnetsim explain --help`")}
	}
	list, _, err := load(ctx, t, args)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return status{exitUsage, fmt.Errorf("%s: %d scenarios: explain takes one", args[0], len(list))}
	}
	r, err := f.ask(ctx, t, list[0])
	var wrong *explain.UsageError
	if errors.As(err, &wrong) {
		return status{exitUsage, fmt.Errorf("dnetsim explain: %w", err)}
	}
	if err != nil {
		return err
	}
	r.Write(t.out, explain.Style{Colour: style(t).Colour, Verbose: f.verbose})
	if !r.Works() {
		return status{code: exitFailed}
	}
	return nil
}

// ask runs the scenario up to the moment and asks the question.
func (f *explainFlags) ask(ctx context.Context, t *terminal, s *scenarios.Scenario) (*explain.Report, error) {
	proto, port, err := explain.ParsePort(f.port)
	if err != nil {
		return nil, err
	}
	m, err := scenarios.ParseMoment(s, f.at)
	if err != nil {
		return nil, &explain.UsageError{Text: err.Error()}
	}
	o := f.options(t)
	o.Context = ctx
	w, res, err := scenarios.Stand(s, o, m)
	if err != nil {
		return nil, status{t.fails(s.Name, "", err), nil}
	}
	defer w.Close()
	flow := explain.Flow{From: f.from, To: f.to, Proto: proto, Port: port, Large: f.large}
	if f.from == "" && f.to == "" {
		last, ok := res.LastFailed()
		if !ok {
			return nil, &explain.UsageError{Text: "no step of the scenario reached for somebody in vain: name the two with --from and --to"}
		}
		flow = last
		flow.Large = flow.Large || f.large
	} else if f.from == "" || f.to == "" {
		return nil, &explain.UsageError{Text: "--from and --to go together"}
	}
	r, err := explain.Explain(w, flow)
	if err != nil {
		return nil, err
	}
	r.Scenario, r.At, r.Failed = s.Name, f.at, res.FirstFailure()
	return r, nil
}
