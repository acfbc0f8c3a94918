package logs

import (
	"fmt"
	"io"
	"testing"

	"dnetsim/sim"
)

// A log keeps what json-file with two files of bounded size would, and who follows
// it misses nothing.
func TestALogIsBounded(t *testing.T) {
	l := sim.NewLoop(1)
	c := New(l, l.Wall)
	r := c.Open(Options{Stdout: true, Follow: true, Tail: -1}, false, func() bool { return true })
	seen := 0
	for i := range 200_000 {
		c.Write(1, fmt.Appendf(nil, "%080d\n", i))
		if e, err := r.Next(); err != nil || string(e.Line) != fmt.Sprintf("%080d\n", i) {
			t.Fatalf("a follower reads %q, %v as line %d", e.Line, err, i)
		}
		seen++
	}
	if size := c.size; size > maxLog || len(c.Entries)+c.gone != seen {
		t.Errorf("%d bytes in %d lines are kept after %d", size, len(c.Entries), c.gone)
	}
	r.o.Follow = false
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last line: %v", err)
	}
}
