package engine

import (
	"bufio"
	"context"
	"net"
	"net/http"

	"dnetsim/modes"
	"dnetsim/sim"
	"dnetsim/userland/web"
)

// Serve answers the requests of a connection within the simulation, one after
// the other, until the client closes it: curl on a simulated host, against the
// daemon's socket or a TCP port that daemon.json's hosts name. It runs as a
// process of the loop, so it repeats to the bit.
func (s *Server) Serve(conn modes.APIConn) {
	in := bufio.NewReader(conn)
	web.Serve(conn, in, s.daemon.Wall, func(w *web.Reply, r *http.Request) {
		d := &within{loop: s.loop, conn: conn, in: in}
		s.ServeHTTP(w, r.WithContext(WithDispatcher(context.Background(), d)))
		w.Last = w.Last || d.last
	})
}

// within is the dispatcher of connections within the simulation: the caller is
// on the loop already.
type within struct {
	loop *sim.Loop
	conn modes.APIConn
	in   *bufio.Reader
	last bool // the connection cannot carry another request
}

// Do runs the job. A client that goes away ends a stream.
func (d *within) Do(_ *http.Request, job *Job) {
	if job.Kind != Wait && job.Kind != Follow {
		job.Run()
		return
	}
	d.last = true
	self := d.loop.Current()
	watch := d.loop.Go("api client", func(*sim.Proc) {
		// What it sends on meanwhile is of no interest, but its end is.
		for {
			_, err := d.in.Peek(d.in.Buffered() + 1)
			if err == bufio.ErrBufferFull {
				return
			}
			if err != nil {
				break
			}
		}
		job.Abandon()
		self.Kill()
	})
	defer watch.Kill()
	job.Run()
}

// Attach copies what the client sends into the feed.
func (d *within) Attach(_ *Job, conn net.Conn, early []byte, feed *Feed) {
	if len(early) > 0 {
		feed.Put(early, false)
	}
	d.loop.Go("api upstream", func(*sim.Proc) {
		buf := make([]byte, 32<<10)
		for {
			n, err := conn.Read(buf)
			feed.Put(append([]byte(nil), buf[:n]...), err != nil)
			if err != nil {
				return
			}
		}
	})
}
