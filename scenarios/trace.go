package scenarios

import (
	"fmt"
	"io"

	"dnetsim/link"
	"dnetsim/sim"
)

// tracer prints journal lines: when, where, what, and the frame as tcpdump
// would print it.
func tracer(w io.Writer) func(*sim.Entry) {
	return func(e *sim.Entry) { io.WriteString(w, traceLine(e)) }
}

func traceLine(e *sim.Entry) string {
	text := ""
	if f, ok := e.Data.(*link.Frame); ok {
		text = " " + link.Describe(f.Bytes(), link.DescribeOptions{Ethernet: true})
	} else if e.Data != nil {
		text = fmt.Sprintf(" %v", e.Data)
	}
	why := e.Why
	if why != "" {
		why = " (" + why + ")"
	}
	return fmt.Sprintf("%12.6f %-24s %s%s%s\n", e.At.Seconds(), e.Place, e.Verb, why, text)
}
