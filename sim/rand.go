package sim

import (
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
)

// Rand is one named random stream: a small PCG generator with the draws the
// simulation needs. It implements io.Reader and never fails.
type Rand struct{ *rand.Rand }

// Stream returns the random stream of that name. The same name gives the same
// stream within a run; its draws depend on the loop's seed and the name only,
// so a new part with a new name changes nobody else's dice.
func (l *Loop) Stream(name string) *Rand {
	if r, ok := l.streams[name]; ok {
		return r
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	r := &Rand{rand.New(rand.NewPCG(l.seed, h.Sum64()))}
	l.streams[name] = r
	return r
}

// Read fills b with random bytes.
func (r *Rand) Read(b []byte) (int, error) {
	for i := 0; i < len(b); {
		v := r.Uint64()
		for k := 0; k < 8 && i < len(b); k++ {
			b[i] = byte(v)
			v >>= 8
			i++
		}
	}
	return len(b), nil
}

// Hex returns 2n hexadecimal digits, the form of Docker's identifiers (n = 32).
func (r *Rand) Hex(n int) string {
	b := make([]byte, n)
	r.Read(b)
	return hex.EncodeToString(b)
}
