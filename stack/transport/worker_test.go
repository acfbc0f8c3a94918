package transport

import (
	"bytes"
	"maps"
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
		after := tcpWorkers(t)
		maps.DeleteFunc(after, func(number string, _ bool) bool { return before[number] })
		if len(after) != 1 {
			t.Errorf("GOMAXPROCS %d: a namespace with a listening socket has %d workers, want 1", n, len(after))
		}
		if now != n {
			t.Errorf("GOMAXPROCS is %d after a TCP was made, was %d", now, n)
		}
		p.close()
	}
}

// tcpWorkers has the goroutines that netstack made for its processors, by number.
// They are told by who made them: one that no thread has run yet has no other
// frame. By number, as one that has just ended may still be listed.
func tcpWorkers(t *testing.T) map[string]bool {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 2); err != nil {
		t.Fatal(err)
	}
	workers := map[string]bool{}
	for g := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(g, "created by gvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*dispatcher).startLocked") {
			number, _, _ := strings.Cut(g, " [")
			workers[number] = true
		}
	}
	return workers
}
