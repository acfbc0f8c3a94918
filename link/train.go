package link

import "time"

// Merger is a Receiver that may take a frame with GSO from a physical cable as it is:
// a network card that merges the segments that come in one after the other (GRO).
// What a cable brings to any other Receiver comes in segments.
type Merger interface {
	Receiver
	// Merges reports whether it does so now.
	Merges() bool
}

// A frame with GSO may cross a physical cable whole, as the train of segments that it
// stands for: it takes the time that they take, one behind the other. A switch has
// the frame when the first segment is in, and [Frame.lag] says how long after that
// the last one is; everybody else has it with the last one. This is one event where
// segments are forty, and nothing else shows it: what treats segments one by one, a
// loss, a full queue or a limit, gets segments.

// carriesTrains reports whether the impairment treats all segments alike.
func (i *Impairment) carriesTrains() bool {
	return i.Loss == 0 && i.Duplicate == 0 && i.Reorder == 0 && i.Corrupt == 0 && i.Jitter == 0
}

// train sends a frame with GSO whole, or reports that it has to be cut.
func (e *End) train(f *Frame, g *gso) bool {
	i := &e.imp
	head, size := g.payload, f.GSO
	payload := g.End - head
	n := (payload + size - 1) / size
	switch {
	case n < 2 || e.impaired && (!i.carriesTrains() || i.MTU > 0 && head+size-HeaderLen-tagLen(f.data) > i.MTU):
		return false
	case i.Down || len(i.Block) > 0 && blocked(i.Block, f.data):
		return false
	}
	now := e.wire.loop.Now()
	first, last := now, now+f.lag
	if i.Rate > 0 {
		if e.waiting(now)+n > i.limit() {
			return false
		}
		at := max(now, e.busyUntil)
		for k := range n {
			at = max(at, now+f.lag*time.Duration(k)/time.Duration(n-1)) + i.takes(head+min(size, payload-k*size))
			e.departures = append(e.departures, at)
			if k == 0 {
				first = at
			}
		}
		e.busyUntil, last = at, at
	}
	delay := e.wire.Delay + i.Delay
	first = max(first+delay, e.lastArrival)
	last = max(last+delay, first)
	e.lastArrival = last
	f = f.alone()
	f.lag = 0
	if _, ok := e.peer.recv.(*Port); ok {
		f.lag = last - first
		e.wire.launch(e.peer, f, first)
		return true
	}
	e.wire.launch(e.peer, f, last)
	return true
}

// alone is the frame for who gives it a lag of its own: other cables that a switch
// floods it to have another.
func (f *Frame) alone() *Frame {
	if f.refs == 1 {
		return f
	}
	c := f.Clone()
	f.Release()
	return c
}
