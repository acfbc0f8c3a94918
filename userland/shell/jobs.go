package shell

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dnetsim/userland"

	"mvdan.cc/sh/v3/syntax"
)

// job is a command that runs in the background, or has ended and not been
// waited for. Of one that has ended the numbers and the status are left: a script
// that starts jobs for ever and waits for none keeps no process by them.
type job struct {
	n      int
	procs  []*userland.Process // nil when all have ended
	pids   []int
	text   string
	status int             // of the last one, when all have ended
	by     userland.Signal // that ended it, 0 for none
}

func newJob(n int, procs []*userland.Process, text string) *job {
	j := &job{n: n, procs: procs, text: text}
	for _, p := range procs {
		j.pids = append(j.pids, p.PID)
	}
	for _, p := range procs {
		p.OnExit(j.ended)
	}
	return j
}

// ended is told of the end of each process.
func (j *job) ended(int) {
	if slices.ContainsFunc(j.procs, func(p *userland.Process) bool { return !p.Done() }) {
		return
	}
	j.status, j.by = j.last()
	j.procs = nil
}

// last is the status of the job's last process, and the signal that ended it.
func (j *job) last() (status int, by userland.Signal) {
	if j.done() {
		return j.status, j.by
	}
	p := j.procs[len(j.procs)-1]
	return p.Status(), p.KilledBy()
}

// pid is the number of the last process, by which a script knows the job.
func (j *job) pid() int { return j.pids[len(j.pids)-1] }

func (j *job) done() bool { return j.procs == nil }

// stopped reports whether the job stands still.
func (j *job) stopped() bool { return slices.ContainsFunc(j.procs, userland.Stopped) }

// goOn lets a job that stands still go on.
func (j *job) goOn() {
	for _, p := range j.procs {
		p.Signal(userland.SIGCONT)
	}
}

// pipeline runs a | b | c: one process for each stage, joined by pipes.
func (s *Shell) pipeline(c *syntax.BinaryCmd) {
	stages, both := flatten(c)
	procs, err := s.startPipeline(stages, both, s.jobControl(), nil)
	if err != nil {
		s.warn(err.Error())
		s.status = 2
	}
	if len(procs) == 0 {
		return
	}
	statuses := s.foregroundAll(procs)
	if err != nil {
		return
	}
	s.status = statuses[len(statuses)-1]
	if !s.opts.pipefail {
		return
	}
	s.status = 0
	for _, st := range statuses {
		if st != 0 {
			s.status = st
		}
	}
}

// flatten turns the parser's tree of a pipeline into its stages; both tells
// after which of them standard error goes into the pipe too.
func flatten(c *syntax.BinaryCmd) (stages []*syntax.Stmt, both []bool) {
	both = []bool{c.Op == syntax.PipeAll}
	right := c.Y
	left := c.X
	stages = []*syntax.Stmt{right}
	for {
		b, ok := left.Cmd.(*syntax.BinaryCmd)
		if !ok || (b.Op != syntax.Pipe && b.Op != syntax.PipeAll) || len(left.Redirs) > 0 || left.Negated {
			break
		}
		stages = append(stages, b.Y)
		both = append(both, b.Op == syntax.PipeAll)
		left = b.X
	}
	stages = append(stages, left)
	slices.Reverse(stages)
	slices.Reverse(both)
	return stages, both
}

// startPipeline starts the stages. stdin replaces the first one's input if it
// is not nil.
func (s *Shell) startPipeline(stages []*syntax.Stmt, both []bool, group bool, stdin *userland.Stream) ([]*userland.Process, error) {
	var procs []*userland.Process
	in := stdin
	for i, st := range stages {
		fds := userland.HoldFDs(s.fds)
		if in != nil {
			fds[0].Release()
			fds[0] = in
		}
		in = nil
		if i < len(stages)-1 {
			r, w := userland.NewPipe(s.loop)
			fds[1].Release()
			fds[1] = &userland.Stream{W: w, C: w}
			if both[i] {
				fds[2].Release()
				fds[2] = fds[1].Retain()
			}
			in = &userland.Stream{R: r, C: r}
		}
		q, err := s.spawn([]*syntax.Stmt{st}, fds, group && i == 0)
		if err != nil {
			in.Release()
			return procs, err
		}
		if group && i > 0 {
			q.PGID = procs[0].PID
		}
		procs = append(procs, q)
	}
	return procs, nil
}

