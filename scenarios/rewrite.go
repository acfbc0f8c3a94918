package scenarios

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// stepEdits are the changes of the file that give a step the expectation that
// it fulfils; none if its text is not its own, or not in a form that is known.
func (u *update) stepEdits(st *StepResult) []edit {
	n := st.Step.node
	step := n.step
	switch {
	case n.inFlow:
		return u.inPlace(st, step)
	case step.Kind == yaml.ScalarNode:
		return []edit{u.named(st, step)}
	case step.Kind != yaml.MappingNode || len(step.Content) == 0:
		return nil
	case step.Style&yaml.FlowStyle != 0:
		return []edit{u.opened(st, step)}
	}
	key, value := entry(step, "expect")
	switch {
	case key == nil:
		first := step.Content[0]
		line := blockEnd(u.lines, step.Content[len(step.Content)-2].Line, first.Column-2)
		return []edit{{from: line, to: line, text: u.expectation(st, blanks(first.Column), nil, "", u.line(line))}}
	case value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 && len(value.Content) > 0 && value.Anchor == "":
		return u.within(st, value)
	}
	s := spanOf(u.lines, value, key.Line, key.Column-1)
	if value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 {
		s.end = blockEnd(u.lines, key.Line, key.Column-1)
	}
	return []edit{{from: key.Line, to: s.end, text: u.expectation(st, blanks(key.Column), value, s.comment, u.line(s.end), s.comments...)}}
}

// blanks is the indentation of a column, from 1.
func blanks(column int) string { return strings.Repeat(" ", column-1) }

// line is a line of the file from 1; behind its last one there is the end, which
// is no blank line.
func (u *update) line(n int) string {
	if n >= len(u.lines) {
		return "end"
	}
	return u.lines[n-1]
}

