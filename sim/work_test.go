package sim

import (
	"errors"
	"testing"
	"time"
)

// What works without end in no time meets the same end after the same work.
func TestEndlessWorkInNoTimeEnds(t *testing.T) {
	for name, spin := range map[string]func(l *Loop){
		"a process that charges":       func(l *Loop) { l.Go("p", func(*Proc) { forever(func() { l.Charge(100) }) }) },
		"a process that yields":        func(l *Loop) { l.Go("p", func(p *Proc) { forever(func() { l.Work(100); p.Yield() }) }) },
		"an event that follows itself": func(l *Loop) { again(l, 0) },
	} {
		var ends []uint64
		for range 2 {
			l := NewLoop(1)
			l.SetBudget(0.01)
			spin(l)
			if err := l.Run(func() bool { return false }, time.Hour); err != ErrWork {
				t.Errorf("%s: %v", name, err)
			}
			ends = append(ends, l.Fired()+l.account.charged)
			l.Close()
		}
		if ends[0] != ends[1] {
			t.Errorf("%s: ends after %d units, then after %d", name, ends[0], ends[1])
		}
	}
}

func forever(fn func()) {
	for {
		fn()
	}
}

func again(l *Loop, d time.Duration) { l.After(d, func() { l.Work(100); again(l, d) }) }

// Virtual time pays for work: what goes on at the pace of a real machine may go
// on for ever.
func TestWorkThatTimePaysForGoesOn(t *testing.T) {
	l := NewLoop(1)
	l.SetBudget(0.01)
	again(l, time.Millisecond)
	if err := l.RunFor(time.Hour); err != nil {
		t.Errorf("100 units in a millisecond: %v after %v", err, l.Now())
	}
}

// Stop reaches a process that never blocks, and the first cause counts.
func TestStopReachesAProcessThatNeverBlocks(t *testing.T) {
	first := errors.New("first")
	l := NewLoop(1)
	unwound := false
	l.Go("p", func(*Proc) {
		defer func() { unwound = true }()
		n := 0
		forever(func() {
			if n++; n == 1000 {
				l.Stop(first)
				l.Stop(errors.New("second"))
			}
			l.Charge(1)
		})
	})
	if err := l.Run(func() bool { return false }, time.Hour); err != first {
		t.Errorf("%v", err)
	}
	l.Close()
	if !unwound {
		t.Error("the process was not unwound")
	}
}

// A process that was interrupted before it is put aside keeps that for its next
// blocking call, and is put aside all the same.
func TestPauseKeepsAnInterruption(t *testing.T) {
	l := NewLoop(1)
	var err error
	var at time.Duration
	p := l.Go("p", func(p *Proc) {
		p.Interrupt()
		p.Pause(time.Second)
		at, err = l.Now(), p.Sleep(time.Hour)
	})
	l.Run(p.Done, 0)
	if at != time.Second || err != ErrInterrupted {
		t.Errorf("paused until %v, then %v", at, err)
	}
}

// freePacer lets time jump to the next event.
type freePacer struct{ now time.Duration }

func (p *freePacer) Elapsed() time.Duration { return p.now }
func (p *freePacer) Wait(at time.Duration, wake <-chan struct{}) {
	if at < 0 {
		<-wake
		return
	}
	p.now = at
}

func TestServeEndsAsRunDoes(t *testing.T) {
	l := NewLoop(1)
	over := false
	l.After(time.Hour, func() { over = true })
	if err := l.Serve(&freePacer{}, func() bool { return over }); err != nil || l.Now() != time.Hour {
		t.Errorf("%v at %v", err, l.Now())
	}
	l.SetBudget(0.001)
	var again func()
	again = func() { l.After(0, again) }
	again()
	if err := l.Serve(&freePacer{now: l.Now()}, func() bool { return false }); !errors.Is(err, ErrWork) {
		t.Errorf("work without end: %v", err)
	}
}
