package scenarios

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"dnetsim/sim"
)

// mark is what is kept of a journal entry to find the first difference between
// two runs.
type mark [8]byte

func markOf(e *sim.Entry) mark {
	place, verb, why, data := told(e)
	h := sha256.New()
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(e.At))
	h.Write(at[:])
	h.Write([]byte(place.String() + "\x00" + verb + "\x00" + why + "\x00"))
	h.Write(data)
	var m mark
	copy(m[:], h.Sum(nil))
	return m
}

// Repeat runs a scenario n times and compares every run with the first. The
// result is the first run's; if another differs it fails with the first event
// that is not the same, as both runs saw it. told, if not nil, hears how far
// it is.
func Repeat(s *Scenario, o Options, n int, told func(done, of int)) *Result {
	var marks []mark
	first := o
	first.journal = func(e *sim.Entry) { marks = append(marks, markOf(e)) }
	result := Run(s, first)
	o.Transcript, o.Capture, o.Trace = nil, nil, nil
	for i := 2; i <= n && result.Err == nil; i++ {
		if told != nil {
			told(i, n)
		}
		k, differs := 0, ""
		again := o
		again.journal = func(e *sim.Entry) {
			if differs == "" && (k >= len(marks) || marks[k] != markOf(e)) {
				differs = fmt.Sprintf("event %d of run %d is not that of run 1:\n  run %d: %s", k+1, i, i, traceLine(e))
			}
			k++
		}
		r := Run(s, again)
		switch {
		case r.Err != nil:
			result.Err = r.Err
		case differs != "":
			result.differ(differs)
		case k != len(marks):
			result.differ(fmt.Sprintf("run %d has %d events, run 1 has %d", i, k, len(marks)))
		case r.Digest != result.Digest || r.Transcript != result.Transcript:
			result.differ(fmt.Sprintf("run %d has the same events and another transcript or other final tables: %s and %s", i, r.Digest, result.Digest))
		}
		if result.Failed() {
			break
		}
	}
	return result
}

// differ makes the result fail.
func (r *Result) differ(why string) {
	r.Steps = append(r.Steps, StepResult{Step: &Step{Kind: StepWait}, Failure: "the run is not repeatable: " + why})
}
