package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"dnetsim/docs/codes"
	"dnetsim/explain"
	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

type explainFlags struct {
	shared
	from, to, port, at string
	code               string
	large, verbose     bool
	json, mermaid      bool
	matrix, schema     bool
	attach             bool
	before             int // steps that had been done when the flow failed, if others followed
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
  dnetsim explain --code BRIDGE-ISOLATED
  dnetsim explain --attach local-modes --from bdc01/c1 --to 172.17.0.3
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
	c.Flags().StringVar(&f.code, "code", "", "print a code's page instead; list: all codes with what each means")
	c.Flags().BoolVar(&f.large, "large", false, "packets of the interface's MTU")
	c.Flags().BoolVar(&f.verbose, "verbose", false, "every hop of every packet")
	c.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	c.Flags().BoolVar(&f.mermaid, "mermaid", false, "print the journey as a Mermaid flowchart")
	c.Flags().BoolVar(&f.attach, "attach", false, "ask a lab that is up, in place of the scenario its name or its folder, or nothing if there is only one: in the world as it is now, cures are not tried")
	c.Flags().BoolVar(&f.matrix, "matrix", false, "who reaches whom: everybody to everybody, by ping and at every listening port")
	c.Flags().BoolVar(&f.schema, "schema", false, "print the JSON Schema of --json")
	c.Flags().Lookup("pcap").Usage = "write what happened while the flow was tried into this `FILE.pcapng`; the text and the JSON name each hop's frame in it"
	c.MarkFlagsMutuallyExclusive("json", "mermaid", "verbose")
	c.MarkFlagsMutuallyExclusive("pcap", "matrix")
	return c
}

func (f *explainFlags) explain(ctx context.Context, t *terminal, args []string) error {
	if f.schema {
		_, err := t.out.Write(explain.Schema)
		return err
	}
	if f.code != "" {
		return codePage(t, f.code)
	}
	if f.attach {
		return f.attached(ctx, t, args)
	}
	if len(args) == 0 {
		return status{exitUsage, errors.New("dnetsim explain: which scenario? See `dnetsim explain --help`")}
	}
	s, err := f.loadOne(ctx, t, args[0], "explain takes")
	if err != nil {
		return err
	}
	if f.matrix {
		return f.everybody(ctx, t, s)
	}
	if f.pcap != "" {
		if err := unwritable(named("--pcap", writable(f.pcap))); err != nil {
			return err
		}
	}
	r, err := f.ask(ctx, t, s)
	if err != nil {
		return wronglyAsked("explain", err)
	}
	if err := f.capture(r); err != nil {
		return status{exitBroken, err}
	}
	switch {
	case f.json:
		err = r.WriteJSON(t.out)
	case f.mermaid:
		r.WriteMermaid(t.out)
	default:
		r.Write(t.out, explain.Style{Colour: style(t).Colour, Verbose: f.verbose, Frames: f.pcap != ""})
	}
	if err != nil {
		return status{exitBroken, err}
	}
	if !r.Works() {
		return status{code: exitFailed}
	}
	if f.before > 0 && !f.json && !f.mermaid {
		fmt.Fprintf(t.out, "\nIt failed in step %d, and later steps have mended it: --at %d asks at that moment%s.\n", f.before, f.before, orLarge(r))
	}
	return nil
}

// orLarge adds the other kind of packets to a hint, where none were tried.
func orLarge(r *explain.Report) string {
	if r.Flow.Large {
		return ""
	}
	return ", --large with large packets"
}

// capture writes the file of --pcap.
func (f *explainFlags) capture(r *explain.Report) error {
	if f.pcap == "" {
		return nil
	}
	file, err := os.Create(f.pcap)
	if err != nil {
		return err
	}
	if err := errors.Join(r.WriteCapture(file), file.Close()); err != nil {
		return fmt.Errorf("--pcap: %w", err)
	}
	return nil
}

// wronglyAsked is a question that cannot be asked, as a usage error; other
// errors stay what they are.
func wronglyAsked(verb string, err error) error {
	var wrong *explain.UsageError
	if errors.As(err, &wrong) {
		return status{exitUsage, fmt.Errorf("dnetsim %s: %w", verb, err)}
	}
	return err
}

// everybody prints the matrix.
func (f *explainFlags) everybody(ctx context.Context, t *terminal, s *scenarios.Scenario) error {
	m, err := f.reach(ctx, t, s, f.at)
	if err != nil {
		return wronglyAsked("explain", err)
	}
	if f.json {
		return m.WriteJSON(t.out)
	}
	m.Write(t.out, explain.Style{Colour: style(t).Colour})
	return nil
}

// reach runs a scenario up to a moment and asks every flow.
func (f *explainFlags) reach(ctx context.Context, t *terminal, s *scenarios.Scenario, at string) (*explain.Matrix, error) {
	w, _, err := f.stand(ctx, t, s, at)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	m, err := explain.Reach(w, f.large)
	if err != nil {
		return nil, err
	}
	m.Scenario, m.At = s.Name, at
	return m, nil
}

// stand runs a scenario up to a moment.
func (f *explainFlags) stand(ctx context.Context, t *terminal, s *scenarios.Scenario, at string) (explain.World, *scenarios.Result, error) {
	m, err := scenarios.ParseMoment(s, at)
	if err != nil {
		return nil, nil, &explain.UsageError{Text: err.Error()}
	}
	o := f.options(t)
	o.Context = ctx
	w, res, err := scenarios.Stand(s, o, m)
	if err != nil {
		return nil, nil, status{t.fails(s.Name, "", err), nil}
	}
	return w, res, nil
}

// codePage prints the page of a code, or the list of all codes.
func codePage(t *terminal, code string) error {
	if code == "list" {
		for _, c := range explain.Codes() {
			fmt.Fprintf(t.out, "%-30s %s\n", c, c.Condition())
		}
		return nil
	}
	page, ok := codes.Page(strings.ToUpper(code))
	if !ok {
		return status{exitUsage, fmt.Errorf("dnetsim explain: there is no code %s: `dnetsim explain --code list` has them all", code)}
	}
	fmt.Fprint(t.out, page)
	return nil
}

// ask runs the scenario up to the moment and asks the question.
func (f *explainFlags) ask(ctx context.Context, t *terminal, s *scenarios.Scenario) (*explain.Report, error) {
	proto, port, err := explain.ParsePort(f.port)
	if err != nil {
		return nil, err
	}
	w, res, err := f.stand(ctx, t, s, f.at)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	flow := explain.Flow{From: f.from, To: f.to, Proto: proto, Port: port, Large: f.large}
	if f.from == "" && f.to == "" {
		last, done, ok := res.LastFailed()
		if !ok {
			return nil, &explain.UsageError{Text: "no step of the scenario reached for somebody in vain: name the two with --from and --to"}
		}
		flow = last
		flow.Large = flow.Large || f.large
		if done < len(res.Steps) {
			f.before = done
		}
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
