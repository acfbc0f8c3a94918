package explain

import (
	"bytes"
	"io"
	"slices"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// event is a trail event with what its frame says.
type event struct {
	trail.Event
	pkt   packet
	frame int // its number in a capture of the story, from 1; 0 if it is not in one
}

// story is all that happened while a probe was under way.
type story struct {
	events   []event
	children map[trail.ID][]trail.ID // by Parent: encapsulations, copies, pieces
	byID     map[trail.ID][]int      // a packet's events
	order    []trail.ID              // packets, by their first event
	frames   int                     // how many events a capture of it has
}

// listen records the trail until the returned function is called.
func listen(w World) func() *story {
	s := &story{children: map[trail.ID][]trail.ID{}, byID: map[trail.ID][]int{}}
	stop := trail.Of(w.Loop()).Listen(func(e *trail.Event) {
		x := event{Event: *e, pkt: decode(e.Frame)}
		x.Frame = slices.Clone(e.Frame)
		if e.Verb == trail.Drop || e.Place.IsInterface() && (e.Verb == trail.Send || e.Verb == trail.Receive) {
			s.frames++
			x.frame = s.frames
		}
		if s.byID[e.Packet] == nil {
			s.order = append(s.order, e.Packet)
			if e.Parent != 0 {
				s.children[e.Parent] = append(s.children[e.Parent], e.Packet)
			}
		}
		s.byID[e.Packet] = append(s.byID[e.Packet], len(s.events))
		s.events = append(s.events, x)
	})
	return func() *story {
		stop()
		return s
	}
}

// WriteCapture writes what happened while the flow was tried, as pcapng: what
// interfaces sent and received, and every packet that died, with the reason as
// its comment. [Hop.Frame] is a frame's number in it.
func (r *Report) WriteCapture(w io.Writer) error {
	c := link.NewCapture(w)
	for i := range r.Journey.story.events {
		if e := &r.Journey.story.events[i]; e.frame > 0 {
			c.Event(&e.Event)
		}
	}
	return c.Flush()
}

// first is a packet's first event.
func (s *story) first(id trail.ID) *event { return &s.events[s.byID[id][0]] }

// family is a packet with all that came of it: what carries it, its copies, its
// pieces.
func (s *story) family(id trail.ID) map[trail.ID]bool {
	f := map[trail.ID]bool{}
	for queue := []trail.ID{id}; len(queue) > 0; queue = queue[1:] {
		if f[queue[0]] {
			continue
		}
		f[queue[0]] = true
		queue = append(queue, s.children[queue[0]]...)
	}
	return f
}

// of are the events of a family, in order.
func (s *story) of(family map[trail.ID]bool) []*event {
	var at []int
	for id := range family {
		at = append(at, s.byID[id]...)
	}
	slices.Sort(at)
	out := make([]*event, 0, len(at))
	for _, i := range at {
		out = append(out, &s.events[i])
	}
	return out
}

// born are the packets that begin within the story in a namespace and for
// which fits says yes of their first event.
func (s *story) born(fits func(*event) bool) []trail.ID {
	var out []trail.ID
	for _, id := range s.order {
		if e := s.first(id); e.Verb != trail.Copy && e.Verb != trail.Decapsulate && fits(e) {
			out = append(out, id)
		}
	}
	return out
}

// damaged is the cable that a packet that was dropped came out of with other
// bytes than it went in with, "" if there is none. Whatever the receiver had
// against it (most often its checksum), that is why.
func (s *story) damaged(drop *event) string {
	var sent *event
	for _, i := range s.byID[drop.Packet] {
		e := &s.events[i]
		switch {
		case e.Place.Cable == "":
		case e.Verb == trail.Send:
			sent = e
		case e.Verb == trail.Receive && sent != nil && sent.Place.Cable == e.Place.Cable && !bytes.Equal(sent.Frame, e.Frame):
			return e.Place.Cable
		}
	}
	return ""
}

// spent is from the first event to the last.
func spent(events []*event) time.Duration {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].At - events[0].At
}
