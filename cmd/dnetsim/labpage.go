package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/labs"
	"dnetsim/page"
	"dnetsim/page/seat"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"

	"github.com/spf13/cobra"
)

// labFlags are those of `dnetsim lab NAME`.
type labFlags struct {
	shared
	at, listen string
	learner    string
	data       string
	noBrowser  bool
}

func newLab(t *terminal) *cobra.Command {
	var f labFlags
	c := &cobra.Command{
		Use:   "lab NAME",
		Short: "Open a lab, or a scenario, as a page in the browser",
		Long: `Serve a page on this machine and open it in the browser: terminals on every host and
container, the network as it is, packets step by step, tables, and why something
fails; in a lab the tasks, which check themselves. NAME is a lab (dnetsim lab list), a
scenario of the library, or the file of either. The page is for whoever has the printed link, and ends with Ctrl-C.`,
		Example: `  dnetsim lab ping-fails
  dnetsim lab overlay-ping --at end --no-browser`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			return f.open(c.Context(), t, args[0])
		},
	}
	c.AddCommand(newLabList(t), newLabShow(t), newLabLint(t))
	f.add(c)
	c.Flags().StringVar(&f.at, "at", "setup", "where a scenario begins: end, setup, a number of steps, 12s, or a part of the step before which to stop")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "the address and port to serve at; other than 127.0.0.1 lets others come who know the link")
	c.Flags().StringVar(&f.learner, "learner", "learner", "your id: a lab's values are drawn from it")
	c.Flags().StringVar(&f.data, "data", "", "a `folder` that keeps what you do in labs, to go on with another time")
	c.Flags().BoolVar(&f.noBrowser, "no-browser", false, "only print the link")
	return c
}

// open serves the page until the context is done.
func (f *labFlags) open(ctx context.Context, t *terminal, name string) error {
	o := page.Options{Docker: docker(t), Learner: f.learner, Limits: seat.Limits{Idle: 12 * time.Hour, Packets: 16 << 20, Containers: 400}}
	if err := f.find(ctx, t, name, &o); err != nil {
		return err
	}
	if f.data != "" {
		st, err := openStore(f.data)
		if err != nil {
			return status{exitUsage, fmt.Errorf("dnetsim lab: %w", err)}
		}
		defer st.Close()
		o.Store = st
	}
	server, err := page.New(o)
	if err != nil {
		return status{exitBroken, err}
	}
	defer server.Close()
	l, err := listen(f.listen)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim lab: %w", err)}
	}
	link := "http://" + shownAddress(l.Addr()) + server.Links().Owner
	fmt.Fprintf(t.out, "%s\n", link)
	if isTerminal(t.err) {
		io.WriteString(t.err, "Ctrl-C ends the lab.\n")
	}
	if !f.noBrowser {
		browse(link)
	}
	return serveUntil(ctx, l, server)
}

// find is the lab or the scenario of a name; with a lab the others are there, too.
func (f *labFlags) find(ctx context.Context, t *terminal, name string, o *page.Options) error {
	l, err := labs.Find(name)
	if err == nil {
		if o.Labs, err = labs.List(); err != nil {
			return status{exitBroken, err}
		}
		if !slices.ContainsFunc(o.Labs, func(x *labs.Lab) bool { return x.Name == l.Name }) {
			o.Labs = append([]*labs.Lab{l}, o.Labs...)
		}
		o.Open = l.Name
		return nil
	}
	s, wrong := f.loadOne(ctx, t, name, "lab opens")
	if wrong != nil {
		switch {
		case errors.Is(wrong, scenarios.ErrNoScenario):
			return status{exitUsage, fmt.Errorf("dnetsim lab: %s: there is no lab and no scenario of that name: `dnetsim lab list` and `dnetsim list` print them", name)}
		case errors.Is(err, labs.ErrNoLab):
			return wrong
		}
		return status{exitUsage, fmt.Errorf("as a lab: %w\nas a scenario: %w", err, wrong)}
	}
	m, err := scenarios.ParseMoment(s, f.at)
	if err != nil {
		return status{exitUsage, fmt.Errorf("dnetsim lab: %w", err)}
	}
	about := strings.Join(strings.Fields(s.Description), " ")
	o.Scenarios = []page.Scenario{{Name: s.Name, About: about, World: replay.Options{Scenario: s, Docker: o.Docker, Moment: m, Seed: f.seed.value}}}
	o.Open = s.Name
	return nil
}

// docker makes the docker program of hosts: docker's own unless the terminal has one.
func docker(t *terminal) scenarios.Docker {
	if t.docker != nil {
		return t.docker
	}
	return cli.Program
}

// listen opens the address that a page is served at.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w: write ADDRESS:PORT, such as 127.0.0.1:8080", address, err)
	}
	return l, nil
}

// shownAddress is an address to write into a browser: one that listens everywhere is
// reached at this machine.
func shownAddress(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}

// serveUntil serves a page until the context is done, which is no failure.
func serveUntil(ctx context.Context, l net.Listener, server *page.Server) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	err := server.Serve(l)
	if cause := context.Cause(ctx); cause != nil && errors.Is(cause, scenarios.ErrMemory) {
		return status{exitBroken, fmt.Errorf("dnetsim: %w", cause)}
	}
	if err != nil && ctx.Err() == nil {
		return status{exitBroken, err}
	}
	return nil
}

// browse opens a link in the browser, if there is one to open it with.
func browse(link string) {
	words := []string{"xdg-open", link}
	switch runtime.GOOS {
	case "darwin":
		words[0] = "open"
	case "windows":
		words = []string{"cmd", "/c", "start", "", strings.ReplaceAll(link, "&", "^&")}
	}
	c := exec.Command(words[0], words[1:]...)
	if c.Start() == nil {
		go c.Wait()
	}
}
