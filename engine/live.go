package engine

import (
	"context"
	"net"
	"net/http"

	"dnetsim/sim"
)

// Live brings requests to a loop that runs by the wall clock ([sim.Loop.Live]).
// It promises no repeatability. Answers are written from the loop, so the
// connections that it serves are wrapped to never block ([patient]).
type Live struct{ loop *sim.Loop }

// Do injects the job and waits for its end; a client that hangs up ends a
// stream.
func (l *Live) Do(r *http.Request, job *Job) {
	done := make(chan struct{})
	var proc *sim.Proc
	l.loop.Inject(func() {
		proc = l.loop.Go("api "+job.Method+" "+job.Path, func(*sim.Proc) {
			defer close(done)
			job.Run()
		})
	})
	select {
	case <-done:
	case <-r.Context().Done():
		gone := make(chan struct{})
		l.loop.Inject(func() {
			job.Abandon()
			if job.Kind != Plain && proc != nil {
				proc.Kill()
			}
			close(gone)
		})
		<-gone
	}
}

// Attach copies what the client sends into the feed from a goroutine.
func (l *Live) Attach(job *Job, conn net.Conn, early []byte, feed *Feed) {
	if len(early) > 0 {
		feed.Put(early, false)
	}
	go func() {
		buf := make([]byte, 32<<10)
		for {
			n, err := conn.Read(buf)
			b := append([]byte(nil), buf[:n]...)
			l.loop.Inject(func() { feed.Put(b, err != nil) })
			if err != nil {
				return
			}
		}
	}()
}

// ServeLive answers the API on a real listener for a loop that runs live. It
// returns when the listener is closed.
func (s *Server) ServeLive(ln net.Listener) error {
	d := &Live{loop: s.loop}
	srv := &http.Server{Handler: s, BaseContext: func(net.Listener) context.Context {
		return WithDispatcher(context.Background(), d)
	}}
	return srv.Serve(patientListener{ln})
}

// patientListener wraps what it accepts.
type patientListener struct{ net.Listener }

func (l patientListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newPatient(c), nil
}

// patient is a connection whose writes go through a goroutine of its own, so
// that a client that does not read cannot stop the loop.
type patient struct {
	net.Conn
	near *Conn
}

func newPatient(c net.Conn) *patient {
	near, far := Pipe("", nil)
	go func() {
		buf := make([]byte, 32<<10)
		for {
			n, err := far.Read(buf)
			if n > 0 {
				if _, werr := c.Write(buf[:n]); werr != nil {
					near.Close()
				}
			}
			if err != nil {
				c.Close()
				return
			}
		}
	}()
	return &patient{Conn: c, near: near}
}

func (p *patient) Write(b []byte) (int, error) { return p.near.Write(b) }

// Close lets what was written go out first.
func (p *patient) Close() error { return p.near.CloseWrite() }
