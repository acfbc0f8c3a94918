package campaign

import (
	"fmt"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// unbalanced says which cables lost frames or made some: what was given to the
// two ends is what they handed on, what is on its way, and what was dropped with
// a reason.
func unbalanced(l *look) []string {
	var out []string
	for _, w := range l.lab.Cables() {
		a, b := w.A().Counters(), w.B().Counters()
		in := made(a) + made(b)
		gone := a.RxFrames + b.RxFrames + a.Dropped + b.Dropped + uint64(w.InFlight())
		if in != gone {
			out = append(out, fmt.Sprintf("cable %s: %d frames in, %d out, on the way or dropped: %+v and %+v, %d on the way",
				w.Name(), in, gone, a, b, w.InFlight()))
		}
		for name, c := range map[string]link.Counters{"a": a, "b": b} {
			total := uint64(0)
			c.EachDrop(func(_ trail.Reason, n uint64) { total += n })
			if total != c.Dropped {
				out = append(out, fmt.Sprintf("cable %s/%s: %d frames dropped, %d of them with a reason", w.Name(), name, c.Dropped, total))
			}
		}
	}
	return out
}

func made(c link.Counters) uint64 { return c.TxFrames + c.Duplicated + c.Segmented }
