package gate

import (
	"os"
	"sync"
	"time"

	"dnetsim/sim"
)

// flowBytes is how much of one direction waits at the gate at most.
const flowBytes = 256 << 10

// flow is one direction of a connection: a queue with a goroutine at one end and
// a process of the loop at the other. Each waits in its own way.
type flow struct {
	mu      sync.Mutex
	moved   sync.Cond // for goroutines
	stirred sim.Cond  // for the process; used on the loop only
	queue   []byte
	end     error // why nothing comes after what is queued, or nil
	failed  error // why nothing is taken any more, or nil
	expired bool  // the goroutine's deadline has passed
	epoch   int   // of the deadline
	waiting int   // goroutines in wait
}

// put appends what fits and reports how much that was.
func (f *flow) put(b []byte) int {
	n := min(len(b), flowBytes-len(f.queue))
	f.queue = append(f.queue, b[:n]...)
	return n
}

// take removes up to len(b) bytes.
func (f *flow) take(b []byte) int {
	n := copy(b, f.queue)
	if f.queue = f.queue[n:]; len(f.queue) == 0 {
		f.queue = nil
	}
	return n
}

// limit makes the goroutine's calls fail when t has come: in virtual time as far
// from now as t is by the clock, and at once if t has passed.
func (f *flow) limit(l *sim.Loop, t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch++
	epoch, left := f.epoch, time.Until(t)
	f.expired = !t.IsZero() && left <= 0
	f.moved.Broadcast()
	if t.IsZero() || left <= 0 {
		return
	}
	l.Inject(func() {
		l.After(left, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.epoch == epoch {
				f.expired = true
				f.moved.Broadcast()
			}
		})
	})
}

// wait lets a goroutine that has the lock wait until something has moved.
func (f *flow) wait() error {
	if f.expired {
		return os.ErrDeadlineExceeded
	}
	f.waiting++
	f.moved.Wait()
	f.waiting--
	if f.expired {
		return os.ErrDeadlineExceeded
	}
	return nil
}
