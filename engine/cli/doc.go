// Package cli is docker's own command line (github.com/docker/cli), compiled in
// as a program of a simulated host. Flags, help, tables, --format and error
// texts are therefore docker's own.
//
// The command line runs on real goroutines, the simulation on a loop. Between
// them is a session, one for each invocation: it admits the requests of the
// command line in an order that does not depend on the scheduler, and lets
// virtual time go on only while the command line waits for the model. The same
// bytes come out at any GOMAXPROCS.
//
// Nothing here reads the real user's docker configuration, plugins, environment
// or files, takes a signal of the real process, or writes to its streams.
//
// Start reading at [Program], then session.go; quiet.go has the rule when time
// may go on.
package cli
