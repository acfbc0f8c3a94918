package scenarios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// Options say how a scenario is run. The zero value runs it and keeps the
// result.
type Options struct {
	Docker     Docker    // makes the docker program of each host
	Seed       *uint64   // instead of the file's
	Transcript io.Writer // the transcript as it comes, or nil
	Style      Style
	Digest     bool
	Trace      io.Writer // journal lines, or nil
	Capture    Capture   // frames, or nil
	// Context ends the run when it is done: at once, also within a step. Its
	// cause is what the result says, [ErrMemory] as a failure of the step.
	Context context.Context
	// Clock is what the clocks of all machines are ahead of the run's, beside what
	// the file says: for labs that show the time of the real world.
	Clock    time.Duration
	Progress *Progress // hears how far the run is, or nil
	// Built hears of the lab before its first step, Stepped of every step that
	// is over. They may look at everything and must change nothing.
	Built   func(*Lab)
	Stepped func(*Lab, *StepResult)
	journal func(*sim.Entry) // for Repeat and Testify
	tables  bool             // keep the final tables, for Testify
}

// Capture takes every frame of a run, for files outside the simulation.
type Capture interface {
	// Open starts a capture of what the loop's journal tells.
	Open(loop *sim.Loop) error
	// Done closes what Open opened.
	Done() error
}

// Job is a line that runs on a machine.
type Job struct {
	Place, Line    string
	stdout, stderr bytes.Buffer
	both           bytes.Buffer
	process        *userland.Process
	failed         error
	exit           int
	flooded        bool // it printed more than a run may
}

// Done reports whether the line has ended.
func (j *Job) Done() bool { return j.failed != nil || j.process.Done() }

// Exit is the exit status of a line that has ended.
func (j *Job) Exit() int {
	if j.failed != nil {
		return j.exit
	}
	return j.process.Status()
}

// Output is what the line has printed so far, both streams in order.
func (j *Job) Output() string { return j.both.String() }

// Run runs a scenario from its first line to its last.
func Run(s *Scenario, o Options) *Result {
	run := begin(s, o)
	defer run.close()
	run.play(s.Setup, true)
	run.play(s.Steps, false)
	r, lab := run.result, run.lab
	r.Transcript, r.Virtual, r.Events = run.transcript.text.String(), run.loop.Now(), run.loop.Fired()
	if lab == nil {
		return r
	}
	err := lab.Guard(func() {
		if o.tables {
			r.tables = finalTables(lab)
		}
		if o.Digest && r.Err == nil {
			r.Digest = run.digest.sum(r.Transcript, lab)
		}
		if o.Capture != nil {
			if err := o.Capture.Done(); err != nil {
				r.Err = errors.Join(r.Err, err)
			}
		}
		lab.Close()
	})
	if err != nil && r.Err == nil {
		r.Err = err
	}
	return r
}

func (r *running) steps(steps []Step, setup bool) {
	for i := range steps {
		if r.hung || r.result.Err != nil {
			return
		}
		st := &steps[i]
		r.options.Progress.step(st)
		res := StepResult{Step: st, Setup: setup, offset: r.transcript.text.Len()}
		if err := r.lab.Loop.Stopped(); err != nil {
			r.ended(&res, err)
			return
		}
		if st.At >= 0 {
			r.until(&res, st.At)
		}
		res.Start = r.lab.Loop.Now()
		if res.Failure == "" {
			r.step(st, &res)
		}
		res.End = r.lab.Loop.Now()
		r.result.Steps = append(r.result.Steps, res)
		if r.options.Stepped != nil {
			r.options.Stepped(r.lab, &r.result.Steps[len(r.result.Steps)-1])
		}
	}
}

// until lets virtual time come to at.
func (r *running) until(res *StepResult, at time.Duration) {
	now := r.lab.Loop.Now()
	if at < now {
		res.Failure = fmt.Sprintf("at: %v has passed: it is %v", at, now)
		return
	}
	r.pause(res, at-now)
}

func (r *running) pause(res *StepResult, d time.Duration) {
	limit := r.lab.Scenario.Limit
	if d > limit-r.lab.Loop.Now() {
		res.Failure = fmt.Sprintf("the run would pass its limit of %v of virtual time: raise limit: in the file", limit)
		r.hung = true
		return
	}
	if err := r.lab.Loop.RunFor(d); err != nil {
		r.ended(res, err)
	}
}

func (r *running) step(st *Step, res *StepResult) {
	switch st.Kind {
	case StepWait:
		r.pause(res, st.Wait)
	case StepFault, StepRepair:
		r.transcript.note(st.String())
		if err := r.lab.fault(st); stops(err) {
			r.ended(res, err)
		} else if err != nil {
			res.Failure = err.Error()
		}
	case StepCheck:
		r.transcript.note(st.String())
		r.check(st, res)
	case StepRun:
		r.transcript.command(r.lab, st)
		j := r.lab.start(st, r.transcript)
		err := r.lab.wait(j)
		r.transcript.end()
		res.Stdout, res.Stderr, res.Exit = j.stdout.String(), j.stderr.String(), j.Exit()
		if err != nil {
			r.ended(res, err)
			return
		}
		res.judge()
		if j.flooded {
			res.Failure = fmt.Sprintf("it prints without end: a run prints %d MB at most", maxPrinted>>20)
			r.hung, res.hung = true, true
		}
	}
}

// Start starts a line on a machine, as sh -c would, without waiting for it.
func (l *Lab) Start(place, line string) *Job {
	j := &Job{Place: place, Line: line}
	m, ok := l.machines[place]
	if !ok {
		j.failed, j.exit = fmt.Errorf("there is no machine %q", place), 255
		return j
	}
	l.launch(j, m, line, nil)
	return j
}

