package scenarios

import (
	"fmt"
	"io"

	"dnetsim/sim"
	"dnetsim/userland"
)

// Open builds a scenario and runs its setup; what setup prints goes to the
// options' transcript. The lab is then ready for somebody to type.
func Open(s *Scenario, o Options) (*Lab, error) {
	seed := s.Seed
	if o.Seed != nil {
		seed = *o.Seed
	}
	loop := sim.NewLoop(seed)
	if o.Trace != nil {
		loop.Journal().Listen(tracer(o.Trace))
	}
	if o.Capture != nil {
		if err := o.Capture.Open(loop); err != nil {
			return nil, err
		}
	}
	lab, err := build(s, loop, o.Docker)
	if err != nil {
		return nil, err
	}
	r := &running{lab: lab, result: &Result{Name: s.Name, File: s.File, Seed: seed}, transcript: &transcript{out: o.Transcript, style: o.Style}, ctx: o.Context}
	r.steps(s.Setup, true)
	if r.result.Failed() {
		lab.Close()
		return nil, fmt.Errorf("the scenario's setup fails:\n%s", r.result.Report())
	}
	if r.result.Err != nil {
		lab.Close()
		return nil, r.result.Err
	}
	return lab, nil
}

// First is the name of the first host of the file.
func (l *Lab) First() string { return l.Scenario.Hosts[0].Name }

// Script runs a shell on a host that reads its lines from in, without prompts,
// until in ends or the script exits. It returns the shell's status. Virtual
// time stands still while in makes it wait.
func (l *Lab) Script(host string, in io.Reader, out, errs io.Writer) (int, error) {
	m, ok := l.machines[host]
	if !ok {
		return 2, fmt.Errorf("there is no host %q", host)
	}
	p := m.Start(userland.ProcSpec{
		Program: userland.Sh(userland.HostSh), Args: []string{"sh"}, Dir: "/root",
		Stdin: in, Stdout: out, Stderr: errs, NewGroup: true,
	})
	if err := l.Loop.Run(p.Done, 0); err != nil {
		return 1, fmt.Errorf("%s: the line waits for something that cannot come", host)
	}
	return p.Status(), nil
}

// Line runs one line on a host and returns its status.
func (l *Lab) Line(host, line string, in io.Reader, out, errs io.Writer) (int, error) {
	m, ok := l.machines[host]
	if !ok {
		return 2, fmt.Errorf("there is no host %q", host)
	}
	sh := userland.NewShell(m, userland.ShellOptions{Style: userland.HostSh})
	p := m.Start(userland.ProcSpec{
		Program: func(p *userland.Process) int { return sh.Run(p, line) }, Args: []string{"sh", "-c", line},
		Dir: sh.Dir(), Stdin: in, Stdout: out, Stderr: errs, NewGroup: true,
	})
	if err := l.Loop.Run(p.Done, 0); err != nil {
		return 1, fmt.Errorf("%s: the line waits for something that cannot come", host)
	}
	return p.Status(), nil
}

// Login starts an interactive shell on a host with a terminal of its own.
func (l *Lab) Login(host string) (*userland.Process, *userland.TTY, error) {
	m, ok := l.machines[host]
	if !ok {
		return nil, nil, fmt.Errorf("there is no host %q", host)
	}
	tty := userland.NewTTY(l.Loop)
	p := m.Start(userland.ProcSpec{
		Program: userland.Sh(userland.HostSh), Args: []string{"-sh"}, Dir: "/root", TTY: tty, NewGroup: true,
	})
	tty.SetForeground(m, p.PGID)
	return p, tty, nil
}
