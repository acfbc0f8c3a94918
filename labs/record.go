package labs

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"dnetsim/scenarios/replay"
)

// Record is all that is known of a learner's work: with it the world is made again,
// and the mark. It is also what is handed in.
type Record struct {
	Learner string         `json:"learner"`
	Lab     string         `json:"lab"`
	Start   time.Duration  `json:"start"` // virtual time when the learner came in
	At      time.Duration  `json:"at"`    // and when the record was made
	Log     []replay.Input `json:"log"`
	Acts    []Act          `json:"acts"`
}

// ActKind says what an act is.
type ActKind string

// The kinds of acts.
const (
	Done     ActKind = "done"   // a task's checks held
	Answered ActKind = "answer" // Text was the answer to a task
	Hinted   ActKind = "hint"   // hint number Hint of a task was taken
	WentBack ActKind = "back"   // the world went back to the moment of act number To, or to the start
)

// Act is something that a learner did beside the world, or that was seen of it.
type Act struct {
	Kind  ActKind       `json:"act"`
	Task  string        `json:"task,omitempty"`
	At    time.Duration `json:"at"`    // virtual time
	Index int           `json:"index"` // how many inputs there were, of the whole log
	Text  string        `json:"text,omitempty"`
	Right bool          `json:"right,omitempty"`
	Hint  int           `json:"hint,omitempty"` // from 0
	Says  Text          `json:"says,omitempty"` // what a computed hint said
	To    int           `json:"to,omitempty"`   // from 0; -1 is the start, -2 the virtual time When of the branch that was left
	When  time.Duration `json:"when,omitempty"`
}

// The limits of a record that somebody hands in.
const (
	maxRecord = 32 << 20
	maxActs   = 10_000
	maxInputs = 100_000
	maxBacks  = 200
	maxTime   = 24 * time.Hour
)

// ReadRecord reads a record as [Record.Write] writes it, or somebody who made it up:
// what makes no sense is an error.
func ReadRecord(in io.Reader) (r Record, err error) {
	text, err := io.ReadAll(io.LimitReader(in, maxRecord+1))
	if err != nil {
		return r, err
	}
	if len(text) > maxRecord {
		return r, fmt.Errorf("it has more than %d MB", maxRecord>>20)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("it is no transcript of a lab: %w", err)
	}
	return r, r.check()
}

// Write writes the record as JSON.
func (r Record) Write(w io.Writer) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func (r Record) check() error {
	if r.Lab == "" {
		return fmt.Errorf("it does not say of which lab it is")
	}
	if len(r.Acts) > maxActs {
		return fmt.Errorf("it has more than %d acts", maxActs)
	}
	if len(r.Log) > maxInputs {
		return fmt.Errorf("it has more than %d inputs", maxInputs)
	}
	last, backs := 0, 0
	for i, a := range r.Acts {
		if a.Kind == WentBack {
			backs++
		}
		if a.Index < last || a.Index > len(r.Log) || a.At < 0 || a.At > maxTime || a.Kind == WentBack && (a.To < toTime || a.To >= i || a.When < 0 || a.When > maxTime) {
			return fmt.Errorf("act %d is at no moment of the log", i)
		}
		last = a.Index
	}
	if backs > maxBacks {
		return fmt.Errorf("it goes back more than %d times", maxBacks)
	}
	for i, in := range r.Log {
		if in.At < 0 || in.At > maxTime {
			return fmt.Errorf("input %d is at no moment of a lab", i)
		}
	}
	return nil
}

// toStart and toTime are what To says when the world went back to no act.
const (
	toStart = -1
	toTime  = -2
)

// before is what a log has up to a time.
func before(log []replay.Input, at time.Duration) []replay.Input {
	n := slices.IndexFunc(log, func(in replay.Input) bool { return in.At > at })
	if n < 0 {
		n = len(log)
	}
	return slices.Clip(log[:n])
}

// branch is the inputs that a world has seen, and how many of them came after the
// last time that it went back.
type branch struct {
	log []replay.Input
	own int
}

// branch follows the record to before an act: what the world had seen by then.
func (r *Record) branch(act int) (branch, error) {
	logs := make([]branch, 0, act+1)
	now, from := branch{}, 0
	for i := 0; i <= act; i++ {
		to := len(r.Log)
		if i < len(r.Acts) {
			to = r.Acts[i].Index
		}
		if to < from || to > len(r.Log) {
			return now, fmt.Errorf("act %d is at no moment of the log", i)
		}
		now.log = append(now.log, r.Log[from:to]...) // what shares its array ends before
		now.own += to - from
		from = to
		logs = append(logs, now)
		if i == act {
			break
		}
		if a := r.Acts[i]; a.Kind == WentBack {
			left := now.log
			now = branch{}
			switch {
			case a.To == toTime:
				now.log = before(left, a.When)
			case a.To >= 0 && a.To < i:
				now.log = slices.Clip(logs[a.To].log)
			}
		}
	}
	return now, nil
}
