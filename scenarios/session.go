package scenarios

import (
	"errors"
	"fmt"
	"io"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// Open builds a scenario and runs its setup; what setup prints goes to the
// options' transcript. The lab is then ready for somebody to type.
func Open(s *Scenario, o Options) (*Lab, error) {
	lab, failed, err := OpenAt(s, o, Moment{})
	if failed == "" || err != nil {
		return lab, err
	}
	lab.Close()
	return nil, errors.New(failed)
}

// OpenAt is Open at a moment of the run. What failed on the way is told; a line of
// the setup that fails is the last one, and the lab is as it was then.
func OpenAt(s *Scenario, o Options, m Moment) (lab *Lab, failed string, err error) {
	w := &world{scenario: s, options: o, moment: m}
	w.run = begin(s, o)
	r := w.run.result
	for i := 0; i < len(s.Setup) && !r.Failed(); i++ {
		w.run.play(s.Setup[i:i+1], true)
	}
	r.Virtual = w.run.loop.Now()
	if r.Failed() {
		failed = fmt.Sprintf("the scenario's setup fails:\n%s", r.Report())
	} else {
		w.steps()
		if r.Virtual = w.run.loop.Now(); r.Failed() {
			failed = r.Report()
		}
	}
	if r.Err == nil {
		w.run.lab.furnish()
		return w.run.lab, failed, nil
	}
	if w.run.lab != nil {
		w.run.lab.Close()
	}
	return nil, failed, r.Err
}

// First is the name of the first host of the file.
func (l *Lab) First() string { return l.Scenario.Hosts[0].Name }

// Script runs a shell on a host that reads its lines from in, without prompts,
// until in ends or the script exits. It returns the shell's status. Virtual
// time stands still while in makes it wait. Each line may take as much virtual
// time as the scenario's limit says.
func (l *Lab) Script(host string, in io.Reader, out, errs io.Writer) (int, error) {
	m, ok := l.machines[host]
	if !ok {
		return 2, fmt.Errorf("there is no host %q", host)
	}
	lines := &lineWatch{in: in, loop: l.Loop, at: l.Loop.Now()}
	p := m.Start(userland.ProcSpec{
		Program: shell.Sh(shell.HostSh), Args: []string{"sh"}, Dir: "/root",
		Stdin: lines, Stdout: out, Stderr: errs, NewGroup: true,
	})
	for {
		since := lines.at
		var err error
		broken := l.Guard(func() { err = l.Loop.Run(p.Done, since+l.Scenario.Limit) })
		switch {
		case broken != nil:
			return 1, broken
		case l.Loop.Stopped() != nil:
			return l.ended(host, lines.last, l.Loop.Stopped())
		case lines.err != nil:
			return l.ended(host, lines.last, lines.err)
		case err == nil:
			return p.Status(), nil
		case lines.at == since:
			return l.ended(host, lines.last, err)
		}
	}
}

// lineWatch remembers the last line that was read from in, and when.
type lineWatch struct {
	in   io.Reader
	loop *sim.Loop
	at   time.Duration
	last string
	line []byte
	err  error // why in ended, if not by its end
}

func (w *lineWatch) Read(b []byte) (int, error) {
	n, err := w.in.Read(b)
	w.at = w.loop.Now()
	for _, c := range b[:n] {
		if c != '\n' {
			w.line = append(w.line, c)
			continue
		}
		w.last, w.line = string(w.line), w.line[:0]
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	if err != nil && len(w.line) > 0 { // a last line without its end
		w.last, w.line = string(w.line), w.line[:0]
	}
	return n, err
}

// ended is the status and the error of a line that does not end by itself.
func (l *Lab) ended(host, line string, err error) (int, error) {
	switch why := hangs(err, l.Scenario.Limit); {
	case errors.Is(err, sim.ErrLimit):
		return 1, fmt.Errorf("%s: %s\nstill runs after %v of virtual time: give it an end (ping -c 3, timeout 10 tcpdump …), put it into the background with &, or raise limit: in the scenario",
			host, line, l.Scenario.Limit)
	case errors.Is(err, sim.ErrIdle):
		return 1, fmt.Errorf("%s: %s\nwaits for something that cannot come", host, line)
	case why != "":
		return 1, fmt.Errorf("%s: %s\n%s", host, line, why)
	}
	return 3, fmt.Errorf("%w at %v of virtual time: %s: %s", err, l.Loop.Now(), host, line)
}

// Begin starts a shell without a terminal, which runs a line, or what it reads if that
// is "". It is for who moves the lab's time himself.
func Begin(m *userland.Machine, line string, in io.Reader, out, errs io.Writer) *userland.Process {
	args := []string{"sh"}
	if line != "" {
		args = []string{"sh", "-c", line}
	}
	return m.Start(userland.ProcSpec{
		Program: shell.Sh(shell.HostSh), Args: args, Dir: "/root", Stdin: in, Stdout: out, Stderr: errs, NewGroup: true,
	})
}

// Line runs one line on a host and returns its status. It may take as much
// virtual time as the scenario's limit says.
func (l *Lab) Line(host, line string, in io.Reader, out, errs io.Writer) (int, error) {
	m, ok := l.machines[host]
	if !ok {
		return 2, fmt.Errorf("there is no host %q", host)
	}
	sh := shell.New(m, shell.Options{Style: shell.HostSh})
	p := m.Start(userland.ProcSpec{
		Program: func(p *userland.Process) int { return sh.Run(p, line) }, Args: []string{"sh", "-c", line},
		Dir: sh.Dir(), Stdin: in, Stdout: out, Stderr: errs, NewGroup: true,
	})
	var err error
	if broken := l.Guard(func() { err = l.Loop.Run(p.Done, l.Loop.Now()+l.Scenario.Limit) }); broken != nil {
		return 1, broken
	}
	if stop := l.Loop.Stopped(); stop != nil {
		err = stop
	}
	if err != nil {
		return l.ended(host, line, err)
	}
	return p.Status(), nil
}

// Login starts an interactive shell on a host with a terminal of its own, or one that
// runs a line, as ssh -t does, if that is not "".
func (l *Lab) Login(host, line string) (*userland.Process, *userland.TTY, error) {
	m, ok := l.machines[host]
	if !ok {
		return nil, nil, fmt.Errorf("there is no host %q", host)
	}
	args := []string{"-sh"}
	if line != "" {
		args = []string{"sh", "-c", line}
	}
	tty := userland.NewTTY(l.Loop)
	p := m.Start(userland.ProcSpec{
		Program: shell.Sh(shell.HostSh), Args: args, Dir: "/root", TTY: tty, NewGroup: true,
	})
	tty.SetForeground(m, p.PGID)
	return p, tty, nil
}
