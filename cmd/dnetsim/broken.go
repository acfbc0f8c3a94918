package main

import (
	"errors"
	"fmt"
	"io"

	"dnetsim/scenarios"
	"dnetsim/sim"
)

// say prints a line on standard error. What comes from a scenario, names and
// texts, does nothing to the terminal.
func (t *terminal) say(format string, args ...any) {
	io.WriteString(t.err, scenarios.Visible(fmt.Sprintf(format, args...))+"\n")
}

// fails says why a run broke and returns the exit status. A bug of ours is one
// sentence: where it was, and what to do about it; the stack trace is for
// DNETSIM_DEBUG=1. again is the command that shows it once more, if there is one.
func (t *terminal) fails(name, again string, err error) int {
	var bug *sim.Panic
	if !errors.As(err, &bug) {
		t.say("%s: %v", name, err)
		return exitBroken
	}
	if again != "" {
		again = ", again with: " + again
	}
	t.say("%s: a bug of dnetsim ended this run: %v: please report it with the scenario (DNETSIM_DEBUG=1 prints the stack trace%s)", name, bug, again)
	if t.env("DNETSIM_DEBUG") == "1" {
		t.err.Write(bug.Stack)
	}
	return exitBroken
}
