package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"dnetsim/explain"
	"dnetsim/modes"
	"dnetsim/page"
	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

// graph is what a drawing shows.
type graph struct {
	hosts []graphHost
	reach []explain.Cell // who asks whom, one protocol and port each
}

type graphHost struct {
	name     string
	networks []graphNetwork
	ports    []graphPort
}

type graphNetwork struct {
	name, driver, subnets string
	members               []graphMember
}

type graphMember struct{ name, address string }

// graphPort is a published port.
type graphPort struct{ at, container, port string }

func newGraph(t *terminal) *cobra.Command {
	var f explainFlags
	var mermaid, svg, dot bool
	c := &cobra.Command{
		Use:   "graph FILE",
		Short: "The networks of a scenario or a Compose file, and who reaches whom",
		Long: `Run a scenario's setup, or a Compose file, and draw its networks, containers and
published ports, and who can reach whom: not by what the file says but by asking.`,
		Example: `  dnetsim graph compose.yaml
  dnetsim graph compose.yaml --svg > networks.svg
  dnetsim graph overlay-ping --at end --dot | dot -Tpng > networks.png`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.loadOne(c.Context(), t, args[0], "graph draws")
			if err != nil {
				return err
			}
			w, _, err := f.stand(c.Context(), t, s, f.at)
			if err != nil {
				return wronglyAsked("graph", err)
			}
			defer w.Close()
			g, err := draw(w, s)
			if err != nil {
				return status{exitBroken, err}
			}
			text := g.text()
			switch {
			case mermaid:
				text = g.mermaid()
			case svg:
				text = g.svg()
			case dot:
				text = g.dot()
			}
			_, err = t.out.Write([]byte(text))
			return err
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.at, "at", "setup", "the moment: end, setup, a number of steps, 12s, or a part of the step before which to stop")
	c.Flags().BoolVar(&mermaid, "mermaid", false, "print a Mermaid flowchart")
	c.Flags().BoolVar(&svg, "svg", false, "print an SVG image")
	c.Flags().BoolVar(&dot, "dot", false, "print a graph for Graphviz")
	c.MarkFlagsMutuallyExclusive("mermaid", "svg", "dot")
	return c
}

// draw looks at a world.
func draw(w explain.World, s *scenarios.Scenario) (*graph, error) {
	g := &graph{}
	for _, spec := range s.Hosts {
		if host, ok := w.Host(spec.Name); ok {
			h, err := drawHost(host)
			if err != nil {
				return nil, err
			}
			g.hosts = append(g.hosts, h)
		}
	}
	m, err := explain.Reach(w, false)
	if err != nil {
		return nil, err
	}
	for _, c := range m.Cells {
		if strings.Contains(c.Flow.From, "/") || strings.Contains(c.Flow.To, "/") {
			g.reach = append(g.reach, c)
		}
	}
	return g, nil
}

func drawHost(host *modes.Host) (graphHost, error) {
	h := graphHost{name: host.Name}
	nets, err := host.Daemon.Networks.List(nil)
	if err != nil {
		return h, err
	}
	for _, n := range nets {
		x := graphNetwork{name: n.Name, driver: n.Driver}
		var subnets []string
		for _, p := range n.IPAM.Config {
			subnets = append(subnets, p.Subnet)
		}
		x.subnets = strings.Join(subnets, ", ")
		for _, e := range n.Containers() {
			address, _, _ := strings.Cut(e.IPv4Address, "/")
			x.members = append(x.members, graphMember{e.Name, address})
		}
		slices.SortFunc(x.members, func(a, b graphMember) int { return strings.Compare(a.name, b.name) })
		if len(x.members) > 0 {
			h.networks = append(h.networks, x)
		}
	}
	slices.SortFunc(h.networks, func(a, b graphNetwork) int { return strings.Compare(a.name, b.name) })
	containers, err := host.Daemon.Containers.List(modes.ListOptions{})
	if err != nil {
		return h, err
	}
	for _, c := range containers {
		for p, bindings := range c.NetworkSettings.Ports {
			for _, b := range bindings {
				h.ports = append(h.ports, graphPort{at: net.JoinHostPort(b.HostIP, b.HostPort), container: c.Name, port: p.String()})
			}
		}
	}
	slices.SortFunc(h.ports, func(a, b graphPort) int {
		return strings.Compare(a.container+a.port+a.at, b.container+b.port+b.at)
	})
	return h, nil
}

