package memberlist

import (
	"math"
	"slices"
)

// Queue holds messages to gossip. Each is sent a number of times that grows
// with the logarithm of the cluster; those sent least come first, of those the
// longest that fit, of those the newest.
type Queue struct {
	items []*rumour
	last  uint64
}

// rumour is one message in a queue.
type rumour struct {
	msg  []byte
	name string // a newer message of the same name takes its place; empty: none
	sent int
	id   uint64
	done func() // told when it is no longer sent, or nil
}

func (r *rumour) compare(o *rumour) int {
	switch {
	case r.sent != o.sent:
		return r.sent - o.sent
	case len(r.msg) != len(o.msg):
		return len(o.msg) - len(r.msg)
	case r.id > o.id:
		return -1
	}
	return 1
}

// Empty reports whether there is nothing to say.
func (q *Queue) Empty() bool { return len(q.items) == 0 }

// Len is how many messages there are.
func (q *Queue) Len() int { return len(q.items) }

// Add queues a message. A newer one of the same name takes the place of an older
// one ("" is no name); done, unless it is nil, is told when it is no longer sent.
func (q *Queue) Add(msg []byte, name string, done func()) {
	r := &rumour{msg: msg, name: name, done: done}
	if r.name != "" {
		if i := slices.IndexFunc(q.items, func(o *rumour) bool { return o.name == r.name }); i >= 0 {
			q.remove(i).finish()
		}
	}
	q.last++
	r.id = q.last
	q.insert(r)
}

func (q *Queue) insert(r *rumour) {
	i, _ := slices.BinarySearchFunc(q.items, r, (*rumour).compare)
	q.items = slices.Insert(q.items, i, r)
}

func (q *Queue) remove(i int) *rumour {
	r := q.items[i]
	q.items = slices.Delete(q.items, i, i+1)
	return r
}

func (r *rumour) finish() {
	if r.done != nil {
		r.done()
	}
}

// Take returns messages of together at most limit bytes, each with overhead,
// for one more datagram in a cluster of n.
func (q *Queue) Take(overhead, limit, n int) [][]byte {
	if len(q.items) == 0 {
		return nil
	}
	most := retransmitMult * int(math.Ceil(math.Log10(float64(n+1))))
	var out [][]byte
	var again []*rumour
	for i := 0; i < len(q.items); {
		r := q.items[i]
		free := limit - overhead
		if free <= 0 || len(out) == 255 {
			break
		}
		if len(r.msg) > free {
			i++
			continue
		}
		limit -= overhead + len(r.msg)
		out = append(out, r.msg)
		q.remove(i)
		if r.sent+1 >= most {
			r.finish()
		} else {
			r.sent++
			again = append(again, r)
		}
	}
	for _, r := range again {
		q.insert(r)
	}
	return out
}
