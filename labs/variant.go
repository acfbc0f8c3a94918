package labs

import (
	"fmt"

	"dnetsim/scenarios/replay"
)

// Variant is a lab with the values of one learner.
type Variant struct {
	Lab     *Lab
	Learner string
	// World is what the learner works in. Docker is to be set; who listens sets Built.
	World replay.Options
}

// maxLearner bounds a learner's id, in bytes.
const maxLearner = 200

// For draws a learner's values. The same id gives the same world on every machine.
func (l *Lab) For(learner string) (*Variant, error) {
	if len(learner) > maxLearner {
		return nil, fmt.Errorf("a learner's id has at most %d bytes", maxLearner)
	}
	own, err := readFor(l.File, l.Source, learner)
	if err != nil {
		return nil, fmt.Errorf("with the values of learner %q: %w", learner, err)
	}
	seed := dice(own.Name, learner, "seed")>>1 | 1
	return &Variant{Lab: own, Learner: learner, World: replay.Options{Scenario: own.scenario, Seed: &seed}}, nil
}

// Sit opens the learner's world: a new place to work at. It must be closed.
func (v *Variant) Sit() (*Sitting, error) {
	return v.Resume(Record{Learner: v.Learner, Lab: v.Lab.Name})
}

// Resume makes a learner's world again from what was recorded of it.
func (v *Variant) Resume(r Record) (*Sitting, error) {
	if r.Learner != v.Learner || r.Lab != v.Lab.Name {
		return nil, fmt.Errorf("the record is of %q in lab %q, not of %q in %q", r.Learner, r.Lab, v.Learner, v.Lab.Name)
	}
	s := &Sitting{variant: v, lab: v.Lab, acts: r.Acts}
	b, err := r.branch(len(r.Acts))
	if err != nil {
		return nil, err
	}
	s.past, s.shared, s.start = r.Log[:len(r.Log)-b.own], len(b.log)-b.own, r.Start
	at := r.At
	if n := len(b.log); n > 0 && b.log[n-1].At > at {
		at = b.log[n-1].At
	}
	if err := s.stand(b.log, at); err != nil {
		return nil, err
	}
	return s, nil
}
