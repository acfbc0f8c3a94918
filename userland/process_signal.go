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

// Catch makes the process receive these signals instead of dying: its blocking
// call returns [sim.ErrInterrupted], and Pending tells which signal came.
func (p *Process) Catch(sigs ...Signal) { p.handle(sigs, true) }

// Ignore makes the process ignore these signals, and its children too.
func (p *Process) Ignore(sigs ...Signal) { p.handle(sigs, false) }

func (p *Process) handle(sigs []Signal, catch bool) {
	if p.caught == nil {
		p.caught = map[Signal]bool{}
	}
	for _, s := range sigs {
		p.caught[s] = catch
	}
}

// Default restores the default action of these signals.
func (p *Process) Default(sigs ...Signal) {
	for _, s := range sigs {
		delete(p.caught, s)
	}
}

// Pending takes the oldest caught signal that has not been looked at; 0 if none.
func (p *Process) Pending() Signal {
	if len(p.pending) == 0 {
		return 0
	}
	s := p.pending[0]
	p.pending = p.pending[1:]
	return s
}
