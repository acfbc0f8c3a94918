package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

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
	for {
		r, ok := web.NextRequest(in, conn)
		if !ok {
			return
		}
		d := &within{loop: s.loop, conn: conn, in: in}
		w := &reply{conn: conn, in: in, r: r, header: http.Header{}, now: s.daemon.Wall}
		s.ServeHTTP(w, r.WithContext(WithDispatcher(context.Background(), d)))
		if w.hijacked {
			return
		}
		err := w.finish()
		io.Copy(io.Discard, r.Body)
		if err != nil || r.Close || d.last {
			return
		}
	}
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

// reply writes an answer as Go's HTTP server does: with its length if the
// handler has not flushed, in chunks otherwise.
type reply struct {
	conn     modes.APIConn
	in       *bufio.Reader
	r        *http.Request
	header   http.Header
	now      func() time.Time
	status   int
	body     []byte // not sent yet
	begun    bool   // the head is out
	hijacked bool
	chunks   io.WriteCloser
	err      error
}

// Header implements http.ResponseWriter.
func (w *reply) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *reply) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *reply) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, b...)
	return len(b), w.err
}

// FlushError sends what has been written so far.
func (w *reply) FlushError() error {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.begun:
	case w.r.ProtoAtLeast(1, 1):
		w.head("Transfer-Encoding: chunked\r\n")
		w.chunks = httputil.NewChunkedWriter(w.conn)
	default: // the end of the connection is the body's
		w.r.Close = true
		w.head("Connection: close\r\n")
		w.chunks = unframed{w.conn}
	}
	if len(w.body) > 0 && w.err == nil && w.r.Method != http.MethodHead {
		_, w.err = w.chunks.Write(w.body)
	}
	w.body = w.body[:0]
	return w.err
}

// head sends the status line and the headers.
func (w *reply) head(framing string) {
	w.begun = true
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", w.status, http.StatusText(w.status))
	w.header.Write(&b)
	fmt.Fprintf(&b, "Date: %s\r\n%s\r\n", w.now().UTC().Format(http.TimeFormat), framing)
	if w.err == nil {
		_, w.err = io.WriteString(w.conn, b.String())
	}
}

// finish ends the answer.
func (w *reply) finish() error {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.begun:
		w.FlushError()
		if _, raw := w.chunks.(unframed); raw || w.err != nil || w.r.Method == http.MethodHead {
			break
		}
		w.chunks.Close()
		_, w.err = io.WriteString(w.conn, "\r\n")
	case w.status == http.StatusNoContent || w.status == http.StatusNotModified:
		w.head("")
	default:
		w.head(fmt.Sprintf("Content-Length: %d\r\n", len(w.body)))
		if w.err == nil && w.r.Method != http.MethodHead {
			_, w.err = w.conn.Write(w.body)
		}
	}
	return w.err
}

// unframed is the body of an answer that ends with its connection.
type unframed struct{ io.Writer }

// Close leaves the connection to its owner.
func (unframed) Close() error { return nil }

// Hijack implements http.Hijacker.
func (w *reply) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return raw{w.conn}, bufio.NewReadWriter(w.in, bufio.NewWriter(w.conn)), nil
}

// raw is a hijacked connection; nobody sets deadlines on it.
type raw struct{ modes.APIConn }

func (raw) LocalAddr() net.Addr              { return addr("dockerd") }
func (raw) RemoteAddr() net.Addr             { return addr("client") }
func (raw) SetDeadline(time.Time) error      { return nil }
func (raw) SetReadDeadline(time.Time) error  { return nil }
func (raw) SetWriteDeadline(time.Time) error { return nil }
