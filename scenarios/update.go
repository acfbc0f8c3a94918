package scenarios

import (
	"fmt"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// edit replaces lines [from, to) of a file, counted from 1.
type edit struct {
	from, to int
	text     []string
}

// Update is the scenario's text with the expectations rewritten from what
// happened: exit, stdout and stderr where a step expects them and they differ,
// and an exit where a step without expectation failed. Everything else in the
// file, comments and spacing included, stays as it is.
func Update(s *Scenario, r *Result) []byte {
	if r.Err != nil {
		return s.Source
	}
	lines := strings.Split(string(s.Source), "\n")
	var edits []edit
	for i := range r.Steps {
		st := &r.Steps[i]
		if st.Failure == "" || st.Step.Kind != StepRun || st.hung {
			continue
		}
		edits = append(edits, stepEdits(st, lines)...)
	}
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].from > edits[j].from })
	for _, e := range edits {
		rest := append([]string(nil), lines[e.to-1:]...)
		lines = append(append(lines[:e.from-1:e.from-1], e.text...), rest...)
	}
	return []byte(strings.Join(lines, "\n"))
}

func stepEdits(st *StepResult, lines []string) []edit {
	n := st.Step.node
	if n.expect == nil {
		return []edit{addExpect(st, n.step, lines)}
	}
	if n.expect.Style&yaml.FlowStyle != 0 {
		return []edit{blockExpect(st, n.expect, lines)}
	}
	var out []edit
	e := st.Step.Expect
	hasExit := e.ExitAny
	for i := 0; i+1 < len(n.expect.Content); i += 2 {
		k, v := n.expect.Content[i], n.expect.Content[i+1]
		pad := strings.Repeat(" ", k.Column-1)
		switch k.Value {
		case "exit":
			hasExit = true
			if !e.ExitAny && e.Exit != st.Exit {
				out = append(out, edit{k.Line, v.Line + 1, []string{fmt.Sprintf("%sexit: %d", pad, st.Exit)}})
			}
		case "stdout":
			if e.Stdout != nil && !e.Stdout.Match(st.Stdout) {
				out = append(out, edit{k.Line, blockEnd(lines, k), literal(pad, "stdout", st.Stdout)})
			}
		case "stderr":
			if e.Stderr != nil && !e.Stderr.Match(st.Stderr) {
				out = append(out, edit{k.Line, blockEnd(lines, k), literal(pad, "stderr", st.Stderr)})
			}
		}
	}
	if !hasExit && st.Exit != 0 {
		first := n.expect.Content[0]
		out = append(out, edit{first.Line, first.Line, []string{fmt.Sprintf("%sexit: %d", strings.Repeat(" ", first.Column-1), st.Exit)}})
	}
	return out
}

// blockEnd is the line after a key's value: the next line that is not blank
// and not indented deeper than the key.
func blockEnd(lines []string, key *yaml.Node) int {
	end := key.Line + 1
	for i := key.Line; i < len(lines); i++ {
		trimmed := strings.TrimLeft(lines[i], " ")
		if trimmed == "" {
			continue
		}
		if len(lines[i])-len(trimmed) < key.Column {
			break
		}
		end = i + 2
	}
	return end
}

// literal is a key with a text in the form that a person would write.
func literal(pad, key, text string) []string {
	if text == "" {
		return []string{pad + key + `: ""`}
	}
	head := pad + key + ": |"
	if strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") {
		head = pad + key + ": |2"
	}
	out := []string{head}
	for _, l := range splitLines(text) {
		if l = strings.TrimRight(l, " \t\r"); l == "" {
			out = append(out, "")
			continue
		}
		out = append(out, pad+"  "+l)
	}
	return out
}

// addExpect gives a step without expectation the exit status that it had.
func addExpect(st *StepResult, step *yaml.Node, lines []string) edit {
	if step.Kind == yaml.MappingNode && step.Style&yaml.FlowStyle == 0 {
		line := blockEnd(lines, &yaml.Node{Line: step.Line, Column: step.Column - 1})
		pad := strings.Repeat(" ", step.Column-1)
		return edit{line, line, []string{fmt.Sprintf("%sexpect: {exit: %d}", pad, st.Exit)}}
	}
	dash := strings.Repeat(" ", step.Column-3) + "- "
	end := blockEnd(lines, &yaml.Node{Line: step.Line, Column: step.Column - 1})
	text := append([]string(nil), lines[step.Line-1:end-1]...)
	if step.Kind == yaml.ScalarNode {
		text[0] = dash + "run: " + strings.TrimPrefix(text[0], dash)
	}
	pad := strings.Repeat(" ", step.Column-1)
	return edit{step.Line, end, append(text, fmt.Sprintf("%sexpect: {exit: %d}", pad, st.Exit))}
}

// blockExpect writes an expectation of the form {…} as a block.
func blockExpect(st *StepResult, expect *yaml.Node, lines []string) edit {
	line := lines[expect.Line-1]
	key := strings.LastIndex(line[:min(expect.Column-1, len(line))], "expect")
	if key < 0 {
		return edit{expect.Line, expect.Line, nil}
	}
	pad := strings.Repeat(" ", key)
	text := []string{strings.TrimRight(line[:key], " ") + strings.Repeat(" ", key-len(strings.TrimRight(line[:key], " "))) + "expect:"}
	e := st.Step.Expect
	switch {
	case e.ExitAny:
		text = append(text, pad+"  exit: any")
	case st.Exit != 0:
		text = append(text, fmt.Sprintf("%s  exit: %d", pad, st.Exit))
	}
	if e.Stdout != nil {
		text = append(text, keep(pad+"  ", "stdout", e.Stdout, st.Stdout)...)
	}
	if e.Stderr != nil {
		text = append(text, keep(pad+"  ", "stderr", e.Stderr, st.Stderr)...)
	}
	if len(text) == 1 {
		text[0] += fmt.Sprintf(" {exit: %d}", st.Exit)
	}
	return edit{expect.Line, blockEnd(lines, &yaml.Node{Line: expect.Line, Column: key + 1}), text}
}

// keep writes the pattern that is there if it still holds, or else the output.
func keep(pad, key string, p *Pattern, got string) []string {
	if p.Match(got) {
		return literal(pad, key, p.Text)
	}
	return literal(pad, key, got)
}
