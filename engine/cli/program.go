package cli

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"dnetsim/engine"
	"dnetsim/userland"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/config"
	"github.com/sirupsen/logrus"
)

// Program is the docker program of a host whose daemon answers at srv.
func Program(srv *engine.Server) userland.Program { return program(srv, luck{}) }

// luck is what a real machine adds to docker's command line; a test has its own.
type luck struct {
	jitter func()       // holds up a goroutine where it comes to the session
	second func() int64 // the machine's clock
}

func program(srv *engine.Server, l luck) userland.Program {
	if l.jitter == nil {
		l.jitter = func() {}
	}
	if l.second == nil {
		l.second = second
	}
	return func(p *userland.Process) int {
		prepare()
		p.Catch(userland.SIGINT, userland.SIGTERM, userland.SIGWINCH)
		defer p.Default(userland.SIGINT, userland.SIGTERM, userland.SIGWINCH)
		status, follow := onePass(p, srv, l)
		for follow && status == 0 && p.Waiting() == 0 && p.Sleep(refresh) == nil {
			p.Printf("\033[2J\033[H")
			status, _ = onePass(p, srv, l)
		}
		return status
	}
}

// refresh is how often docker stats shows itself anew.
const refresh = 500 * time.Millisecond

// onePass runs the command line; follow tells that it is to be run again and again.
func onePass(p *userland.Process, srv *engine.Server, l luck) (status int, follow bool) {
	c := &clockOffset{virtual: p.Wall().Unix(), second: l.second}
	s := newSession(p, srv, l.jitter)
	status = s.run(func() int { return execute(s, c) })
	for guard := newGuard(); s.finished() && !s.cut && c.stale() && !guard.over(); {
		c.again()
		s = newSession(p, srv, l.jitter)
		status = s.run(func() int { return execute(s, c) })
	}
	for _, o := range s.kept() {
		s.emit(o.err, c.back(o.data))
	}
	return status, s.plan.follow
}

var once sync.Once

// prepare sets what docker/cli keeps in package variables, once: no
// configuration directory, no plugins, no log, our version.
func prepare() {
	once.Do(func() {
		forgetEnvironment()
		config.SetDir("/dev/null/docker")
		pluginDirs = nil
		logrus.SetOutput(io.Discard)
		setVersion()
		learnTemplates()
	})
}

// execute is docker's main: it runs the command line and returns its status.
func execute(s *session, c *clockOffset) int {
	err := run(s, c)
	if err == nil {
		return 0
	}
	if by, ok := errors.AsType[interrupted](err); ok {
		return 128 + int(by.sig)
	}
	if errors.Is(err, context.Canceled) || errdefs.IsCanceled(err) {
		return 0
	}
	text, status := s.verdict(err)
	if text != "" {
		s.do(func() { cooked(s) })
		s.write(true, []byte(text+"\n"))
	}
	return status
}
