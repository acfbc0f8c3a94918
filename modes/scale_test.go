package modes

import (
	"fmt"
	"testing"
	"time"
)

// newCluster is n hosts on one switch whose engines share a store.
func newCluster(t testing.TB, n int) (*lan, []*Host) {
	t.Helper()
	w := &lan{world: newWorld(t, ""), vxlan: map[string]int{}}
	w.consul()
	w.wait(2 * time.Second)
	hosts := []*Host{w.a, w.b}
	for i := 2; i < n; i++ {
		hosts = append(hosts, w.host(fmt.Sprintf("bdc%02d", i+1), fmt.Sprintf("10.0.0.%d/24", 11+i), byte(0x11+i), ""))
	}
	for i, h := range hosts {
		w.configure(h, clusterJSON(fmt.Sprintf("10.0.0.%d:2376", 11+i)))
		w.do(func() {
			if err := h.Daemon.Restart(); err != nil {
				t.Error(err)
			}
		})
	}
	return w, hosts
}

// met reports whether every host's gossip knows all the others.
func met(hosts []*Host) bool {
	for _, h := range hosts {
		if a := h.Daemon.cluster.driver.agent; a == nil || a.NumAlive() != len(hosts) {
			return false
		}
	}
	return true
}

// Engines that start one after the other, half a second each, know each other
// three seconds after the last.
func TestClustersConverge(t *testing.T) {
	for _, n := range []int{3, 10} {
		w, hosts := newCluster(t, n)
		w.wait(3 * time.Second)
		if !met(hosts) {
			t.Errorf("%d hosts have not met", n)
		}
	}
}

// A virtual hour of the idle overlay of two hosts.
func BenchmarkIdleHour(b *testing.B) {
	w, _ := newCluster(b, 2)
	w.wait(3 * time.Second)
	w.overlay()
	w.run(w.a, onOverlay("bbox1"))
	w.run(w.b, onOverlay("bbox2"))
	b.ReportAllocs()
	for b.Loop() {
		w.wait(time.Hour)
	}
}

// BenchmarkConverge starts n engines one after the other and runs until every
// gossip knows all the others: virtual time since the last engine is up, and
// the events of the whole, start of the hosts included.
func BenchmarkConverge(b *testing.B) {
	for _, n := range []int{3, 10, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				w, hosts := newCluster(b, n)
				start := w.loop.Now()
				for !met(hosts) && w.loop.Now() < start+time.Minute {
					w.wait(100 * time.Millisecond)
				}
				if !met(hosts) {
					b.Fatalf("%d hosts have not met after a minute", n)
				}
				b.ReportMetric(float64((w.loop.Now()-start)/time.Millisecond), "virtual-ms")
				b.ReportMetric(float64(w.loop.Fired()), "events")
			}
		})
	}
}
