package sim

import (
	"slices"
	"time"
)

// Entry is one thing that happened. What it is, the rooms above say; the journal
// only orders it.
type Entry struct {
	At   time.Duration // virtual time
	Seq  uint64        // position in the journal, from 1
	What any           // valid during the call only
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
				j.listeners = slices.Concat(j.listeners[:i], j.listeners[i+1:])
				return
			}
		}
	}
}

// On reports whether anybody listens; hot paths ask before they build an entry.
func (j *Journal) On() bool { return len(j.listeners) > 0 }

// Next is the time and the position that the next entry will have.
func (j *Journal) Next() (at time.Duration, seq uint64) { return j.loop.now, j.seq + 1 }

// Add records one entry.
func (j *Journal) Add(what any) {
	if len(j.listeners) == 0 {
		return
	}
	j.seq++
	e := Entry{At: j.loop.now, Seq: j.seq, What: what}
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
