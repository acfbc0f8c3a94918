package modes

import (
	"fmt"
	goruntime "runtime"
	"testing"
)

// BenchmarkContainers creates and starts containers on one bridge; the memory
// is what stays in use per container.
func BenchmarkContainers(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				w := newWorld(&testing.T{}, "")
				var before, after goruntime.MemStats
				goruntime.GC()
				goruntime.ReadMemStats(&before)
				for i := range n {
					w.run(w.a, named(fmt.Sprintf("c%d", i), HostConfig{}))
				}
				goruntime.GC()
				goruntime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1024/float64(n), "kB/container")
				goruntime.KeepAlive(w)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N*n), "ms/container")
		})
	}
}
