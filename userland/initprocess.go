package userland

// unforwarded are those that docker-init does not forward: what it needs itself, and
// what nobody can catch.
var unforwarded = map[Signal]bool{SIGKILL: true, SIGSTOP: true, SIGCHLD: true, SIGFPE: true, SIGILL: true, SIGSEGV: true, SIGABRT: true, SIGTRAP: true, SIGTTIN: true, SIGTTOU: true}

// InitProcess is docker-init (tini): it starts a program as its child, which has
// no PID 1's immunity, forwards signals to it, and ends with its status.
func InitProcess(program Program, args []string) Program {
	return func(p *Process) int {
		for s := range Signal(len(SignalNames)) {
			if s > 0 && !unforwarded[s] {
				p.Catch(s)
			}
		}
		child := p.Machine.Start(ProcSpec{
			Program: program, Args: args, Env: p.Environ(), Dir: p.Dir, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
			TTY: p.TTY, Parent: p, NS: p.ns, NewGroup: true,
		})
		if p.TTY != nil {
			p.TTY.SetForeground(p.Machine, child.PGID)
		}
		for !child.Done() {
			WaitChange(child)
			for s := p.Pending(); s != 0; s = p.Pending() {
				child.Signal(s)
			}
		}
		return child.Status()
	}
}
