package main

import (
	"fmt"
	"io"
	"os"

	"dnetsim/scenarios"

	"golang.org/x/term"
)

// isTerminal reports whether a stream is a terminal.
func isTerminal(s any) bool {
	if o, ok := s.(*output); ok {
		s = o.Writer
	}
	f, ok := s.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// style is how a transcript looks: with colour on a terminal, unless the
// person asked for none (no-color.org).
func style(t *terminal) scenarios.Style {
	return scenarios.Style{Colour: isTerminal(t.out) && t.env("NO_COLOR") == "" && t.env("TERM") != "dumb"}
}

// progress tells how far a repetition is, on a terminal and nowhere else.
func progress(t *terminal, name string) func(done, of int) {
	if !isTerminal(t.err) {
		return nil
	}
	return func(done, of int) {
		fmt.Fprintf(t.err, "\r%s: run %d of %d", scenarios.Visible(name), done, of)
		if done == of {
			io.WriteString(t.err, "\r\x1b[K")
		}
	}
}
