package sim

import (
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
)

// Rand is one named random stream: a small PCG generator with the draws the
// simulation needs. It implements io.Reader and never fails.
type Rand struct{ *rand.Rand }

// keptStreams is how many named streams a run remembers. A world that makes and
// removes things for ever draws for ever new names, and must not grow by them.
const keptStreams = 1 << 14

// streamBook is the streams of a run, those that were asked for last in front.
type streamBook struct {
	byName      map[string]*namedStream
	first, last *namedStream
	forgotten   uint64 // how many the book had no room for any more
}

type namedStream struct {
	rand       *Rand
	name       string
	prev, next *namedStream
}

// Stream returns the random stream of that name. The same name gives the same
// stream within a run; its draws depend on the loop's seed and the name only,
// so a new part with a new name changes nobody else's dice. Of more than 16,384
// names the one that nobody has asked for longest is forgotten; from then on a
// new name's draws depend on how many were, so that a name that comes again
// does not draw again what it has drawn.
func (l *Loop) Stream(name string) *Rand {
	b := &l.streams
	if s, ok := b.byName[name]; ok {
		b.unlink(s)
		b.front(s)
		return s.rand
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	s := &namedStream{rand: &Rand{rand.New(rand.NewPCG(l.seed+b.forgotten*0x9e3779b97f4a7c15, h.Sum64()))}, name: name}
	b.byName[name] = s
	b.front(s)
	if len(b.byName) > keptStreams {
		old := b.last
		b.unlink(old)
		delete(b.byName, old.name)
		b.forgotten++
	}
	return s.rand
}

func (b *streamBook) front(s *namedStream) {
	if s.next = b.first; s.next != nil {
		s.next.prev = s
	} else {
		b.last = s
	}
	b.first = s
}

func (b *streamBook) unlink(s *namedStream) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		b.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		b.last = s.prev
	}
	s.prev, s.next = nil, nil
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
