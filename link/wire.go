package link

import (
	"slices"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// Wire is a cable with two ends: a physical one, or a veth pair. Frames sent
// at one end arrive at the other as an event, in order unless an [Impairment]
// says otherwise.
type Wire struct {
	// Delay is the time from end to end of the sound wire, in each direction.
	Delay time.Duration
	// Cut marks a physical cable: GSO frames stand for their segments there, as
	// behind a network card with TSO. A veth pair carries them whole.
	Cut bool

	loop     *sim.Loop
	name     string
	down     bool
	a, b     End
	free     []*flight
	inFlight int
}

// NewWire returns a sound wire without delay. The name must be unique in the
// run: the random streams of its impairments, "wire/NAME/a" and "wire/NAME/b",
// derive from it. The ends are called NAME/a and NAME/b.
func NewWire(loop *sim.Loop, name string) *Wire {
	w := &Wire{loop: loop, name: name}
	w.a.init(w, &w.b, "a")
	w.b.init(w, &w.a, "b")
	return w
}

// Name is the name given to NewWire.
func (w *Wire) Name() string { return w.name }

// A and B are the two ends.
func (w *Wire) A() *End { return &w.a }

// B is the other end.
func (w *Wire) B() *End { return &w.b }

// InFlight is the number of frames on the wire.
func (w *Wire) InFlight() int { return w.inFlight }

// SetDown cuts the cable, or joins it again: both ends lose carrier, and what
// is in flight is lost.
func (w *Wire) SetDown(down bool) {
	w.down = down
	w.carrierChanged()
}

func (w *Wire) carrierChanged() {
	w.a.tellCarrier()
	w.b.tellCarrier()
}

// flight is one frame on its way: a pooled event handler.
type flight struct {
	to *End
	f  *Frame
}

func (w *Wire) launch(to *End, f *Frame, at time.Duration) {
	var fl *flight
	if n := len(w.free); n > 0 {
		fl = w.free[n-1]
		w.free = w.free[:n-1]
	} else {
		fl = &flight{}
	}
	fl.to, fl.f = to, f
	w.inFlight++
	w.loop.Schedule(at-w.loop.Now(), fl)
}

// Fire is the frame's arrival.
func (fl *flight) Fire() {
	to, f := fl.to, fl.f
	fl.to, fl.f = nil, nil
	w := to.wire
	w.free = append(w.free, fl)
	w.inFlight--
	to.arrive(f)
}

// End is one end of a wire.
type End struct {
	point
	wire    *Wire
	peer    *End
	recv    Receiver
	down    bool
	carrier bool
	onCarry []*carrierFunc

	imp         Impairment
	impaired    bool
	rand        *sim.Rand
	busyUntil   time.Duration
	departures  []time.Duration // of the frames that wait for the rate
	lastArrival time.Duration   // at the far end, so that jitter keeps the order
	emit, pass  func(*Frame)    // for Segment at this end and at arrival here, made once
}

type carrierFunc struct{ fn func(bool) }

func (e *End) init(w *Wire, peer *End, side string) {
	e.wire, e.peer, e.carrier = w, peer, true
	e.at, e.trail = trail.Place{Cable: w.name, Port: side}, trail.Of(w.loop)
	e.rand = w.loop.Stream("wire/" + w.name + "/" + side)
	e.emit = func(s *Frame) {
		e.counters.Segmented++
		e.transmit(s)
	}
	e.pass = func(s *Frame) {
		e.counters.Segmented++
		e.hand(s)
	}
}

// Place is this end in the trail.
func (e *End) Place() trail.Place { return e.at }

// Wire is the wire this end belongs to.
func (e *End) Wire() *Wire { return e.wire }

// Attach sets who receives what arrives here; nil detaches.
func (e *End) Attach(r Receiver) { e.recv = r }

// Observe attaches an observer for what leaves (Out) and arrives (In) here,
// until stop is called.
func (e *End) Observe(o Observer) (stop func()) { return e.observe(o) }

// Counters is a copy of the end's counters.
func (e *End) Counters() Counters { return e.counters }

// Impair sets what happens to frames that leave at this end; the zero
// Impairment repairs it. Frames already in flight are not affected.
func (e *End) Impair(i Impairment) {
	e.imp = i
	e.impaired = i.Delay != 0 || i.Jitter != 0 || i.Loss != 0 || i.Duplicate != 0 ||
		i.Reorder != 0 || i.Corrupt != 0 || i.Rate != 0 || i.MTU != 0 || i.Down ||
		len(i.Block) > 0
	if i.Rate == 0 {
		e.busyUntil, e.departures = 0, nil
	}
	e.wire.carrierChanged()
}

// Impairment is what was last set with Impair.
func (e *End) Impairment() Impairment { return e.imp }

// SetDown takes the interface at this end down or up. Both ends lose carrier
// while either is down, as those of a veth pair do.
func (e *End) SetDown(down bool) {
	e.down = down
	e.wire.carrierChanged()
}

// Carrier reports whether this end sees a signal: the wire is whole, both ends
// are up, and the other direction is not faulted down.
func (e *End) Carrier() bool {
	return !e.wire.down && !e.down && !e.peer.down && !e.peer.imp.Down
}

// OnCarrier calls fn at once on every change of carrier, until stop is called.
func (e *End) OnCarrier(fn func(up bool)) (stop func()) {
	x := &carrierFunc{fn}
	e.onCarry = append(e.onCarry, x)
	return func() {
		for i, y := range e.onCarry {
			if y == x {
				e.onCarry = slices.Concat(e.onCarry[:i], e.onCarry[i+1:])
				return
			}
		}
	}
}

func (e *End) tellCarrier() {
	up := e.Carrier()
	if up == e.carrier {
		return
	}
	e.carrier = up
	word := "down"
	if up {
		word = "up"
	}
	e.trail.Note(e.at, "carrier", word, "")
	for _, x := range append([]*carrierFunc(nil), e.onCarry...) {
		x.fn(up)
	}
}

// Receive is Send, so that an end can be attached to what brings frames to the
// wire, such as a bridge port.
func (e *End) Receive(f *Frame) { e.Send(f) }

// Send takes over one reference and puts the frame on the wire. It never calls
// the receiver: arrival is an event of its own, even without delay.
func (e *End) Send(f *Frame) {
	switch {
	case e.wire.down:
		e.refused(f, trail.WireDown)
		return
	case e.down || e.peer.down:
		e.refused(f, trail.EndDown)
		return
	case len(f.data) < HeaderLen:
		e.refused(f, trail.Malformed)
		return
	}
	e.sent(f)
	if f.GSO == 0 || !e.wire.Cut {
		e.transmit(f)
		return
	}
	g, _, ok := gsoShape(f)
	switch {
	case !ok:
		e.drop(f, trail.CannotSegment)
	case e.train(f, &g):
	case f.lag > 0: // its last segment is still to come
		e.wire.inFlight++
		e.wire.loop.After(f.lag, func() {
			e.wire.inFlight--
			e.cut(f, e.emit)
		})
	default:
		e.cut(f, e.emit)
	}
}

// cut makes segments of a frame.
func (e *End) cut(f *Frame, emit func(*Frame)) {
	e.counters.Segmented-- // the frame itself is one of its segments
	Segment(f, e.trail, e.at, emit)
}

// refused ends a frame that does not come onto the wire: it counts as given to
// us, but nobody sees it leave.
func (e *End) refused(f *Frame, r trail.Reason) {
	e.counters.TxFrames++
	e.counters.TxBytes += uint64(len(f.data))
	e.drop(f, r)
}

// transmit applies the impairment and schedules the arrival.
func (e *End) transmit(f *Frame) {
	w := e.wire
	if !e.impaired {
		at := max(w.loop.Now()+w.Delay, e.lastArrival)
		e.lastArrival = at
		w.launch(e.peer, f, at)
		return
	}
	e.transmitImpaired(f)
}

func (e *End) transmitImpaired(f *Frame) {
	i := &e.imp
	if r := e.refuse(f); r != trail.None {
		e.drop(f, r)
		return
	}
	leaves, ok := e.queue(len(f.data))
	if !ok {
		e.drop(f, trail.QueueFull)
		return
	}
	if i.Corrupt > 0 && e.rand.Float64() < i.Corrupt {
		f = e.corrupt(f)
	}
	if i.Duplicate > 0 && e.rand.Float64() < i.Duplicate {
		e.counters.Duplicated++
		e.wire.launch(e.peer, f.another(e.trail, e.at), e.arrival(leaves))
	}
	e.wire.launch(e.peer, f, e.arrival(leaves))
}

// refuse decides on what needs no queue.
func (e *End) refuse(f *Frame) trail.Reason {
	i := &e.imp
	switch {
	case i.Down:
		return trail.WireDown
	case len(i.Block) > 0 && blocked(i.Block, f.data):
		return trail.Blocked
	case i.MTU > 0 && f.WireLen()-HeaderLen-tagLen(f.data) > i.MTU:
		return trail.MTU
	case i.Loss > 0 && e.rand.Float64() < i.Loss:
		return trail.Loss
	}
	return trail.None
}

// queue is when a frame of n bytes has left the sender, or false if the queue
// before a rate-limited wire is full.
func (e *End) queue(n int) (leaves time.Duration, ok bool) {
	now := e.wire.loop.Now()
	if e.imp.Rate <= 0 {
		return now, true
	}
	if e.waiting(now) >= e.imp.limit() {
		return 0, false
	}
	leaves = max(now, e.busyUntil) + e.imp.takes(n)
	e.busyUntil = leaves
	e.departures = append(e.departures, leaves)
	return leaves, true
}

// waiting is how many frames wait for the rate.
func (e *End) waiting(now time.Duration) int {
	gone := 0
	for gone < len(e.departures) && e.departures[gone] <= now {
		gone++
	}
	e.departures = e.departures[:copy(e.departures, e.departures[gone:])]
	return len(e.departures)
}

// limit is how many frames may wait for the rate.
func (i *Impairment) limit() int {
	if i.Queue > 0 {
		return i.Queue
	}
	return defaultQueue
}

// takes is how long n bytes take at the rate.
func (i *Impairment) takes(n int) time.Duration {
	return time.Duration(int64(n) * 8 * int64(time.Second) / i.Rate)
}

// arrival is when a frame that leaves at that time is at the far end.
func (e *End) arrival(leaves time.Duration) time.Duration {
	i := &e.imp
	at := leaves + e.wire.Delay + i.Delay
	if i.Jitter > 0 {
		at += time.Duration(e.rand.Int64N(2*int64(i.Jitter)+1)) - i.Jitter
	}
	at = max(at, leaves, e.lastArrival)
	if i.Reorder > 0 && e.rand.Float64() < i.Reorder {
		return at + max(i.Delay, reorderHold)
	}
	e.lastArrival = at
	return at
}

// corrupt returns the frame with one random bit behind the Ethernet header
// turned over. A checksum still to be filled in is filled in first, so that the
// damage can be found; the receiver has to look.
func (e *End) corrupt(f *Frame) *Frame {
	if len(f.data) == HeaderLen {
		return f
	}
	f = f.Private()
	FillChecksum(f)
	bit := e.rand.IntN((len(f.data) - HeaderLen) * 8)
	f.data[HeaderLen+bit/8] ^= 1 << (bit % 8)
	f.Checksum = ChecksumUnknown
	e.counters.Corrupted++
	return f
}

// arrive is the far side of Send.
func (e *End) arrive(f *Frame) {
	switch {
	case e.wire.down:
		e.drop(f, trail.WireDown)
		return
	case e.down || e.peer.down:
		e.drop(f, trail.EndDown)
		return
	case e.recv == nil:
		e.drop(f, trail.NoReceiver)
		return
	}
	if f.GSO > 0 && e.wire.Cut && !e.merges() {
		e.cut(f, e.pass)
		return
	}
	e.hand(f)
}

// hand gives what has arrived to who receives.
func (e *End) hand(f *Frame) {
	e.received(f)
	e.recv.Receive(f)
}

// merges reports whether who receives takes a train whole.
func (e *End) merges() bool {
	switch r := e.recv.(type) {
	case *Port:
		return true
	case Merger:
		return r.Merges()
	}
	return false
}
