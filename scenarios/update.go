package scenarios

import (
	"bytes"
	"reflect"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Updated is what became of a file's expectations.
type Updated struct {
	Text      []byte // the file's text, with the expectations that happened
	Rewritten int    // how many steps have another expectation now
	Left      int    // how many failed and could not be given one
}

// Update is the text of a scenario file with the expectations rewritten from
// what happened: exit, stdout and stderr where a step expects them and they
// differ, and an exit where a step without expectation failed. What still holds
// of a pattern stays, and so does everything else in the file, comments and
// spacing included. The results are those of the file's scenarios; a step that
// passes with its new expectation has no Failure any more.
//
// The text is read back: it is a file that loads, says the same but for the
// expectations, and passes. A step whose expectation cannot be rewritten so,
// because others share it, or because it did not end, stays as it is.
func Update(file string, source []byte, results []*Result) Updated {
	u := &update{file: file, text: strings.ReplaceAll(string(source), "\r\n", "\n"), results: results}
	u.lines = strings.Split(u.text, "\n")
	failed := u.failed()
	all := u.apply(failed)
	if !u.holds(all, failed) {
		all = u.together(failed, all)
	}
	out := Updated{Text: []byte(all)}
	if strings.Contains(string(source), "\r\n") {
		out.Text = []byte(strings.ReplaceAll(all, "\n", "\r\n"))
	}
	if all == u.text {
		out.Text, out.Left = source, len(failed)
		return out
	}
	judged := u.judge(all)
	for i, st := range u.steps() {
		if st.Failure != "" && judged[i] == "" && !st.hung {
			st.Failure = ""
			out.Rewritten++
		}
		if st.Failure != "" {
			out.Left++
		}
	}
	return out
}

// update is a file while it is rewritten.
type update struct {
	file    string
	text    string // with newlines alone
	lines   []string
	results []*Result
}

// edit replaces lines [from, to) of a file, counted from 1, or the bytes from
// column to endColumn of line from where to is 0.
type edit struct {
	from, to          int
	text              []string
	column, endColumn int // within lines, in bytes
	endLine           int
}

// steps are the results of all steps of the file.
func (u *update) steps() (out []*StepResult) {
	for _, r := range u.results {
		if r.Err != nil {
			continue // what it did is not all that it does
		}
		for i := range r.Steps {
			out = append(out, &r.Steps[i])
		}
	}
	return out
}

// failed are the steps that want another expectation.
func (u *update) failed() (out []*StepResult) {
	for _, st := range u.steps() {
		if st.Failure != "" && st.Step.Kind == StepRun && !st.hung {
			out = append(out, st)
		}
	}
	return fromTheEnd(out)
}

// fromTheEnd are steps in the order in which a file can be changed: from its end
// to its beginning, each place once.
func fromTheEnd(steps []*StepResult) (out []*StepResult) {
	seen := map[*yaml.Node]bool{}
	for _, st := range steps {
		if n := st.Step.node; !seen[n.step] {
			seen[n.step] = true
			out = append(out, st)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].Step.node.step, out[j].Step.node.step
		return a.Line > b.Line || a.Line == b.Line && a.Column > b.Column
	})
	return out
}

// apply is the text with the expectations of some steps rewritten, which come
// from the file's end to its beginning.
func (u *update) apply(steps []*StepResult) string {
	lines := u.lines
	for _, st := range steps {
		edits := u.stepEdits(st)
		sort.SliceStable(edits, func(i, j int) bool {
			a, b := edits[i], edits[j]
			return a.from > b.from || a.from == b.from && a.to > b.to
		})
		for _, e := range edits {
			lines = e.apply(lines)
		}
	}
	return strings.Join(lines, "\n")
}

func (e edit) apply(lines []string) []string {
	if e.endLine > 0 {
		whole := lines[e.from-1][:e.column] + strings.Join(e.text, "\n") + lines[e.endLine-1][e.endColumn:]
		e.to, e.text = e.endLine+1, []string{whole}
	}
	rest := append([]string(nil), lines[e.to-1:]...)
	if len(rest) == 0 {
		rest = []string{""} // the last line had no newline
	}
	return append(append(lines[:e.from-1:e.from-1], e.text...), rest...)
}

// together gives steps that share the expectation of one that failed their own,
// and if that does not help either rewrites what it can. text is with the failed
// ones alone.
func (u *update) together(failed []*StepResult, text string) string {
	more := append([]*StepResult(nil), failed...)
	for i, why := range u.judge(text) {
		if st := u.steps()[i]; why != "" && st.Failure == "" {
			more = append(more, st)
		}
	}
	more = fromTheEnd(more)
	if t := u.apply(more); u.holds(t, more) {
		return t
	}
	return u.oneByOne(failed)
}

// oneByOne rewrites what can be rewritten when not all can.
func (u *update) oneByOne(failed []*StepResult) string {
	var good []*StepResult
	text := u.text
	for _, st := range failed {
		try := append(good[:len(good):len(good)], st)
		if t := u.apply(try); u.holds(t, try) {
			good, text = try, t
		}
	}
	return text
}

// holds reads a new text back: it loads, says what the old one says but for the
// expectations, these steps pass, and no other fails that passed.
func (u *update) holds(text string, steps []*StepResult) bool {
	if text == u.text {
		return len(steps) == 0
	}
	judged := u.judge(text)
	if judged == nil || !reflect.DeepEqual(withoutExpectations(u.text), withoutExpectations(text)) {
		return false
	}
	now := map[*StepResult]string{}
	for i, st := range u.steps() {
		if now[st] = judged[i]; st.Failure == "" && judged[i] != "" && st.Step.Kind == StepRun {
			return false
		}
	}
	for _, st := range steps {
		if now[st] != "" {
			return false
		}
	}
	return true
}

// judge is why each step would fail by the expectations of another text, nil if
// that one does not load or has other steps.
func (u *update) judge(text string) []string {
	all, err := ReadAll(u.file, []byte(text))
	if err != nil {
		return nil
	}
	out := []string{}
	for _, r := range u.results {
		if r.Err != nil {
			continue
		}
		if r.document >= len(all) {
			return nil
		}
		setup, steps := all[r.document].Setup, all[r.document].Steps
		for i := range r.Steps {
			st := &r.Steps[i]
			list := &steps
			if st.Setup {
				list = &setup
			}
			if len(*list) == 0 {
				return nil
			}
			why := st.Failure
			if st.Step.Kind == StepRun {
				why = (*list)[0].Expect.judge(st)
			}
			out = append(out, why)
			*list = (*list)[1:]
		}
	}
	return out
}

// withoutExpectations is what a file says beside them: its documents as plain
// values. A line and a step that runs it are the same.
func withoutExpectations(text string) []any {
	var out []any
	for d := yaml.NewDecoder(bytes.NewReader([]byte(text))); ; {
		var doc any
		if d.Decode(&doc) != nil {
			return out
		}
		if m, ok := doc.(map[string]any); ok {
			for _, key := range []string{"setup", "steps"} {
				list, _ := m[key].([]any)
				for i := range list {
					list[i] = bare(list[i])
				}
			}
		}
		out = append(out, doc)
	}
}

// bare is a step without its expectation.
func bare(step any) any {
	if line, ok := step.(string); ok {
		return map[string]any{"run": strings.TrimRight(line, "\n")}
	}
	m, ok := step.(map[string]any)
	if !ok {
		return step
	}
	out := map[string]any{}
	for k, v := range m {
		if line, ok := v.(string); ok {
			v = strings.TrimRight(line, "\n")
		}
		if k != "expect" {
			out[k] = v
		}
	}
	return out
}
