package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"dnetsim/scenarios"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newList(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Print the scenarios that are compiled in, one line each",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
			for _, src := range scenarios.Library() {
				s, err := scenarios.Read(src.File, src.Text)
				if err != nil {
					return status{exitBroken, err}
				}
				about, _, _ := strings.Cut(strings.Join(strings.Fields(s.Description), " "), ". ")
				fmt.Fprintf(w, "%s\t%s\n", s.Name, strings.TrimSuffix(about, "."))
			}
			return w.Flush()
		},
	}
}

func newShow(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "Print a library scenario's file",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeLibrary,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, src := range scenarios.Library() {
				if strings.TrimSuffix(src.File, ".yaml") == strings.TrimSuffix(args[0], ".yaml") {
					_, err := t.out.Write(src.Text)
					return err
				}
			}
			return status{exitUsage, fmt.Errorf("%s: %w: `dnetsim list` prints the names", args[0], scenarios.ErrNoScenario)}
		},
	}
}

func completeLibrary(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, src := range scenarios.Library() {
		names = append(names, strings.TrimSuffix(src.File, ".yaml"))
	}
	return names, cobra.ShellCompDirectiveDefault
}

func newSchema(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a scenario file",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := t.out.Write(scenarios.Schema())
			return err
		},
	}
}

func newVersion(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			io.WriteString(t.out, versionLine())
			return nil
		},
	}
}

// noArguments refuses what follows a command that takes nothing.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return status{exitUsage, fmt.Errorf("%s takes no argument: what is %q to be?", c.CommandPath(), args[0])}
}

func versionLine() string {
	return fmt.Sprintf("dnetsim %s %s %s/%s, engine profiles: %s\n",
		version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.Join(scenarios.Engines, ", "))
}

// version is the module's version, or devel, and the commit if it is known.
func version() string {
	v, commit := "devel", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = " " + s.Value
			}
		}
	}
	return v + commit
}

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the man pages into a folder",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			header := &doc.GenManHeader{Title: "DNETSIM", Section: "1", Source: "dnetsim"}
			if err := doc.GenManTree(c.Root(), header, args[0]); err != nil {
				return status{exitBroken, err}
			}
			return nil
		},
	}
}
