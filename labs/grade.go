package labs

import (
	"fmt"
	"slices"

	"dnetsim/scenarios"
	"dnetsim/userland"
)

// Grade marks a record again, from the learner's id, the inputs and the acts alone: it
// makes the worlds again and looks in each of them. What the record says of itself
// is not believed. A record that makes no sense is an error.
func (l *Lab) Grade(r Record, docker scenarios.Docker) (Mark, error) {
	if err := r.check(); err != nil {
		return Mark{}, err
	}
	if r.Lab != l.Name {
		return Mark{}, fmt.Errorf("it is of lab %q, not of %q", r.Lab, l.Name)
	}
	v, err := l.For(r.Learner)
	if err != nil {
		return Mark{}, err
	}
	v.World.Docker = docker
	g := grader{variant: v, record: &r, answers: map[string][]string{}}
	for i := range r.Acts {
		if err := g.act(i); err != nil {
			return Mark{}, fmt.Errorf("act %d: %w", i, err)
		}
	}
	return v.Lab.mark(g.proved), nil
}

// grader believes acts one after the other.
type grader struct {
	variant *Variant
	record  *Record
	proved  []Act
	answers map[string][]string // right ones, by task and moment
}

func (g *grader) done(id string, kind ActKind) bool {
	return slices.ContainsFunc(g.proved, func(a Act) bool { return a.Kind == kind && a.Task == id && (kind != Answered || a.Right) })
}

func (g *grader) act(i int) error {
	a := g.record.Acts[i]
	t := g.variant.Lab.task(a.Task)
	if a.Kind == WentBack {
		return nil
	}
	if t == nil {
		return fmt.Errorf("there is no task %q", a.Task)
	}
	locked := slices.ContainsFunc(t.needs, func(id string) bool { return !g.done(id, Done) })
	if locked || g.done(a.Task, Done) {
		return nil
	}
	switch a.Kind {
	case Hinted:
		g.proved = append(g.proved, a)
	case Answered:
		return g.answer(i, a, t)
	case Done:
		if t.answer != nil && !g.done(t.id, Answered) {
			return nil
		}
		ok := true
		if len(t.checks) > 0 {
			m, err := g.moment(i, slices.ContainsFunc(t.checks, func(c check) bool { return c.line != nil }))
			if err != nil {
				return err
			}
			if ok, err = m.proves(t); err != nil {
				return err
			}
		}
		if ok {
			g.proved = append(g.proved, a)
		}
	default:
		return fmt.Errorf("%q is no kind of act", a.Kind)
	}
	return nil
}

func (g *grader) answer(i int, a Act, t *task) error {
	if t.answer == nil || g.done(t.id, Answered) || len(a.Text) > maxAnswer {
		return nil
	}
	key := fmt.Sprintf("%s %v %d", t.id, a.At, a.Index)
	if t.answer.start {
		key = t.id
	}
	right, known := g.answers[key]
	if !known {
		m, err := g.moment(i, false)
		if err != nil {
			return err
		}
		if right, err = m.right(t.answer); err != nil {
			return err
		}
		g.answers[key] = right
	}
	a.Right = slices.ContainsFunc(right, func(x string) bool { return same(a.Text, x) })
	g.proved = append(g.proved, a)
	return nil
}

// moment is the moment of an act, with the programs that had been run by then if
// somebody asks for them.
func (g *grader) moment(i int, programs bool) (moment, error) {
	a := g.record.Acts[i]
	b, err := g.record.branch(i)
	if err != nil {
		return moment{}, err
	}
	m := moment{options: g.variant.World, log: b.log, at: a.At, index: a.Index}
	for k := 1; k < len(m.log); k++ {
		if m.log[k].At < m.log[k-1].At {
			return m, fmt.Errorf("the log goes back in time")
		}
	}
	if programs {
		m.ran, err = m.programs()
	}
	return m, err
}

// programs makes the world again to hear what was run in it.
func (m moment) programs() (ran []program, err error) {
	o := m.options
	o.Built = func(l *scenarios.Lab) {
		l.Ran(func(p *userland.Process, status int) {
			if len(ran) < maxRan {
				ran = append(ran, byHand(p, status, l.Loop.Now())...)
			}
		})
	}
	w, err := o.Replay(m.log, m.at)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(ran) // closing ends programs, too
	w.Close()
	return out, nil
}
