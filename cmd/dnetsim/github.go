package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"dnetsim/scenarios"
)

// github tells GitHub Actions what failed: an annotation of each line, as a
// workflow command, and a table in the step's summary. Commands go to standard
// output unless that is a report's; the runner reads both streams.
func (f *runFlags) github(t *terminal, results []*scenarios.Result) error {
	out := t.out
	if !f.speaks() {
		out = t.err
	}
	for _, r := range results {
		for _, a := range r.Annotations() {
			fmt.Fprintf(out, "::error file=%s", property(t.inWorkspace(a.File)))
			if a.Line > 0 {
				fmt.Fprintf(out, ",line=%d,col=%d", a.Line, a.Column)
			}
			fmt.Fprintf(out, ",title=%s::%s\n", property(r.Name), message(a.Text))
		}
	}
	path := t.env("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("dnetsim: GITHUB_STEP_SUMMARY: %w", err)
	}
	_, err = io.WriteString(file, markdown(results))
	return named("dnetsim: GITHUB_STEP_SUMMARY", errors.Join(err, file.Close()))
}

// message and property are a workflow command's data and the value of one of its
// properties (actions/toolkit, command.ts).
func message(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(scenarios.Visible(text))
}

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(message(text))
}

// inWorkspace is a file as the repository has it.
func (t *terminal) inWorkspace(file string) string {
	workspace := t.env("GITHUB_WORKSPACE")
	abs, err := filepath.Abs(file)
	if workspace == "" || err != nil {
		return file
	}
	rel, err := filepath.Rel(workspace, abs)
	if err != nil || strings.HasPrefix(rel, "..") {
		return file
	}
	return rel
}

// markdown is the results as a table, with the reasons below.
func markdown(results []*scenarios.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### dnetsim: %s\n\n| scenario | file | result | steps | virtual time |\n|---|---|---|---|---|\n", cell(summary(results)))
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %v |\n", cell(r.Name), cell(r.File), outcome(r), len(r.Steps), r.Virtual)
	}
	for _, r := range results {
		for _, a := range r.Annotations() {
			at := a.File
			if a.Line > 0 {
				at = fmt.Sprintf("%s:%d", a.File, a.Line)
			}
			text := strings.ReplaceAll(scenarios.Visible(a.Text), "```", "`\u200b``")
			fmt.Fprintf(&b, "\n**%s**, %s\n\n```\n%s\n```\n", cell(r.Name), cell(at), text)
		}
	}
	return b.String()
}

func outcome(r *scenarios.Result) string {
	switch {
	case r.Wrong():
		return "wrong"
	case r.Err != nil:
		return "broken"
	case r.Failed():
		return "failed"
	}
	return "passed"
}

// cell is a text within a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(scenarios.Visible(text))
}
