package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dnetsim/explain"
	"dnetsim/scenarios"
	"dnetsim/scenarios/lint"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

// Bounds of what an assistant may ask for.
const (
	maxWorlds = 8               // open at once
	maxAnswer = 30 << 10        // bytes of an answer
	maxText   = 1 << 20         // bytes of a scenario
	maxCall   = 2 * time.Minute // of real time for one call
)

func newMCP(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "mcp [SCENARIO...]",
		Short: "The same verbs for an assistant, over standard input and output",
		Long: `Speak the Model Context Protocol on standard input and output: open a scenario, type
at its hosts, explain a flow, ask who reaches whom, check a file, compare two.

An assistant can open library scenarios, scenarios whose text it sends, and the files
named on this command line. It reads no other file and writes none.`,
		Example:           `  dnetsim mcp my.yaml`,
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			list, _, err := load(c.Context(), t, args)
			if err != nil {
				return err
			}
			s := newAssistant(t, list)
			defer s.close()
			return s.server().Run(c.Context(), &mcp.StdioTransport{})
		},
	}
}

// assistant is what one client of the protocol has open.
type assistant struct {
	mu     sync.Mutex // calls come on several goroutines, and a world has one
	t      *terminal
	files  map[string]*scenarios.Scenario
	worlds map[string]scenarios.Standing
	serial int
}

func newAssistant(t *terminal, list []*scenarios.Scenario) *assistant {
	s := &assistant{t: t, files: map[string]*scenarios.Scenario{}, worlds: map[string]scenarios.Standing{}}
	for _, x := range list {
		s.files[x.Name], s.files[x.File] = x, x
	}
	return s
}

func (s *assistant) close() {
	for _, w := range s.worlds {
		w.Close()
	}
}

type (
	openArgs struct {
		Scenario string `json:"scenario" jsonschema:"a library scenario's name, a file named on the command line, or the text of a scenario file (YAML)"`
		At       string `json:"at,omitempty" jsonschema:"the moment: end (default), setup, a number of steps, a time such as 12s, or a part of the step before which to stop"`
	}
	typeArgs struct {
		World string `json:"world" jsonschema:"what open returned"`
		Host  string `json:"host" jsonschema:"the machine to type at"`
		Line  string `json:"line" jsonschema:"the line for its shell, such as docker ps"`
	}
	explainArgs struct {
		World string `json:"world" jsonschema:"what open returned"`
		From  string `json:"from" jsonschema:"a host, a container, or HOST/CONTAINER"`
		To    string `json:"to" jsonschema:"an address, HOST/CONTAINER, or a name that the sender resolves"`
		Port  string `json:"port,omitempty" jsonschema:"a port such as 80/tcp or 53/udp; a ping if it is left out"`
		Large bool   `json:"large,omitempty" jsonschema:"packets of the interface's MTU"`
	}
	worldArgs struct {
		World string `json:"world" jsonschema:"what open returned"`
	}
	checkArgs struct {
		Scenario string `json:"scenario" jsonschema:"as for open"`
	}
	diffArgs struct {
		A string `json:"a" jsonschema:"a world"`
		B string `json:"b" jsonschema:"another world"`
	}
)

func (s *assistant) server() *mcp.Server {
	srv := mcp.NewServer(&mcp.Implementation{Name: "dnetsim", Version: version()}, nil)
	tool(srv, s, "open", "Run a scenario of simulated Docker hosts up to a moment; returns a world to ask about.", s.open)
	tool(srv, s, "type", "Type a line at a simulated host (docker, ip, iptables, ping, …); returns its exit status and output.", s.typeLine)
	tool(srv, s, "explain", "Why does A not reach B? The packets' journey, the cause with its evidence, and a cure that was tried in a copy of the run.", s.explain)
	tool(srv, s, "matrix", "Who reaches whom, by ping and at every listening port.", s.matrix)
	tool(srv, s, "check", "What will fail in a scenario before it runs.", s.check)
	tool(srv, s, "diff", "The flows whose verdict differs between two worlds.", s.diff)
	tool(srv, s, "close", "End a world.", s.end)
	return srv
}

// tool adds a tool that answers with a text. What goes wrong is the tool's
// answer; a panic is one sentence.
func tool[In any](srv *mcp.Server, s *assistant, name, about string, do func(context.Context, In) (string, error)) {
	mcp.AddTool(srv, &mcp.Tool{Name: name, Description: about}, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (_ *mcp.CallToolResult, _ any, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("a bug of dnetsim: %v", r)
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, maxCall)
		defer cancel()
		text, err := do(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		if len(text) > maxAnswer {
			text = text[:maxAnswer] + "\n… (cut)"
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: scenarios.Visible(text)}}}, nil, nil
	})
}

