package main

import (
	"fmt"
	"html"
	"strings"
)

// nodes gives each thing that is drawn a short name of its own.
type nodes map[string]string

func (n nodes) of(parts ...string) string {
	k := strings.Join(parts, "\x00")
	if n[k] == "" {
		n[k] = fmt.Sprintf("n%d", len(n))
	}
	return n[k]
}

// mermaid is a flowchart: hosts with networks and containers, ports, and an arrow
// for each container that reaches another.
func (g *graph) mermaid() string {
	var b strings.Builder
	ids := nodes{}
	label := func(s string) string { return `"` + strings.NewReplacer(`"`, "#quot;", "\n", "<br/>").Replace(s) + `"` }
	b.WriteString("flowchart LR\n")
	for _, h := range g.hosts {
		fmt.Fprintf(&b, "  subgraph %s[%s]\n", ids.of("host", h.name), label(h.name))
		for _, n := range h.networks {
			net := ids.of("net", h.name, n.name)
			fmt.Fprintf(&b, "    %s([%s])\n", net, label(n.name+"\n"+n.driver+" "+n.subnets))
			for _, m := range n.members {
				fmt.Fprintf(&b, "    %s[%s] --- |%s| %s\n", ids.of(h.name+"/"+m.name), label(m.name), label(m.address), net)
			}
		}
		for _, p := range h.ports {
			fmt.Fprintf(&b, "    %s{{%s}} --> |%s| %s[%s]\n", ids.of("port", h.name, p.at, p.port), label(p.at), label(p.port), ids.of(h.name+"/"+p.container), label(p.container))
		}
		b.WriteString("  end\n")
	}
	order, good, _ := g.pairs()
	for _, k := range order {
		from, to := ids[k[0]], ids[k[1]]
		if len(good[k]) > 0 && from != "" && to != "" {
			fmt.Fprintf(&b, "  %s -.-> |%s| %s\n", from, label(strings.Join(good[k], ", ")), to)
		}
	}
	return b.String()
}

// dot is the same for Graphviz.
func (g *graph) dot() string {
	var b strings.Builder
	ids := nodes{}
	b.WriteString("digraph networks {\n  rankdir=LR; node [shape=box];\n")
	for _, h := range g.hosts {
		fmt.Fprintf(&b, "  subgraph cluster_%s { label=%q;\n", ids.of("host", h.name), h.name)
		for _, n := range h.networks {
			net := ids.of("net", h.name, n.name)
			fmt.Fprintf(&b, "    %s [shape=ellipse, label=%q];\n", net, n.name+"\n"+n.driver+" "+n.subnets)
			for _, m := range n.members {
				c := ids.of(h.name + "/" + m.name)
				fmt.Fprintf(&b, "    %s [label=%q];\n    %s -> %s [dir=none, label=%q];\n", c, m.name, c, net, m.address)
			}
		}
		for _, p := range h.ports {
			c, at := ids.of(h.name+"/"+p.container), ids.of("port", h.name, p.at, p.port)
			fmt.Fprintf(&b, "    %s [label=%q];\n    %s [shape=cds, label=%q];\n    %s -> %s [label=%q];\n", c, p.container, at, p.at, at, c, p.port)
		}
		b.WriteString("  }\n")
	}
	order, good, _ := g.pairs()
	for _, k := range order {
		from, to := ids[k[0]], ids[k[1]]
		if len(good[k]) > 0 && from != "" && to != "" {
			fmt.Fprintf(&b, "  %s -> %s [style=dashed, color=darkgreen, constraint=false, label=%q];\n", from, to, strings.Join(good[k], ", "))
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// The measures of the SVG image, in pixels.
const (
	svgWide, svgLine, svgPad = 340, 20, 12
)

// svg is an image that needs no other program: a box for each network with its
// containers, and below it who reaches whom.
func (g *graph) svg() string {
	var b strings.Builder
	wide, y := 2*svgPad, svgPad
	write := func(x, y int, class, text string) {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, html.EscapeString(text))
	}
	for _, h := range g.hosts {
		write(svgPad, y+svgLine, "h", h.name)
		y += 2 * svgLine
		tall := 0
		for i, n := range h.networks {
			x, height := svgPad+i*(svgWide+svgPad), (len(n.members)+2)*svgLine+svgPad
			fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", x, y, svgWide, height)
			write(x+svgPad, y+svgLine, "h", n.name)
			write(x+svgPad, y+2*svgLine, "s", n.driver+" "+n.subnets)
			for k, m := range n.members {
				write(x+svgPad, y+(k+3)*svgLine, "c", fmt.Sprintf("%s  %s", m.address, m.name))
			}
			tall, wide = max(tall, height), max(wide, x+svgWide+svgPad)
		}
		y += tall + svgLine
		for _, p := range h.ports {
			write(svgPad, y, "c", fmt.Sprintf("%s → %s %s", p.at, p.container, p.port))
			y += svgLine
		}
	}
	order, good, bad := g.pairs()
	for _, k := range order {
		if len(good[k]) > 0 {
			y += svgLine
			write(svgPad, y, "y", fmt.Sprintf("%s → %s: %s", k[0], k[1], strings.Join(good[k], ", ")))
		}
		if len(bad[k]) > 0 {
			y += svgLine
			write(svgPad, y, "n", fmt.Sprintf("%s ⇸ %s: %s", k[0], k[1], strings.Join(bad[k], ", ")))
		}
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"monospace\" font-size=\"13\">\n"+
		"<style>rect{fill:#eef4fb;stroke:#4a7ab5}.h{font-weight:bold}.s{fill:#666}.y{fill:#176f2c}.n{fill:#b3261e}</style>\n%s</svg>\n",
		max(wide, 760), y+2*svgLine, b.String())
}
