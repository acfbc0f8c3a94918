package web

import (
	"io"
	"net/netip"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// DialFirst connects to the addresses in turn and returns the first connection
// that comes about, or the last error.
func DialFirst(p *userland.Process, addrs []netip.Addr, port uint16, timeout time.Duration, each func(netip.AddrPort)) (*stack.TCPConn, error) {
	var last error = stack.ErrNetUnreachable
	end := p.Loop().Now() + timeout
	for _, a := range addrs {
		to := netip.AddrPortFrom(a, port)
		if each != nil {
			each(to)
		}
		left := time.Duration(0)
		if timeout > 0 {
			if left = end - p.Loop().Now(); left <= 0 {
				return nil, stack.ErrTimeout
			}
		}
		conn, err := p.DialTCP(netip.AddrPort{}, to, left)
		if err == nil {
			return conn, nil
		}
		last = err
		if userland.Interrupted(err) {
			break
		}
	}
	return nil, last
}

// DeadlineReader makes every read of a connection end at one virtual time.
type DeadlineReader struct {
	P    *userland.Process
	Conn io.Reader     // a TCP connection or a Unix socket
	End  time.Duration // 0: none
}

// Read implements io.Reader.
func (d *DeadlineReader) Read(b []byte) (int, error) {
	if d.End > 0 {
		left := d.End - d.P.Loop().Now()
		if left <= 0 {
			return 0, stack.ErrTimeout
		}
		if c, ok := d.Conn.(interface{ SetReadTimeout(time.Duration) }); ok {
			c.SetReadTimeout(left)
		}
	}
	return d.Conn.Read(b)
}
