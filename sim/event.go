package sim

import "time"

// event is one entry of the queue. Events are pooled: after firing they go
// back to the loop's free list, so that the steady state allocates nothing.
type event struct {
	at        time.Duration
	seq       uint64
	h         Handler
	fn        func()
	timer     *Timer
	cancelled bool
}

// worthSweeping is how many cancelled events may wait for their time before
// anybody looks: below it a sweep costs more than it frees.
const worthSweeping = 1024

// cancel takes an event out of what will happen. Its place in the queue stays
// until its time comes, or until half the queue is such places: timers that are
// set for days and stopped at once would fill it for days.
func (l *Loop) cancel(e *event) {
	e.cancelled, e.timer, e.h, e.fn = true, nil, nil, nil
	l.cancelled++
	if l.cancelled > worthSweeping && l.cancelled > len(l.queue)/2 {
		l.sweep()
	}
}

// sweep frees the places of cancelled events. The order of the others is that
// of their times and sequence numbers, wherever they stand in the heap.
func (l *Loop) sweep() {
	old := l.queue
	l.queue = make(eventHeap, 0, len(old)-l.cancelled)
	for _, e := range old {
		if e.cancelled {
			l.give(e)
			continue
		}
		l.queue.push(e)
	}
	l.cancelled = 0
}

func (l *Loop) take() *event {
	n := len(l.free)
	if n == 0 {
		return &event{}
	}
	e := l.free[n-1]
	l.free = l.free[:n-1]
	return e
}

// keptEvents is how many events wait to be used again; what a burst needed more
// goes back to the machine.
const keptEvents = 1 << 14

func (l *Loop) give(e *event) {
	*e = event{}
	if len(l.free) < keptEvents {
		l.free = append(l.free, e)
	}
}

func (e *event) before(o *event) bool {
	if e.at != o.at {
		return e.at < o.at
	}
	return e.seq < o.seq
}

// eventHeap is a four-ary min-heap by (at, seq): fewer levels than a binary
// one, and the four children share a cache line of pointers.
type eventHeap []*event

func (q *eventHeap) push(e *event) {
	h := append(*q, e)
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !e.before(h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = e
	*q = h
}

func (q *eventHeap) pop() *event {
	h := *q
	top := h[0]
	n := len(h) - 1
	e := h[n]
	h[n] = nil
	h = h[:n]
	*q = h
	if n == 0 {
		return top
	}
	i := 0
	for {
		c := 4*i + 1
		if c >= n {
			break
		}
		m := c
		for k := c + 1; k < c+4 && k < n; k++ {
			if h[k].before(h[m]) {
				m = k
			}
		}
		if !h[m].before(e) {
			break
		}
		h[i] = h[m]
		i = m
	}
	h[i] = e
	return top
}