// StartAside is Start in a shell of its own, as at another terminal.
func (l *Lab) StartAside(place, line string) *Job {
	kept := l.shells[place]
	defer func() { l.shells[place] = kept }()
	delete(l.shells, place)
	return l.Start(place, line)
}

// Await blocks the running process until a job has ended. One that has not ended
// at the scenario's limit is killed, and the error says so.
func (l *Lab) Await(j *Job) error {
	var ended sim.Cond
	if !j.Done() {
		j.process.OnExit(func(int) { ended.Broadcast() })
	}
	for end := l.Loop.Now() + l.Scenario.Limit; !j.Done(); {
		left := end - l.Loop.Now()
		if left <= 0 {
			j.process.Signal(userland.SIGKILL)
			_, err := l.ended(j.Place, j.Line, sim.ErrLimit)
			return err
		}
		if err := ended.WaitFor(l.Loop, left); err != nil && err != sim.ErrTimeout {
			return err
		}
	}
	return j.failed
}

// Output runs a line on a machine as sh -c would, and returns its status and
// what it printed on both streams, in order.
func (l *Lab) Output(place, line string) (exit int, output string, err error) {
	j := l.Start(place, line)
	if j.failed != nil {
		return j.exit, "", j.failed
	}
	err = l.wait(j)
	return j.Exit(), j.Output(), err
}

func (l *Lab) wait(j *Job) error {
	if j.failed != nil {
		return nil
	}
	if p := l.Loop.Current(); p != nil { // a program of the lab asks
		for !j.Done() {
			p.Sleep(5 * time.Millisecond)
		}
		return nil
	}
	return l.Loop.Run(j.Done, l.Scenario.Limit)
}

// start types a step's line: on a host in the shell that is kept open there,
// in a container with exec.
func (l *Lab) start(st *Step, t *transcript) *Job {
	j := &Job{Place: st.Host, Line: st.Line}
	m, ok := l.machines[st.Host]
	if !ok {
		j.failed, j.exit = fmt.Errorf("there is no machine %q", st.Host), 255
		return j
	}
	line := st.Line
	if st.Container != "" {
		line = fmt.Sprintf("docker exec %s sh -c %s", st.Container, quote(st.Line))
	}
	l.launch(j, m, line, t)
	return j
}

// quote makes one word of a text, as a person would for sh.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// launch runs a line in the shell that stays open on a machine: variables, the
// working directory and background jobs live from line to line.
func (l *Lab) launch(j *Job, m *userland.Machine, line string, t *transcript) {
	sh := l.shells[m.Name]
	if sh == nil {
		sh = shell.New(m, shell.Options{Style: shell.HostSh})
		l.shells[m.Name] = sh
	}
	out, errs := io.Writer(io.MultiWriter(&j.stdout, &j.both)), io.Writer(io.MultiWriter(&j.stderr, &j.both))
	if t != nil {
		out, errs = io.MultiWriter(out, t), io.MultiWriter(errs, t)
	}
	out, errs = &printed{l, j, out}, &printed{l, j, errs}
	j.process = m.Start(userland.ProcSpec{
		Program: func(p *userland.Process) int { return sh.Run(p, line) },
		Args:    []string{"sh", "-c", line}, Stdout: out, Stderr: errs, NewGroup: true,
		Dir: sh.Dir(),
	})
}

// Style is how a transcript looks.
type Style struct{ Colour bool }

// transcript is what a person at the terminals would have seen.
type transcript struct {
	out   io.Writer
	style Style
	text  strings.Builder
	shown visible
	open  bool // the last line has no newline yet
}

func (t *transcript) Write(b []byte) (int, error) {
	t.text.Write(b)
	if t.out != nil {
		t.out.Write(t.shown.add(nil, b, false))
	}
	if len(b) > 0 {
		t.open = b[len(b)-1] != '\n'
	}
	return len(b), nil
}

// end closes an output that did not end its line.
func (t *transcript) end() {
	if t.open {
		io.WriteString(t, "\n")
	}
}

// command is the prompt and what is typed at it.
func (t *transcript) command(l *Lab, st *Step) {
	prompt := l.prompt(st)
	lines := strings.ReplaceAll(st.Line, "\n", "\n> ")
	t.text.WriteString(prompt + lines + "\n")
	if t.out == nil {
		return
	}
	prompt, lines = Visible(prompt), Visible(lines)
	if t.style.Colour {
		fmt.Fprintf(t.out, "\x1b[1;32m%s\x1b[0;1m%s\x1b[0m\n", prompt, lines)
		return
	}
	fmt.Fprintf(t.out, "%s%s\n", prompt, lines)
}

// note is a remark that nobody typed.
func (t *transcript) note(text string) {
	fmt.Fprintf(t, "# %s\n", text)
}

// prompt is a host's, or a container's with the place it is at in front.
func (l *Lab) prompt(st *Step) string {
	if st.Container != "" {
		return fmt.Sprintf("%s/%s / # ", st.Host, st.Container)
	}
	name := st.Host
	if m, ok := l.machines[st.Host]; ok {
		name = m.Hostname()
	}
	dir := "~"
	if sh := l.shells[st.Host]; sh != nil && sh.Dir() != "/root" {
		dir = sh.Dir()[strings.LastIndex(sh.Dir(), "/")+1:]
		if dir == "" {
			dir = "/"
		}
	}
	return fmt.Sprintf("[root@%s %s]# ", name, dir)
}
