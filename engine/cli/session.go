package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"dnetsim/engine"
	"dnetsim/modes"
	"dnetsim/modes/profile"
	"dnetsim/sim"
	"dnetsim/userland"
)

// socket is where docker believes that it talks to.
const socket = "/var/run/docker.sock"

// errEnded is what the command line's streams return when its process is over.
var errEnded = errors.New("process has ended")

// session is one invocation of docker: the process of the simulated host is a
// pump between the command line's goroutines and the loop. It blocks in real
// time, and the whole loop with it, until the command line waits for the model
// (quiet.go); only then it parks and virtual time may go on.
//
// Fields under mu are shared with the goroutines, the others belong to the loop.
type session struct {
	p     *userland.Process
	name  string // of the loop's process, and when it began
	since time.Duration
	srv   *engine.Server
	// release is the command line's own.
	release *profile.Client
	loop    *sim.Loop
	cond    sim.Cond // the model has done something
	wake    chan struct{}
	ctx     context.Context
	cancel  context.CancelCauseFunc
	ln      *engine.Listener
	http    *http.Server
	jitter  func() // see luck

	mu      sync.Mutex
	pending []*request
	active  []*request
	conns   []*engine.Conn
	ups     []*upstream
	calls   []*procCall
	in      input
	plan    plan
	up      bool // the daemon answers
	exited  bool
	status  int
	bug     *sim.Panic // of a goroutine
	ends    int        // signals that ask for its end
	sigint  func()     // see notify
	cut     bool       // its context is cancelled
	left    []*request // those whose context that was
	// resize tells the far end of a terminal its size, nil if there is none.
	resize func(daemon *modes.Daemon, size userland.Winsize)
	over   bool // nobody listens any more
	// What has happened so far, for the rules of quiet.go.
	completed   int // parallel requests that were answered
	inspections int // of containers that were answered since the last hijack
	started     bool
	startFailed bool
	hijacked    bool
	printed     int // writes to standard output
	lines       int // newlines among them
	passed      int // events on their way to be printed, or printed
	owed        int // the newlines of these

	saved []chunk // output kept back, see clock.go
	// Of the command line's goroutine.
	cidFile  string
	volumes  []string          // values of --volume
	pems     map[string]string // certificate and key that flags have named
	literals *literals         // addresses that are none, nil if there are none
	lists    []*lists
	restore  func() // gives the terminal its mode back
	reader   *sim.Proc
	asked    sim.Cond
}

// request is a job on its way.
type request struct {
	job  *engine.Job
	done chan struct{}
	proc *sim.Proc
	conn *engine.Conn // the server's end of its connection
	// running tells, for an attachment, that its container ran when it began.
	running, looked bool
	finished        bool
}

// upstream is what the client sends on a hijacked connection. It reaches the
// model only at quiet points.
type upstream struct {
	req  *request
	feed *engine.Feed
	q    [][]byte
	eof  bool
	told bool
}

// procCall is something that must run on the docker process itself.
type procCall struct {
	fn   func()
	done chan struct{}
}

