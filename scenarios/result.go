package scenarios

import (
	"encoding/json"
	"encoding/xml"
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

// Broken is the result of a run that could not be made.
func Broken(s *Scenario, err error) *Result {
	return &Result{Name: s.Name, File: s.File, Seed: s.Seed, Err: err}
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
		fmt.Fprintf(&b, "FAIL %s at %v of virtual time; again with: dnetsim run %s --seed %d\n", r.Name, r.Virtual, r.File, r.Seed)
	}
	return b.String()
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
	}
	place := s.Host
	if s.Container != "" {
		place += "/" + s.Container
	}
	return place + "$ " + firstLine(s.Line)
}

// judge compares what a step did with what it had to do.
func (s *StepResult) judge() {
	e := s.Step.Expect
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
		why = append(why, "stdout differs (- want, + got):\n"+indent(e.Stdout.Diff(s.Stdout)))
	}
	if e.Stderr != nil && !e.Stderr.Match(s.Stderr) {
		why = append(why, "stderr differs (- want, + got):\n"+indent(e.Stderr.Diff(s.Stderr)))
	}
	s.Failure = strings.Join(why, "; ")
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

// jsonResult is the form of --json; its keys are part of the interface.
type jsonResult struct {
	Name    string     `json:"name"`
	File    string     `json:"file"`
	Seed    uint64     `json:"seed"`
	Passed  bool       `json:"passed"`
	Error   string     `json:"error,omitempty"`
	Digest  string     `json:"digest,omitempty"`
	Virtual float64    `json:"virtual_seconds"`
	Events  uint64     `json:"events"`
	Steps   []jsonStep `json:"steps"`
}

type jsonStep struct {
	Line    int     `json:"line"`
	Setup   bool    `json:"setup,omitempty"`
	Step    string  `json:"step"`
	Start   float64 `json:"start_seconds"`
	End     float64 `json:"end_seconds"`
	Exit    int     `json:"exit"`
	Stdout  string  `json:"stdout"`
	Stderr  string  `json:"stderr"`
	Failure string  `json:"failure,omitempty"`
}

// JSON is the results as one JSON array, in the order of the scenarios.
func JSON(results []*Result) []byte {
	out := make([]jsonResult, 0, len(results))
	for _, r := range results {
		j := jsonResult{Name: r.Name, File: r.File, Seed: r.Seed, Passed: r.Err == nil && !r.Failed(),
			Digest: r.Digest, Virtual: r.Virtual.Seconds(), Events: r.Events, Steps: []jsonStep{}}
		if r.Err != nil {
			j.Error = r.Err.Error()
		}
		for _, s := range r.Steps {
			j.Steps = append(j.Steps, jsonStep{s.Step.at.line, s.Setup, s.Step.String(), s.Start.Seconds(), s.End.Seconds(),
				s.Exit, s.Stdout, s.Stderr, s.Failure})
		}
		out = append(out, j)
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // only plain values above
	}
	return append(b, '\n')
}

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure,omitempty"`
	Error   *junitText `xml:"error,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is the results as JUnit XML: a suite for a scenario, a case for a
// step. Times are virtual seconds.
func JUnit(results []*Result) []byte {
	var all junitSuites
	for _, r := range results {
		suite := junitSuite{Name: r.Name, Time: seconds(r.Virtual)}
		for _, s := range r.Steps {
			c := junitCase{Name: fmt.Sprintf("line %d: %s", s.Step.at.line, printable(s.Step.String())), Class: r.Name, Time: seconds(s.End - s.Start)}
			if s.Failure != "" {
				c.Failure = &junitText{printable(firstLine(s.Failure)), printable(s.Failure)}
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, c)
		}
		if r.Err != nil {
			suite.Errors++
			suite.Cases = append(suite.Cases, junitCase{Name: "run", Class: r.Name, Time: "0.000", Error: &junitText{printable(r.Err.Error()), ""}})
		}
		suite.Tests = len(suite.Cases)
		all.Suites = append(all.Suites, suite)
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err) // only plain values above
	}
	return append([]byte(xml.Header), append(b, '\n')...)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// printable drops what XML 1.0 cannot carry.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, s)
}
