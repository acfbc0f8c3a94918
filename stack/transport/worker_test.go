package transport

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
)

// netstack starts a worker for each processor and spreads its connections over
// them; one worker is what keeps a run from depending on their number.
func TestTCPHasOneWorkerAtAnyGOMAXPROCS(t *testing.T) {
	for _, n := range []int{1, 2, 8, 16} {
		before := tcpWorkers(t)
		was := runtime.GOMAXPROCS(n)
		p := newPair()
		_, err := p.hosts[0].ListenTCP(nil, ap("0.0.0.0:80"))
		now := runtime.GOMAXPROCS(was)
		if err != nil {
			t.Fatal(err)
		}
		if got := tcpWorkers(t) - before; got != 1 {
			t.Errorf("GOMAXPROCS %d: a namespace with a listening socket has %d workers, want 1", n, got)
		}
		if now != n {
			t.Errorf("GOMAXPROCS is %d after a TCP was made, was %d", now, n)
		}
		p.close()
	}
}

// tcpWorkers counts the goroutines that run netstack's processors.
func tcpWorkers(t *testing.T) int {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 2); err != nil {
		t.Fatal(err)
	}
	return strings.Count(b.String(), "tcp.(*processor).start(")
}
