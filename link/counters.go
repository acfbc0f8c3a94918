package link

import (
	"slices"

	"dnetsim/link/trail"
)

// Direction is which way a frame passes a capture point, seen from the point.
type Direction uint8

const (
	// In: it arrives here.
	In Direction = iota
	// Out: it leaves here.
	Out
)

// String is the word tcpdump -i any prints: "In" or "Out".
func (d Direction) String() string {
	if d == Out {
		return "Out"
	}
	return "In"
}

// Observer sees frames pass. The frame is valid during the call only, unless
// the observer retains it; its bytes must not be changed.
type Observer func(dir Direction, f *Frame)

// Counters counts frames at one end of a wire or at one bridge port. Bytes
// count the Ethernet header and not the FCS. Over both ends of a wire
// TxFrames + Duplicated + Segmented is RxFrames + Dropped + what is in flight.
type Counters struct {
	RxFrames, RxBytes uint64 // arrived and handed on
	TxFrames, TxBytes uint64 // given to us to send; dropped ones included at a wire, not at a port
	Duplicated        uint64 // extra copies made by an impairment
	Segmented         uint64 // extra frames made by cutting GSO frames
	Corrupted         uint64
	Dropped           uint64
	drops             [trail.Reasons]uint64
}

// dropped is how many frames were dropped for that reason.
func (c *Counters) dropped(r trail.Reason) uint64 { return c.drops[r] }

// refused counts a frame that a hook took and told of.
func (c *Counters) refused() {
	c.Dropped++
	c.drops[trail.Filter]++
}

// EachDrop calls fn for every reason that happened, in the order of the
// constants.
func (c *Counters) EachDrop(fn func(r trail.Reason, n uint64)) {
	for r, n := range c.drops {
		if n > 0 {
			fn(trail.Reason(r), n)
		}
	}
}

// point is what every place that frames pass has: counters, observers, and the
// trail.
type point struct {
	at        trail.Place
	trail     *trail.Trail
	counters  Counters
	observers []*observer
}

type observer struct{ fn Observer }

// observe attaches o until stop is called; calling stop twice is harmless.
func (p *point) observe(o Observer) (stop func()) {
	x := &observer{o}
	p.observers = append(p.observers, x)
	return func() {
		for i, y := range p.observers {
			if y == x {
				p.observers = slices.Concat(p.observers[:i], p.observers[i+1:])
				return
			}
		}
	}
}

// sent records a frame that goes out here.
func (p *point) sent(f *Frame) {
	p.counters.TxFrames++
	p.counters.TxBytes += uint64(len(f.data))
	if len(p.observers) > 0 || p.trail.On() {
		p.show(Out, f)
	}
}

// received records a frame that comes in here.
func (p *point) received(f *Frame) {
	p.counters.RxFrames++
	p.counters.RxBytes += uint64(len(f.data))
	if len(p.observers) > 0 || p.trail.On() {
		p.show(In, f)
	}
}

// show shows a frame to who looks on.
func (p *point) show(dir Direction, f *Frame) {
	for _, o := range p.observers {
		o.fn(dir, f)
	}
	verb := trail.Send
	if dir == In {
		verb = trail.Receive
	}
	f.Tell(p.trail, p.at, verb, trail.None)
}

// drop counts the end of a frame.
func (p *point) drop(f *Frame, r trail.Reason) {
	p.counters.Dropped++
	p.counters.drops[r]++
	f.End(p.trail, p.at, r, nil)
}
