package sim

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEventsOfOneInstantFireInTheOrderTheyWereScheduled(t *testing.T) {
	l := NewLoop(1)
	var got []int
	for i := range 50 {
		l.After(time.Second, func() { got = append(got, i) })
	}
	l.RunFor(time.Minute)
	for i, v := range got {
		if v != i {
			t.Fatalf("event %d fired as number %d", v, i)
		}
	}
	if l.Now() != time.Minute {
		t.Fatalf("clock is at %v, want 1m0s", l.Now())
	}
}

func TestProcessesInterleaveByVirtualTimeOnly(t *testing.T) {
	l := NewLoop(1)
	var log []string
	for _, n := range []string{"a", "b"} {
		l.Go(n, func(p *Proc) {
			for range 3 {
				log = append(log, fmt.Sprintf("%s@%v", n, l.Now()))
				p.Sleep(time.Second)
			}
		})
	}
	l.RunFor(time.Minute)
	want := "a@0s b@0s a@1s b@1s a@2s b@2s"
	if got := strings.Join(log, " "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	if l.Procs() != 0 {
		t.Fatalf("%d processes left", l.Procs())
	}
}

func TestCondWakesInOrderAndTimesOut(t *testing.T) {
	l := NewLoop(1)
	var c Cond
	var log []string
	for _, n := range []string{"first", "second"} {
		l.Go(n, func(p *Proc) {
			err := c.WaitFor(l, 5*time.Second)
			log = append(log, fmt.Sprintf("%s %v %v", n, l.Now(), err))
		})
	}
	l.After(2*time.Second, c.Signal)
	l.RunFor(time.Minute)
	want := "first 2s <nil>|second 5s timed out"
	if got := strings.Join(log, "|"); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestKillRunsDeferredFunctionsAndNeverReturns(t *testing.T) {
	l := NewLoop(1)
	var log []string
	p := l.Go("victim", func(p *Proc) {
		defer func() { log = append(log, "deferred") }()
		p.Sleep(time.Hour)
		log = append(log, "returned")
	})
	early := l.Go("never started", func(p *Proc) { log = append(log, "started") })
	early.Kill()
	l.After(time.Second, p.Kill)
	l.RunFor(2 * time.Hour)
	if got := strings.Join(log, " "); got != "deferred" || !p.Done() || !early.Done() {
		t.Fatalf("got %q, done %v %v", got, p.Done(), early.Done())
	}
}

func TestInterruptCutsABlockingCallShort(t *testing.T) {
	l := NewLoop(1)
	var err error
	var at time.Duration
	p := l.Go("sleeper", func(p *Proc) { err = p.Sleep(time.Hour); at = l.Now() })
	l.After(time.Second, p.Interrupt)
	l.RunFor(2 * time.Hour)
	if !errors.Is(err, ErrInterrupted) || at != time.Second {
		t.Fatalf("got %v at %v", err, at)
	}
}

func TestStoppedTimerDoesNotFireAndResetMoves(t *testing.T) {
	l := NewLoop(1)
	n := 0
	tm := l.NewTimer(func() { n++ })
	tm.Reset(time.Second)
	tm.Reset(3 * time.Second)
	l.RunFor(2 * time.Second)
	if n != 0 || !tm.Running() {
		t.Fatalf("fired %d times before its time, running %v", n, tm.Running())
	}
	l.RunFor(2 * time.Second)
	tm.Reset(time.Second)
	tm.Stop()
	l.RunFor(time.Minute)
	if n != 1 {
		t.Fatalf("fired %d times, want 1", n)
	}
}

func TestStreamsDependOnSeedAndNameOnly(t *testing.T) {
	a, b := NewLoop(7), NewLoop(7)
	a.Stream("somebody else").Uint64()
	if x, y := a.Stream("bdc01").Hex(32), b.Stream("bdc01").Hex(32); x != y {
		t.Fatalf("same seed and name: %s and %s", x, y)
	}
	if x, y := NewLoop(8).Stream("bdc01").Hex(32), NewLoop(7).Stream("bdc01").Hex(32); x == y {
		t.Fatalf("different seeds give the same %s", x)
	}
}

func TestRunSaysWhenNothingIsLeftAndWhenTimeIsUp(t *testing.T) {
	l := NewLoop(1)
	never := func() bool { return false }
	if err := l.Run(never, 0); !errors.Is(err, ErrIdle) {
		t.Fatalf("empty loop: %v", err)
	}
	var again func()
	again = func() { l.After(time.Second, again) }
	again()
	if err := l.Run(never, time.Minute); !errors.Is(err, ErrLimit) || l.Now() > time.Minute {
		t.Fatalf("endless loop: %v at %v", err, l.Now())
	}
}

// What is pushed, stopped and set again in any order fires in the order of time,
// and among equals in that in which it was pushed: a sorted list agrees.
func TestTheQueueAgreesWithASortedList(t *testing.T) {
	type due struct {
		at time.Duration
		n  int
	}
	for seed := range uint64(200) {
		l, rng := NewLoop(seed), rand.New(rand.NewPCG(seed, 1))
		var want []due
		type numbered struct {
			*Timer
			n int
		}
		var timers []numbered
		var got, n int
		fired := func(mine int) {
			if len(want) == 0 || want[0] != (due{l.Now(), mine}) {
				t.Fatalf("seed %d: number %d fires at %v, want the first of %v", seed, mine, l.Now(), want)
			}
			want = want[1:]
			got++
		}
		add := func(d time.Duration, mine int) {
			k := due{l.Now() + d, mine}
			want = append(want, k)
			slices.SortStableFunc(want, func(a, b due) int { return cmp.Compare(a.at, b.at) })
		}
		for range 2000 {
			d := []time.Duration{0, 20 * time.Microsecond, 200 * time.Microsecond, time.Duration(rng.IntN(1000)), time.Duration(rng.IntN(int(2 * near))), time.Second}[rng.IntN(6)]
			n++
			mine := n
			switch rng.IntN(6) {
			case 0, 1:
				add(d, mine)
				l.After(d, func() { fired(mine) })
			case 2:
				add(d, mine)
				timers = append(timers, numbered{l.NewTimer(func() { fired(mine) }).reset(d), mine})
			case 3:
				if len(timers) > 0 {
					if x := timers[rng.IntN(len(timers))]; x.Stop() {
						want = slices.DeleteFunc(want, func(d due) bool { return d.n == x.n })
					}
				}
			default:
				l.Step()
			}
		}
		for l.Step() {
		}
		if len(want) != 0 || got == 0 {
			t.Fatalf("seed %d: %d fired, %v did not", seed, got, want)
		}
	}
}

type hop struct {
	l *Loop
	n int
}

func (h *hop) Fire() {
	if h.n--; h.n > 0 {
		h.l.Schedule(time.Microsecond, h)
	}
}

func TestSteadyStateAllocatesNothingPerEvent(t *testing.T) {
	l := NewLoop(1)
	h := &hop{l: l, n: 1 << 30}
	l.Schedule(0, h)
	l.Step()
	if n := testing.AllocsPerRun(1000, func() { l.Step() }); n != 0 {
		t.Fatalf("%v allocations per event", n)
	}
}

func BenchmarkLoopEvents(b *testing.B) {
	for _, pending := range []int{1, 1000} {
		b.Run(fmt.Sprintf("pending=%d", pending), func(b *testing.B) {
			l := NewLoop(1)
			for range pending {
				l.Schedule(0, &hop{l: l, n: 1 << 30})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				l.Step()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
	// A thousand timers of all lengths up to a second, each set again when it fires.
	b.Run("timers=1000", func(b *testing.B) {
		l, rng := NewLoop(1), rand.New(rand.NewPCG(1, 1))
		for range 1000 {
			var t *Timer
			length := time.Duration(rng.IntN(int(time.Second)))
			t = l.NewTimer(func() { t.Reset(length) })
			t.Reset(length)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			l.Step()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

func BenchmarkProcHandOver(b *testing.B) {
	l := NewLoop(1)
	l.Go("yielder", func(p *Proc) {
		for {
			p.Yield()
		}
	})
	b.ReportAllocs()
	for range b.N {
		l.Step()
	}
}

// Close ends whatever waits, however it waits, and what that starts while it
// ends; their deferred functions run.
func TestCloseEndsEveryProcess(t *testing.T) {
	before := runtime.NumGoroutine()
	l := NewLoop(1)
	var c Cond
	ended := 0
	l.Go("sleeps", func(p *Proc) { defer func() { ended++ }(); p.Sleep(time.Hour) })
	l.Go("waits", func(*Proc) { defer func() { ended++ }(); c.Wait(l) })
	l.Go("starts another", func(p *Proc) {
		defer l.Go("other", func(p *Proc) { defer func() { ended++ }(); p.Sleep(time.Hour) })
		defer func() { ended++ }()
		p.Sleep(time.Hour)
	})
	l.Go("ends", func(*Proc) {})
	l.RunFor(time.Second)
	l.Go("has not begun", func(*Proc) { t.Error("it has begun") })
	l.Close()
	if l.Procs() != 0 || ended != 4 {
		t.Errorf("%d processes are left, %d have ended in order", l.Procs(), ended)
	}
	if n := goroutines(before); n > before {
		t.Errorf("%d goroutines more than before", n-before)
	}
}
