package gate

import (
	"io"
	"net"
	"os"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/stack/errno"
)

// Conn is a connection of a goroutine into the simulation. It implements net.Conn
// and half-close. Its deadlines are of virtual time: as far from now as they are
// by the clock.
type Conn struct {
	g             *Gate
	tcp           *stack.TCPConn
	local, remote net.Addr
	in, out       flow // to the goroutine, and from it
	reader        *sim.Proc
	writer        *sim.Proc
	wrote         bool // since it was the goroutine's turn; under the gate's lock
}

func (g *Gate) conn(tcp *stack.TCPConn) *Conn {
	c := &Conn{g: g, tcp: tcp, local: net.TCPAddrFromAddrPort(tcp.LocalAddr()), remote: net.TCPAddrFromAddrPort(tcp.RemoteAddr())}
	c.in.moved.L, c.out.moved.L = &c.in.mu, &c.out.mu
	g.enter(c)
	g.turn(c)
	return c
}

// start begins to move bytes, on the loop.
func (c *Conn) start() {
	c.reader = c.g.loop.Go("gate in", func(*sim.Proc) { c.bringIn() })
	c.writer = c.g.loop.Go("gate out", func(*sim.Proc) { c.bringOut() })
}

// bringIn takes what the simulation has sent as long as there is room for it.
func (c *Conn) bringIn() {
	buf := make([]byte, 32<<10)
	for {
		for c.crowded() {
			if c.in.stirred.Wait(c.g.loop) != nil {
				return
			}
		}
		n, err := c.tcp.Read(buf)
		c.in.mu.Lock()
		c.in.queue = append(c.in.queue, buf[:n]...)
		if err != nil {
			c.in.end = failed("read", c.local, c.remote, err)
		}
		c.g.turn(c)
		c.in.moved.Broadcast()
		c.in.mu.Unlock()
		if err != nil && err != io.EOF {
			c.refuse(errno.Pipe)
		}
		if err != nil {
			return
		}
	}
}

func (c *Conn) crowded() bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return len(c.in.queue) >= flowBytes
}

// bringOut sends what the goroutine has written, and then how it ended.
func (c *Conn) bringOut() {
	buf := make([]byte, 32<<10)
	for {
		c.out.mu.Lock()
		n, end := c.out.take(buf), c.out.end
		if n > 0 && c.out.waiting > 0 {
			c.g.turn(c)
		}
		c.out.moved.Broadcast()
		c.out.mu.Unlock()
		switch {
		case n > 0:
			if _, err := c.tcp.Write(buf[:n]); err != nil {
				c.broken(err)
				return
			}
		case end == net.ErrClosed:
			c.tcp.Close()
			c.reader.Kill()
			return
		case end == io.EOF:
			c.tcp.CloseWrite()
			if !c.waitClosed() {
				return
			}
		default:
			if c.out.stirred.Wait(c.g.loop) != nil {
				return
			}
		}
	}
}

// waitClosed waits, after a half-close, for the goroutine to close the rest.
func (c *Conn) waitClosed() bool {
	for {
		c.out.mu.Lock()
		end := c.out.end
		c.out.mu.Unlock()
		if end == net.ErrClosed {
			return true
		}
		if c.out.stirred.Wait(c.g.loop) != nil {
			return false
		}
	}
}

// broken tells the goroutine that what it writes goes nowhere, and waits for it to
// close.
func (c *Conn) broken(err error) {
	c.refuse(err)
	c.waitClosed()
	c.tcp.Close()
	c.reader.Kill()
}

// refuse takes nothing more from the goroutine, and drops what waits.
func (c *Conn) refuse(why error) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.failed == nil {
		c.out.failed = failed("write", c.local, c.remote, why)
	}
	c.out.queue = nil
	c.out.moved.Broadcast()
}

// Read implements net.Conn. After a reset it returns syscall.ECONNRESET.
func (c *Conn) Read(b []byte) (int, error) {
	f := &c.in
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	if len(f.queue) == 0 && f.end == nil {
		c.g.back(c)
		defer c.g.wait(reaching)()
	}
	for len(f.queue) == 0 {
		switch {
		case f.failed != nil:
			return 0, f.failed
		case f.end != nil:
			return 0, f.end
		}
		if err := f.wait(); err != nil {
			return 0, failed("read", c.local, c.remote, err)
		}
	}
	full := len(f.queue) >= flowBytes
	n := f.take(b)
	if full && len(f.queue) < flowBytes {
		c.g.loop.Inject(func() { f.stirred.Broadcast() })
	}
	return n, nil
}

// Write implements net.Conn: it blocks while more than the gate's queue waits to
// be sent.
func (c *Conn) Write(b []byte) (int, error) {
	f := &c.out
	f.mu.Lock()
	defer f.mu.Unlock()
	sent, waited := 0, func() {}
	defer func() { waited() }()
	for first := true; ; first = false {
		switch {
		case f.failed != nil:
			return sent, f.failed
		case f.end != nil:
			return sent, failed("write", c.local, c.remote, net.ErrClosed)
		case f.expired:
			return sent, failed("write", c.local, c.remote, os.ErrDeadlineExceeded)
		}
		if n := f.put(b[sent:]); n > 0 {
			sent += n
			c.g.loop.Inject(func() { f.stirred.Broadcast() })
		}
		if sent == len(b) {
			c.g.written(c)
			return sent, nil
		}
		if first {
			waited = c.g.wait(reaching)
		}
		if err := f.wait(); err != nil {
			return sent, failed("write", c.local, c.remote, err)
		}
	}
}

// CloseWrite ends this direction: the peer reads the end, and may go on sending.
func (c *Conn) CloseWrite() error {
	c.finish(io.EOF)
	c.g.written(c)
	return nil
}

// Close ends the connection: what was written is still sent. Something that was
// not read makes it a reset, as on Linux.
func (c *Conn) Close() error {
	c.in.mu.Lock()
	unread := len(c.in.queue) > 0
	c.in.failed, c.in.queue = failed("read", c.local, c.remote, net.ErrClosed), nil
	c.in.moved.Broadcast()
	c.in.mu.Unlock()
	c.g.leave(c)
	if unread {
		c.abort()
		return nil
	}
	c.finish(net.ErrClosed)
	return nil
}

// Abort ends the connection with a reset.
func (c *Conn) Abort() {
	c.in.mu.Lock()
	c.in.failed, c.in.queue = failed("read", c.local, c.remote, net.ErrClosed), nil
	c.in.moved.Broadcast()
	c.in.mu.Unlock()
	c.g.leave(c)
	c.abort()
}

func (c *Conn) abort() {
	c.refuse(net.ErrClosed)
	c.g.loop.Inject(func() {
		c.tcp.Abort()
		c.reader.Kill()
		c.writer.Kill()
	})
}

// shut ends the goroutine's calls: the gate is closed.
func (c *Conn) shut() {
	for _, f := range []*flow{&c.in, &c.out} {
		f.mu.Lock()
		f.queue, f.failed = nil, failed("call", c.local, c.remote, net.ErrClosed)
		f.moved.Broadcast()
		f.mu.Unlock()
	}
}

// finish says how the goroutine's direction ends; a close outranks a half-close.
func (c *Conn) finish(end error) {
	f := &c.out
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end == nil || end == net.ErrClosed {
		f.end = end
	}
	f.moved.Broadcast()
	c.g.loop.Inject(func() { f.stirred.Broadcast() })
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.limit(c.g.loop, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.limit(c.g.loop, t)
	return nil
}
