package sim

import "time"

// key is one entry of the queue: when it fires, in which order among those of
// the same instant, and in which slot its handler is. It has no pointers, so that
// the queue moves keys without telling the garbage collector.
type key struct {
	at   time.Duration
	seq  uint64
	slot uint32
}

func (k *key) before(o *key) bool {
	if k.at != o.at {
		return k.at < o.at
	}
	return k.seq < o.seq
}

// function is a function as a handler; as one it allocates nothing.
type function func()

// Fire calls it.
func (f function) Fire() { f() }

// slots are the handlers of what is queued. A slot is free again when its key
// leaves the queue; a handler that is nil was cancelled.
type slots struct {
	handlers []Handler
	free     []uint32
}

// keptSlots is how many slots a queue that has emptied keeps; what a burst needed
// more goes back to the machine.
const keptSlots = 1 << 14

// take puts a handler into a slot.
func (s *slots) take(h Handler) uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.handlers[i] = h
		return i
	}
	s.handlers = append(s.handlers, h)
	return uint32(len(s.handlers) - 1)
}

// give empties a slot and returns what was in it.
func (s *slots) give(i uint32) Handler {
	h := s.handlers[i]
	s.handlers[i] = nil
	s.free = append(s.free, i)
	return h
}

// worthSweeping is how many cancelled events may wait for their time before
// anybody looks: below it a sweep costs more than it frees.
const worthSweeping = 1024

// cancel takes what is in a slot out of what will happen. Its place in the queue
// stays until its time comes, or until half the queue is such places: timers that
// are set for days and stopped at once would fill it for days.
func (l *Loop) cancel(slot uint32) {
	l.slots.handlers[slot] = nil
	l.cancelled++
	if l.cancelled > worthSweeping && l.cancelled > l.queue.n/2 {
		l.sweep()
	}
}

// sweep frees the places of cancelled events. The order of the others is that
// of their times and sequence numbers, wherever they stand in the queue.
func (l *Loop) sweep() {
	old := l.queue
	l.queue = queue{heap: make(eventHeap, 0, max(0, old.n-l.cancelled))}
	old.all(func(k key) {
		if l.slots.handlers[k.slot] == nil {
			l.slots.give(k.slot)
			return
		}
		l.queue.n++
		l.queue.heap.push(k)
	})
	l.cancelled = 0
}
