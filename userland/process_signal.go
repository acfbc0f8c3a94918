package userland

// Signal sends a signal to the process. Its default action ends it, except for
// those signals that are ignored by default, those that stop it, and for a
// container's PID 1, which only SIGKILL ends unless it catches the signal. A process that signals itself
// to death does not return.
func (p *Process) Signal(s Signal) {
	if p.done || s <= 0 || p.init {
		return
	}
	catch, known := p.caught[s]
	if s == SIGCONT {
		goOn(p)
	}
	switch {
	case s == SIGKILL:
	case s == SIGSTOP, s == SIGTSTP && !known && !(p.PID == 1 && p.Machine.Container):
		halt(p)
		return
	case known && catch:
		p.pending, p.last = append(p.pending, s), s
		p.proc.Interrupt()
		return
	case known, s.ignored(), p.PID == 1 && p.Machine.Container:
		return
	}
	p.by = s
	p.proc.Kill()
	if !p.done && p.proc.Done() {
		p.end(128 + int(s))
	}
	p.reapUnstarted()
}

// halt is the default action of SIGTSTP and SIGSTOP: the process stands still, and
// whoever waits for it hears of it.
func halt(p *Process) {
	p.stopped = true
	p.proc.Halt()
	for _, t := range p.threads {
		t.Halt()
	}
	p.exited.Broadcast()
}

// goOn is what SIGCONT does, also where it is caught or ignored.
func goOn(p *Process) {
	if !p.stopped {
		return
	}
	p.stopped = false
	p.proc.Resume()
	for _, t := range p.threads {
		t.Resume()
	}
}

// Stopped reports whether a process stands still (SIGTSTP, SIGSTOP).
func Stopped(p *Process) bool { return p.stopped && !p.done }

// WaitChange blocks the calling process until p has ended or stopped, or a
// signal comes.
func WaitChange(p *Process) {
	if !p.done {
		p.exited.Wait(p.Loop())
	}
}

// reapUnstarted ends a process that was killed before its program began: its
// coroutine never runs, so nobody else would.
func (p *Process) reapUnstarted() {
	p.Loop().After(0, func() {
		if !p.done && p.proc.Done() {
			p.end(128 + int(p.by))
		}
	})
}

// SignalPID signals a process, a group (negative) or everybody (-1).
func (m *Machine) SignalPID(from *Process, pid int, sig Signal) bool {
	if pid > 0 {
		q, ok := m.Process(pid)
		if ok {
			q.Signal(sig)
		}
		return ok
	}
	found := false
	self := false
	for _, q := range m.Processes() {
		if pid == -1 && q.PID == 1 || pid == 0 && q.PGID != from.PGID || pid < -1 && q.PGID != -pid {
			continue
		}
		found = true
		if q == from {
			self = pid != -1
			continue
		}
		q.Signal(sig)
	}
	if self {
		from.Signal(sig)
	}
	return found
}
