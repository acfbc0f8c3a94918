package seat

import (
	"errors"
	"fmt"
	"time"

	"dnetsim/labs"
	"dnetsim/link/trail"
	"dnetsim/page/packets"
	"dnetsim/page/view"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// mostRows is how many rows of packets one answer has at most.
const mostRows = 1000

// request carries out what a viewer asks.
func (s *Seat) request(v *viewer, r Request) {
	if v.Watches() && !looks(r) {
		s.answer(v, r, nil, errors.New("you only look here"))
		return
	}
	s.wake()
	if s.err != nil && (r.Do == "time" && r.Op == "back" || r.Do == "checkpoint") {
		s.revive()
	} else if s.world == nil || s.err != nil {
		s.answer(v, r, nil, s.why())
		return
	}
	switch r.Do {
	case "term.open":
		n, err := s.open(r.Place, r.Rows, r.Cols)
		s.answer(v, r, map[string]int{"term": n}, err)
	case "term.keys":
		s.keys(v, r)
	case "term.size":
		s.size(r)
	case "term.close":
		s.hangup(r.Term)
	case "type":
		n, err := s.typeLine(r.Place, r.Line)
		s.answer(v, r, map[string]int{"term": n}, err)
	case "time":
		s.time(v, r)
	case "follow":
		s.follow = 0
		if r.Packet != nil {
			s.follow = trail.ID(*r.Packet)
		}
		s.answer(v, r, map[string]any{}, nil)
		s.teller.path()
	case "packets":
		s.packets(v, r)
	case "packet":
		s.packet(v, r)
	case "tables":
		s.tables(v, r)
	case "changes":
		s.answer(v, r, map[string]any{"counts": v.changes(s.world.Lab())}, nil)
	case "explain":
		s.explain(v, r)
	case "matrix":
		s.matrix(v, r)
	case "answer", "hint", "checkpoint", "look":
		s.ofLab(v, r)
	case "lang":
		v.lang = language(r.Lang)
		s.answer(v, r, map[string]any{}, nil)
		s.teller.welcome(v)
	default:
		s.answer(v, r, nil, fmt.Errorf("%q is nothing that can be asked", r.Do))
	}
}

// ofLab is what can only be asked in a lab.
func (s *Seat) ofLab(v *viewer, r Request) {
	switch {
	case s.config.Variant == nil:
		s.answer(v, r, nil, errors.New("this is a scenario: it has no tasks"))
	case s.sitting == nil:
		s.answer(v, r, nil, s.why())
	case r.Do == "answer":
		s.desk.answered(v, r)
	case r.Do == "hint":
		s.desk.hint(v, r)
	case r.Do == "checkpoint":
		err := s.desk.checkpoint(func(x *labs.Sitting) error { return x.Back(r.Name) })
		s.answer(v, r, map[string]any{}, err)
	default:
		s.desk.glanced = time.Time{}
		s.answer(v, r, map[string]any{}, nil)
	}
}

// looks reports whether a request changes nothing.
func looks(r Request) bool {
	switch r.Do {
	case "packets", "packet", "tables", "changes", "lang":
		return true
	}
	return false
}

// why is why there is no world.
func (s *Seat) why() error {
	if s.err != nil {
		return fmt.Errorf("the world has stopped: %w", s.err)
	}
	return errors.New("there is no world")
}

// answer is the reply to a request that has an id.
func (s *Seat) answer(v *viewer, r Request, data any, err error) {
	if r.ID == 0 {
		if err != nil {
			v.Send(marshal(say{"say", "warn", err.Error()}))
		}
		return
	}
	m := reply{T: "reply", ID: r.ID, OK: err == nil, Data: data}
	if err != nil {
		m.Data, m.Error = nil, err.Error()
	}
	v.Send(marshal(m))
}

// later answers from another goroutine.
func (s *Seat) later(v *viewer, r Request, data any, err error) {
	s.do(func() {
		s.asked--
		if s.viewers[v.Viewer] == v {
			s.answer(v, r, data, err)
		}
	})
}

// revive makes a world that came down ready to go back: as it is, or once more if it
// has been given up.
func (s *Seat) revive() {
	if s.sitting == nil && s.config.Variant != nil {
		s.err = nil
		s.state = Paused
		s.desk.sit()
	}
}

// time is about the world's time.
func (s *Seat) time(v *viewer, r Request) {
	done := func(data any, err error) { s.answer(v, r, data, err) }
	switch r.Op {
	case "run":
		s.run(Running)
		done(map[string]any{}, nil)
	case "pause":
		s.run(Paused)
		s.teller.everything()
		done(map[string]any{}, nil)
	case "speed":
		if !(r.Speed >= 0.0001 && r.Speed <= 1000) {
			done(nil, fmt.Errorf("a speed of %g: write one from 0.0001 to 1000", r.Speed))
			return
		}
		s.speed = r.Speed
		s.pace.reset(s.world.Now(), s.speed)
		s.teller.clock()
		done(map[string]any{}, nil)
	case "event":
		s.run(Paused)
		fired, err := s.world.Step()
		s.end = max(s.end, s.world.Now())
		if err != nil {
			s.fails(err)
			done(nil, err)
			return
		}
		s.teller.everything()
		done(map[string]bool{"fired": fired}, nil)
	case "hop":
		s.hop(r, done)
	case "drop":
		s.drops(done)
	case "back":
		if r.At == nil {
			done(nil, errors.New("back to which time?"))
			return
		}
		at := time.Duration(*r.At) * time.Microsecond
		if s.config.Variant != nil {
			done(map[string]any{}, s.desk.backTo(at))
			return
		}
		done(map[string]any{}, s.back(at))
	default:
		done(nil, fmt.Errorf("%q is nothing that time can do: run, pause, event, hop, drop, speed, back", r.Op))
	}
}

func (s *Seat) arrived(err error, done func(any, error)) {
	if err != nil {
		done(nil, err)
		return
	}
	done(s.last, nil)
}

// seek runs to a goal, so much virtual time at most.
func (s *Seat) seek(most time.Duration, reached func() bool, done func(error)) {
	s.cancel()
	s.state = Paused
	s.goal = &goal{reached, s.world.Now() + most, done}
	s.teller.clock()
}

// drops runs to the next packet that dies.
func (s *Seat) drops(done func(any, error)) {
	if l := s.last; l != nil && l.Packet == s.follow { // perhaps it has happened already, further along the way
		path := s.rec.Path(l.Packet)
		for k := l.Hop; k < len(path); k++ {
			if path[k].Died() {
				s.stepTo(l.Packet, k+1)
				s.run(Paused)
				s.arrived(nil, done)
				return
			}
		}
	}
	before := s.rec.Drops()
	s.seek(time.Minute, func() bool { return s.rec.Drops() > before }, func(err error) {
		if err == nil {
			dead := s.rec.LastDrop()
			id := s.rec.Root(dead)
			path := s.rec.Path(id)
			k := len(path)
			for k > 1 && (path[k-1].Packet != dead || !path[k-1].Died()) {
				k--
			}
			s.stepTo(id, k)
		}
		s.arrived(err, done)
	})
}

// hop goes to the next thing that happens to a packet: the one asked for, the one
// that is followed, or the youngest on its way; without any to the next that is born.
// Several things may happen at one event of the loop: time stands still between them.
func (s *Seat) hop(r Request, done func(any, error)) {
	if l := s.last; l != nil && l.Packet == s.follow && (r.Packet == nil || trail.ID(*r.Packet) == l.Packet) && l.Hop < s.rec.Steps(l.Packet) {
		s.run(Paused)
		s.stepTo(l.Packet, l.Hop+1)
		s.teller.everything()
		s.arrived(nil, done)
		return
	}
	target := s.next(r.Packet)
	if target == 0 {
		before := s.rec.Total()
		s.seek(time.Minute, func() bool { return s.rec.Total() > before }, func(err error) {
			if err == nil {
				s.stepTo(s.rec.Root(s.rec.Last()), 1)
			}
			s.arrived(err, done)
		})
		return
	}
	at := 0
	if s.last != nil && s.last.Packet == target {
		at = s.last.Hop
	} else if r.Packet == nil || s.follow == target {
		at = s.rec.Steps(target)
	}
	s.rec.Watch(target)
	s.seek(time.Minute, func() bool { return s.rec.Watched() > 0 }, func(err error) {
		s.rec.Watch(0)
		if err == nil {
			s.stepTo(target, at+1)
		}
		s.arrived(err, done)
	})
}

// next is the packet whose next hop somebody wants to see. One that waits for something
// gives way to what flies meanwhile: the question for its neighbour.
func (s *Seat) next(asked *uint64) trail.ID {
	if asked != nil && (s.rec.Is(trail.ID(*asked), packets.Flying) || s.rec.Is(trail.ID(*asked), packets.Waiting)) {
		return trail.ID(*asked)
	}
	if s.rec.Is(s.follow, packets.Flying) {
		return s.follow
	}
	if id := s.rec.Youngest(packets.Flying); id != 0 {
		return id
	}
	if s.rec.Is(s.follow, packets.Waiting) {
		return s.follow
	}
	return s.rec.Youngest(packets.Waiting)
}

// stepTo follows a packet from now on, and tells the hop of its way that was come to,
// counted from 1.
func (s *Seat) stepTo(id trail.ID, hop int) {
	s.follow = id
	path := s.rec.Path(id)
	s.last = &step{Packet: id, Hop: hop, Of: len(path)}
	if hop > 0 && hop <= len(path) {
		s.last.Text = path[hop-1].Says()
	}
}

// back makes the world as it was at a time.
func (s *Seat) back(at time.Duration) error {
	now := s.rest.now
	log := s.rest.log
	if s.world != nil {
		now, log = s.world.Now(), s.world.Log()
	}
	if at > now || at < 0 {
		return fmt.Errorf("it is %v, and back goes only to what was before", now)
	}
	end := max(s.end, now)
	s.cancel()
	s.state, s.err = Paused, nil
	s.teller.all(clock{T: "clock", Now: at.Microseconds(), State: string(Busy), Speed: s.speed, End: end.Microseconds()})
	s.make(cut(log, at), at)
	if s.world == nil {
		return s.why()
	}
	s.end = end
	for _, v := range s.viewers {
		s.teller.welcome(v)
	}
	return s.err
}

// cut is a log up to a time.
func cut(log []replay.Input, at time.Duration) []replay.Input {
	out := []replay.Input{}
	for _, in := range log {
		if in.At <= at {
			out = append(out, in)
		}
	}
	return out
}

func (s *Seat) packets(v *viewer, r Request) {
	f, err := packets.ParseFilter(r.Filter)
	if err != nil {
		s.answer(v, r, nil, err)
		return
	}
	v.filter = f
	from, _ := r.From.(float64)
	s.answer(v, r, s.rec.Rows(f, max(int(from), 0), min(max(r.Count, 0), mostRows), r.Hops), nil)
}

func (s *Seat) packet(v *viewer, r Request) {
	if r.Packet == nil {
		s.answer(v, r, nil, errors.New("which packet?"))
		return
	}
	d, ok := s.rec.Detail(trail.ID(*r.Packet))
	if !ok {
		s.answer(v, r, nil, fmt.Errorf("packet %d is not known, or is too old to be kept", *r.Packet))
		return
	}
	s.answer(v, r, d, nil)
}

// mostChanges is of how many devices the changes are counted.
const mostChanges = 60

// changes is how many rows of each device have changed since the viewer looked at it, or
// first asked.
func (v *viewer) changes(l *scenarios.Lab) map[string]int {
	counts := map[string]int{}
	for _, n := range view.Topology(l).Nodes {
		if n.Kind == "lan" || n.Kind == "bridge" || len(counts) >= mostChanges {
			continue
		}
		t, err := view.Tables(l, n.ID)
		if err != nil {
			continue
		}
		if v.tables[n.ID] == nil {
			v.tables[n.ID] = view.Seen{}
		}
		counts[n.ID] = v.tables[n.ID].Count(t)
	}
	return counts
}

func (s *Seat) tables(v *viewer, r Request) {
	t, err := view.Tables(s.world.Lab(), r.Node)
	if err != nil {
		s.answer(v, r, nil, err)
		return
	}
	seen := v.tables[r.Node]
	if seen == nil {
		seen = view.Seen{}
		v.tables[r.Node] = seen
	}
	seen.Compare(t)
	s.answer(v, r, map[string]any{"tables": t}, nil)
}