func newSession(p *userland.Process, srv *engine.Server, jitter func()) *session {
	s := &session{
		p: p, srv: srv, release: &srv.Daemon().Profile().Client, loop: p.Loop(), wake: make(chan struct{}, 1), ln: engine.NewListener(), jitter: jitter,
	}
	s.plan.release = s.release
	s.in.cond.L = &s.mu
	if c := s.loop.Current(); c != nil {
		s.name, s.since = c.Name(), s.loop.Now()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.ctx, s.cancel = ctx, cancel
	s.http = &http.Server{
		Handler:     http.HandlerFunc(s.serve),
		BaseContext: func(net.Listener) context.Context { return engine.WithDispatcher(context.Background(), s) },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	return s
}

// connKey finds the connection of a request.
type connKey struct{}

// poke wakes the pump from its wait in real time.
func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run executes body, the command line, on a goroutine of its own and pumps
// until it is over. It returns the exit status.
func (s *session) run(body func() int) int {
	defer s.end()
	s.up = s.srv.Daemon().Reachable()
	go s.http.Serve(s.ln)
	go func() {
		status := 1
		defer func() {
			s.crash(recover())
			s.mu.Lock()
			s.exited, s.status = true, status
			s.mu.Unlock()
			s.poke()
		}()
		status = body()
		s.jitter()
	}()
	return s.pump()
}

// crash takes what a goroutine recovered over to the loop, where the pump panics
// with it: a bug ends the run and not the whole program.
func (s *session) crash(r any) {
	if r == nil || r == http.ErrAbortHandler {
		return
	}
	bug := sim.Caught(nil, r)
	bug.Process, bug.At = s.name, s.since
	s.mu.Lock()
	if s.bug == nil {
		s.bug = bug
	}
	s.mu.Unlock()
	s.poke()
}

// serve answers a request on its connection's goroutine.
func (s *session) serve(w http.ResponseWriter, r *http.Request) {
	s.jitter()
	defer func() { s.crash(recover()) }()
	s.srv.ServeHTTP(w, r)
}

// pump is the heart of the session; see the type.
func (s *session) pump() int {
	guard := newGuard()
	defer guard.stop()
	signalled := false
	for {
		s.mu.Lock()
		s.up = s.srv.Daemon().Reachable()
		if len(s.calls) > 0 {
			c := s.calls[0]
			s.calls = s.calls[1:]
			s.mu.Unlock()
			c.fn()
			close(c.done)
			continue
		}
		if s.bug != nil {
			s.mu.Unlock()
			panic(s.bug)
		}
		if s.exited {
			defer s.mu.Unlock()
			return s.status
		}
		if s.ready() {
			s.admit()
		}
		if !s.quiet() {
			s.mu.Unlock()
			if !guard.wait(s.wake) {
				s.p.Errorf("docker: dnetsim: the command line does not go on\n")
				return 125
			}
			continue
		}
		s.forward()
		// Only now, when all that came before the signal is digested: how far the command
		// line was with that must not decide what it makes of the signal.
		if signalled {
			signalled = false
			s.mu.Unlock()
			if status, end := s.signals(); end {
				return status
			}
			continue
		}
		if s.handOver() {
			s.mu.Unlock()
			continue
		}
		s.serveInput()
		s.mu.Unlock()
		signalled = s.cond.Wait(s.loop) != nil
	}
}

// end leaves nothing behind: streams of the model are closed, goroutines that
// still wait are told, and a stop or start that is under way goes on by itself,
// as it does in a daemon whose client went away.
func (s *session) end() {
	s.mu.Lock()
	s.over = true
	active, pending, calls, conns := append(s.active, s.left...), s.pending, s.calls, s.conns
	s.active, s.left, s.pending, s.calls = nil, nil, nil, nil
	s.in.cond.Broadcast()
	s.mu.Unlock()
	for _, r := range active {
		r.job.Abandon()
		if r.job.Kind != engine.Plain {
			r.proc.Kill()
		}
		r.release()
	}
	for _, r := range pending {
		r.release()
	}
	for _, c := range calls {
		close(c.done)
	}
	s.cancel(nil)
	for _, c := range conns {
		c.Close()
	}
	s.ln.Close()
	s.http.Close()
	if s.reader != nil {
		s.reader.Kill()
	}
	cooked(s)
}

// cooked gives the terminal back the mode that it had.
func cooked(s *session) {
	if s.restore != nil {
		s.restore()
		s.restore = nil
	}
}

func (r *request) release() {
	select {
	case <-r.done:
	default:
		close(r.done)
	}
}

// do runs fn on the docker process and waits for it; it reports whether fn ran.
func (s *session) do(fn func()) bool {
	ran := false
	c := &procCall{fn: func() { fn(); ran = true }, done: make(chan struct{})}
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return false
	}
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	s.poke()
	<-c.done
	s.jitter()
	return ran
}

// Do implements [engine.Dispatcher].
func (s *session) Do(hr *http.Request, job *engine.Job) {
	s.jitter()
	r := &request{job: job, done: make(chan struct{})}
	r.conn, _ = hr.Context().Value(connKey{}).(*engine.Conn)
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.pending = append(s.pending, r)
	s.mu.Unlock()
	s.poke()
	<-r.done
	s.jitter()
}

// admit starts everything that waits, in the plan's order. The caller holds mu.
func (s *session) admit() {
	s.plan.sort(s.pending)
	for _, r := range s.pending {
		s.active = append(s.active, r)
		if r.job.Kind == engine.Attach || r.job.Kind == engine.ExecStart {
			s.hijacked, s.inspections = true, 0
		}
		r.job.OnProgress(func() { s.cond.Broadcast() })
		r.proc = s.loop.Go("dockerd "+r.job.Method+" "+r.job.Path, func(*sim.Proc) {
			defer s.finish(r)
			r.job.Run()
		})
	}
	s.pending = nil
}

// finish runs on the loop when a job is over.
func (s *session) finish(r *request) {
	s.mu.Lock()
	s.active = slices.DeleteFunc(s.active, func(x *request) bool { return x == r })
	r.finished = true
	j := r.job
	switch {
	case s.plan.parallel(j):
		s.completed++
	case j.Method == http.MethodGet && strings.HasPrefix(j.Path, "/containers/") && strings.HasSuffix(j.Path, "/json"):
		s.inspections++
	case strings.HasSuffix(j.Path, "/start") && strings.HasPrefix(j.Path, "/containers/"):
		s.started, s.startFailed = !j.Refused, j.Refused
	}
	s.mu.Unlock()
	r.release()
	s.cond.Broadcast()
}

// Attach implements [engine.Dispatcher].
func (s *session) Attach(job *engine.Job, conn net.Conn, early []byte, feed *engine.Feed) {
	u := &upstream{feed: feed}
	s.mu.Lock()
	for _, r := range s.active {
		if r.job == job {
			u.req = r
		}
	}
	if len(early) > 0 {
		u.q = append(u.q, early)
	}
	s.ups = append(s.ups, u)
	s.mu.Unlock()
	conn.(*engine.Conn).Sink(func(b []byte, eof bool) {
		s.mu.Lock()
		if len(b) > 0 {
			u.q = append(u.q, b)
		}
		u.eof = u.eof || eof
		s.mu.Unlock()
		s.poke()
	})
}

// forward brings to the model what clients have sent. The caller holds mu.
func (s *session) forward() {
	for _, u := range s.ups {
		for _, b := range u.q {
			u.feed.Put(b, false)
		}
		u.q = nil
		if u.eof && !u.told {
			u.told = true
			u.feed.Put(nil, true)
		}
	}
}

// dial connects to the daemon, if it runs.
func (s *session) dial(context.Context, string, string) (net.Conn, error) {
	s.jitter()
	s.mu.Lock()
	up, over := s.up, s.over
	s.mu.Unlock()
	if !up || over {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: errors.New("connect: connection refused")}
	}
	c, err := s.ln.Dial(socket, s.poke)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	return line{c, s}, nil
}

// line is the command line's end of a connection.
type line struct {
	*engine.Conn
	s *session
}

// Read ends the goroutine that copies the output of an attachment once nobody
// waits for its result any more: it would wait for ever to hand it over
// (hijack.go of docker's container commands), where the end of a real docker
// ends it. That is so after docker has closed the connection, and after a
// container did not start.
func (l line) Read(b []byte) (int, error) {
	l.s.jitter()
	n, err := l.Conn.Read(b)
	l.s.jitter()
	if err == nil || !l.Other().Raw() {
		return n, err
	}
	l.s.mu.Lock()
	failed := l.s.startFailed
	l.s.mu.Unlock()
	if failed || l.Closed() {
		runtime.Goexit()
	}
	return n, err
}

func (l line) Write(b []byte) (int, error) {
	l.s.jitter()
	defer l.s.jitter()
	return l.Conn.Write(b)
}
