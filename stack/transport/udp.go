package transport

import (
	"net/netip"
	"time"

	"dnetsim/sim"
	"dnetsim/stack/errno"
	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// UDPConn is a UDP socket, bound and perhaps connected.
type UDPConn struct {
	endpoint
	bound    netip.AddrPort // as asked for
	remoteAP netip.AddrPort
	port     uint16            // its own
	ttl      uint8             // of IPv4; 0: the default
	v6only   bool              // IPv4 is no business of an AF_INET6 socket
	to       tcpip.FullAddress // of the datagram that is being written
}

// ListenUDP makes a UDP socket bound to an address and port; port 0 draws one,
// the zero value is an unbound IPv4 socket. It returns errno.AddrInUse or
// errno.AddrNotAvail.
func (t *Layer) ListenUDP(h socket.Holder, local netip.AddrPort) (*UDPConn, error) {
	c := &UDPConn{bound: local}
	if err := t.open(&c.endpoint, udp.ProtocolNumber, local.Addr().Is6()); err != nil {
		return nil, err
	}
	t.sockets.Add(c, h)
	c.ep.SocketOptions().SetBroadcast(true)
	return c.listen(local)
}

// listen binds an opened socket, and closes it if that fails.
func (c *UDPConn) listen(local netip.AddrPort) (*UDPConn, error) {
	c.ep.SocketOptions().SetReceivePacketInfo(true)
	if err := c.bind(local); err != nil {
		c.Close()
		return nil, err
	}
	c.port = c.local().Port()
	return c, nil
}

// Connect fixes the peer: only its datagrams are received, and ICMP errors come
// back as errors.
func (c *UDPConn) Connect(to netip.AddrPort) error {
	src, err := c.t.net.RouteConnect(c.bound.Addr(), to.Addr())
	if err != nil {
		return err
	}
	c.preferSource(src)
	c.remoteAP = to
	return c.call(func() tcpip.Error { return c.ep.Connect(c.full(to)) })
}

func (c *UDPConn) preferSource(src netip.Addr) {
	if src.IsValid() && !c.closed {
		c.t.prefer(src)
	}
}

// ReadFrom receives one datagram into b, cut to its length. It blocks up to
// timeout (zero or less: for ever) and returns errno.Timeout after that, or
// errno.ConnRefused on a connected socket whose peer's port is closed.
func (c *UDPConn) ReadFrom(b []byte, timeout time.Duration) (int, netip.AddrPort, error) {
	n, from, _, err := c.receive(b, timeout)
	return n, from, err
}

func (c *UDPConn) receive(b []byte, timeout time.Duration) (n int, from netip.AddrPort, to netip.Addr, err error) {
	end := c.t.loop.Now() + timeout
	for {
		var r tcpip.ReadResult
		err := c.call(func() tcpip.Error {
			var err tcpip.Error
			r, err = c.read(b, tcpip.ReadOptions{NeedRemoteAddr: true})
			return err
		})
		if err == nil {
			return r.Count, c.addrPort(r.RemoteAddr), netipAddr(r.ControlMessages.PacketInfo.LocalAddr).Unmap(), nil
		}
		if !isBlocked(err) {
			return 0, from, to, err
		}
		left := time.Duration(0)
		if timeout > 0 {
			if left = end - c.t.loop.Now(); left <= 0 {
				return 0, from, to, errno.Timeout
			}
		}
		if err := c.wait(left); err == sim.ErrTimeout {
			return 0, from, to, errno.Timeout
		} else if err != nil {
			return 0, from, to, err
		}
	}
}

// Write sends one datagram to the connected peer.
func (c *UDPConn) Write(b []byte) (int, error) {
	if !c.remoteAP.IsValid() {
		return 0, errno.NotConn
	}
	if _, err := c.t.net.Route(c.bound.Addr(), c.remoteAP.Addr()); err != nil {
		return 0, err
	}
	if err := c.fits(c.remoteAP.Addr(), len(b)); err != nil {
		return 0, err
	}
	if err := c.write(b, tcpip.WriteOptions{}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *UDPConn) write(b []byte, opts tcpip.WriteOptions) error {
	t := c.t
	t.failed = nil
	_, err := c.endpoint.write(b, opts)
	if isBlocked(err) {
		return errno.NoBufs
	}
	if err == nil {
		err = t.failed // netfilter said no: EPERM
	}
	return err
}

// Close closes the socket. Closing twice is harmless.
func (c *UDPConn) Close() error {
	c.finish(func() { c.ep.Close() })
	c.t.sockets.Remove(c)
	return nil
}

func (c *UDPConn) Abandon() { c.Close() }

// LocalAddr is the socket's own address and port.
func (c *UDPConn) LocalAddr() netip.AddrPort { return c.local() }

// RemoteAddr is the connected peer, or the zero value.
func (c *UDPConn) RemoteAddr() netip.AddrPort { return c.remoteAP }

// SetTTL sets the TTL of what is sent.
func (c *UDPConn) SetTTL(ttl int) {
	c.call(func() tcpip.Error {
		if c.v6 {
			return c.ep.SetSockOptInt(tcpip.IPv6HopLimitOption, ttl)
		}
		c.ttl = uint8(ttl)
		return c.ep.SetSockOptInt(tcpip.IPv4TTLOption, ttl)
	})
}

// Info is what ss knows of it.
func (c *UDPConn) Info() socket.Info {
	i := socket.Info{Proto: "udp", V6: c.v6, V6Only: c.v6 && c.ep.SocketOptions().GetV6Only(), Local: c.local(), Remote: c.remoteAP, State: socket.Unconnected}
	if c.remoteAP.IsValid() {
		i.State = socket.Established
		return c.Fill(i)
	}
	any := netip.IPv4Unspecified()
	if c.v6 {
		any = netip.IPv6Unspecified()
	}
	i.Remote = netip.AddrPortFrom(any, 0)
	c.t.enter(func() { i.RecvQ, _ = c.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption) })
	return c.Fill(i)
}
