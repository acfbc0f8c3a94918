package traffic

import (
	"dnetsim/userland"
	"dnetsim/userland/getopt"
)

// options is a parsed command line.
type options = getopt.Options

// notSimulated is the status of a program that was asked for what is not.
const notSimulated = 2

// parseOptions is [getopt.Parse] of a program's own command line; what is not
// simulated ends the program with a message that says so.
func parseOptions(p *userland.Process, args []string, short string, long map[string]string) (*options, error) {
	o, err := getopt.Parse(args, short, long)
	if e, ok := err.(getopt.NotSimulated); ok {
		p.Errorf("%s: %v\n", p.Name(), e)
		p.Exit(notSimulated)
	}
	return o, err
}
