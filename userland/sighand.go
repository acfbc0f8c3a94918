package userland

// sighand is what a process does about signals, and those that have come.
type sighand struct {
	caught  map[Signal]bool // true: catch, false: ignore
	pending []Signal
	last    Signal // the last one that was caught
}

// Caught is the last signal that came and was caught, 0 for none: a program that heard
// of it ended by itself.
func (h *sighand) Caught() Signal { return h.last }

// Catch makes the process receive these signals instead of dying: its blocking
// call returns [sim.ErrInterrupted], and Pending tells which signal came.
func (h *sighand) Catch(sigs ...Signal) { h.handle(sigs, true) }

// Ignore makes the process ignore these signals, and its children too.
func (h *sighand) Ignore(sigs ...Signal) { h.handle(sigs, false) }

func (h *sighand) handle(sigs []Signal, catch bool) {
	if h.caught == nil {
		h.caught = map[Signal]bool{}
	}
	for _, s := range sigs {
		h.caught[s] = catch
	}
}

// Default restores the default action of these signals.
func (h *sighand) Default(sigs ...Signal) {
	for _, s := range sigs {
		delete(h.caught, s)
	}
}

// DefaultCaught restores the default action of what is caught, as execve(2) does.
func (h *sighand) DefaultCaught() {
	for s, catch := range h.caught {
		if catch {
			delete(h.caught, s)
		}
	}
}

// Ignores reports whether the process ignores a signal.
func (h *sighand) Ignores(s Signal) bool {
	catch, known := h.caught[s]
	return known && !catch
}

// inherit takes over what the parent ignores.
func (h *sighand) inherit(parent *sighand) {
	h.caught = map[Signal]bool{}
	for s, catch := range parent.caught {
		if !catch {
			h.caught[s] = false
		}
	}
}

// Raise makes a signal that is caught pending, without waking anybody.
func (h *sighand) Raise(s Signal) { h.pending = append(h.pending, s) }

// Waiting is the oldest signal that Pending will take; 0 if none.
func (h *sighand) Waiting() Signal {
	if len(h.pending) == 0 {
		return 0
	}
	return h.pending[0]
}

// Pending takes the oldest caught signal that has not been looked at; 0 if none.
func (h *sighand) Pending() Signal {
	s := h.Waiting()
	if s != 0 {
		h.pending = h.pending[1:]
	}
	return s
}
