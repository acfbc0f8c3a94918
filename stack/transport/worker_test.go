package transport

import (
	"bytes"
	"io"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"

	"dnetsim/sim"
)

// No goroutine of netstack is left once a namespace has a TCP, on a machine with any
// number of processors, and its connections work without: the loop does their work.
func TestSegmentsAreProcessedByTheLoop(t *testing.T) {
	for _, n := range []int{1, 2, 8, 16} {
		was := runtime.GOMAXPROCS(n)
		before := tcpWorkers(t)
		p := newPair()
		l, err := p.hosts[1].ListenTCP(nil, ap("0.0.0.0:80"))
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		p.loop.Go("server", func(*sim.Proc) {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			got, _ = io.ReadAll(c)
			c.Close()
		})
		p.loop.Go("client", func(*sim.Proc) {
			c, err := p.hosts[0].DialTCP(nil, ap("0.0.0.0:0"), ap("10.0.0.2:80"), 0)
			if err != nil {
				t.Error(err)
				return
			}
			c.Write(bytes.Repeat([]byte("x"), 100_000))
			c.Close()
		})
		p.loop.RunFor(10e9)
		for g := range tcpWorkers(t) {
			if !before[g] {
				t.Errorf("GOMAXPROCS %d: a namespace with TCP has a goroutine of netstack's", n)
			}
		}
		if len(got) != 100_000 {
			t.Errorf("GOMAXPROCS %d: %d bytes arrived, want 100000", n, len(got))
		}
		p.close()
		runtime.GOMAXPROCS(was)
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
