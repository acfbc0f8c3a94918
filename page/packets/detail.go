package packets

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"dnetsim/link"
	"dnetsim/link/dissect"
	"dnetsim/link/print"
	"dnetsim/link/trail"
)

// Hop is one thing that happened to a packet, for a reader.
type Hop struct {
	At      int64    `json:"at"`
	Place   string   `json:"place"` // an interface, a cable or a node of the drawing
	Verb    string   `json:"verb"`
	Why     string   `json:"why,omitempty"`
	Packet  trail.ID `json:"packet"`
	Parent  trail.ID `json:"parent,omitempty"`
	Rule    *Rule    `json:"rule,omitempty"`
	Info    string   `json:"info"`
	Changed []Change `json:"changed,omitempty"`
	died    bool
}

// Rule is a netfilter rule that decided.
type Rule struct {
	Table  string `json:"table"`
	Chain  string `json:"chain"`
	Number int    `json:"number"`
	Text   string `json:"text"`
}

// Change is a field of the packet that a hop found changed.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Detail is one packet with everything that is known of it.
type Detail struct {
	Row    Row     `json:"row"`
	Hops   []Hop   `json:"hops"`
	Frames []Frame `json:"frames"`
}

// Frame is the packet's bytes as they were from a hop on.
type Frame struct {
	Hop    int     `json:"hop"`
	Layers []Layer `json:"layers"`
	Bytes  string  `json:"bytes"`
}

// Layer is a layer of a frame; Added says who put it on.
type Layer struct {
	dissect.Layer
	Added string `json:"added,omitempty"`
}

// Detail is a packet's, or false if it is not known, or no more.
func (r *Recorder) Detail(id trail.ID) (*Detail, bool) {
	p := r.packets[id]
	if p == nil {
		return nil, false
	}
	d := &Detail{Row: r.row(p), Hops: []Hop{}, Frames: []Frame{}}
	seen := int32(-1)
	for k := range p.hops {
		d.Hops = append(d.Hops, r.hop(p, k))
		if f := p.hops[k].frame; f > seen {
			seen = f
			d.Frames = append(d.Frames, Frame{Hop: k, Layers: r.layers(p, p.frames[f]), Bytes: hex.EncodeToString(p.frames[f])})
		}
	}
	return d, true
}

// layers are a frame's; those that the packet has around the one it carries say who
// added them.
func (r *Recorder) layers(p *packet, b []byte) []Layer {
	all := dissect.Frame(b)
	out := make([]Layer, len(all))
	inner := slices.IndexFunc(all, func(l dissect.Layer) bool { return l.Name == "VXLAN" || l.Name == "ESP" })
	by := r.encapsulator(p)
	for i, l := range all {
		out[i].Layer = l
		if by != "" && i <= inner {
			out[i].Added = "added by " + by
		}
	}
	return out
}

// encapsulator is the device that made a packet around another, "" if none did.
func (r *Recorder) encapsulator(p *packet) string {
	if h := p.hops[0]; h.verb == trail.Encapsulate {
		place := r.places[h.place]
		if place.Interface != "" {
			return place.Interface
		}
		return place.Machine
	}
	return ""
}

func (r *Recorder) hop(p *packet, k int) Hop {
	h := &p.hops[k]
	x := Hop{At: h.at.Microseconds(), Place: drawn(r.places[h.place]), Verb: h.verb.String(), Packet: p.id, Parent: h.parent, Info: shown(p.frames[h.frame])}
	if h.verb == trail.Drop || h.verb == trail.Deliver || h.verb == trail.Queue {
		x.Why = h.why()
	}
	x.died = h.verb == trail.Drop && !quiet(h.reason)
	if h.rule != nil {
		x.Rule = &Rule{h.rule.Table, h.rule.Chain, h.rule.Number, h.rule.Text}
	}
	if k > 0 && p.hops[k-1].frame != h.frame {
		x.Changed = changes(p.frames[p.hops[k-1].frame], p.frames[h.frame])
	}
	return x
}

// shown is a frame as tcpdump prints it.
func shown(b []byte) string {
	return print.Packet(b, print.Options{})
}

// changes are the fields that differ between two forms of a packet. Checksums follow
// from the others and are left out.
func changes(before, after []byte) []Change {
	x, y := dissect.Frame(before), dissect.Frame(after)
	var out []Change
	for i := range min(len(x), len(y)) {
		if x[i].Name != y[i].Name {
			break
		}
		for _, f := range x[i].Fields {
			k := slices.IndexFunc(y[i].Fields, func(g dissect.Field) bool { return g.Name == f.Name })
			if k >= 0 && y[i].Fields[k].Value != f.Value && !strings.Contains(f.Name, "checksum") {
				out = append(out, Change{x[i].Name + " " + f.Name, f.Value, y[i].Fields[k].Value})
			}
		}
	}
	return out
}

// Path is what happened to a packet and to those that come from it, in order.
func (r *Recorder) Path(id trail.ID) []Hop {
	type at struct {
		p *packet
		k int
	}
	var all []at
	var add func(id trail.ID, depth int)
	add = func(id trail.ID, depth int) {
		p := r.packets[id]
		if p == nil || depth > 16 || len(all) > 4096 {
			return
		}
		for k := range p.hops {
			all = append(all, at{p, k})
		}
		for _, c := range p.children {
			add(c, depth+1)
		}
	}
	add(id, 0)
	slices.SortFunc(all, func(a, b at) int { return int(int64(a.p.hops[a.k].seq) - int64(b.p.hops[b.k].seq)) })
	out := []Hop{}
	for _, a := range all {
		out = append(out, r.hop(a.p, a.k))
	}
	return out
}

// Steps is how many things have happened to a packet and those that come from it.
func (r *Recorder) Steps(id trail.ID) int {
	p := r.packets[id]
	if p == nil {
		return 0
	}
	n := len(p.hops)
	for _, c := range p.children {
		n += r.Steps(c)
	}
	return n
}

// Died reports whether it is an end that somebody may want to know of.
func (h *Hop) Died() bool { return h.died }

// Says is the hop in one line.
func (h *Hop) Says() string {
	text := fmt.Sprintf("%s %s", h.Verb, h.Place)
	if h.Why != "" {
		text += ": " + h.Why
	}
	return text
}

// WriteCapture writes the packets that a filter lets through as a pcapng file for
// Wireshark: each place is an interface, and who died has a comment that says why.
// Frames of more than 2048 bytes are cut to that.
func (r *Recorder) WriteCapture(w io.Writer, f *Filter) error {
	type at struct {
		p *packet
		h *hop
	}
	var all []at
	for _, p := range r.order[r.head:] {
		if r.passes(f, p) {
			for k := range p.hops {
				all = append(all, at{p, &p.hops[k]})
			}
		}
	}
	slices.SortFunc(all, func(a, b at) int { return int(int64(a.h.seq) - int64(b.h.seq)) })
	c := link.NewCapture(w)
	for _, a := range all {
		c.Event(&trail.Event{
			At: a.h.at, Seq: a.h.seq, Place: r.places[a.h.place], Verb: a.h.verb, Reason: a.h.reason, Rule: a.h.rule,
			Packet: a.p.id, Parent: a.h.parent, Frame: a.p.frames[a.h.frame], Unsummed: a.h.unsummed,
		})
	}
	return c.Flush()
}
