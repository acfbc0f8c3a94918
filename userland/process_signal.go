package userland

// Signal sends a signal to the process. Its default action ends it, except for
// those signals that are ignored by default and for a container's PID 1, which
// only SIGKILL ends unless it catches the signal. A process that signals itself
// to death does not return.
func (p *Process) Signal(s Signal) {
	if p.done || s <= 0 || p.init {
		return
	}
	catch, known := p.caught[s]
	switch {
	case s == SIGKILL:
	case known && catch:
		p.pending = append(p.pending, s)
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
