package scenarios

import (
	"fmt"
	"io"

	"dnetsim/link/print"
	"dnetsim/link/trail"
	"dnetsim/sim"
)

// tracer prints journal lines: when, where, what, and the frame as tcpdump
// would print it.
func tracer(w io.Writer) func(*sim.Entry) {
	return func(e *sim.Entry) { io.WriteString(w, traceLine(e)) }
}

func traceLine(e *sim.Entry) string {
	place, verb, why, _ := told(e)
	text := ""
	if x, ok := e.What.(*trail.Event); ok {
		text = " " + print.Packet(x.Frame, print.Options{Ethernet: true})
	}
	if why != "" {
		why = " (" + why + ")"
	}
	return fmt.Sprintf("%12.6f %-24s %s%s%s\n", e.At.Seconds(), place, verb, why, text)
}
