package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Result is what a run of a scenario came to.
type Result struct {
	Name       string
	File       string
	Seed       uint64
	Steps      []StepResult
	Transcript string
	Digest     string        // "sha256:…" if asked for
	Virtual    time.Duration // virtual time that passed
	Events     uint64
	document   int    // of the file
	wrong      bool   // the file is no scenario
	tables     string // of every namespace at the end, if asked for
	Err        error  // the run itself broke: a bug, or a file that cannot be written
}

// StepResult is what one step did.
type StepResult struct {
	Step           *Step
	Setup          bool
	Stdout, Stderr string
	Exit           int
	Start, End     time.Duration
	Failure        string // why the step did not pass, or ""
	offset         int    // of its part of the transcript
	hung           bool   // it did not end by itself: what it printed is not all
}

// Wrong is the result of a file that is no scenario: err says why not.
func Wrong(file string, err error) *Result {
	return &Result{Name: file, File: file, Err: err, wrong: true}
}

// Wrong reports whether the scenario was never run, because its file is wrong.
func (r *Result) Wrong() bool { return r.wrong }

// Broken is the result of a run that could not be made.
func Broken(s *Scenario, err error) *Result {
	return &Result{Name: s.Name, File: s.File, Seed: s.Seed, document: s.document, Err: err}
}

// Failed reports whether an expectation did not hold.
func (r *Result) Failed() bool {
	for _, s := range r.Steps {
		if s.Failure != "" {
			return true
		}
	}
	return false
}

// Report is the failures for a person: where, what was expected, what came,
// and the line that shows it again.
func (r *Result) Report() string {
	var b strings.Builder
	for _, s := range r.Steps {
		if s.Failure == "" {
			continue
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s\n", r.File, s.Step.at.line, s.Step.at.column, s.Step, s.Failure)
	}
	if b.Len() > 0 {
		fmt.Fprintf(&b, "FAIL %s at %v of virtual time; again with: %s\n", r.Name, r.Virtual, r.Again())
	}
	return b.String()
}

// Again is the command that shows the run again.
func (r *Result) Again() string {
	file := r.File
	if file == Stdin {
		file = "-"
	}
	return fmt.Sprintf("dnetsim run %s --seed %d", file, r.Seed)
}

// String is the step as the file has it.
func (s *Step) String() string {
	switch s.Kind {
	case StepWait:
		return fmt.Sprintf("wait: %v", s.Wait)
	case StepFault:
		return "fault: " + s.Fault.String()
	case StepRepair:
		return "repair: " + s.Fault.String()
	case StepCheck:
		return "check: " + s.Check.String()
	}
	place := s.Host
	if s.Container != "" {
		place += "/" + s.Container
	}
	return place + "$ " + firstLine(s.Line)
}

// judge compares what a step did with what it had to do.
func (s *StepResult) judge() { s.Failure = s.Step.Expect.judge(s) }

// judge is why a step did not do what is expected, or "".
func (e *Expect) judge(s *StepResult) string {
	var why []string
	switch {
	case e.ExitAny:
	case s.Exit != e.Exit:
		text := fmt.Sprintf("exit status %d, want %d", s.Exit, e.Exit)
		if !e.Given {
			text += tail(s.Stderr+s.Stdout, 5)
		}
		why = append(why, text)
	}
	if e.Stdout != nil && !e.Stdout.Match(s.Stdout) {
		why = append(why, "stdout differs (- want, + got):\n"+indent(e.Stdout.diff(s.Stdout)))
	}
	if e.Stderr != nil && !e.Stderr.Match(s.Stderr) {
		why = append(why, "stderr differs (- want, + got):\n"+indent(e.Stderr.diff(s.Stderr)))
	}
	return strings.Join(why, "; ")
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n    ")
}

// tail is the end of an output, for a failure message.
func tail(s string, n int) string {
	lines := splitLines(s)
	if len(lines) == 0 {
		return ""
	}
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return ":\n" + indent(strings.Join(lines, "\n"))
}

// Annotation is a failure and its place in the file; a Line of 0 is the file.
type Annotation struct {
	File         string
	Line, Column int
	Text         string
}

// Annotations are what is to be said of a run, by place.
func (r *Result) Annotations() (out []Annotation) {
	for _, s := range r.Steps {
		if s.Failure != "" {
			out = append(out, Annotation{r.File, s.Step.at.line, s.Step.at.column, s.Step.String() + ": " + s.Failure})
		}
	}
	var ps Problems
	switch {
	case errors.As(r.Err, &ps):
		for _, p := range ps {
			text := p.What
			if p.Instead != "" {
				text += ": " + p.Instead
			}
			out = append(out, Annotation{p.File, p.Line, p.Column, text})
		}
	case r.Err != nil:
		out = append(out, Annotation{File: r.File, Text: r.Err.Error()})
	}
	return out
}
