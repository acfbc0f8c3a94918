package seat

import (
	"fmt"
	"hash/maphash"
	"time"

	"dnetsim/page/view"
)

// How often the page is told of what changes by itself.
const (
	often  = 100 * time.Millisecond // clock, moves
	seldom = 250 * time.Millisecond // topology, packets, the followed packet's way
	rarely = time.Second            // the bar
)

// stirred is how long after a request the topology is looked at often.
const stirred = 3 * time.Second

// newest is how many rows of packets a page gets without asking.
const newest = 200

// teller tells a seat's viewers what has changed.
type teller struct {
	seat                *Seat
	often, seldom, rare time.Time // when each was last told
	count               uint64    // events of packets when they were last told
	rev                 int
	seed                maphash.Seed
	shape               uint64 // hash of the topology without its counters
	counters            uint64
	looked              time.Time // when the topology was last looked at by itself
	traffic             time.Time // when counters alone were last told
	steps               int       // of the followed packet, when its way was last told
	dirty               bool
	idle                idle
}

// idle knows which nodes nothing passes.
type idle struct {
	traffic map[string]uint64
	since   map[string]time.Time
}

// idleAfter is how long nothing passes a node until it is idle.
const idleAfter = 10 * time.Second

// mark says of each node of a topology whether it is idle.
func (d *idle) mark(t *view.Topo, now time.Time) {
	traffic, since := map[string]uint64{}, map[string]time.Time{}
	for _, i := range t.Ifaces {
		if i.Kind == "loopback" {
			continue
		}
		traffic[i.Node] += i.RX + i.TX
		if i.Master != "" {
			traffic[i.Master] += i.RX + i.TX
		}
	}
	for k := range t.Nodes {
		n := &t.Nodes[k]
		before, known := d.traffic[n.ID]
		since[n.ID] = now
		if known && before == traffic[n.ID] {
			since[n.ID] = d.since[n.ID]
		}
		n.Idle = n.Kind != "lan" && now.Sub(since[n.ID]) > idleAfter
	}
	d.traffic, d.since = traffic, since
}

func (t *teller) all(m any) {
	if len(t.seat.viewers) == 0 {
		return
	}
	b := marshal(m)
	for _, v := range t.seat.viewers {
		v.Send(b)
	}
}

// welcome tells a viewer everything from the beginning.
func (t *teller) welcome(v *viewer) {
	s := t.seat
	t.flush()
	m := hello{T: "hello", Lab: s.desk.story(v.lang), Scenario: s.config.Scenario, Places: []string{}, Teacher: v.Watches(), Learner: s.config.Learner}
	if s.world == nil {
		v.Send(marshal(m))
		v.Send(marshal(t.clockMessage()))
		if s.err != nil {
			v.Send(marshal(say{"say", "error", "the world has stopped: " + s.err.Error()}))
		}
		return
	}
	for _, x := range s.world.Lab().Machines() {
		if _, ok := s.world.Lab().Machine(x.Name); ok { // a site of the internet has no terminal
			m.Places = append(m.Places, x.Name)
		}
	}
	v.Send(marshal(m))
	v.Send(marshal(t.termsMessage()))
	for n := 1; n <= s.world.Terminals(); n++ {
		if shown, _ := whole(s.world.Shown(n)); len(shown) > 0 {
			v.Send(marshal(out{"out", n, string(shown)}))
		}
	}
	t.rev++
	now := view.Topology(s.world.Lab())
	t.idle.mark(now, time.Now())
	now.Rev = t.rev
	v.Send(marshal(topo{"topo", now}))
	v.Send(marshal(t.clockMessage()))
	v.Send(marshal(t.barMessage(v.lang)))
	s.desk.tasks(v)
	total := s.rec.Rows(v.filter, 0, 0, false).Total
	v.Send(marshal(rows{"packets", total, s.rec.Rows(v.filter, max(0, total-newest), newest, false).Rows}))
	if s.follow != 0 {
		v.Send(marshal(path{"path", s.follow, s.rec.Path(s.follow)}))
	}
	if f := s.world.Failed(); f != "" {
		v.Send(marshal(say{"say", "warn", f}))
	}
}

// tell tells what is due, and says when to come again.
func (t *teller) tell() time.Duration {
	s := t.seat
	if s.world == nil || len(s.viewers) == 0 {
		return time.Hour
	}
	now := time.Now()
	moving := s.err == nil && (s.state == Running && s.players > 0 || s.goal != nil)
	active := s.rec.Count() != t.count || t.dirty
	if !moving && !active {
		return time.Hour
	}
	pause := 5 * often // nothing but time goes on
	if active {
		pause = often
	}
	if left := pause - now.Sub(t.often); left > 0 {
		return left
	}
	t.often = now
	t.moves()
	t.clock()
	if now.Sub(t.seldom) >= seldom {
		t.seldom = now
		t.dirty = false
		t.count = s.rec.Count()
		pause := rarely
		if time.Since(s.used) < stirred {
			pause = seldom
			if s.config.Limits.Gentle {
				pause = 2 * seldom
			}
		}
		if now.Sub(t.looked) >= pause {
			t.looked = now
			t.topo()
		}
		t.packets()
		t.path()
	}
	if now.Sub(t.rare) >= rarely {
		t.rare = now
		s.desk.unkept = s.desk.unkept || time.Since(s.desk.kept) > keepTime
		t.bar()
		s.publish()
	}
	return often
}

