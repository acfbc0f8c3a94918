package serf

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
)

// converge starts n agents that all join the first one, and returns how long it
// takes until everybody sees everybody.
func converge(t testing.TB, n int, seed uint64) (took time.Duration, sent Counters, sum string) {
	l := seededLab(t, n, seed)
	l.startAll()
	for _, h := range l.hosts[1:] {
		l.loop.Go("join", func(*sim.Proc) { h.Join([]string{l.hosts[0].ip.String()}, true) })
	}
	began := l.loop.Now()
	done := func() bool {
		for _, h := range l.hosts {
			if h.NumAlive() != n {
				return false
			}
		}
		return true
	}
	next := began
	for !done() {
		if next += 50 * time.Millisecond; next > began+5*time.Minute {
			t.Fatalf("%d members did not converge", n)
		}
		l.loop.RunFor(next - l.loop.Now())
	}
	took = l.loop.Now() - began
	hash := sha256.New()
	for _, h := range l.hosts {
		c := h.Counters()
		sent.Datagrams += c.Datagrams
		sent.DatagramBytes += c.DatagramBytes
		sent.Streams += c.Streams
		fmt.Fprintln(hash, h.status(), c, strings.Join(h.log, "\n"))
	}
	return took, sent, fmt.Sprintf("%x", hash.Sum(nil))
}

func TestTenAndFiftyMembersConverge(t *testing.T) {
	for _, n := range []int{3, 10, 50} {
		took, sent, _ := converge(t, n, 1)
		t.Logf("%d members: %v virtual, %d datagrams (%d bytes), %d connections", n, took, sent.Datagrams, sent.DatagramBytes, sent.Streams)
		if took > 10*time.Second {
			t.Errorf("%d members took %v", n, took)
		}
	}
}

func TestARunIsRepeatable(t *testing.T) {
	_, _, one := converge(t, 10, 7)
	runtime.GC()
	_, _, two := converge(t, 10, 7)
	if one != two {
		t.Fatal("two runs of one seed differ")
	}
}

func TestIdleMembersHoldTheirPeaceAndTheirMemory(t *testing.T) {
	l, a, b := pair(t)
	l.loop.RunFor(3 * time.Hour) // what the stack keeps of closed connections has a bound: reach it
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	timers, before, fired, procs := l.loop.Pending(), heap(), l.loop.Fired(), l.loop.Procs()
	sent := a.Counters()
	l.loop.RunFor(time.Hour)
	if p := l.loop.Procs(); p != procs {
		t.Errorf("%d processes, before %d", p, procs)
	}
	if p := l.loop.Pending(); p > timers+20 {
		t.Errorf("%d events pending, before %d", p, timers)
	}
	after := heap()
	if after > before+256<<10 {
		t.Errorf("heap grew from %d to %d", before, after)
	}
	c := a.Counters()
	t.Logf("an hour: %d events, %d datagrams and %d connections by one member, heap %d to %d", l.loop.Fired()-fired,
		c.Datagrams-sent.Datagrams, c.Streams-sent.Streams, before, after)
	b.wantStatus("bdc01 alive, bdc02 alive")
}

// BenchmarkIdleHour is a virtual hour of two members that have nothing to say.
func BenchmarkIdleHour(b *testing.B) {
	l, _, _ := pair(b)
	b.ReportAllocs()
	for b.Loop() {
		l.loop.RunFor(time.Hour)
	}
}

// BenchmarkConverge is members that all join one.
func BenchmarkConverge(b *testing.B) {
	for _, n := range []int{3, 10, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				took, sent, _ := converge(b, n, 1)
				b.ReportMetric(took.Seconds(), "virtual-s")
				b.ReportMetric(float64(sent.Datagrams), "datagrams")
			}
		})
	}
}
