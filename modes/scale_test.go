package modes

import (
	"encoding/binary"
	"fmt"
	goruntime "runtime"
	"testing"
	"time"

	"dnetsim/link"
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
	for _, h := range hosts {
		h.NS().Interface("eth0").Observe(func(d link.Direction, f *link.Frame) {
			if d == link.Out && isGossip(f) {
				w.gossip++
			}
		})
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

// isGossip reports whether a frame is to or from port 7946.
func isGossip(f *link.Frame) bool {
	p := f.Payload()
	if f.EtherType() != link.TypeIPv4 || len(p) < 24 || p[9] != 6 && p[9] != 17 {
		return false
	}
	return binary.BigEndian.Uint16(p[20:]) == 7946 || binary.BigEndian.Uint16(p[22:]) == 7946
}

// met reports whether every host's gossip knows all the others.
func met(hosts []*Host) bool {
	for _, h := range hosts {
		if a := h.Daemon.net.Global.Cluster.Driver; a.NumAlive() != len(hosts) {
			return false
		}
	}
	return true
}

// Engines that start one after the other, half a second each, know each other
// three seconds after the last.
func TestClustersConverge(t *testing.T) {
	for _, n := range []int{3, 10, 50} {
		w, hosts := newCluster(t, n)
		w.wait(3 * time.Second)
		if !met(hosts) {
			t.Errorf("%d hosts have not met", n)
		}
	}
}

// idlePair is an overlay with a container on each of two hosts.
func idlePair(t testing.TB) *lan {
	w, _ := newCluster(t, 2)
	w.wait(3 * time.Second)
	w.overlay()
	w.run(w.a, onOverlay("bbox1"))
	w.run(w.b, onOverlay("bbox2"))
	return w
}

// heap is what is in use after a collection.
func heap() uint64 {
	var m goruntime.MemStats
	goruntime.GC()
	goruntime.GC()
	goruntime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Hours of heartbeats, probes and gossip leave nothing behind: an hour is 10,000
// packets of gossip and 97,000 events. Tables that clear and fill again
// are worth three per cent, up or down.
func TestIdleOverlayDoesNotGrow(t *testing.T) {
	w := idlePair(t)
	w.wait(time.Hour) // tables and pools find their size
	before := heap()
	for range 3 {
		w.wait(time.Hour)
	}
	if after := heap(); after > before+before/20 {
		t.Errorf("%d kB after one hour, %d kB after four", before/1024, after/1024)
	}
	goruntime.KeepAlive(w)
}

// A virtual hour of an idle overlay of n hosts, a container on each.
func BenchmarkIdleHour(b *testing.B) {
	for _, n := range []int{2, 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w, hosts := newCluster(b, n)
			defer w.close()
			w.wait(3 * time.Second)
			w.overlay()
			for i, h := range hosts {
				w.run(h, onOverlay(fmt.Sprintf("bbox%d", i+1)))
			}
			b.ReportAllocs()
			for b.Loop() {
				w.wait(time.Hour)
			}
		})
	}
}

// BenchmarkConverge starts n engines one after the other and runs until every
// gossip knows all the others: virtual time since the last engine is up, the
// events of the whole, start of the hosts included, and what they are worth in
// packets of the gossip, which a cluster of n hosts needs the more of the larger
// it is.
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
				b.ReportMetric(float64(w.loop.Fired())/float64(w.gossip), "events/packet")
				b.StopTimer()
				w.close()
				b.StartTimer()
			}
		})
	}
}
