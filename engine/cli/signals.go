package cli

import (
	"slices"
	"strings"

	"dnetsim/engine"
	"dnetsim/sim"
	"dnetsim/userland"
)

// interrupted is why the command line's context is cancelled (cmd/docker,
// errCtxSignalTerminated): it is an error that says nothing.
type interrupted struct{ sig userland.Signal }

func (interrupted) Error() string { return "" }

// notify makes SIGINT known to the command line instead of ending it, as
// signal.Notify does, until the returned function is called; caught tells whether it came.
func notify(s *session) (caught func() bool, stop func()) {
	came := false
	s.mu.Lock()
	s.sigint = func() { came = true }
	s.mu.Unlock()
	return func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return came
		}, func() {
			s.mu.Lock()
			s.sigint = nil
			s.mu.Unlock()
		}
}

// resized passes the terminal's size on to the container's or the exec's.
func (s *session) resized() {
	if s.resize != nil && s.p.TTY != nil {
		size := s.p.TTY.Size()
		s.loop.Go("docker resize", func(*sim.Proc) { s.resize(s.srv.Daemon(), size) })
	}
}

// signals looks at what interrupted the pump; end means that docker dies of it.
func (s *session) signals() (status int, end bool) {
	for sig := s.p.Pending(); sig != 0; sig = s.p.Pending() {
		if sig == userland.SIGWINCH {
			s.resized()
			continue
		}
		id := ""
		for _, r := range s.active {
			if r.job.Kind == engine.Attach && r.job.Container != nil && s.plan.sigProxy {
				id = r.job.Container.ID
			}
		}
		if id == "" && dies(s, sig) {
			if s.release.Older { // as of a signal that it has not caught
				s.p.Default(sig)
				s.p.Signal(sig)
			}
			return 128 + int(sig), true
		}
		s.ends++
		if s.ends == 3 { // cmd/docker, forceExitAfter3TerminationSignals
			s.p.Errorf("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n")
			return 1, true
		}
		if id != "" {
			s.loop.Go("docker signal", func(*sim.Proc) {
				s.srv.Daemon().Containers.Kill(id, sig.String())
			})
		}
		if id == "" || !s.release.Older { // today's hears of one that it forwards as well
			interrupt(s, sig)
		}
	}
	return 0, false
}

// dies reports whether a signal ends docker at once: 20.10's catches none but where it
// says so. What reads its input to the end does not hear of the end of its context; it
// is ended by the first signal here and by the third in docker.
func dies(s *session, sig userland.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.release.Older {
		return s.sigint == nil || sig != userland.SIGINT
	}
	return s.prompting() && !strings.HasSuffix(s.plan.name, "prune")
}

// interrupt tells the command line of a signal: its context ends, and with it the requests
// that have it. No time passes until the command line has done with that: what it asked for
// has no answer any more, so that what it does next is up to itself.
func interrupt(s *session, sig userland.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sigint != nil && sig == userland.SIGINT {
		s.sigint()
	}
	if !s.release.Older {
		s.cancel(interrupted{sig})
		s.cut = true
	}
	s.active = slices.DeleteFunc(s.active, func(r *request) bool {
		if r.conn == nil { // a wait of the command line's own
			r.proc.Kill()
			r.release()
			return true
		}
		if s.release.Older || r.survives(&s.plan) {
			return false
		}
		r.job.Abandon()
		s.left = append(s.left, r)
		return true
	})
}

// survives reports whether a request outlives the context: it has another one (docker
// run's after it has made its container, docker attach's wait; context.WithoutCancel in
// docker), or its output is read by nobody who asks for the context (attach's).
func (r *request) survives(p *plan) bool {
	switch p.name {
	case "run":
		return strings.HasPrefix(r.job.Path, "/containers/") && r.job.Path != "/containers/create"
	case "attach":
		return r.job.Kind == engine.Wait || r.job.Kind == engine.Attach
	}
	return false
}
