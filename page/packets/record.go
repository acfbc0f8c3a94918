package packets

import (
	"bytes"
	"time"

	"dnetsim/link/print"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// snap is how much of a frame is kept, in bytes.
const snap = 2048

// Recorder keeps the packets of one world. It is not safe for concurrent use: it
// belongs to who owns the world.
type Recorder struct {
	limit   int // bytes
	bytes   int
	packets map[trail.ID]*packet
	order   []*packet // by age; those before head are gone
	head    int
	gone    int // how many packets have been forgotten
	total   int // how many there have been
	drops   int // how many died where somebody may want to know
	places  []trail.Place
	index   map[trail.Place]int32
	printer *print.Printer
	changed []*packet
	moves   []Move
	most    int // moves
	last    lastEvent
	target  trail.ID // of Watch
	watched uint64
	bar     Bar
	stop    func()
}

// lastEvent is the event that was recorded last, for who steps from one to the next.
type lastEvent struct {
	packet  trail.ID
	dropped trail.ID
	count   uint64
}

// packet is one packet's story.
type packet struct {
	id, parent trail.ID
	number     int // in the order of birth, from 0
	depth      int
	src, dst   string
	proto      string
	info       string
	length     int
	hops       []hop
	frames     [][]byte // each version of its bytes
	children   []trail.ID
	fate       Fate
	why        string
	bytes      int
	dirty      bool
	drawn      string // where it was drawn last
}

// hop is one thing that happened to it.
type hop struct {
	at       time.Duration
	seq      uint64
	parent   trail.ID
	rule     *trail.Rule
	place    int32
	frame    int32
	verb     trail.Verb
	reason   trail.Reason
	unsummed bool
}

// Fate is what has become of a packet.
type Fate string

// The fates.
const (
	Flying    Fate = "flying"
	Waiting   Fate = "waiting" // for a neighbour's address, or for its other fragments
	Carried   Fate = "carried" // within another, or in pieces
	Delivered Fate = "delivered"
	Dropped   Fate = "dropped"
)

// Record listens to a loop's packets from now on and keeps limit bytes of them.
func Record(loop *sim.Loop, limit int) *Recorder {
	r := &Recorder{limit: limit, most: mostMoves, packets: map[trail.ID]*packet{}, index: map[trail.Place]int32{}, printer: print.New(print.Options{Time: print.TimeNone})}
	r.bar.begin(loop.Now())
	r.stop = trail.Of(loop).Listen(r.hear)
	return r
}

// Close ends the listening.
func (r *Recorder) Close() { r.stop() }

// Kept is how many bytes of packets are kept.
func (r *Recorder) Kept() int { return r.bytes }

// The costs of keeping, in bytes, beside those of the frames.
const (
	packetCost = 400
	hopCost    = 72
)

func (r *Recorder) hear(e *trail.Event) {
	p := r.packets[e.Packet]
	if p == nil {
		p = r.born(e)
	}
	r.last.packet, r.last.count = e.Packet, r.last.count+1
	drop := e.Verb == trail.Drop && !quiet(e.Reason)
	if r.target != 0 && r.Of(e.Packet, r.target) {
		r.watched++
	}
	h := hop{at: e.At, seq: e.Seq, parent: e.Parent, rule: e.Rule, place: r.at(e.Place), verb: e.Verb, reason: e.Reason, unsummed: e.Unsummed}
	frame := e.Frame[:min(len(e.Frame), snap)]
	if n := len(p.frames); n == 0 || !bytes.Equal(p.frames[n-1], frame) {
		p.frames = append(p.frames, bytes.Clone(frame))
		r.keep(p, len(frame))
	}
	h.frame = int32(len(p.frames) - 1)
	p.hops = append(p.hops, h)
	r.keep(p, hopCost)
	r.fate(p, e)
	r.touch(p)
	r.move(p, e)
	r.bar.add(e.At, drop)
	if drop {
		r.drops++
		r.last.dropped = e.Packet
	}
	r.forget()
}

func (r *Recorder) keep(p *packet, n int) {
	p.bytes += n
	r.bytes += n
}

func (r *Recorder) touch(p *packet) {
	if !p.dirty {
		p.dirty = true
		r.changed = append(r.changed, p)
	}
}

func (r *Recorder) at(place trail.Place) int32 {
	k, ok := r.index[place]
	if !ok {
		k = int32(len(r.places))
		r.places = append(r.places, place)
		r.index[place] = k
	}
	return k
}

// born is a packet's first event.
func (r *Recorder) born(e *trail.Event) *packet {
	p := &packet{id: e.Packet, number: r.total, fate: Flying}
	if e.Verb != trail.Decapsulate && e.Parent != e.Packet {
		p.parent = e.Parent
	}
	if of := r.packets[p.parent]; of != nil {
		p.depth = of.depth + 1
		of.children = append(of.children, p.id)
		if e.Verb == trail.Encapsulate || e.Verb == trail.Segment {
			of.fate = Carried
			r.touch(of)
		}
	}
	p.length = len(e.Frame)
	p.src, p.dst, p.proto = ends(e.Frame)
	p.info = r.printer.Print(time.Time{}, e.Frame)
	r.total++
	r.packets[p.id] = p
	r.order = append(r.order, p)
	r.keep(p, packetCost+len(p.info))
	return p
}

// fate is what an event makes of a packet.
func (r *Recorder) fate(p *packet, e *trail.Event) {
	switch e.Verb {
	case trail.Deliver:
		p.fate, p.why = Delivered, e.Reason.String()
	case trail.Drop:
		p.fate, p.why = Dropped, e.Why()
	case trail.Queue:
		p.fate = Waiting
	case trail.Encapsulate, trail.Segment:
		if len(p.hops) > 1 {
			p.fate = Flying
		}
	default:
		p.fate = Flying
	}
}

// forget lets the oldest packets go when too much is kept.
func (r *Recorder) forget() {
	for r.bytes > r.limit && r.head < len(r.order)-1 {
		p := r.order[r.head]
		r.order[r.head] = nil
		r.head++
		r.gone++
		r.bytes -= p.bytes
		delete(r.packets, p.id)
		p.hops, p.frames, p.children = nil, nil, nil
	}
	if r.head > 1024 && r.head > len(r.order)/2 {
		r.order = append([]*packet(nil), r.order[r.head:]...)
		r.head = 0
		r.printer = print.New(print.Options{Time: print.TimeNone}) // its flows go, too
	}
}

// quiet are the reasons of ends that belong to a healthy network: copies of a flood
// that were not for who got them, and the like.
func quiet(why trail.Reason) bool {
	switch why {
	case trail.OtherHost, trail.ARPProxy, trail.NotAMember, trail.IPv6Disabled, trail.NoPort, trail.Hairpin, trail.Swallowed, trail.LinkLocal, trail.UnknownProtocol:
		return true
	}
	return false
}

// Total is how many packets there have been.
func (r *Recorder) Total() int { return r.total }

// Count is how many events there have been.
func (r *Recorder) Count() uint64 { return r.last.count }

// Watch counts from now on what happens to a packet and to those that come from it;
// 0 is nobody.
func (r *Recorder) Watch(id trail.ID) { r.target, r.watched = id, 0 }

// Watched is the count.
func (r *Recorder) Watched() uint64 { return r.watched }

// Drops is how many packets died where somebody may want to know of it.
func (r *Recorder) Drops() int { return r.drops }

// Last is the packet of the last event.
func (r *Recorder) Last() trail.ID { return r.last.packet }

// LastDrop is the packet that died last.
func (r *Recorder) LastDrop() trail.ID { return r.last.dropped }

// Root is the packet that a packet comes from in the end: the one that it carries or is
// a piece of.
func (r *Recorder) Root(id trail.ID) trail.ID {
	for p := r.packets[id]; p != nil && p.parent != 0 && r.packets[p.parent] != nil; p = r.packets[p.parent] {
		id = p.parent
	}
	return id
}

// Of reports whether a packet is another, or comes from it: a copy, a piece, what
// carries it.
func (r *Recorder) Of(id, ancestor trail.ID) bool {
	for range 64 {
		if id == ancestor {
			return true
		}
		p := r.packets[id]
		if p == nil || p.parent == 0 {
			return false
		}
		id = p.parent
	}
	return false
}

// Is reports whether a packet, or one that comes from it, has a fate.
func (r *Recorder) Is(id trail.ID, fate Fate) bool {
	p := r.packets[id]
	if p == nil {
		return false
	}
	if p.fate == fate {
		return true
	}
	for _, c := range p.children {
		if r.Is(c, fate) {
			return true
		}
	}
	return false
}

// Youngest is the packet that was born last of those with a fate, 0 if there is none;
// one that carries another or is a piece of it is found by that.
func (r *Recorder) Youngest(fate Fate) trail.ID {
	for k := len(r.order) - 1; k >= r.head && k >= len(r.order)-500; k-- {
		if p := r.order[k]; p.fate == fate {
			return r.Root(p.id)
		}
	}
	return 0
}
