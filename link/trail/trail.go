package trail

import "dnetsim/sim"

// Trail tells the events of one run to whoever listens.
type Trail struct {
	journal *sim.Journal
	last    ID
	event   Event
	note    Note
}

type key struct{}

// Of is the trail of a run, the same for everybody.
func Of(loop *sim.Loop) *Trail {
	return loop.Shared(key{}, func() any { return &Trail{journal: loop.Journal()} }).(*Trail)
}

// On reports whether anybody listens; who moves packets asks before it builds an
// event.
func (t *Trail) On() bool { return t.journal.On() }

// Listen calls fn for every event from now on, until stop is called. The event
// is reused: fn copies what it keeps, its Frame too.
func (t *Trail) Listen(fn func(*Event)) (stop func()) {
	return t.journal.Listen(func(e *sim.Entry) {
		if x, ok := e.What.(*Event); ok {
			fn(x)
		}
	})
}

// Tell records an event; At and Seq are filled in. Callers ask On first.
func (t *Trail) Tell(e Event) {
	e.At, e.Seq = t.journal.Next()
	t.event = e
	t.journal.Add(&t.event)
}

// Note records something that happened to no packet. It costs nothing while
// nobody listens.
func (t *Trail) Note(at Place, what, text, more string) {
	if !t.On() {
		return
	}
	n := Note{Place: at, What: what, Text: text, More: more}
	n.At, n.Seq = t.journal.Next()
	t.note = n
	t.journal.Add(&t.note)
}
