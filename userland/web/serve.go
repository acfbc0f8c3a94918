package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// Conn is a connection within the simulation: TCP, or a Unix socket.
type Conn interface {
	io.ReadWriteCloser
	// CloseWrite ends the direction to the peer.
	CloseWrite() error
}

// Serve answers the requests of a connection as Go's HTTP server does, one after
// the other on the calling process, until the client closes it, a request asks
// for that, or an answer was the last. in reads from conn; now is the server's
// wall clock.
func Serve(conn Conn, in *bufio.Reader, now func() time.Time, handle func(w *Reply, r *http.Request)) {
	for {
		r, ok := nextRequest(in, conn)
		if !ok {
			return
		}
		w := &Reply{conn: conn, in: in, r: r, header: http.Header{}, now: now}
		handle(w, r)
		if w.hijacked || w.aborted {
			return
		}
		err := w.finish()
		io.Copy(io.Discard, r.Body)
		if err != nil || r.Close || w.Last {
			return
		}
	}
}

// nextRequest reads the next request of a connection: what is none is answered
// with 400. ok is false when there is no more.
func nextRequest(in *bufio.Reader, out io.Writer) (r *http.Request, ok bool) {
	r, err := http.ReadRequest(in)
	if err == nil {
		return r, true
	}
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF || userland.Interrupted(err) || userland.TimedOut(err) || errors.As(err, new(stack.Errno)):
		// The connection is over.
	case strings.Contains(err.Error(), "unsupported transfer encoding"):
		io.WriteString(out, "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nUnsupported transfer encoding")
	default:
		io.WriteString(out, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request")
	}
	return nil, false
}

// Reply writes an answer as Go's HTTP server does: with its length if the
// handler has not flushed, in chunks otherwise. It is the handler's
// http.ResponseWriter, http.Hijacker and, with FlushError, flusher.
type Reply struct {
	// Last ends the connection after this answer.
	Last bool

	conn     Conn
	in       *bufio.Reader
	r        *http.Request
	header   http.Header
	now      func() time.Time
	status   int
	body     []byte // not sent yet
	begun    bool   // the head is out
	hijacked bool
	aborted  bool
	chunks   io.WriteCloser
	err      error
}

// Header implements http.ResponseWriter.
func (w *Reply) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *Reply) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *Reply) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, b...)
	return len(b), w.err
}

// FlushError sends what has been written so far.
func (w *Reply) FlushError() error {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.begun:
	case w.r.ProtoAtLeast(1, 1):
		w.write(w.head("Transfer-Encoding: chunked\r\n"))
		w.chunks = httputil.NewChunkedWriter(w.conn)
	default: // the end of the connection is the body's
		w.r.Close = true
		w.write(w.head("Connection: close\r\n"))
		w.chunks = unframed{w.conn}
	}
	if len(w.body) > 0 && w.err == nil && w.r.Method != http.MethodHead {
		_, w.err = w.chunks.Write(w.body)
	}
	w.body = w.body[:0]
	return w.err
}

// head begins the answer: its status line and headers.
func (w *Reply) head(framing string) []byte {
	w.begun = true
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", w.status, http.StatusText(w.status))
	w.header.Write(&b)
	fmt.Fprintf(&b, "Date: %s\r\n%s\r\n", w.now().UTC().Format(http.TimeFormat), framing)
	return b.Bytes()
}

func (w *Reply) write(b []byte) {
	if w.err == nil {
		_, w.err = w.conn.Write(b)
	}
}

// Abort ends the connection without an answer.
func (w *Reply) Abort() { w.aborted = true }

// finish ends the answer.
func (w *Reply) finish() error {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.begun:
		w.FlushError()
		if _, raw := w.chunks.(unframed); raw || w.err != nil || w.r.Method == http.MethodHead {
			break
		}
		w.chunks.Close()
		w.write([]byte("\r\n"))
	case w.status == http.StatusNoContent || w.status == http.StatusNotModified:
		w.write(w.head(""))
	default:
		head := w.head(w.framing())
		if w.r.Method != http.MethodHead {
			head = append(head, w.body...)
		}
		w.write(head)
	}
	return w.err
}

// framing are the headers of an answer whose length is known that its handler
// has not set.
func (w *Reply) framing() string {
	s := fmt.Sprintf("Content-Length: %d\r\n", len(w.body))
	if w.header.Get("Content-Type") == "" && len(w.body) > 0 {
		s += "Content-Type: text/plain; charset=utf-8\r\n"
	}
	if w.r.Close {
		s += "Connection: close\r\n"
	}
	return s
}

// unframed is the body of an answer that ends with its connection.
type unframed struct{ io.Writer }

// Close leaves the connection to its owner.
func (unframed) Close() error { return nil }

// Hijack implements http.Hijacker.
func (w *Reply) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return raw{w.conn}, bufio.NewReadWriter(w.in, bufio.NewWriter(w.conn)), nil
}

// raw is a hijacked connection; nobody sets deadlines on it.
type raw struct{ Conn }

func (raw) LocalAddr() net.Addr              { return addr("server") }
func (raw) RemoteAddr() net.Addr             { return addr("client") }
func (raw) SetDeadline(time.Time) error      { return nil }
func (raw) SetReadDeadline(time.Time) error  { return nil }
func (raw) SetWriteDeadline(time.Time) error { return nil }

// addr names the end of a connection of whatever kind.
type addr string

func (addr) Network() string  { return "simulated" }
func (a addr) String() string { return string(a) }
