package labs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"dnetsim/scenarios"
)

// Lint proves of a lab, for each of some learners: it starts unsolved, no check holds
// at the start by accident, its solution solves every task, the record of that gets
// the same mark again, every dead end is seen; and of all of them: every hint can
// appear, every text has every language. What it returns are sentences about what is
// not so; none is good.
func Lint(l *Lab, learners []string, docker scenarios.Docker) []string {
	x := &linter{lab: l, docker: docker, drawn: map[string]bool{}, hints: map[string]bool{}, said: map[string]bool{}}
	x.texts()
	for _, id := range learners {
		if err := x.learner(id); err != nil {
			x.say("learner %q: %v", id, err)
		}
	}
	if x.drewAll() {
		for _, t := range l.tasks {
			for i := range t.hints {
				if !x.hints[fmt.Sprint(t.id, i)] {
					x.say("%s:%d: hint %d of task %s appeared for nobody", l.File, t.hints[i].at.Line, i+1, t.id)
				}
			}
		}
	}
	return x.found
}

type linter struct {
	lab    *Lab
	drawn  map[string]bool // choices of the kind of a fault, by parameter and number
	docker scenarios.Docker
	hints  map[string]bool // that appeared, by task and number
	looked map[string]int  // how far the world was stirred when one last did not
	said   map[string]bool
	found  []string
}

// sayOf says what is not so with the values of a learner: of one of them is enough.
func (x *linter) sayOf(id string, line int, format string, args ...any) {
	key := fmt.Sprint(line, format)
	if !x.said[key] {
		x.said[key] = true
		x.say("%s:%d: learner %q: %s", x.lab.File, line, id, fmt.Sprintf(format, args...))
	}
}

func (x *linter) say(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !x.said[s] {
		x.said[s] = true
		x.found = append(x.found, s)
	}
}

// drewAll reports whether every fault, or other choice with parts, was somebody's:
// only then a hint that appeared for nobody is none.
func (x *linter) drewAll() bool {
	for _, p := range x.lab.parameters {
		for i, v := range p.values {
			if v.keys != nil && !x.drawn[fmt.Sprint(p.name, i)] {
				return false
			}
		}
	}
	return len(x.drawn) > 0 || len(x.hints) > 0
}

// texts looks for what one language has and another does not.
func (x *linter) texts() {
	r := &reader{file: x.lab.File, source: x.lab.Source}
	l := &Lab{Name: x.lab.Name}
	l.parameters = r.declared()
	r.source = r.fill(x.lab.Source, draw(l.parameters, l.Name, ""))
	if root := r.root(r.source); root != nil {
		r.lab(root, l)
	}
	count := map[string]int{}
	for _, t := range r.texts {
		for lang := range t {
			count[lang]++
		}
	}
	for i, t := range r.texts {
		for _, lang := range slices.Sorted(maps.Keys(count)) {
			at := fmt.Sprintf("%s:%d:%d", x.lab.File, r.where[i].Line, r.where[i].Column)
			switch most := 2*count[lang] >= len(r.texts); {
			case most && t[lang] == "":
				x.say("%s: the text has no %q", at, lang)
			case !most && t[lang] != "":
				x.say("%s: most other texts have no %q", at, lang)
			}
		}
	}
}

// learner proves the lab with one learner's values.
func (x *linter) learner(id string) error {
	v, err := x.lab.For(id)
	if err != nil {
		return err
	}
	v.World.Docker = x.docker
	for _, p := range v.Lab.parameters {
		for i := range p.values {
			if reflect.DeepEqual(p.values[i].keys, v.Lab.values[p.name].keys) && p.values[i].keys != nil {
				x.drawn[fmt.Sprint(p.name, i)] = true
			}
		}
	}
	s, err := v.Sit()
	if err != nil {
		return err
	}
	defer s.Close()
	x.looked = map[string]int{}
	if err := x.unsolved(id, s); err != nil {
		return err
	}
	if err := x.solve(id, s); err != nil {
		return err
	}
	if err := x.again(id, s); err != nil {
		return err
	}
	for i := range v.Lab.deadEnds {
		if err := x.deadEnd(id, v, &v.Lab.deadEnds[i]); err != nil {
			return err
		}
	}
	return nil
}

