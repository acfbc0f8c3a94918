package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dnetsim/scenarios"

	"github.com/spf13/cobra"
)

// write brings out what a run came to: the files' new expectations, the reports,
// and the summary.
func (f *runFlags) write(t *terminal, list loaded, results []*scenarios.Result) error {
	var errs []error
	if f.update {
		errs = append(errs, rewriteFiles(t, list, results))
	}
	for _, x := range []struct {
		flag, path string
		text       func([]*scenarios.Result) []byte
	}{{"--json", f.json, scenarios.JSON}, {"--junit", f.junit, scenarios.JUnit}} {
		switch x.path {
		case "":
		case "-":
			t.out.Write(x.text(results))
		default:
			errs = append(errs, named("dnetsim: "+x.flag, os.WriteFile(x.path, x.text(results), 0o644)))
		}
	}
	if t.env("GITHUB_ACTIONS") != "" {
		errs = append(errs, f.github(t, results))
	}
	if len(results) > 1 || len(results) == 1 && results[0].Err == nil {
		t.say("%s", summary(results)) // why the only one broke has been said
	}
	return errors.Join(errs...)
}

// rewriteFiles gives the scenario files the expectations that happened, and says
// how many, and which steps fail all the same.
func rewriteFiles(t *terminal, list loaded, results []*scenarios.Result) error {
	var errs []error
	for i := 0; i < len(list); {
		from := i
		for i++; i < len(list) && list[i].src.Path == list[from].src.Path; i++ {
		}
		src := list[from].src
		if list[from].wrong != nil {
			continue
		}
		up := scenarios.Update(src.File, src.Text, results[from:i])
		if up.Rewritten > 0 {
			if err := replace(src.Path, up.Text); err != nil {
				errs = append(errs, named("dnetsim: --update", err))
				continue
			}
			t.say("%s rewritten in %s", counted(up.Rewritten, "expectation"), src.File)
		}
		for _, r := range results[from:i] {
			if r.Err == nil && r.Failed() {
				t.say("%s", strings.TrimSuffix(r.Report(), "\n"))
			}
		}
	}
	return errors.Join(errs...)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays one
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".dnetsim-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(text); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		os.Chmod(tmp.Name(), info.Mode())
	}
	return os.Rename(tmp.Name(), path)
}

// summary is a line: 31 passed, 1 failed: NAME.
func summary(results []*scenarios.Result) string {
	passed := 0
	names := map[string][]string{}
	for _, r := range results {
		kind := ""
		switch {
		case r.Wrong():
			kind = "wrong"
		case r.Err != nil:
			kind = "broken"
		case r.Failed():
			kind = "failed"
		default:
			passed++
			continue
		}
		names[kind] = append(names[kind], r.Name)
	}
	text := fmt.Sprintf("%d passed", passed)
	for _, kind := range []string{"failed", "broken", "wrong"} {
		if n := names[kind]; n != nil {
			text += fmt.Sprintf(", %d %s: %s", len(n), kind, strings.Join(n, ", "))
		}
	}
	return text
}

// captureFolders are the folders of several scenarios' captures, by the files'
// names; a single scenario has none of its own.
func captureFolders(list loaded) map[*scenarios.Scenario]string {
	folders, taken := map[*scenarios.Scenario]string{}, map[string]bool{}
	if len(list) < 2 {
		return folders
	}
	for _, x := range list {
		if x.wrong != nil {
			continue
		}
		base := filepath.Base(x.src.File)
		base = strings.Trim(strings.Map(fileRune, strings.TrimSuffix(base, filepath.Ext(base))), "_")
		if base == "" {
			base = "scenario"
		}
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[name], folders[x.scenario] = true, name
	}
	return folders
}

// fileRune is a character as a folder's name may have it.
func fileRune(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(".-_", c) {
		return c
	}
	return '_'
}

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
