package traffic

import (
	"errors"
	"io"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// ncStream is a connection as netcat sees it: a TCP connection or a connected
// UDP socket.
type ncStream interface {
	io.Reader
	io.Writer
	Close() error
	CloseWrite() error
	SetReadTimeout(d time.Duration)
}

// udpStream is a UDP socket talking to one peer.
type udpStream struct {
	conn    *stack.UDPConn
	timeout time.Duration
	first   []byte // a datagram that was read before the peer was known
}

func (u *udpStream) Read(b []byte) (int, error) {
	if u.first != nil {
		n := copy(b, u.first)
		u.first = nil
		return n, nil
	}
	n, _, err := u.conn.ReadFrom(b, u.timeout)
	return n, err
}

func (u *udpStream) Write(b []byte) (int, error)    { return u.conn.Write(b) }
func (u *udpStream) Close() error                   { return u.conn.Close() }
func (u *udpStream) CloseWrite() error              { return nil }
func (u *udpStream) SetReadTimeout(d time.Duration) { u.timeout = d }

// ncRelay copies both ways between a connection and the process.
type ncRelay struct {
	p  *userland.Process
	in io.Reader
	// shutdown closes the sending half when standard input ends.
	shutdown bool
	// idle ends the relay when nothing came for so long; 0 means never.
	idle time.Duration
	// linger, from 0, ends it so long after the end of standard input; -1 waits
	// for the peer.
	linger time.Duration
}

// run returns when the peer has closed. The error is nil for a clean end.
func (r *ncRelay) run(conn ncStream) error {
	loop := r.p.Loop()
	ended := time.Duration(-1)
	r.p.Go(func() {
		io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{r.in})
		ended = loop.Now()
		if r.shutdown {
			conn.CloseWrite()
		}
	})
	// What standard input has goes out before the peer's end is looked at, as
	// poll reports both at once.
	loop.Current().Yield()
	buf := make([]byte, 32*1024)
	for {
		wait := r.idle
		if r.linger >= 0 {
			wait = 100 * time.Millisecond
			if ended >= 0 {
				wait = max(ended+r.linger-loop.Now(), 1)
			}
		}
		conn.SetReadTimeout(wait)
		n, err := conn.Read(buf)
		if n > 0 {
			if _, err := r.p.Stdout.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case userland.TimedOut(err) && r.linger >= 0:
			if ended >= 0 && loop.Now() >= ended+r.linger {
				return nil
			}
		case userland.TimedOut(err), errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}