// foreground waits for a process that has the terminal meanwhile.
func (s *Shell) foreground(q *userland.Process) int {
	return s.foregroundAll([]*userland.Process{q})[0]
}

func (s *Shell) foregroundAll(procs []*userland.Process) []int {
	control := s.jobControl()
	if control {
		s.p.TTY.ForgetBroken()
		s.p.TTY.SetForeground(s.m, procs[0].PGID)
	}
	var statuses []int
	for _, q := range procs {
		statuses = append(statuses, s.await(q))
	}
	if control {
		s.p.TTY.SetForeground(s.m, s.p.PGID)
		s.p.TTY.SetRaw(false)
		broken(s, procs)
	}
	return statuses
}

// broken looks at how a foreground job ended: one that stands still is a job of
// the list, and ^C is for the whole line, loops and lists around the job included,
// unless the shell has an action of its own for it.
func broken(s *Shell, procs []*userland.Process) {
	last := procs[len(procs)-1]
	if i := slices.IndexFunc(procs, userland.Stopped); i >= 0 {
		suspend(s, procs)
		return
	}
	// ^C that a program did not hear of, for it was just ending, reaches the shell.
	missed := s.p.TTY.Broken() == procs[0].PGID && last.Done() && last.KilledBy() == 0 && last.Caught() != userland.SIGINT && s.loops > 0
	if last.KilledBy() == userland.SIGINT || missed {
		io.WriteString(s.errOut(), "\n")
	}
	if s.p.TTY.Broken() != procs[0].PGID || last.Done() && last.KilledBy() == userland.SIGQUIT {
		return
	}
	action, trapped := s.traps[userland.SIGINT.String()]
	switch {
	case !trapped:
		s.flow = abandoned
	case action != "" && last.KilledBy() == userland.SIGINT:
		s.p.Raise(userland.SIGINT)
	}
}

// suspend puts a job that ^Z stopped into the list of jobs. Loops around it end,
// so that the terminal comes back.
func suspend(s *Shell, procs []*userland.Process) {
	j := jobOf(s, procs)
	if j == nil {
		j = newJob(s.nextJob(), procs, s.running)
		s.jobs = append(s.jobs, j)
	}
	s.jobs = append(slices.DeleteFunc(s.jobs, func(o *job) bool { return o == j }), j)
	fmt.Fprintf(s.errOut(), "\n%s\n", s.jobLine(len(s.jobs)-1, j))
	if s.loops > 0 {
		s.flow = abandoned
	}
}

// jobOf is the job that these processes are, or nil.
func jobOf(s *Shell, procs []*userland.Process) *job {
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return slices.Equal(j.procs, procs) })
	if i < 0 {
		return nil
	}
	return s.jobs[i]
}

// await waits for a process whatever signals come, until it has ended or, where
// there are jobs, stands still.
func (s *Shell) await(q *userland.Process) int {
	for !q.Done() {
		if userland.Stopped(q) && s.jobControl() {
			return 128 + int(userland.SIGTSTP)
		}
		userland.WaitChange(q)
	}
	return q.Status()
}

// background starts a statement and does not wait for it.
func (s *Shell) background(st *syntax.Stmt) {
	c := *st
	c.Background = false
	var procs []*userland.Process
	var err error
	stdin := &userland.Stream{R: userland.NoInput{}}
	if s.jobControl() {
		stdin = s.fds[0].Retain()
	}
	group := s.jobControl()
	b, isPipe := c.Cmd.(*syntax.BinaryCmd)
	if isPipe && (b.Op == syntax.Pipe || b.Op == syntax.PipeAll) && len(c.Redirs) == 0 && !c.Negated {
		stages, both := flatten(b)
		procs, err = s.startPipeline(stages, both, group, stdin)
	} else {
		procs, err = s.startPipeline([]*syntax.Stmt{&c}, nil, group, stdin)
	}
	if err != nil {
		s.warn(err.Error())
		s.status = 2
		return
	}
	if !s.jobControl() {
		for _, q := range procs {
			q.Ignore(userland.SIGINT, userland.SIGQUIT)
		}
	}
	j := newJob(s.nextJob(), procs, source(&c))
	s.jobs = append(s.jobs, j)
	s.forgetOldest()
	s.lastBg = j.pid()
	s.status = 0
	if s.jobControl() && s.style != Ash {
		fmt.Fprintf(s.errOut(), "[%d] %d\n", j.n, s.lastBg)
	}
}

