package main

import (
	"context"
	"errors"
	"fmt"

	"dnetsim/explain"
	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

func newDiff(t *terminal) *cobra.Command {
	var f explainFlags
	var before, after string
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Which flows differ between two scenarios, or between two moments of one",
		Long: `Ask every flow of two scenarios, or of one scenario at two moments (--before and
--after, as explain's --at), and print those whose verdict or cause differs.

Exit status: 0 no flow differs, 1 some do.`,
		Example: `  dnetsim diff overlay-ping overlay-ping-fixed
  dnetsim diff vxlan-blocked-both --before 'iptables -I INPUT' --after 'iptables -D INPUT'`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: completeLibrary,
		RunE: func(c *cobra.Command, args []string) error {
			return wronglyAsked("diff", f.diff(c.Context(), t, args, before, after))
		},
	}
	f.add(c)
	c.Flags().StringVar(&before, "before", "", "the first moment, of one scenario")
	c.Flags().StringVar(&after, "after", "", "the second moment")
	c.Flags().BoolVar(&f.large, "large", false, "pings of the interface's MTU")
	return c
}

func (f *explainFlags) diff(ctx context.Context, t *terminal, args []string, before, after string) error {
	list, _, err := f.load(ctx, t, args)
	if err != nil {
		return err
	}
	var a, b *scenarios.Scenario
	switch {
	case len(list) == 2 && before == "" && after == "":
		a, b = list[0], list[1]
	case len(list) == 1 && before != "":
		a, b = list[0], list[0]
	default:
		return status{exitUsage, errors.New("dnetsim diff: two scenarios, or one with --before and --after")}
	}
	first, err := f.reach(ctx, t, a, before)
	if err != nil {
		return err
	}
	second, err := f.reach(ctx, t, b, after)
	if err != nil {
		return err
	}
	changes := explain.Diff(first, second)
	for _, x := range changes {
		fmt.Fprintf(t.out, "%s: %s before, %s after\n", x.Before.Flow, x.Before, x.After)
	}
	if len(changes) == 0 {
		fmt.Fprintf(t.out, "no flow differs (%d asked)\n", len(first.Cells))
		return nil
	}
	return status{code: exitFailed}
}
