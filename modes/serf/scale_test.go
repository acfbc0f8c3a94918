package serf

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/memberlist"
	"dnetsim/sim"
)

// converge starts n agents that all join the first one, and returns how long it
// takes until everybody sees everybody.
func converge(t testing.TB, n int, seed uint64) (took time.Duration, sent memberlist.Counters, sum string) {
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

func TestARunIsRepeatableOnAnyNumberOfProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	want := ""
	for _, procs := range []int{1, 2, 8, 1} {
		runtime.GOMAXPROCS(procs)
		_, _, got := converge(t, 10, 7)
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("with %d processors the run differs", procs)
		}
	}
	if _, _, other := converge(t, 10, 8); other == want {
		t.Fatal("another seed gives the same run")
	}
}

func TestEventsAndQueriesReachTenMembersInASecondOrTwo(t *testing.T) {
	l := newLab(t, 10)
	l.startAll()
	for _, h := range l.hosts[1:] {
		l.loop.Go("join", func(*sim.Proc) { h.Join([]string{l.hosts[0].ip.String()}, true) })
		h.answer = func(q *Query) { q.Respond([]byte(h.name)) }
	}
	l.loop.RunFor(10 * time.Second)
	began := l.loop.Now()
	l.must(l.hosts[4].UserEvent("jl", []byte("x"), false))
	all := func() bool {
		for _, h := range l.hosts {
			if len(h.user) != 1 {
				return false
			}
		}
		return true
	}
	l.must(l.loop.Run(all, began+2*time.Second))
	t.Logf("the event was everywhere after %v", l.loop.Now()-began)
	l.do(func() {
		began := l.loop.Now()
		r, err := l.hosts[0].Query("who", nil, 0)
		l.must(err)
		for i := range 9 {
			if n, err := r.Next(time.Second); err != nil {
				t.Fatalf("answer %d: %+v, %v", i, n, err)
			}
		}
		t.Logf("nine answers after %v", l.loop.Now()-began)
	})
	l.loop.RunFor(2 * time.Minute)
	for _, h := range l.hosts {
		if len(h.user) != 1 {
			t.Errorf("%s got the event %d times", h.name, len(h.user))
		}
	}
}

func TestAFailureIsConfirmedByPeersInALargerCluster(t *testing.T) {
	l := newLab(t, 5)
	l.startAll()
	for _, h := range l.hosts[1:] {
		if _, err := h.join(l.hosts[0], true); err != nil {
			t.Fatal(err)
		}
	}
	l.loop.RunFor(10 * time.Second)
	l.hosts[4].cut()
	l.loop.RunFor(40 * time.Second)
	for _, h := range l.hosts[:4] {
		h.wantStatus("bdc01 alive, bdc02 alive, bdc03 alive, bdc04 alive, bdc05 failed")
	}
	confirmed := false
	for _, h := range l.hosts[:4] {
		confirmed = confirmed || h.logged("Marking bdc05 as failed, suspect timeout reached (2 peer confirmations)")
	}
	if !confirmed {
		t.Errorf("nobody counted two confirmations:\n%s", strings.Join(l.hosts[0].log, "\n"))
	}
	l.hosts[4].heal()
	l.loop.RunFor(5 * time.Minute)
	for _, h := range l.hosts {
		h.wantStatus("bdc01 alive, bdc02 alive, bdc03 alive, bdc04 alive, bdc05 alive")
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

// BenchmarkIdleHour is a virtual hour of members that have nothing to say.
func BenchmarkIdleHour(b *testing.B) {
	for _, n := range []int{2, 10, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := newLab(b, n)
			l.startAll()
			for _, h := range l.hosts[1:] {
				l.loop.Go("join", func(*sim.Proc) { h.Join([]string{l.hosts[0].ip.String()}, true) })
			}
			l.loop.RunFor(10 * time.Second)
			b.ReportAllocs()
			for b.Loop() {
				l.loop.RunFor(time.Hour)
			}
		})
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
