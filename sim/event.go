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

func (l *Loop) take() *event {
	n := len(l.free)
	if n == 0 {
		return &event{}
	}
	e := l.free[n-1]
	l.free = l.free[:n-1]
	return e
}

func (l *Loop) give(e *event) {
	*e = event{}
	l.free = append(l.free, e)
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
