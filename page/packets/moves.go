package packets

import (
	"strings"
	"time"

	"dnetsim/link/trail"
)

// Move is a packet that came from one thing of the drawing to the next: interfaces,
// cables and nodes.
type Move struct {
	Packet trail.ID `json:"packet"`
	Parent trail.ID `json:"parent"`
	From   string   `json:"from"`
	To     string   `json:"to"`
	Kind   string   `json:"kind"` // the protocol
	At     int64    `json:"at"`
	Label  string   `json:"label"`
	Drop   bool     `json:"drop,omitempty"`
}

// mostMoves is how many are kept for who draws them: beyond that nobody could see
// them anyway.
const mostMoves = 200

// drawn is what of the drawing a place is: a bridge's port is the interface that is
// plugged in, a switch's port and a cable's end are the cable, a network layer is the
// node.
func drawn(p trail.Place) string {
	switch {
	case p.Cable != "":
		return p.Cable
	case p.Port != "" && p.Interface != "":
		return p.Machine + "/" + p.Port
	case p.Port != "":
		return p.Port
	case p.Interface != "":
		return p.Machine + "/" + p.Interface
	}
	return p.Machine
}

// move keeps where a packet went.
func (r *Recorder) move(p *packet, e *trail.Event) {
	to := drawn(e.Place)
	from := p.drawn
	if from == "" {
		if of := r.packets[p.parent]; of != nil {
			from = of.drawn
		}
	}
	if e.Verb == trail.Decapsulate {
		if carrier := r.packets[e.Parent]; carrier != nil {
			from = carrier.drawn
		}
	}
	p.drawn = to
	drop := e.Verb == trail.Drop && !quiet(e.Reason)
	if from == "" || from == to && !drop {
		return
	}
	if len(r.moves) >= 2*mostMoves {
		r.moves = append(r.moves[:0], r.moves[len(r.moves)-mostMoves:]...)
	}
	r.moves = append(r.moves, Move{p.id, p.parent, from, to, p.proto, e.At.Microseconds(), p.proto + " " + p.src + " > " + p.dst, drop})
}

// Moves are those since it was called last, the newest 200.
func (r *Recorder) Moves() []Move {
	m := r.moves[max(0, len(r.moves)-mostMoves):]
	r.moves = nil
	return m
}

// Bar is how much happened when, from the beginning of the record.
type Bar struct {
	start  time.Duration
	width  time.Duration
	events []int
	drops  []int
}

// bars is how many parts the picture has at most; they grow when time goes beyond.
const bars = 400

func (b *Bar) begin(at time.Duration) { b.start, b.width = at, 10*time.Millisecond }

func (b *Bar) add(at time.Duration, drop bool) {
	k := int((at - b.start) / b.width)
	for k >= bars {
		for i := range (len(b.events) + 1) / 2 {
			b.events[i], b.drops[i] = pair(b.events, i), pair(b.drops, i)
		}
		n := (len(b.events) + 1) / 2
		b.events, b.drops = b.events[:n], b.drops[:n]
		b.width *= 2
		k = int((at - b.start) / b.width)
	}
	for k >= len(b.events) {
		b.events, b.drops = append(b.events, 0), append(b.drops, 0)
	}
	b.events[k]++
	if drop {
		b.drops[k]++
	}
}

func pair(list []int, i int) int {
	n := list[2*i]
	if 2*i+1 < len(list) {
		n += list[2*i+1]
	}
	return n
}

// Density is how much happened in each of n equal parts of the time from the record's
// beginning to an end, and how many packets died in them.
func (r *Recorder) Density(to time.Duration, n int) (from time.Duration, density, drops []int) {
	b := &r.bar
	density, drops = make([]int, n), make([]int, n)
	span := max(to-b.start, 1)
	for k := range b.events {
		at := time.Duration(k) * b.width
		i := min(int(float64(at)/float64(span)*float64(n)), n-1)
		density[i] += b.events[k]
		drops[i] += b.drops[k]
	}
	return b.start, density, drops
}

// DrawnAt is what of the drawing a place is that was printed (trail.Place.String).
func DrawnAt(place string) string {
	if machine, port, ok := strings.Cut(place, ":"); ok {
		if host, rest, cable := strings.Cut(port, "/"); cable && !strings.Contains(machine, "/") && len(rest) == 1 { // MACHINE:INTERFACE/END
			return machine + ":" + host
		}
		if strings.Contains(port, ":") { // LAN:MACHINE:INTERFACE
			return port
		}
		if k := strings.LastIndex(machine, "/"); k >= 0 { // MACHINE/BRIDGE:PORT
			return machine[:k+1] + port
		}
	}
	return place
}