// entry is a mapping's own key and its value as they stand there.
func entry(m *yaml.Node, key string) (k, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// within changes the entries of an expectation that do not hold.
func (u *update) within(st *StepResult, expect *yaml.Node) []edit {
	var out []edit
	put := func(key string, text func(pad, comment, next string) []string) {
		first := expect.Content[0]
		k, v := entry(expect, key)
		if k == nil {
			out = append(out, edit{from: first.Line, to: first.Line, text: text(blanks(first.Column), "", "key")})
			return
		}
		s := spanOf(u.lines, v, k.Line, k.Column-1)
		lines := []string{}
		for _, c := range s.comments {
			lines = append(lines, blanks(k.Column)+c)
		}
		out = append(out, edit{from: k.Line, to: s.end, text: append(lines, text(blanks(k.Column), s.comment, u.line(s.end))...)})
	}
	e := st.Step.Expect
	if !e.ExitAny && e.Exit != st.Exit {
		put("exit", func(pad, comment, _ string) []string {
			return []string{strings.TrimRight(fmt.Sprintf("%sexit: %d %s", pad, st.Exit, comment), " ")}
		})
	}
	if e.Stdout != nil && !e.Stdout.Match(st.Stdout) {
		put("stdout", func(pad, comment, next string) []string {
			return block(pad, "stdout", rewritten(e.Stdout, st.Stdout), comment, next)
		})
	}
	if e.Stderr != nil && !e.Stderr.Match(st.Stderr) {
		put("stderr", func(pad, comment, next string) []string {
			return block(pad, "stderr", rewritten(e.Stderr, st.Stderr), comment, next)
		})
	}
	return out
}

// expectation writes a step's expectation anew, as a block under its key. old is
// what stood there, comments what was said in it, and next the line that follows.
func (u *update) expectation(st *StepResult, pad string, old *yaml.Node, comment, next string, comments ...string) []string {
	var out []string
	for _, c := range comments {
		out = append(out, pad+c)
	}
	head := "expect:"
	if old != nil && old.Anchor != "" && old.Kind != yaml.AliasNode {
		head += " &" + old.Anchor
	}
	e := st.Step.Expect
	if e.Stdout == nil && e.Stderr == nil {
		return append(out, strings.TrimRight(fmt.Sprintf("%s%s {exit: %s} %s", pad, head, e.status(st), comment), " "))
	}
	out = append(out, strings.TrimRight(pad+head+" "+comment, " "))
	if exit := e.status(st); exit != "0" {
		out = append(out, pad+"  exit: "+exit)
	}
	if e.Stdout != nil {
		after := next
		if e.Stderr != nil {
			after = "stderr:"
		}
		out = append(out, block(pad+"  ", "stdout", e.Stdout.kept(st.Stdout), "", after)...)
	}
	if e.Stderr != nil {
		out = append(out, block(pad+"  ", "stderr", e.Stderr.kept(st.Stderr), "", next)...)
	}
	return out
}

// status is the exit status to expect.
func (e *Expect) status(st *StepResult) string {
	if e.ExitAny {
		return "any"
	}
	return fmt.Sprint(st.Exit)
}

// kept is the pattern if it still holds, or what of it does.
func (p *Pattern) kept(got string) string {
	if p.Match(got) {
		return p.Text
	}
	return rewritten(p, got)
}

// named makes a mapping of a step that is a line: its text stays as it is, moved
// to the right behind the key.
func (u *update) named(st *StepResult, step *yaml.Node) edit {
	first := u.lines[step.Line-1]
	i := byteOf(first, step.Column)
	dash := strings.LastIndexByte(first[:i], '-')
	s := spanOf(u.lines, step, step.Line, max(dash, 0))
	text := []string{first[:i] + "run: " + first[i:]}
	for _, l := range u.lines[step.Line : s.end-1] {
		if l != "" {
			l = "  " + l
		}
		text = append(text, l)
	}
	return edit{from: step.Line, to: s.end, text: append(text, u.expectation(st, blanks(step.Column), nil, "", u.line(s.end))...)}
}

// opened writes a step in brackets as a block.
func (u *update) opened(st *StepResult, step *yaml.Node) edit {
	s := spanOf(u.lines, step, step.Line, 0)
	pad := blanks(step.Column)
	var text []string
	for i := 0; i+1 < len(step.Content); i += 2 {
		if key := step.Content[i].Value; key != "expect" {
			text = append(text, scalar(pad, key, follow(step.Content[i+1]).Value)...)
		}
	}
	text = append(text, u.expectation(st, pad, nil, s.comment, u.line(s.end))...)
	first := u.lines[step.Line-1]
	i := byteOf(first, step.Column)
	var before []string
	for _, c := range s.comments {
		before = append(before, strings.Repeat(" ", max(0, strings.LastIndexByte(first[:i], '-')))+c)
	}
	text[0] = first[:i] + strings.TrimPrefix(text[0], pad)
	return edit{from: step.Line, to: s.end, text: append(before, text...)}
}

// inPlace writes a step of a list in brackets again within them.
func (u *update) inPlace(st *StepResult, step *yaml.Node) []edit {
	if step.Kind == yaml.AliasNode || step.Anchor != "" {
		return nil
	}
	e := st.Step.Expect
	parts := []string{}
	if step.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(step.Content); i += 2 {
			if key := step.Content[i].Value; key != "expect" {
				parts = append(parts, key+": "+quoted(follow(step.Content[i+1]).Value))
			}
		}
	} else {
		parts = append(parts, "run: "+quoted(step.Value))
	}
	want := []string{"exit: " + e.status(st)}
	if e.Stdout != nil {
		want = append(want, "stdout: "+quoted(e.Stdout.kept(st.Stdout)))
	}
	if e.Stderr != nil {
		want = append(want, "stderr: "+quoted(e.Stderr.kept(st.Stderr)))
	}
	text := "{" + strings.Join(append(parts, "expect: {"+strings.Join(want, ", ")+"}"), ", ") + "}"
	out := edit{from: step.Line, column: byteOf(u.lines[step.Line-1], step.Column), text: []string{text}}
	if step.Kind == yaml.ScalarNode && step.Style == 0 { // without quotes: to the next comma or bracket
		l := u.lines[step.Line-1]
		out.endLine, out.endColumn = step.Line, len(l)
		if i := strings.IndexAny(l[out.column:], ",]}#"); i >= 0 {
			out.endColumn = out.column + i
		}
		return []edit{out}
	}
	out.endLine, out.endColumn = endOf(u.lines, step, new([]string))
	return []edit{out}
}
