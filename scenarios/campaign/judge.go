package campaign

import (
	"fmt"
	"regexp"

	"dnetsim/link/trail"
	"dnetsim/scenarios"
)

// Problem is something that must not be.
type Problem struct {
	Step int    // how many steps were done, setup included
	Line string // what was done last
	Kind string // which check says so
	Text string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s, after step %d (%s): %s", p.Kind, p.Step, p.Line, p.Text)
}

var names = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f.:]*`)

// shape is the problem without the numbers and names of its world, so that the
// same problem of a smaller world is the same.
func (p Problem) shape() string { return p.Kind + " " + names.ReplaceAllString(p.Text, "N") }

// Verdict is what became of a run.
type Verdict struct {
	Result   *scenarios.Result
	Problems []Problem
}

// judge looks at one run.
type judge struct {
	lab      *scenarios.Lab
	memories map[string]*memory
	watch    *watch
	before   *inventory
	steps    int
	last     string
	problems []Problem
}

// maxProblems are enough to know what is wrong.
const maxProblems = 8

// judgeRun runs a scenario and looks after every step whether all is well.
func judgeRun(s *scenarios.Scenario, docker scenarios.Docker) (v Verdict) {
	j := &judge{memories: map[string]*memory{}}
	defer func() {
		if p := recover(); p != nil {
			j.report("panic", fmt.Sprint(p))
		}
		v.Problems = j.problems
	}()
	v.Result = scenarios.Run(s, scenarios.Options{Docker: docker, Built: j.built, Stepped: j.stepped})
	if v.Result.Err != nil {
		j.report("run", v.Result.Err.Error())
	}
	for _, st := range v.Result.Steps {
		if st.Failure != "" {
			j.report("step", st.Step.Line+": "+st.Failure)
		}
	}
	return v
}

func (j *judge) built(lab *scenarios.Lab) {
	j.lab = lab
	for _, h := range lab.Scenario.Hosts {
		j.memories[h.Name] = &memory{}
	}
	j.watch = newWatch(j)
	trail.Of(lab.Loop).Listen(j.watch.event)
	j.last = "the engines are up"
	j.before = takeInventory(j.look())
	j.checks(j.look())
}

func (j *judge) stepped(lab *scenarios.Lab, r *scenarios.StepResult) {
	j.steps++
	j.last = describe(r.Step)
	if m := j.memories[owner(r.Step)]; m != nil {
		m.remember(r.Step)
	}
	l := j.look()
	j.watch.renew(l)
	j.checks(l)
	if r.Step.Line == readStore {
		j.reportAll("store", leftInStore(r.Stdout))
	}
	if j.steps == len(lab.Scenario.Setup)+len(lab.Scenario.Steps) && r.Step.Wait == patience {
		j.reportAll("leftovers", j.before.compare(takeInventory(l), l))
	}
}

func (j *judge) checks(l *look) {
	j.reportAll("conservation", unbalanced(l))
	j.reportAll("owners", sharedAddresses(l))
	for _, h := range l.hosts {
		if !h.quiet() {
			continue
		}
		j.reportAll("pools", wrongPools(h))
		j.reportAll("ports", wrongPorts(h))
		if !h.memory.vandalised {
			j.reportAll("rules", wrongRules(h))
		}
	}
}

func (j *judge) reportAll(kind string, texts []string) {
	for _, t := range texts {
		j.report(kind, t)
	}
}

func (j *judge) report(kind, text string) {
	if len(j.problems) < maxProblems {
		j.problems = append(j.problems, Problem{j.steps, j.last, kind, text})
	}
}

// owner is the host that a step is done at.
func owner(s *scenarios.Step) string {
	switch {
	case s.Host != "":
		return s.Host
	case s.Fault.Host != "":
		return s.Fault.Host
	}
	host := s.Fault.Cable
	for i := range host {
		if host[i] == ':' {
			return host[:i]
		}
	}
	return host
}

func describe(s *scenarios.Step) string {
	switch s.Kind {
	case scenarios.StepRun:
		return s.Host + "$ " + s.Line
	case scenarios.StepWait:
		return "wait " + s.Wait.String()
	case scenarios.StepFault:
		return "fault " + s.Fault.String()
	}
	return "repair " + s.Fault.String()
}