// unsolved looks for what holds before anybody has done something.
func (x *linter) unsolved(id string, s *Sitting) error {
	w, err := s.copy()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, t := range s.lab.tasks {
		for i := range t.checks {
			c := &t.checks[i]
			why, err := c.why(w, s.ran)
			if err != nil {
				return err
			}
			if why == "" && !c.keep {
				x.sayOf(id, c.at.Line, "the check holds at the start already: make it say more, or write keep: true")
			}
		}
	}
	for i := range s.lab.deadEnds {
		in, err := holds(s.lab.deadEnds[i].when, w, s.ran)
		if err != nil {
			return err
		}
		if in {
			x.sayOf(id, s.lab.deadEnds[i].at.Line, "the world begins in the dead end")
		}
	}
	return nil
}

// solve plays the solution, and sees which hints there would have been on the way.
func (x *linter) solve(id string, s *Sitting) error {
	if len(s.lab.solution) == 0 {
		return fmt.Errorf("the lab has no solution")
	}
	p := &player{s: s, terminals: map[string]int{}}
	for _, m := range s.lab.solution {
		if err := x.hinted(s); err != nil {
			return err
		}
		if err := p.play([]move{m}); err != nil {
			x.sayOf(id, m.at.Line, "the solution stops: %v", err)
			break
		}
	}
	all := func() bool { return s.Mark().Done == len(s.lab.tasks) }
	if err := p.until(all); err != nil {
		return err
	}
	m := s.Mark()
	for i, t := range m.Tasks {
		if t.Done || s.locked(s.lab.tasks[i]) {
			continue
		}
		x.sayOf(id, s.lab.tasks[i].at.Line, "the solution does not solve task %s: %s", t.Task, x.why(s, s.lab.tasks[i]))
	}
	if all() && m.Points != m.Of {
		x.say("%s: learner %q: the solution gets %d of %d points", s.lab.File, id, m.Points, m.Of)
	}
	return nil
}

// why is what keeps a task from being done.
func (x *linter) why(s *Sitting, t *task) string {
	if t.answer != nil && !s.answered(t.id) {
		return "its question has no answer"
	}
	w, err := s.copy()
	if err != nil {
		return err.Error()
	}
	defer w.Close()
	for i := range t.checks {
		why, err := t.checks[i].why(w, s.ran)
		if err != nil {
			why = err.Error()
		}
		if why != "" {
			return fmt.Sprintf("line %d: %s", t.checks[i].at.Line, why)
		}
	}
	return "it is only now"
}

// hinted sees which of the hints that nobody had seen yet would be told now.
func (x *linter) hinted(s *Sitting) error {
	for _, t := range s.lab.tasks {
		if s.done(t.id) || s.locked(t) {
			continue
		}
		for i := range t.hints {
			key := fmt.Sprint(t.id, i)
			if x.hints[key] || x.looked[key] == s.stirred {
				continue
			}
			x.looked[key] = s.stirred
			says, ok, err := s.moment().hint(&t.hints[i])
			if err != nil {
				return err
			}
			x.hints[key] = ok && (t.hints[i].flow == nil || says[English] != "")
		}
	}
	return nil
}

// again marks the record of the sitting.
func (x *linter) again(id string, s *Sitting) error {
	m, err := x.lab.Grade(s.Record(), x.docker)
	if err != nil {
		return fmt.Errorf("marked again: %w", err)
	}
	if got, want := fmt.Sprint(m), fmt.Sprint(s.Mark()); got != want {
		x.say("%s: learner %q: marked again, it gets %s, and had %s", x.lab.File, id, got, want)
	}
	return nil
}

// deadEnd goes a way into a dead end.
func (x *linter) deadEnd(id string, v *Variant, d *deadEnd) error {
	s, err := v.Sit()
	if err != nil {
		return err
	}
	defer s.Close()
	p := &player{s: s, terminals: map[string]int{}}
	if err := p.play(d.way); err != nil {
		return fmt.Errorf("the way into dead end %s: %w", d.id, err)
	}
	if s.dead != d {
		x.sayOf(id, d.at.Line, "the way into the dead end %s does not lead there", d.id)
	}
	return nil
}
