package sim

import "time"

// queue is what is due, in the order of (at, seq). Most of what is pushed is due
// soon and behind what was pushed before: frames take the same few delays, and
// processes wake at once. Such keys stand in lanes, where the next one is the
// first; the others, timers above all, are in a heap. The very first is in hand as
// soon as somebody has looked for it, and in neither.
type queue struct {
	first key
	hand  bool // first is in hand
	n     int  // of all
	lanes [4]lane
	heap  eventHeap
}

// near is how soon an event must be due to stand in a lane: one that is due
// later would block it for all that come before.
const near = time.Millisecond

// lane is a queue in which nobody overtakes. What stands before head has left.
type lane struct {
	keys []key
	head int
}

func (a *lane) empty() bool { return a.head == len(a.keys) }

// takes reports whether a key that is pushed now keeps the lane in order: its seq
// is higher than all others'.
func (a *lane) takes(at time.Duration) bool {
	return a.empty() || a.keys[len(a.keys)-1].at <= at
}

func (a *lane) push(k key) {
	if len(a.keys) == cap(a.keys) && a.head > len(a.keys)/2 {
		a.keys = a.keys[:copy(a.keys, a.keys[a.head:])]
		a.head = 0
	}
	a.keys = append(a.keys, k)
}

func (a *lane) pop() {
	if a.head++; a.head == len(a.keys) {
		a.keys, a.head = a.keys[:0], 0
	}
}

// push adds a key whose seq is higher than those of all before it.
func (q *queue) push(k key, now time.Duration) {
	q.n++
	switch {
	case q.n == 1:
		q.first, q.hand = k, true
	case q.hand && k.before(&q.first):
		q.heap.push(q.first)
		q.first = k
	case k.at-now > near || !q.pushNear(k):
		q.heap.push(k)
	}
}

// pushNear puts a key into a lane, if it fits into any.
func (q *queue) pushNear(k key) bool {
	for i := range q.lanes {
		if a := &q.lanes[i]; a.takes(k.at) {
			a.push(k)
			return true
		}
	}
	return false
}

// peek takes the key that is due first in hand and shows it; nil if there is none.
func (q *queue) peek() *key {
	if !q.hand {
		if q.n == 0 {
			return nil
		}
		q.look()
	}
	return &q.first
}

// look takes the first of a queue that is not empty in hand.
func (q *queue) look() {
	var from *lane
	var first *key
	if len(q.heap) > 0 {
		first = &q.heap[0]
	}
	for i := range q.lanes {
		if a := &q.lanes[i]; !a.empty() && (first == nil || a.keys[a.head].before(first)) {
			first, from = &a.keys[a.head], a
		}
	}
	q.first, q.hand = *first, true
	if from == nil {
		q.heap.pop()
		return
	}
	from.pop()
}

// drop takes out the key that is in hand.
func (q *queue) drop() {
	q.n--
	q.hand = false
}

// all calls fn for every key, in no order that means anything.
func (q *queue) all(fn func(key)) {
	if q.hand {
		fn(q.first)
	}
	for _, k := range q.heap {
		fn(k)
	}
	for i := range q.lanes {
		for _, k := range q.lanes[i].keys[q.lanes[i].head:] {
			fn(k)
		}
	}
}

// eventHeap is a four-ary min-heap by (at, seq): fewer levels than a binary
// one, and the four children stand side by side.
type eventHeap []key

func (q *eventHeap) push(k key) {
	h := append(*q, k)
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !k.before(&h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = k
	*q = h
}

func (q *eventHeap) pop() {
	h := *q
	n := len(h) - 1
	k := h[n]
	*q = h[:n]
	if n > 0 {
		h[:n].sink(k)
	}
}

// sink puts a key where the first one was, and lets it sink to its place.
func (h eventHeap) sink(k key) {
	i, n := 0, len(h)
	for {
		c := 4*i + 1
		if c >= n {
			break
		}
		m := c
		for j := c + 1; j < c+4 && j < n; j++ {
			if h[j].before(&h[m]) {
				m = j
			}
		}
		if !h[m].before(&k) {
			break
		}
		h[i] = h[m]
		i = m
	}
	h[i] = k
}
