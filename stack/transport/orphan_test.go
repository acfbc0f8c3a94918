package transport

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"dnetsim/sim"
)

// Two programs that connect, say something and hang up, as gossiping engines do
// every few seconds, need no more memory after an hour than after some minutes.
func TestClosedConnectionsAreForgottenWhenTCPIsDone(t *testing.T) {
	l := newPair()
	defer l.close()
	a, b := l.hosts[0], l.hosts[1]
	l.loop.Go("server", func(*sim.Proc) {
		s, err := b.ListenTCP(nil, ap("0.0.0.0:7946"))
		if err != nil {
			t.Error(err)
			return
		}
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 64)
			n, _ := c.Read(buf)
			c.Write(buf[:n])
			c.Close()
		}
	})
	dials := 0
	l.loop.Go("client", func(p *sim.Proc) {
		for l.loop.Now() < time.Hour {
			c, err := a.DialTCP(nil, netip.AddrPort{}, ap("10.0.0.2:7946"), time.Second)
			if err != nil {
				t.Error(err)
				return
			}
			c.Write([]byte("alive"))
			c.Read(make([]byte, 64))
			c.Close()
			dials++
			p.Sleep(2 * time.Second)
		}
	})
	most := 0
	heap := func(until time.Duration) int64 {
		for l.loop.Now() < until {
			l.loop.RunFor(10 * time.Second)
			most = max(most, len(a.orphans)+len(b.orphans))
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	early := heap(5 * time.Minute)
	late := heap(time.Hour)
	if most == 0 || most > 32 {
		t.Errorf("%d connections kept, want those of the last minute", most)
	}
	if dials < 1000 || late-early > 64<<10 {
		t.Errorf("heap grew by %d bytes with %d connections", late-early, dials)
	}
	t.Logf("%d connections, at most %d kept, heap grew by %d bytes", dials, most, late-early)
	l.loop.RunFor(2 * time.Minute)
	if n := len(a.orphans) + len(b.orphans); n != 0 {
		t.Errorf("%d connections kept after all ended", n)
	}
}
