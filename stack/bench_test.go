package stack

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"dnetsim/sim"
)

// BenchmarkNamespace creates and starts containers: a namespace, a veth pair, a
// port of docker0, an address and a default route. It reports the heap that
// each keeps.
func BenchmarkNamespace(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { startContainers(b, n, false) })
		b.Run(fmt.Sprint(n, "-listening"), func(b *testing.B) { startContainers(b, n, true) })
	}
}

func startContainers(b *testing.B, n int, listen bool) {
	var bytes uint64
	for range b.N {
		l := newLab(b, 0, Options{})
		br := l.a.Interface("docker0")
		var m0, m1 runtime.MemStats
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&m0)
		b.StartTimer()
		for i := range n {
			box := addBox(b, l.a, br, i, Options{})
			l.boxes = append(l.boxes, box)
			if listen {
				_, err := box.ListenTCP(ap("[::]:80"))
				must0(b, err)
			}
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&m1)
		bytes += m1.HeapAlloc - m0.HeapAlloc
		l.close()
		b.StartTimer()
	}
	per := float64(b.N * n)
	b.ReportMetric(float64(bytes)/per/1000, "kB/container")
	b.ReportMetric(b.Elapsed().Seconds()*1e3/per, "ms/container")
}

// BenchmarkGoodput is TCP from container to container across docker0. Its
// anchor, two netstacks on netstack's own pipe, is in package transport.
func BenchmarkGoodput(b *testing.B) {
	const size = 64 << 20
	rate := func(b *testing.B, start time.Time) {
		b.ReportMetric(float64(b.N)*size*8/time.Since(start).Seconds()/1e9, "Gbit/s")
	}
	for _, noOffload := range []bool{true, false} {
		name := "offload"
		if noOffload {
			name = "MTU1500"
		}
		b.Run(name, func(b *testing.B) {
			start := time.Now()
			for range b.N {
				l := newLab(b, 2, Options{NoOffload: noOffload})
				l.transfer(b, l.boxes[0], l.boxes[1], ap("172.17.0.3:80"), size)
				l.close()
			}
			rate(b, start)
		})
	}
}

// BenchmarkPing is one echo between two containers across docker0.
func BenchmarkPing(b *testing.B) {
	l := newLab(b, 2, Options{})
	defer l.close()
	b.ReportAllocs()
	done := false
	l.loop.Go("ping", func(*sim.Proc) {
		for range b.N {
			if _, err := ping(l.boxes[0], ip("172.17.0.3"), time.Second); err != nil {
				b.Error(err)
			}
		}
		done = true
	})
	l.loop.Run(func() bool { return done }, 0)
}
