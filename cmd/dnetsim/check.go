package main

import (
	"fmt"

	"dnetsim/scenarios"
	"dnetsim/scenarios/lint"

	"github.com/spf13/cobra"
)

func newCheck(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Find what will fail before it runs",
		Long: `Read scenarios and say what will fail before anything runs: addresses to advertise
that are not the host's, one hostname twice, subnets that overlap or cover a LAN,
ports that collide, a swarm whose ingress network is on the LAN, a gateway that
nobody has, an MTU that the cables do not carry.
Each finding has its file, its line, and the code that explain would give it.

Exit status: 0 nothing was found, 1 something was, 2 a file is no scenario.`,
		Example:           "  dnetsim check overlay-ping\n  dnetsim check scenarios/",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			list, _, err := load(c.Context(), t, args)
			if err != nil {
				return err
			}
			found := 0
			for _, s := range list {
				for _, f := range lint.Find(s) {
					fmt.Fprintln(t.out, scenarios.Visible(f.String()))
					found++
				}
			}
			if found > 0 {
				return status{code: exitFailed}
			}
			fmt.Fprintf(t.out, "%s checked, nothing found\n", counted(len(list), "scenario"))
			return nil
		},
	}
}
