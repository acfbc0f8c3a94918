package explain

import (
	"fmt"
	"io"
	"strings"

	"dnetsim/link/trail"
)

// WriteMermaid prints the journey as a Mermaid flowchart: a box for each machine
// that the packet passed, the place of death in red.
func (r *Report) WriteMermaid(out io.Writer) {
	m := &chart{out: out, id: map[string]string{}}
	fmt.Fprintln(out, "flowchart LR")
	m.path(r.Journey.Forward, "-->")
	for _, p := range r.Journey.Asks {
		m.path(p, "-.->")
	}
	m.path(r.Journey.Return, "-.->")
	if !r.Works() && len(r.Causes) > 0 {
		c := r.Causes[0]
		fmt.Fprintf(out, "  cause[\"%s<br/>%s\"]:::cause\n", c.Code, mermaidText(wrap(c.Sentence, 50, "")))
		if m.death != "" {
			fmt.Fprintf(out, "  %s --- cause\n", m.death)
		}
	}
	fmt.Fprintln(out, "  classDef dead stroke:#c00,stroke-width:3px\n  classDef cause fill:#fee,stroke:#c00")
}

// chart is a flowchart in the making.
type chart struct {
	out   io.Writer
	id    map[string]string // of a machine's box
	death string
}

func (m *chart) box(h *Hop) string {
	name := h.event.Place.Machine
	if name == "" {
		name = h.Place
	}
	id := m.id[name]
	if id == "" {
		id = fmt.Sprintf("n%d", len(m.id))
		m.id[name] = id
		fmt.Fprintf(m.out, "  %s[\"%s\"]\n", id, mermaidText(name))
	}
	return id
}

func (m *chart) path(p *Path, arrow string) {
	if p == nil {
		return
	}
	last, label := "", ""
	for i := range p.Hops {
		h := &p.Hops[i]
		id := m.box(h)
		if last != "" && id != last {
			fmt.Fprintf(m.out, "  %s %s|\"%s\"| %s\n", last, arrow, mermaidText(label), id)
		}
		last, label = id, h.Packet
		if h.event.Verb == trail.Drop && h.event == p.End.event {
			m.death = id
			fmt.Fprintf(m.out, "  %s:::dead\n", id)
		}
	}
}

func mermaidText(s string) string {
	return strings.NewReplacer(`"`, "'", "\n", "<br/>", "|", "/").Replace(s)
}
