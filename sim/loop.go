package sim

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Epoch is the wall clock at virtual time zero, in UTC. It is a constant so
// that dates printed by simulated programs never depend on when a run is made.
var Epoch = time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)

// A Handler is something that can be scheduled. Fire runs on the loop.
//
// Hot paths implement Handler on a pooled struct and use [Loop.Schedule], which
// does not allocate; everything else uses [Loop.After] with a closure.
type Handler interface{ Fire() }

// ErrIdle is returned by [Loop.Run] when nothing is scheduled any more and the
// condition it waited for does not hold: whoever waits, waits for ever.
var ErrIdle = errors.New("nothing left to happen")

// ErrLimit is returned by [Loop.Run] when virtual time would pass its limit.
var ErrLimit = errors.New("virtual time limit reached")

// Loop is the event loop of one run. It is not safe for concurrent use: one
// goroutine runs it, and everything it calls may schedule more. [Loop.Inject]
// is the one exception.
type Loop struct {
	now   time.Duration
	seq   uint64
	fired uint64
	queue queue
	// cancelled is how many events of the queue will not fire.
	cancelled int
	slots     slots
	wakes     []*wake
	current   *Proc
	procs     int
	idle      *idlers
	first     *Proc // of those that have not finished, in the order of their start
	last      *Proc
	seed      uint64
	streams   streamBook
	journal   Journal
	shared    map[any]any
	edge      edge
	account   account
	stop      atomic.Pointer[error]
	clock     atomic.Int64

	// Nested is how deep calls of the running event are within one another, for
	// a room above that must bound that: it counts up and down again.
	Nested int
}

// NewLoop returns a loop at virtual time zero whose random streams derive from
// seed.
func NewLoop(seed uint64) *Loop {
	l := &Loop{seed: seed, streams: streamBook{byName: map[string]*namedStream{}}}
	l.journal.loop = l
	l.edge.wake = make(chan struct{}, 1)
	return l
}

// Now is the virtual time since the start of the run.
func (l *Loop) Now() time.Duration { return l.now }

// Wall is the run's virtual wall clock: [Epoch] plus Now. Nobody sets it; the
// machines of a run have clocks of their own.
func (l *Loop) Wall() time.Time { return Epoch.Add(l.now) }

// Seed is the seed the loop was made with.
func (l *Loop) Seed() uint64 { return l.seed }

// Fired is the number of events that have run, for benchmarks and reports.
func (l *Loop) Fired() uint64 { return l.fired }

// Pending is the number of events scheduled and not yet fired, cancelled ones
// included until their time comes.
func (l *Loop) Pending() int { return l.queue.n }

// Journal is the record of what happened in this run.
func (l *Loop) Journal() *Journal { return &l.journal }

// Shared is what the rooms above keep once for each run: the value under key,
// made by fn the first time. Keys are of types of their own.
func (l *Loop) Shared(key any, fn func() any) any {
	v, ok := l.shared[key]
	if !ok {
		v = fn()
		if l.shared == nil {
			l.shared = make(map[any]any)
		}
		l.shared[key] = v
	}
	return v
}

// Schedule runs h.Fire after d of virtual time. A d below zero counts as zero.
// Events of the same instant fire in the order in which they were scheduled.
func (l *Loop) Schedule(d time.Duration, h Handler) {
	l.push(d, h)
}

// After runs fn after d of virtual time, as [Loop.Schedule] does.
func (l *Loop) After(d time.Duration, fn func()) {
	l.push(d, function(fn))
}

// push queues a handler, and returns the slot that it is in until then.
func (l *Loop) push(d time.Duration, h Handler) uint32 {
	slot := l.slots.take(h)
	l.seq++
	l.queue.push(key{l.in(max(d, 0)), l.seq, slot}, l.now)
	return slot
}

// in is the instant d from now: the end of time if that would be beyond it.
func (l *Loop) in(d time.Duration) time.Duration {
	if d > math.MaxInt64-l.now {
		return math.MaxInt64
	}
	return l.now + d
}

// Step fires the next event and reports whether there was one.
func (l *Loop) Step() bool {
	for {
		first := l.queue.peek()
		if first == nil {
			break
		}
		k := *first
		l.queue.drop()
		h := l.slots.give(k.slot)
		if h == nil {
			l.cancelled--
			continue
		}
		if k.at < l.now {
			panic(fmt.Sprintf("sim: time goes back from %v to %v", l.now, k.at))
		}
		l.now = k.at
		l.fired++
		h.Fire()
		return true
	}
	if len(l.slots.handlers) > keptSlots {
		l.slots = slots{}
	}
	return false
}

// Upcoming is the time of the next event that will really fire, false if there is none.
func (l *Loop) Upcoming() (time.Duration, bool) { return l.next() }

// next is Upcoming.
func (l *Loop) next() (time.Duration, bool) {
	for {
		k := l.queue.peek()
		if k == nil {
			return 0, false
		}
		if l.slots.handlers[k.slot] != nil {
			return k.at, true
		}
		l.cancelled--
		l.slots.give(k.slot)
		l.queue.drop()
	}
}

// Run fires events until done reports true, which is asked before each event.
// It returns [ErrIdle] when no event is left, [ErrLimit] when the next event
// lies after limit (a limit of zero or less is none), [ErrWork] when too much
// was done in too little time, and what [Loop.Stop] was given.
func (l *Loop) Run(done func() bool, limit time.Duration) error {
	for !done() {
		if err := l.halt(); err != nil {
			return err
		}
		at, ok := l.next()
		if !ok {
			return ErrIdle
		}
		if limit > 0 && at > limit {
			return ErrLimit
		}
		l.Step()
	}
	return nil
}

// RunFor fires everything that happens in the next d of virtual time and
// leaves the clock exactly d later. It ends early, with what [Loop.Run] would
// return, only if too much is done or the loop is to stop.
func (l *Loop) RunFor(d time.Duration) error {
	end := l.in(d)
	for {
		at, ok := l.next()
		if !ok || at > end {
			break
		}
		if err := l.halt(); err != nil {
			return err
		}
		l.Step()
	}
	l.now = end
	return nil
}

// Settle fires what is due at this instant, also after [Loop.Stop], but not for
// ever: it is for the end of a run, after processes have been killed.
func (l *Loop) Settle() {
	for range 1 << 16 {
		if at, ok := l.next(); !ok || at > l.now {
			return
		}
		l.Step()
	}
}
