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

// ownPort is a bridge's port to the host that it is on.
const ownPort = "local"

// drawn is what of the drawing a place is: a bridge's port is the interface that is
// plugged in, a switch's port and a cable's end are the cable, a network layer is the
// node.
func drawn(p trail.Place) string {
	switch {
	case p.Cable != "":
		return p.Cable
	case p.Port == ownPort && p.Interface != "":
		return p.Machine + "/" + p.Interface
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
	if len(r.moves) >= 2*r.most {
		r.moves = append(r.moves[:0], r.moves[len(r.moves)-r.most:]...)
	}
	r.moves = append(r.moves, Move{p.id, p.parent, from, to, p.proto, e.At.Microseconds(), p.proto + " " + p.src + " > " + p.dst, drop})
}

// KeepMoves sets how many moves are kept until they are asked for.
func (r *Recorder) KeepMoves(n int) { r.most = n }

// Moves are those since it was called last, the newest 200 unless more are kept.
func (r *Recorder) Moves() []Move {
	m := r.moves[max(0, len(r.moves)-r.most):]
	r.moves = nil
	return m
}

// Bar is how much happened when, from the beginning of the record.
type Bar struct {
	start  time.Duration
	width  time.Duration
	events []int
	drops  []time.Duration
	apart  time.Duration // drops that are nearer to the one before are left out
}

// bars is how many parts the picture has at most; they grow when time goes beyond.
const bars = 400

func (b *Bar) begin(at time.Duration) { b.start, b.width = at, 10*time.Millisecond }

func (b *Bar) add(at time.Duration, drop bool) {
	k := int((at - b.start) / b.width)
	for k >= bars {
		for i := range (len(b.events) + 1) / 2 {
			b.events[i] = pair(b.events, i)
		}
		b.events = b.events[:(len(b.events)+1)/2]
		b.width *= 2
		k = int((at - b.start) / b.width)
	}
	for k >= len(b.events) {
		b.events = append(b.events, 0)
	}
	b.events[k]++
	if n := len(b.drops); drop && (n == 0 || at-b.drops[n-1] > b.apart) {
		b.drops = append(b.drops, at)
	}
	if len(b.drops) > mostDrops {
		b.apart = max(2*b.apart, time.Millisecond)
		kept := b.drops[:1]
		for _, x := range b.drops[1:] {
			if x-kept[len(kept)-1] > b.apart {
				kept = append(kept, x)
			}
		}
		b.drops = kept
	}
}

// mostDrops is how many of the times at which packets died the picture has.
const mostDrops = 300

func pair(list []int, i int) int {
	n := list[2*i]
	if 2*i+1 < len(list) {
		n += list[2*i+1]
	}
	return n
}

// Density is how much happened in each of n equal parts of the time from the record's
// beginning to an end, and when packets died where somebody may want to know of it, in
// microseconds: where many did, only some of those times.
func (r *Recorder) Density(to time.Duration, n int) (from time.Duration, density []int, drops []int64) {
	b := &r.bar
	density, drops = make([]int, n), []int64{}
	for _, at := range b.drops {
		drops = append(drops, at.Microseconds())
	}
	span := max(to-b.start, 1)
	for k := range b.events {
		at := time.Duration(k) * b.width
		i := min(int(float64(at)/float64(span)*float64(n)), n-1)
		density[i] += b.events[k]
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
		if port == ownPort {
			return machine
		}
		if k := strings.LastIndex(machine, "/"); k >= 0 { // MACHINE/BRIDGE:PORT
			return machine[:k+1] + port
		}
	}
	return place
}