// childMax is how many jobs that nobody waits for a shell remembers (CHILD_MAX of
// POSIX, wait).
const childMax = 1024

// forgetOldest drops the first job that is over if there are too many.
func (s *Shell) forgetOldest() {
	if len(s.jobs) <= childMax {
		return
	}
	if i := slices.IndexFunc(s.jobs, (*job).done); i >= 0 {
		s.jobs = slices.Delete(s.jobs, i, i+1)
	}
}

func (s *Shell) nextJob() int {
	n := 0
	for _, j := range s.jobs {
		n = max(n, j.n)
	}
	return n + 1
}

// source prints a command as the shell names it in its list of jobs.
func source(st *syntax.Stmt) string {
	var b bytes.Buffer
	if syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, st) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// notify prints which background jobs have ended since it was last asked, as an
// interactive shell does before its prompt.
func (s *Shell) notify() {
	kept := s.jobs[:0:0]
	for i, j := range s.jobs {
		if !j.done() {
			kept = append(kept, j)
			continue
		}
		if s.jobControl() {
			fmt.Fprintln(s.errOut(), s.jobLine(i, j))
		}
	}
	s.jobs = kept
}

// jobLine is a line of jobs(1).
func (s *Shell) jobLine(i int, j *job) string {
	mark := ' '
	switch len(s.jobs) - i {
	case 1:
		mark = '+'
	case 2:
		mark = '-'
	}
	state := "Running"
	if j.stopped() {
		state = "Stopped"
	}
	if j.done() {
		switch st := j.status; {
		case j.by == userland.SIGTERM:
			state = "Terminated"
		case j.by == userland.SIGKILL:
			state = "Killed"
		case st != 0 && s.style == Bash:
			state = fmt.Sprintf("Exit %d", st)
		case st != 0:
			state = fmt.Sprintf("Done(%d)", st)
		default:
			state = "Done"
		}
	}
	text := j.text
	if state == "Running" && s.style != Ash {
		text += " &"
	}
	return fmt.Sprintf("[%d]%c  %-23s %s", j.n, mark, state, text)
}

// findJob reads %1, %%, %+, %name or a PID of one of the shell's jobs.
func (s *Shell) findJob(ref string) *job {
	if rest, ok := strings.CutPrefix(ref, "%"); ok {
		if rest == "" || rest == "%" || rest == "+" {
			if len(s.jobs) == 0 {
				return nil
			}
			return s.jobs[len(s.jobs)-1]
		}
		n, err := strconv.Atoi(rest)
		for _, j := range s.jobs {
			if err == nil && j.n == n || err != nil && strings.HasPrefix(j.text, rest) {
				return j
			}
		}
		return nil
	}
	pid, err := strconv.Atoi(ref)
	if err != nil {
		return nil
	}
	for _, j := range s.jobs {
		if slices.Contains(j.pids, pid) {
			return j
		}
	}
	return nil
}

// forget removes a job that has been waited for.
func (s *Shell) forget(j *job) {
	if i := slices.Index(s.jobs, j); i >= 0 {
		s.jobs = slices.Delete(s.jobs, i, i+1)
	}
}

// runTraps runs the actions of signals that came. What comes while one runs
// waits for its end, so that an action that signals its own shell does not nest.
func (s *Shell) runTraps() {
	if s.p == nil || s.trapping {
		return
	}
	s.trapping = true
	defer func() { s.trapping = false }()
	for sig := s.p.Pending(); sig != 0; sig = s.p.Pending() {
		action := s.traps[sig.String()]
		if _, trapped := s.traps[sig.String()]; sig == userland.SIGINT && !trapped && s.interactive && s.flow != exitingShell {
			io.WriteString(s.errOut(), "\n")
			s.status, s.flow = 128+int(userland.SIGINT), abandoned
			continue
		}
		if action == "" || s.flow == exitingShell {
			continue
		}
		status, flow, n := s.status, s.flow, s.flowN
		s.flow = onward
		s.runText(action, 0)
		if s.flow == onward {
			s.flow, s.flowN = flow, n
			s.status = status
		}
	}
}