// everything tells at once what a step has changed.
func (t *teller) everything() {
	s := t.seat
	if s.world == nil {
		return
	}
	t.flush()
	t.count, t.dirty = s.rec.Count(), false
	t.moves()
	t.clock()
	t.topo()
	t.packets()
	t.path()
	t.bar()
	s.publish()
}

func (t *teller) clock() { t.all(t.clockMessage()) }

func (t *teller) clockMessage() clock {
	s := t.seat
	m := clock{T: "clock", State: string(s.shown()), Speed: s.speed, Step: s.last, Now: s.rest.now.Microseconds(), End: s.end.Microseconds()}
	if s.world != nil {
		m.Now = s.world.Now().Microseconds()
	}
	if s.state == Running {
		m.Step = nil
	}
	if s.err != nil {
		m.Error = s.err.Error()
	}
	return m
}

func (t *teller) moves() {
	if list := t.seat.rec.Moves(); len(list) > 0 {
		t.all(moves{"moves", list})
	}
}

// topo tells the topology if it has changed; if only counters have, once a second.
func (t *teller) topo() {
	now := view.Topology(t.seat.world.Lab())
	t.idle.mark(now, time.Now())
	if n := now.Count("container"); n > t.seat.config.Limits.Containers {
		t.seat.fails(fmt.Errorf("%d containers are more than the %d that may be: go back to before, and make fewer", n, t.seat.config.Limits.Containers))
	}
	counters := now.Traffic()
	shape := maphash.Bytes(t.seed, marshal(now.Shape()))
	if shape == t.shape && (counters == t.counters || time.Since(t.traffic) < rarely) {
		t.dirty = t.dirty || counters != t.counters
		return
	}
	t.shape, t.counters, t.traffic = shape, counters, time.Now()
	t.rev++
	now.Rev = t.rev
	t.all(topo{"topo", now})
}

// packets tells of rows that are new or have changed.
func (t *teller) packets() {
	s := t.seat
	ids := s.rec.Changed()
	if len(ids) == 0 {
		return
	}
	ids = ids[max(0, len(ids)-mostRows):]
	for _, v := range s.viewers {
		m := rows{"packets", s.rec.Rows(v.filter, 0, 0, false).Total, s.rec.Passing(v.filter, ids)}
		v.Send(marshal(m))
	}
}

// path tells the way of the followed packet if it has grown.
func (t *teller) path() {
	s := t.seat
	n := s.rec.Steps(s.follow)
	if s.follow == 0 && t.steps == 0 || s.follow != 0 && n == t.steps {
		return
	}
	t.steps = n
	t.all(path{"path", s.follow, s.rec.Path(s.follow)})
}

func (t *teller) bar() {
	told := map[string][]byte{} // by language
	for _, v := range t.seat.viewers {
		if told[v.lang] == nil {
			told[v.lang] = marshal(t.barMessage(v.lang))
		}
		v.Send(told[v.lang])
	}
}

func (t *teller) barMessage(lang string) bar {
	s := t.seat
	from, density, drops := s.rec.Density(max(s.world.Now(), s.end), 200)
	marks := append([]mark{}, s.lines...)
	marks = append(marks, s.desk.checkpoints(lang)...)
	return bar{"bar", from.Microseconds(), max(s.world.Now(), s.end).Microseconds(), density, drops, marks}
}

func (t *teller) termsMessage() terms {
	s := t.seat
	m := terms{"terms", []term{}}
	for n := 1; n <= s.world.Terminals(); n++ {
		m.List = append(m.List, term{n, s.world.Place(n), s.world.Ended(n)})
	}
	return m
}

func (t *teller) terms() { t.all(t.termsMessage()) }

// flush sends what the terminals have shown.
func (t *teller) flush() {
	s := t.seat
	if s.world == nil {
		return
	}
	ended := false
	for k, x := range s.screens {
		if n := k + 1; n <= s.world.Terminals() && s.world.Ended(n) != x.ended {
			x.ended = s.world.Ended(n)
			ended = true
		}
		if len(x.pending) == 0 {
			continue
		}
		now, rest := whole(x.pending)
		if len(now) > 0 {
			t.all(out{"out", k + 1, string(now)})
		}
		x.pending = append([]byte(nil), rest...)
		t.dirty = true
	}
	if ended {
		t.terms()
	}
}
