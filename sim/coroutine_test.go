package sim

import (
	"runtime"
	"testing"
	"time"
)

// goroutines is how many there are when those that are ending have ended, which takes
// as long as the machine is busy.
func goroutines(want int) int {
	for range 60_000 {
		if runtime.NumGoroutine() <= want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}

// Processes that follow one another share a coroutine, however they end; a loop that
// is closed has none left.
func TestProcessesShareACoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	l := NewLoop(1)
	for i := range 300 {
		var got []string
		p := l.Go("p", func(p *Proc) {
			defer func() { got = append(got, "end of "+p.Name()) }()
			p.Sleep(time.Second)
			if i%3 == 1 {
				p.Kill()
			}
			p.Sleep(time.Second)
			got = append(got, "return")
		})
		l.RunFor(1500 * time.Millisecond)
		if i%3 == 2 {
			p.Kill()
		}
		l.RunFor(time.Second)
		if want := map[bool]int{true: 2, false: 1}[i%3 == 0]; !p.Done() || len(got) != want {
			t.Fatalf("process %d: done %v, and %q", i, p.Done(), got)
		}
	}
	if n := goroutines(before + 1); n > before+1 {
		t.Errorf("%d goroutines more than before for processes one after the other", n-before)
	}
	for range 2 * keptIdlers {
		l.Go("burst", func(p *Proc) { p.Sleep(time.Second) })
	}
	l.RunFor(2 * time.Second)
	if n := goroutines(before + keptIdlers); n > before+keptIdlers {
		t.Errorf("%d goroutines more than before are kept after a burst, want %d at most", n-before, keptIdlers)
	}
	l.Close()
	if n := goroutines(before); n > before {
		t.Errorf("%d goroutines more than before after Close", n-before)
	}
}

// A process that panics takes its coroutine with it; the next one has another.
func TestPanicEndsTheCoroutine(t *testing.T) {
	l := NewLoop(1)
	defer l.Close()
	for range 3 {
		l.Go("bad", func(p *Proc) { panic("oh") })
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic of a process is lost")
				}
			}()
			l.RunFor(time.Second)
		}()
		ran := false
		l.Go("good", func(p *Proc) { ran = true })
		l.RunFor(time.Second)
		if !ran {
			t.Fatal("the process after one that panicked does not run")
		}
	}
}

// A loop that is forgotten with nothing running leaves nothing behind either.
func TestForgottenLoopLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		l := NewLoop(1)
		l.Go("p", func(p *Proc) { p.Sleep(time.Second) })
		l.RunFor(2 * time.Second)
	}()
	for range 60_000 {
		runtime.GC()
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines more than before", runtime.NumGoroutine()-before)
}

// deep calls as deep as a process that sends a segment.
func deep(n int) int {
	var room [64]int
	room[n%64] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + room[n%64]
}

// BenchmarkProcess starts a process that calls deeply, and ends it.
func BenchmarkProcess(b *testing.B) {
	l := NewLoop(1)
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		l.Go("p", func(p *Proc) { deep(20) })
		l.RunFor(0)
	}
}