// scenario is a file of the command line, a library scenario, or a text.
func (s *assistant) scenario(text string) (*scenarios.Scenario, error) {
	if f := s.files[text]; f != nil {
		return f, nil
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("a scenario of %d bytes: %d at most", len(text), maxText)
	}
	if strings.ContainsAny(text, "\n{") {
		return scenarios.Read("scenario.yaml", []byte(text))
	}
	return scenarios.FromLibrary(text)
}

func (s *assistant) world(name string) (scenarios.Standing, error) {
	if w, ok := s.worlds[name]; ok {
		return w, nil
	}
	return nil, fmt.Errorf("there is no world %q: open one", name)
}

func (s *assistant) open(ctx context.Context, in openArgs) (string, error) {
	if len(s.worlds) >= maxWorlds {
		return "", fmt.Errorf("%d worlds are open: close one", maxWorlds)
	}
	sc, err := s.scenario(in.Scenario)
	if err != nil {
		return "", err
	}
	m, err := scenarios.ParseMoment(sc, in.At)
	if err != nil {
		return "", err
	}
	o := (&shared{}).options(s.t)
	o.Context = context.WithoutCancel(ctx)
	w, r, err := scenarios.Stand(sc, o, m)
	if err != nil {
		return "", err
	}
	s.serial++
	name := fmt.Sprintf("%s-%d", sc.Name, s.serial)
	s.worlds[name] = w
	var b strings.Builder
	fmt.Fprintf(&b, "world: %s\nat: %v of virtual time\nmachines:", name, w.Loop().Now())
	for _, m := range w.Machines() {
		b.WriteString(" " + m.Name)
	}
	if why := r.FirstFailure(); why != "" {
		b.WriteString("\na step failed: " + why)
	}
	return b.String(), nil
}

func (s *assistant) typeLine(_ context.Context, in typeArgs) (string, error) {
	w, err := s.world(in.World)
	if err != nil {
		return "", err
	}
	exit, out, err := w.Enter(in.Host, in.Line)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%sexit status %d", out, exit), nil
}

func (s *assistant) explain(_ context.Context, in explainArgs) (string, error) {
	w, err := s.world(in.World)
	if err != nil {
		return "", err
	}
	proto, port, err := explain.ParsePort(in.Port)
	if err != nil {
		return "", err
	}
	r, err := explain.Explain(w, explain.Flow{From: in.From, To: in.To, Proto: proto, Port: port, Large: in.Large})
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	r.Write(&b, explain.Style{})
	return b.String(), nil
}

func (s *assistant) matrix(_ context.Context, in worldArgs) (string, error) {
	w, err := s.world(in.World)
	if err != nil {
		return "", err
	}
	m, err := explain.Reach(w, false)
	if err != nil {
		return "", err
	}
	m.Scenario = in.World
	var b bytes.Buffer
	m.Write(&b, explain.Style{})
	return b.String(), nil
}

func (s *assistant) check(_ context.Context, in checkArgs) (string, error) {
	sc, err := s.scenario(in.Scenario)
	if err != nil {
		return "", err
	}
	var out []string
	for _, f := range lint.Find(sc) {
		out = append(out, f.String())
	}
	if out == nil {
		return "nothing found", nil
	}
	return strings.Join(out, "\n"), nil
}

func (s *assistant) diff(_ context.Context, in diffArgs) (string, error) {
	a, err := s.world(in.A)
	b, err2 := s.world(in.B)
	if err := errors.Join(err, err2); err != nil {
		return "", err
	}
	first, err := explain.Reach(a, false)
	if err != nil {
		return "", err
	}
	second, err := explain.Reach(b, false)
	if err != nil {
		return "", err
	}
	var out []string
	for _, x := range explain.Diff(first, second) {
		out = append(out, fmt.Sprintf("%s: %s before, %s after", x.Before.Flow, x.Before, x.After))
	}
	if out == nil {
		return fmt.Sprintf("no flow differs (%d asked)", len(first.Cells)), nil
	}
	return strings.Join(out, "\n"), nil
}

func (s *assistant) end(_ context.Context, in worldArgs) (string, error) {
	w, err := s.world(in.World)
	if err != nil {
		return "", err
	}
	w.Close()
	delete(s.worlds, in.World)
	return "closed", nil
}
