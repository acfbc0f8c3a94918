package engine

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// breath is the pause between the answer that hands a connection over and the
// first byte on it. Clients that read the answer through a buffer and then take
// the socket itself (docker-py) lose what came in one piece with it.
const breath = 50 * time.Millisecond

// maxBehind is how far a client may be behind with reading, in bytes. One that
// does not read at all is cut off, as it would otherwise take all memory.
const maxBehind = 32 << 20

// errBehind is the result of writing to a client that does not read.
var errBehind = errors.New("the client does not read")

// silent is a log that nobody reads.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// refusal is what a connection gets that is one too many.
const refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 48\r\n\r\n" +
	`{"message":"too many connections to this host"}` + "\n"

// boundedListener wraps what it accepts, as many as there are slots at a time.
type boundedListener struct {
	net.Listener
	slots chan struct{}
}

func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return newBufferedConn(c, func() { <-l.slots }), nil
		default:
			c.SetDeadline(time.Now().Add(time.Second))
			io.WriteString(c, refusal)
			c.Close()
		}
	}
}

// bufferedConn is a connection whose writes go through a goroutine of its own, so
// that a client that does not read cannot stop the loop.
type bufferedConn struct {
	net.Conn
	mu     sync.Mutex
	more   sync.Cond
	queue  []piece
	behind int
	err    error // why nothing is taken any more
	closed bool  // by us: what is queued still goes out
}

// piece is something to write, and how long to rest after it.
type piece struct {
	data []byte
	rest time.Duration
}

func newBufferedConn(c net.Conn, over func()) *bufferedConn {
	p := &bufferedConn{Conn: c}
	p.more.L = &p.mu
	go func() {
		defer over()
		p.send()
		c.Close()
	}()
	return p
}

// send writes what is queued until the connection is closed and all has gone
// out, or a write fails.
func (p *bufferedConn) send() {
	for {
		x, ok := p.next()
		if !ok {
			return
		}
		if _, err := p.Conn.Write(x.data); err != nil {
			p.fail(err)
			return
		}
		if x.rest > 0 {
			time.Sleep(x.rest)
		}
	}
}

func (p *bufferedConn) next() (piece, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && !p.closed && p.err == nil {
		p.more.Wait()
	}
	if len(p.queue) == 0 || p.err != nil {
		return piece{}, false
	}
	x := p.queue[0]
	p.queue = p.queue[1:]
	p.behind -= len(x.data)
	return x, true
}

func (p *bufferedConn) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.queue, p.behind = nil, 0
	p.more.Broadcast()
}

// Write never blocks.
func (p *bufferedConn) Write(b []byte) (int, error) {
	if err := p.put(b, 0); err != nil {
		return 0, err
	}
	return len(b), nil
}

// WriteThenRest writes b, and what comes after it a little later.
func (p *bufferedConn) WriteThenRest(b []byte) error { return p.put(b, breath) }

func (p *bufferedConn) put(b []byte, rest time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
		return p.err
	case p.closed:
		return net.ErrClosed
	case p.behind+len(b) > maxBehind:
		p.err, p.queue, p.behind = errBehind, nil, 0
		p.Conn.Close() // a write may be blocked
		p.more.Broadcast()
		return errBehind
	}
	p.queue = append(p.queue, piece{append([]byte(nil), b...), rest})
	p.behind += len(b)
	p.more.Signal()
	return nil
}

// Close lets what was written go out first, if the client reads it soon.
func (p *bufferedConn) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.Conn.SetWriteDeadline(time.Now().Add(headPatience))
		p.more.Broadcast()
	}
	return nil
}

// takesAll reports whether a client is known to lose nothing: docker's own.
func takesAll(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "Docker-Client/") }
