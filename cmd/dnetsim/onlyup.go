package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// onlyUp are the flags of up that let the real world in, and what each would do.
var onlyUp = []struct{ name, does string }{
	{"publish-real", "opens ports of your machine"},
	{"tap", "lets your machine into the simulation"},
}

// refuseOutside gives a command whose runs repeat a sentence for the flags that
// only up has.
func refuseOutside(c *cobra.Command) {
	for _, f := range onlyUp {
		h := notHere{c.Name(), f.name, f.does}
		c.Flags().Var(h, f.name, "")
		c.Flags().MarkHidden(f.name)
	}
}

// notHere is a flag that is refused. It implements pflag.Value.
type notHere struct{ command, flag, does string }

func (notHere) String() string { return "" }

// Type implements pflag.Value.
func (notHere) Type() string { return "string" }

// Set implements pflag.Value.
func (f notHere) Set(string) error {
	return fmt.Errorf("--%s %s, and what comes in from there is not the same twice: %s repeats its runs; use `dnetsim up SCENARIO --%s …`",
		f.flag, f.does, f.command, f.flag)
}
