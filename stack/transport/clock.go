package transport

import (
	"math/rand/v2"
	"time"

	"dnetsim/sim"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// clock is netstack's clock on the loop's virtual time. Timers of one instant
// fire in the order in which they were set, each as an event of its own that
// enters and settles the namespace.
type clock struct{ t *Layer }

// Now implements tcpip.Clock.
func (c *clock) Now() time.Time { return c.t.loop.Wall() }

// NowMonotonic implements tcpip.Clock.
func (c *clock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(c.t.loop.Now())
}

// AfterFunc implements tcpip.Clock. A delay of zero is an event of this instant.
func (c *clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &clockTimer{c.t.loop.NewTimer(func() {
		if !c.t.closed {
			c.t.enter(f)
		}
	})}
	t.Reset(d)
	return t
}

type clockTimer struct{ t *sim.Timer }

// Stop implements tcpip.Timer.
func (t *clockTimer) Stop() bool {
	return t.t.Stop()
}

// Reset implements tcpip.Timer.
func (t *clockTimer) Reset(d time.Duration) {
	t.t.Reset(d)
}

// source is the random source that netstack gets: small and named. It serves as
// math/rand source and as "secure" reader.
type source struct{ *rand.PCG }

func newSource(s *sim.Rand) source { return source{rand.NewPCG(s.Uint64(), s.Uint64())} }

// Int63 implements rand.Source of math/rand.
func (p source) Int63() int64 { return int64(p.Uint64() >> 1) }

// Seed implements rand.Source of math/rand; the seed is the stream's.
func (p source) Seed(int64) {}

// Read implements io.Reader and never fails.
func (p source) Read(b []byte) (int, error) {
	for i := 0; i < len(b); {
		v := p.Uint64()
		for k := 0; k < 8 && i < len(b); k++ {
			b[i] = byte(v)
			v >>= 8
			i++
		}
	}
	return len(b), nil
}
