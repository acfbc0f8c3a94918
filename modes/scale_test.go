package modes

import (
	"encoding/binary"
	"fmt"
	goruntime "runtime"
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
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

// newSwarmOf is n hosts on one switch that are nodes of one swarm, three of them its managers;
// it returns when the first manager calls all of them ready.
func newSwarmOf(b *testing.B, n int) *world {
	w := newWorld(b, "")
	hosts := []*Host{w.a, w.b}
	for i := 2; i < n; i++ {
		hosts = append(hosts, w.host(fmt.Sprintf("bdc%02d", i+1), fmt.Sprintf("10.0.%d.%d/16", (10+i)/250, (11+i)%250), byte(0x11+i), ""))
	}
	w.do(func() {
		for i, h := range hosts {
			if i > 1 {
				if err := h.Daemon.Start(); err != nil {
					b.Fatal(err)
				}
			}
		}
		if _, err := w.a.Daemon.Swarm.Init(InitSwarm{ListenAddr: "0.0.0.0:2377", AdvertiseAddr: "10.0.0.11", Spec: object.DefaultSpec()}); err != nil {
			b.Fatal(err)
		}
		var c object.Cluster
		if err := w.a.Daemon.Swarm.Ask(control.GetCluster, nil, &c); err != nil {
			b.Fatal(err)
		}
		for i, h := range hosts[1:] {
			token := c.JoinTokens.Worker
			if i < 2 {
				token = c.JoinTokens.Manager
			}
			if err := h.Daemon.Swarm.Join(JoinSwarm{ListenAddr: "0.0.0.0:2377", RemoteAddrs: []string{"10.0.0.11:2377"}, JoinToken: token}); err != nil {
				b.Fatal(err)
			}
		}
		for ready := 0; ready < n; w.loop.Current().Sleep(100 * time.Millisecond) {
			var nodes []object.Node
			if err := w.a.Daemon.Swarm.Ask(control.ListNodes, nil, &nodes); err != nil {
				b.Fatal(err)
			}
			ready = 0
			for i := range nodes {
				if nodes[i].Status.State == object.NodeReady {
					ready++
				}
			}
		}
	})
	return w
}

// BenchmarkSwarmConverge starts the nodes of a swarm, lets them join one after the other and
// runs until the leader calls all of them ready.
func BenchmarkSwarmConverge(b *testing.B) {
	for _, n := range []int{3, 10, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := newSwarmOf(b, n)
				b.ReportMetric(w.loop.Now().Seconds(), "virtual-s")
				b.ReportMetric(float64(w.loop.Fired()), "events")
				b.StopTimer()
				w.close()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkSwarmIdleHour is a virtual hour of a swarm that runs nothing.
func BenchmarkSwarmIdleHour(b *testing.B) {
	for _, n := range []int{3, 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newSwarmOf(b, n)
			defer w.close()
			b.ReportAllocs()
			before := w.loop.Fired()
			for b.Loop() {
				w.do(func() { w.loop.Current().Sleep(time.Hour) })
			}
			b.ReportMetric(float64(w.loop.Fired()-before)/float64(b.N), "events/hour")
		})
	}
}
