package engine

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"dnetsim/sim"
)

// Live brings requests to a loop that runs by the wall clock ([sim.Loop.Live]).
// It promises no repeatability. Answers are written from the loop, so the
// connections that it serves are wrapped to never block ([bufferedConn]). One Live
// serves all engines of a loop.
type Live struct {
	loop    *sim.Loop
	flight  map[*Job]bool // what clients wait for; used on the loop only
	over    chan struct{}
	once    sync.Once
	mu      sync.Mutex
	servers []*http.Server
}

// NewLive returns a dispatcher without listeners.
func NewLive(l *sim.Loop) *Live {
	return &Live{loop: l, flight: map[*Job]bool{}, over: make(chan struct{})}
}

// Do injects the job and waits for its end; a client that hangs up ends a
// stream.
func (l *Live) Do(r *http.Request, job *Job) {
	done := make(chan struct{})
	var proc *sim.Proc
	l.loop.Inject(func() {
		l.flight[job] = true
		proc = l.loop.Go("api "+job.Method+" "+job.Path, func(*sim.Proc) {
			defer close(done)
			defer delete(l.flight, job)
			job.Run()
		})
	})
	select {
	case <-done:
		return
	case <-l.over:
		return
	case <-r.Context().Done():
	}
	gone := make(chan struct{})
	l.loop.Inject(func() {
		job.Abandon()
		if job.Kind != Plain && proc != nil {
			proc.Kill()
		}
		close(gone)
	})
	select {
	case <-gone:
	case <-l.over:
	}
}

// Hurry reports whether a client waits for something that only time brings: a
// stop's time-out, a sleep in the foreground. Who types, follows or watches does
// not. It is called on the loop.
func (l *Live) Hurry() bool {
	for job := range l.flight {
		if job.hurries() {
			return true
		}
	}
	return false
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

const (
	// headPatience is how long a client may take to say what it wants.
	headPatience = 30 * time.Second
	// idlePatience is how long a connection may lie between two requests.
	idlePatience = 5 * time.Minute
	// maxConns is how many connections a listener serves at a time.
	maxConns = 4096
)

// Serve answers the API of h on a real listener; h is a [Server], or what the
// caller wraps around one. It returns when the listener is closed.
func (l *Live) Serve(ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headPatience, IdleTimeout: idlePatience,
		BaseContext: func(net.Listener) context.Context {
			return WithDispatcher(context.Background(), l)
		},
		// What clients do wrong is told to them.
		ErrorLog: silent(),
	}
	l.mu.Lock()
	l.servers = append(l.servers, srv)
	l.mu.Unlock()
	return srv.Serve(&boundedListener{Listener: ln, slots: make(chan struct{}, maxConns)})
}

// Close ends all listeners and connections. The loop need not run any more.
func (l *Live) Close() {
	l.once.Do(func() { close(l.over) })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, srv := range l.servers {
		srv.Close()
	}
}
