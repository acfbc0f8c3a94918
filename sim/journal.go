package sim

import "time"

// Entry is one thing that happened. The rooms above give the words their
// meaning; the journal only orders them.
type Entry struct {
	At    time.Duration // virtual time
	Seq   uint64        // position in the journal, from 1
	Place string        // where: an interface, a rule, a process
	Verb  string        // what: "send", "receive", "drop", …
	Why   string        // a stable reason, for drops
	Data  any           // the frame, the packet, the line; valid during the call only
}

// Journal tells listeners what happens, in order. It keeps nothing itself, so
// a run that nobody watches pays nothing for it.
type Journal struct {
	loop      *Loop
	seq       uint64
	listeners []*listener
	entry     Entry
}

type listener struct{ fn func(*Entry) }

// Listen calls fn for every entry from now on, until stop is called. The entry
// is reused: fn copies what it keeps.
func (j *Journal) Listen(fn func(*Entry)) (stop func()) {
	ln := &listener{fn}
	j.listeners = append(j.listeners, ln)
	return func() {
		for i, x := range j.listeners {
			if x == ln {
				j.listeners = append(j.listeners[:i:i], j.listeners[i+1:]...)
				return
			}
		}
	}
}

// On reports whether anybody listens; hot paths ask before they build an entry.
func (j *Journal) On() bool { return len(j.listeners) > 0 }

// Add records one entry.
func (j *Journal) Add(place, verb, why string, data any) {
	if len(j.listeners) == 0 {
		return
	}
	j.seq++
	e := Entry{At: j.loop.now, Seq: j.seq, Place: place, Verb: verb, Why: why, Data: data}
	if len(j.listeners) == 1 {
		j.entry = e
		j.listeners[0].fn(&j.entry)
		return
	}
	for _, ln := range append([]*listener(nil), j.listeners...) {
		c := e
		ln.fn(&c)
	}
}
