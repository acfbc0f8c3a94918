package scenarios

import (
	"dnetsim/explain"
	"dnetsim/userland"

	"go.yaml.in/yaml/v3"
)

// Words reads parts of the language that stand in another file: a lab's steps
// and checks are those of a scenario.
type Words struct {
	File     string
	Source   []byte // the whole file, for messages that quote it
	Scenario *Scenario
}

// Steps reads a list of steps, or a single one, and checks the places that they
// name against the scenario. The error is [Problems].
func (w *Words) Steps(n *yaml.Node) ([]Step, error) {
	if n = follow(n); n.Kind != yaml.SequenceNode {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}, Line: n.Line, Column: n.Column}
	}
	r := &reader{problems: problems{file: w.File}, source: w.Source}
	steps := r.steps(pair{"steps", at(n), n})
	for i := range steps {
		r.checkStep(w.Scenario, &steps[i])
	}
	return steps, r.err()
}

// Suggest is what to write instead of a word that is none of the known ones.
func Suggest(word string, known []string) string { return did(word, known) }

// Tried is what came of a step that was tried.
type Tried struct {
	Why            string // why it does not hold, or ""
	Stdout, Stderr string // of a line
	Exit           int
	Cell           explain.Cell // of a check
}

// Try types the step's line as at a terminal of its own, or sends a check's flow
// once, in the lab as it is now, and judges what came of it. Time moves. The error
// is of the run, not of the step.
func (st *Step) Try(l *Lab) (t Tried, err error) {
	broken := l.Guard(func() {
		switch st.Kind {
		case StepRun:
			t, err = st.tryLine(l)
		case StepCheck:
			if t.Cell, err = explain.Briefly(&world{lab: l, live: true}, st.Check.Flow); err != nil {
				t.Why, err = err.Error(), nil
				return
			}
			t.Why = st.Check.judge(t.Cell)
		}
	})
	if broken != nil {
		return t, broken
	}
	if stopped := l.Loop.Stopped(); stopped != nil {
		return t, stopped
	}
	return t, err
}

func (st *Step) tryLine(l *Lab) (t Tried, err error) {
	kept := l.shells[st.Host]
	delete(l.shells, st.Host)
	j := l.start(st, nil)
	delete(l.shells, st.Host)
	if kept != nil {
		l.shells[st.Host] = kept
	}
	if j.failed != nil {
		return Tried{Why: j.failed.Error()}, nil
	}
	if err = l.wait(j); err != nil {
		if why := hangs(err, l.Scenario.Limit); why != "" && !stops(err) {
			return Tried{Why: why}, nil
		}
		return t, err
	}
	res := StepResult{Step: st, Stdout: j.stdout.String(), Stderr: j.stderr.String(), Exit: j.Exit()}
	return Tried{Why: st.Expect.judge(&res), Stdout: res.Stdout, Stderr: res.Stderr, Exit: res.Exit}, nil
}

// Ran hears of every program that ends on a machine or in a container, by whoever
// it was started.
func (l *Lab) Ran(fn func(p *userland.Process, status int)) { l.ran = append(l.ran, fn) }
