package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

func newReport(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Work with reports of runs", Args: cobra.NoArgs}
	c.AddCommand(newMerge(t))
	return c
}

func newMerge(t *terminal) *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Make one report of the reports of shards",
		Long: `Make one report of those that dnetsim run --shard i/n wrote with --json or with
--junit, in the order of the files' names, as one run over a folder has it. All
are of one kind.

Exit status: 0 whatever the report says, 2 a file is no report.`,
		Example: `  dnetsim report merge 1.xml 2.xml 3.xml --output report.xml`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var reports []scenarios.Report
			var wrong []error
			for _, a := range args {
				text, err := os.ReadFile(a)
				wrong = append(wrong, err)
				reports = append(reports, scenarios.Report{File: a, Text: text})
			}
			if err := errors.Join(wrong...); err != nil {
				return status{exitUsage, fmt.Errorf("dnetsim: %w", err)}
			}
			text, tally, err := scenarios.Merge(reports)
			if err != nil {
				return status{exitUsage, fmt.Errorf("dnetsim: %w: all are written by --json, or all by --junit", err)}
			}
			if to == "" || to == "-" {
				_, err = t.out.Write(text)
			} else {
				err = os.WriteFile(to, text, 0o644)
			}
			if err != nil {
				return status{exitBroken, named("dnetsim: --output", err)}
			}
			parts := []string{fmt.Sprintf("%d passed", tally.Passed)}
			if tally.Failed > 0 {
				parts = append(parts, fmt.Sprintf("%d failed", tally.Failed))
			}
			if tally.Broken > 0 {
				parts = append(parts, fmt.Sprintf("%d with errors", tally.Broken))
			}
			t.say("%s", strings.Join(parts, ", "))
			return nil
		},
	}
	c.Flags().StringVarP(&to, "output", "o", "", "write the report to this `file` instead of standard output")
	return c
}
