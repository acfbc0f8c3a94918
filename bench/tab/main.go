// Command tab is what a browser tab would link: everything but docker's own
// command line, real files and sockets. It runs the scenario of its standard
// input, where hosts have no docker program. The table of `make bench` has its
// size; nothing else uses it.
package main

import (
	"fmt"
	"io"
	"os"

	"dnetsim/scenarios"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := scenarios.Read("stdin", text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := scenarios.Run(s, scenarios.Options{Transcript: os.Stdout})
	if r.Err != nil || r.Failed() {
		fmt.Fprint(os.Stderr, r.Report())
		os.Exit(1)
	}
}
