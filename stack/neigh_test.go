package stack

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dnetsim/link"
)

// A kernel timer of one second on a wheel with HZ=250 comes up to eight jiffies
// late, and when it is set as it fires, 256 jiffies apart.
func TestNeighbourIsAskedForEvery1024Milliseconds(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	var asked []time.Duration
	l.a.Interface("eth0").Observe(func(d link.Direction, f *link.Frame) {
		if d == link.Out && f.EtherType() == link.TypeARP {
			asked = append(asked, l.loop.Now())
		}
	})
	var failed time.Duration
	l.a.OnNeighbour(func(n Neighbour) {
		if n.State == NeighFailed {
			failed = l.loop.Now()
		}
	})
	l.do(t, func() { ping(l.a, ip("10.0.0.99"), 5*time.Second) })
	if len(asked) != 3 {
		t.Fatalf("asked at %v, want three times", asked)
	}
	if d := asked[1] - asked[0]; d < time.Second || d > 1032*time.Millisecond {
		t.Errorf("the second question after %v, want 1 to 1.032 s", d)
	}
	for _, d := range []time.Duration{asked[2] - asked[1], failed - asked[2]} {
		if d != 1024*time.Millisecond {
			t.Errorf("then after %v, want 1.024 s", d)
		}
	}
}

// A packet that leaves three seconds after the first one is still in time to
// wait with it: ping's fourth request makes no second round of questions.
func TestFourthPingOfAnUnknownNeighbourWaitsWithTheOthers(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	asked := 0
	l.a.Interface("eth0").Observe(func(d link.Direction, f *link.Frame) {
		if d == link.Out && f.EtherType() == link.TypeARP {
			asked++
		}
	})
	l.do(t, func() {
		c, _ := l.a.OpenICMP(false)
		defer c.Close()
		for range 4 {
			must0(t, c.Send(ip("10.0.0.99"), []byte{icmpEcho, 0, 0xf7, 0xff, 0, 0, 0, 0}))
			l.loop.Current().Sleep(time.Second)
		}
	})
	if asked != 3 {
		t.Errorf("%d questions, want 3", asked)
	}
}

// What RTM_NEWNEIGH tells of an entry that a question has made: that it is
// stale, probed, reachable, and stale again; not that it is used.
func TestNeighbourTellsOfItsStates(t *testing.T) {
	l := newLab(t, 0, Options{})
	defer l.close()
	var told []string
	l.b.OnNeighbour(func(n Neighbour) { told = append(told, fmt.Sprintf("%v %v", n.Addr, n.State)) })
	l.do(t, func() {
		ping(l.a, ip("10.0.0.12"), time.Second)
		l.loop.Current().Sleep(2 * time.Minute)
	})
	want := []string{"10.0.0.11 STALE", "10.0.0.11 PROBE", "10.0.0.11 REACHABLE", "10.0.0.11 STALE"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	told = nil
	must0(t, l.b.AddNeighbour("eth0", ip("10.0.0.11"), MAC{2, 0, 0, 0, 0, 1}))
	l.loop.RunFor(time.Second)
	if want := []string{"10.0.0.11 PERMANENT"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
