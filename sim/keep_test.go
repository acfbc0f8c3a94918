package sim

import (
	"fmt"
	"testing"
	"time"
)

// Timers that are set for days and stopped at once do not fill the queue, and
// what is left fires in its order.
func TestStoppedTimersDoNotFillTheQueue(t *testing.T) {
	l := NewLoop(1)
	var got []int
	for i := range 100_000 {
		l.NewTimer(func() { t.Error("a stopped timer fires") }).reset(24 * time.Hour).Stop()
		if i%1000 == 0 {
			l.After(time.Duration(1_000-i/1000)*time.Second, func() { got = append(got, i/1000) })
		}
	}
	if n := l.Pending(); n > 2*worthSweeping+100 {
		t.Errorf("%d events are due", n)
	}
	l.RunFor(time.Hour)
	for i, v := range got {
		if v != 99-i {
			t.Fatalf("fired in the order %v", got)
		}
	}
	if len(got) != 100 {
		t.Errorf("%d of 100 events fired", len(got))
	}
}

func (t *Timer) reset(d time.Duration) *Timer { t.Reset(d); return t }

// A process that is killed while it waits leaves neither an event nor a place in
// a queue behind, so that nobody holds on to what it worked with.
func TestKilledProcessesAreForgotten(t *testing.T) {
	l := NewLoop(1)
	var c Cond
	for i := range 10_000 {
		p := l.Go("p", func(p *Proc) {
			if i%2 == 0 {
				p.Sleep(1000 * time.Hour)
			} else {
				c.Wait(l)
			}
		})
		l.RunFor(time.Millisecond)
		p.Kill()
		l.RunFor(time.Millisecond)
	}
	if n := len(c.waiters); n != 0 {
		t.Errorf("%d dead processes wait", n)
	}
	if n := l.Pending(); n > 2*worthSweeping {
		t.Errorf("%d events are due", n)
	}
	if l.Procs() != 0 {
		t.Errorf("%d processes", l.Procs())
	}
}

// A run that draws for ever new names keeps a bounded number of streams, and a
// name that comes again after that does not repeat what it drew.
func TestStreamsAreBounded(t *testing.T) {
	draws := func(others int) (first, second uint64, kept int) {
		l := NewLoop(1)
		first = l.Stream("a").Uint64()
		for i := range others {
			l.Stream(fmt.Sprint("other", i)).Uint64()
		}
		return first, l.Stream("a").Uint64(), len(l.streams.byName)
	}
	alone, next, _ := draws(0)
	if a, b, _ := draws(1000); a != alone || b != next {
		t.Error("other names change what a name draws")
	}
	a, b, kept := draws(3 * keptStreams)
	if kept != keptStreams {
		t.Errorf("%d streams are kept, want %d", kept, keptStreams)
	}
	if a == b || b == next {
		t.Errorf("a forgotten name draws %x and then %x (its second draw: %x)", a, b, next)
	}
	if _, again, _ := draws(3 * keptStreams); again != b {
		t.Error("two runs differ")
	}
}
