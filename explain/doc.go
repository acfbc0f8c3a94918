// Package explain says why a flow fails. It sends a real probe in a world that
// stands still at the moment of the question, follows each of its packets by the
// trail, walks back from where they ended to what a person did or did not do,
// and tries the cure in another copy of the world.
//
// It owns verdicts, causes, their codes and the text of a report. It does not
// own behaviour: what happens to a packet is what the rooms to its right do, and
// a cause is found by looking at their tables, never by knowing the scenario.
//
// Start reading at [Explain], then journey.go (what happened), the cause_*.go
// files (why) and proof.go (the cure).
package explain
