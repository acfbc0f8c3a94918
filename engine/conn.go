package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// errBroken is the result of a write to a connection that the other side closed.
var errBroken = errors.New("write: broken pipe")

// Conn is one end of an in-memory connection. Unlike net.Pipe it has unbounded
// buffers (a write never blocks), half-close ([Conn.CloseWrite]), and can be
// watched: [Conn.Idle] tells that everything sent to this end has been taken
// and its reader has come back for more.
type Conn struct {
	in, out *half
	name    string
	other   *Conn
}

// half is one direction.
type half struct {
	mu       sync.Mutex
	cond     sync.Cond
	buf      []byte
	eof      bool // the writer will send no more
	gone     bool // the reader has closed
	waiting  int  // readers that block
	sawEOF   bool // a reader was told
	deadline time.Time
	timer    *time.Timer
	changed  func() // a reader came back or went; called without the lock
	sink     func(b []byte, eof bool)
}

func newHalf() *half {
	h := &half{}
	h.cond.L = &h.mu
	return h
}

// pipe returns the two ends of a new connection. changed is called, without any
// lock, whenever the first end's Idle may have changed; it may be nil.
func pipe(name string, changed func()) (client, server *Conn) {
	down, up := newHalf(), newHalf()
	down.changed = changed
	client = &Conn{in: down, out: up, name: name}
	server = &Conn{in: up, out: down, name: name, other: client}
	client.other = server
	return client, server
}

// Other is the other end.
func (c *Conn) Other() *Conn { return c.other }

func (h *half) notify() {
	if h.changed != nil {
		h.changed()
	}
}

// Read blocks until there is something to read. Data and end of file never come
// in the same call.
func (c *Conn) Read(b []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	for len(h.buf) == 0 {
		switch {
		case h.gone:
			h.mu.Unlock()
			return 0, net.ErrClosed
		case h.eof:
			h.sawEOF = true
			h.mu.Unlock()
			h.notify()
			return 0, io.EOF
		case !h.deadline.IsZero() && !time.Now().Before(h.deadline):
			h.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			h.mu.Unlock()
			return 0, nil
		}
		h.waiting++
		h.mu.Unlock()
		h.notify()
		h.mu.Lock()
		for len(h.buf) == 0 && !h.eof && !h.gone && (h.deadline.IsZero() || time.Now().Before(h.deadline)) {
			h.cond.Wait()
		}
		h.waiting--
	}
	n := copy(b, h.buf)
	h.buf = h.buf[n:]
	if len(h.buf) == 0 {
		h.buf = nil
	}
	h.mu.Unlock()
	return n, nil
}

// Write never blocks.
func (c *Conn) Write(b []byte) (int, error) {
	h := c.out
	h.mu.Lock()
	if h.eof || h.gone {
		h.mu.Unlock()
		return 0, errBroken
	}
	if sink := h.sink; sink != nil {
		h.mu.Unlock()
		if len(b) > 0 {
			sink(append([]byte(nil), b...), false)
		}
		return len(b), nil
	}
	h.buf = append(h.buf, b...)
	h.cond.Broadcast()
	h.mu.Unlock()
	return len(b), nil
}

// CloseWrite ends this end's direction: the other side reads end of file.
func (c *Conn) CloseWrite() error {
	h := c.out
	h.mu.Lock()
	was := h.eof
	h.eof = true
	sink := h.sink
	h.cond.Broadcast()
	h.mu.Unlock()
	if sink != nil && !was {
		sink(nil, true)
	}
	return nil
}

// Close ends both directions.
func (c *Conn) Close() error {
	h := c.in
	h.mu.Lock()
	h.gone = true // first: who sees the end of file sees that it is more than a half-close
	h.buf = nil
	h.cond.Broadcast()
	h.mu.Unlock()
	c.CloseWrite()
	h.notify()
	return nil
}

// Idle reports whether whoever reads this end has taken everything that was
// sent and waits for more, has seen the end, or has closed.
func (c *Conn) Idle() bool {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone || h.sawEOF || (len(h.buf) == 0 && !h.eof && h.waiting > 0)
}

// Closed reports whether this end was closed.
func (c *Conn) Closed() bool {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone
}

// Sink makes everything that arrives at this end go to fn instead of Read: what
// is there already at once, the rest on the goroutine of the writer.
func (c *Conn) Sink(fn func(b []byte, eof bool)) {
	h := c.in
	h.mu.Lock()
	rest, eof := h.buf, h.eof
	h.buf, h.sink = nil, fn
	h.mu.Unlock()
	if len(rest) > 0 {
		fn(rest, false)
	}
	if eof {
		fn(nil, true)
	}
}

// Raw reports whether a handler has taken this end over ([Conn.Sink]).
func (c *Conn) Raw() bool {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sink != nil
}

// SetReadDeadline makes blocked reads fail when t has come, as net/http needs it
// to take a connection back from its background reader.
func (c *Conn) SetReadDeadline(t time.Time) error {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deadline = t
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
	if !t.IsZero() {
		if d := time.Until(t); d > 0 {
			h.timer = time.AfterFunc(d, func() { h.mu.Lock(); h.cond.Broadcast(); h.mu.Unlock() })
		}
	}
	h.cond.Broadcast()
	return nil
}

// SetWriteDeadline does nothing: writes do not block.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline is SetReadDeadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// LocalAddr and RemoteAddr name the socket that the connection stands for.
func (c *Conn) LocalAddr() net.Addr  { return addr(c.name) }
func (c *Conn) RemoteAddr() net.Addr { return addr(c.name) }

type addr string

func (addr) Network() string  { return "unix" }
func (a addr) String() string { return string(a) }

// Listener is an in-memory listener: what [Listener.Dial] connects, Accept gives.
type Listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// NewListener returns an open listener.
func NewListener() *Listener {
	return &Listener{conns: make(chan net.Conn, 16), done: make(chan struct{})}
}

// Dial connects to the listener; changed is as in [Pipe].
func (l *Listener) Dial(name string, changed func()) (*Conn, error) {
	c, s := pipe(name, changed)
	select {
	case <-l.done:
		return nil, net.ErrClosed
	case l.conns <- s:
		return c, nil
	}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, net.ErrClosed
	case c := <-l.conns:
		return c, nil
	}
}

// Close makes Accept and Dial fail.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr names the listener.
func (l *Listener) Addr() net.Addr { return addr("dnetsim") }
