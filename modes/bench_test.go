package modes

import (
	"fmt"
	goruntime "runtime"
	"testing"

	"dnetsim/modes/container"
)

// BenchmarkContainers creates and starts containers on one bridge; the memory
// is what stays in use per container.
func BenchmarkContainers(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer() // the two hosts and the collector are not the containers' cost
				w := newWorld(&testing.T{}, "")
				w.run(w.a, named("first", container.HostConfig{})) // lays down the image
				var before, after goruntime.MemStats
				goruntime.GC()
				goruntime.ReadMemStats(&before)
				b.StartTimer()
				for i := range n {
					w.run(w.a, named(fmt.Sprintf("c%d", i), container.HostConfig{}))
				}
				b.StopTimer()
				goruntime.GC()
				goruntime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1024/float64(n), "kB/container")
				w.close()
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N*n), "ms/container")
		})
	}
}