// pairs are who reaches whom: for each sender and receiver what got there, and
// what did not.
func (g *graph) pairs() (order [][2]string, good, bad map[[2]string][]string) {
	good, bad = map[[2]string][]string{}, map[[2]string][]string{}
	for _, c := range g.reach {
		k := [2]string{c.Flow.From, c.Flow.To}
		if len(good[k])+len(bad[k]) == 0 {
			order = append(order, k)
		}
		what := "ping"
		if c.Flow.Proto != explain.ICMP {
			what = fmt.Sprintf("%d/%s", c.Flow.Port, c.Flow.Proto)
		}
		if c.Verdict == explain.Delivered {
			good[k] = append(good[k], what)
		} else {
			bad[k] = append(bad[k], what)
		}
	}
	return order, good, bad
}

// text is the drawing in words.
func (g *graph) text() string {
	var b strings.Builder
	for _, h := range g.hosts {
		fmt.Fprintf(&b, "%s\n", h.name)
		for _, n := range h.networks {
			fmt.Fprintf(&b, "  %s (%s)\n", n.name, strings.Join(slices.DeleteFunc([]string{n.driver, n.subnets}, func(s string) bool { return s == "" }), ", "))
			for _, m := range n.members {
				fmt.Fprintf(&b, "    %-15s %s\n", m.address, m.name)
			}
		}
		for _, p := range h.ports {
			fmt.Fprintf(&b, "  %s → %s %s\n", p.at, p.container, p.port)
		}
	}
	order, good, bad := g.pairs()
	froms := map[string][][2]string{}
	for _, k := range order {
		froms[k[0]] = append(froms[k[0]], k)
	}
	for _, from := range slices.Sorted(maps.Keys(froms)) {
		fmt.Fprintf(&b, "%s\n", from)
		for _, k := range froms[from] {
			if len(good[k]) > 0 {
				fmt.Fprintf(&b, "  reaches %s: %s\n", k[1], strings.Join(good[k], ", "))
			}
			if len(bad[k]) > 0 {
				fmt.Fprintf(&b, "  does not reach %s: %s\n", k[1], strings.Join(bad[k], ", "))
			}
		}
	}
	return b.String()
}

func newRecord(t *terminal) *cobra.Command {
	var f explainFlags
	var out string
	var mermaid, svg bool
	c := &cobra.Command{
		Use:   "record SCENARIO",
		Short: "Write a scenario's run as one HTML file to step through",
		Long: `Run a scenario and write the run as one HTML file that needs no server and loads
nothing: the network as it is drawn, terminals, packets hop by hop, tables, and why the
last thing that failed does. For a wiki or an issue. --svg and --mermaid write only a
drawing of the networks, at the end of the run.`,
		Example: `  dnetsim record overlay-ping -o overlay-ping.html
  dnetsim record overlay-ping --svg -o networks.svg`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.loadOne(c.Context(), t, args[0], "record takes")
			if err != nil {
				return err
			}
			o := f.options(t)
			o.Context = c.Context()
			var b bytes.Buffer
			if svg || mermaid {
				err = f.drawing(c.Context(), t, s, svg, &b)
			} else if err = page.Record(&b, s, o); err != nil {
				err = status{exitBroken, fmt.Errorf("dnetsim record: %w", err)}
			}
			if err != nil {
				return err
			}
			if out == "" || out == "-" {
				_, err = t.out.Write(b.Bytes())
				return err
			}
			if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil {
				return status{exitUsage, fmt.Errorf("dnetsim record: -o: %w", err)}
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringVarP(&out, "out", "o", "", "the `file` to write, standard output by default")
	c.Flags().BoolVar(&svg, "svg", false, "write an SVG image of the networks instead")
	c.Flags().BoolVar(&mermaid, "mermaid", false, "write a Mermaid flowchart of the networks instead")
	c.MarkFlagsMutuallyExclusive("mermaid", "svg")
	return c
}

// drawing draws the networks at the end of a run.
func (f *explainFlags) drawing(ctx context.Context, t *terminal, s *scenarios.Scenario, svg bool, b *bytes.Buffer) error {
	w, _, err := f.stand(ctx, t, s, "end")
	if err != nil {
		return wronglyAsked("record", err)
	}
	defer w.Close()
	g, err := draw(w, s)
	if err != nil {
		return status{exitBroken, err}
	}
	if svg {
		b.WriteString(g.svg())
		return nil
	}
	b.WriteString(g.mermaid())
	return nil
}
