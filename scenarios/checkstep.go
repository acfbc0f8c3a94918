package scenarios

import (
	"fmt"
	"time"

	"dnetsim/explain"
)

// Check is an assertion about who reaches whom, which package explain's probe
// answers: real packets, sent at that moment.
type Check struct {
	Name  string
	Flow  explain.Flow
	Code  explain.Code  // the cause that explain must name, "" for any
	Never bool          // it must not reach
	Until time.Duration // eventually: within this time; 0: at once
	For   time.Duration // always, never: for this long; 0: once
}

// checkPause is how long a check that looks again waits between two probes.
const checkPause = time.Second

// String is the check as a transcript names it.
func (c *Check) String() string {
	what := c.Flow.String()
	if c.Never {
		what = "never " + what
	}
	if c.Code != "" {
		what += ", " + string(c.Code)
	}
	if c.Name != "" {
		return c.Name + ": " + what
	}
	return what
}

// check asks until it is clear whether a step's assertion holds.
func (r *running) check(st *Step, res *StepResult) {
	c := &st.Check
	w := &world{lab: r.lab, live: true}
	start := r.loop.Now()
	for {
		cell, err := explain.Briefly(w, c.Flow)
		if stopped := r.loop.Stopped(); stopped != nil {
			r.ended(res, stopped)
			return
		}
		if err != nil {
			res.Failure = err.Error()
			return
		}
		spent := r.loop.Now() - start
		why := c.judge(cell)
		switch {
		case why == "" && spent >= c.For:
			return
		case why != "" && spent >= c.Until:
			res.Failure = why
			return
		}
		if r.pause(res, checkPause); res.Failure != "" {
			return
		}
	}
}

// judge is why a probe's outcome is not what the check asks for, or "".
func (c *Check) judge(cell explain.Cell) string {
	reaches := cell.Verdict == explain.Delivered
	switch {
	case reaches && (c.Never || c.Code != ""):
		return "it reaches, and must not"
	case !reaches && !c.Never && c.Code == "":
		return fmt.Sprintf("%s: %s: %s", cell.Verdict, cell.Code, cell.Says)
	case c.Code != "" && cell.Code != c.Code:
		return fmt.Sprintf("explain names %s, want %s: %s", cell.Code, c.Code, cell.Says)
	}
	return ""
}
