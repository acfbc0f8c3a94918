package transport

import (
	"math"
	"net/netip"
	"time"

	"dnetsim/sim"
	"dnetsim/stack/errno"
	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// TCPListener is a listening TCP socket.
type TCPListener struct {
	endpoint
	addr    netip.AddrPort
	backlog int // how many connections wait for Accept
}

// ListenTCP listens on an address and port. "[::]:80" listens for both
// families, as an AF_INET6 socket does; port 0 draws one. It returns
// errno.AddrInUse or errno.AddrNotAvail.
func (t *Layer) ListenTCP(h socket.Holder, local netip.AddrPort) (*TCPListener, error) {
	l := &TCPListener{}
	if err := t.open(&l.endpoint, tcp.ProtocolNumber, local.Addr().Is6()); err != nil {
		return nil, err
	}
	t.sockets.Add(l, h)
	// As every server asks (SO_REUSEADDR): old connections that wait to be
	// forgotten do not keep the port. Another listener does, which netstack
	// would let pass.
	l.ep.SocketOptions().SetReuseAddress(!t.listens(local.Port()))
	return l.listen(local)
}

// listen binds an opened listener, and closes it if that fails.
func (l *TCPListener) listen(local netip.AddrPort) (*TCPListener, error) {
	err := l.bind(local)
	if err == nil {
		// What Go's programs (dockerd, docker-proxy, consul) ask for: all.
		err = l.Listen(math.MaxInt)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	l.addr = l.local()
	return l, nil
}

// Listen is listen(2): it sets how many connections may wait for Accept, at most
// net.core.somaxconn. Every listener begins with that.
func (l *TCPListener) Listen(backlog int) error {
	l.backlog = min(backlog, l.t.net.Settings().Backlog)
	return l.call(func() tcpip.Error { return l.ep.Listen(l.backlog) })
}

// listens reports whether somebody listens on a port.
func (t *Layer) listens(port uint16) bool {
	for _, s := range t.sockets.All() {
		if l, ok := s.(*TCPListener); ok && l.addr.Port() == port && port != 0 {
			return true
		}
	}
	return false
}

// Accept blocks until a connection is there.
func (l *TCPListener) Accept() (*TCPConn, error) { return l.AcceptFor(0) }

// AcceptFor is Accept with a limit, after which it returns errno.Timeout; zero or
// less is none. It returns errno.Closed once the listener is closed.
func (l *TCPListener) AcceptFor(limit time.Duration) (*TCPConn, error) {
	end := l.t.loop.Now() + limit
	for {
		c, err := l.accept()
		if !isBlocked(err) {
			return c, err
		}
		left := time.Duration(0)
		if limit > 0 {
			if left = end - l.t.loop.Now(); left <= 0 {
				return nil, errno.Timeout
			}
		}
		if err := l.wait(left); err == sim.ErrTimeout {
			return nil, errno.Timeout
		} else if err != nil {
			return nil, err
		}
	}
}

func (l *TCPListener) accept() (*TCPConn, error) {
	var ep tcpip.Endpoint
	var wq *waiter.Queue
	var peer tcpip.FullAddress
	err := l.call(func() tcpip.Error {
		var err tcpip.Error
		ep, wq, err = l.ep.Accept(&peer)
		return err
	})
	if err != nil {
		return nil, err
	}
	c := &TCPConn{}
	c.adopt(l.t, ep, wq, l.v6)
	c.remoteAP = c.addrPort(peer)
	c.localAP = c.local()
	l.t.sockets.Add(c, l.Holder())
	return c, nil
}

// Close stops listening; connections not yet accepted are reset.
func (l *TCPListener) Close() error {
	l.finish(func() { l.ep.Close() })
	l.t.sockets.Remove(l)
	return nil
}

func (l *TCPListener) Abandon() { l.Close() }

// Addr is where it listens.
func (l *TCPListener) Addr() netip.AddrPort { return l.addr }

func (l *TCPListener) Info() socket.Info {
	any := netip.IPv4Unspecified()
	if l.v6 {
		any = netip.IPv6Unspecified()
	}
	return l.Fill(socket.Info{
		Proto: "tcp", V6: l.v6, V6Only: l.v6 && l.ep.SocketOptions().GetV6Only(), Local: l.addr, Remote: netip.AddrPortFrom(any, 0), State: socket.Listen,
		SendQ: l.backlog,
	})
}
