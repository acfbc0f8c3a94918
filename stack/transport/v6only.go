package transport

import (
	"net/netip"

	"dnetsim/stack/socket"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// ListenTCPv6Only is [Layer.ListenTCP] with IPV6_V6ONLY: "[::]:80" leaves
// IPv4's port 80 to others.
func (t *Layer) ListenTCPv6Only(h socket.Holder, local netip.AddrPort) (*TCPListener, error) {
	l := &TCPListener{}
	if err := t.open(&l.endpoint, tcp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	t.sockets.Add(l, h)
	l.ep.SocketOptions().SetV6Only(true)
	err := l.bind(local)
	if err == nil {
		err = l.call(func() tcpip.Error { return l.ep.Listen(listenBacklog) })
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	l.addr = l.local()
	return l, nil
}

// ListenUDPv6Only is [Layer.ListenUDP] with IPV6_V6ONLY.
func (t *Layer) ListenUDPv6Only(h socket.Holder, local netip.AddrPort) (*UDPConn, error) {
	c := &UDPConn{bound: local}
	if err := t.open(&c.endpoint, udp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	t.sockets.Add(c, h)
	c.ep.SocketOptions().SetV6Only(true)
	c.ep.SocketOptions().SetReceivePacketInfo(true)
	if err := c.bind(local); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
