package cli

import (
	"dnetsim/engine"
	"dnetsim/sim"
	"dnetsim/userland"
)

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
		if id == "" {
			return 128 + int(sig), true
		}
		if sig == userland.SIGINT || sig == userland.SIGTERM {
			s.ends++
		}
		if s.ends == 3 { // cmd/docker, forceExitAfter3TerminationSignals
			s.p.Errorf("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n")
			return 1, true
		}
		s.loop.Go("docker signal", func(*sim.Proc) {
			s.srv.Daemon().Containers.Kill(id, sig.String())
		})
	}
	return 0, false
}
