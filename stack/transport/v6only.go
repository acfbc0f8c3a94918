package transport

import (
	"net/netip"

	"dnetsim/stack/socket"

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
	return l.listen(local)
}

// ListenUDPv6Only is [Layer.ListenUDP] with IPV6_V6ONLY.
func (t *Layer) ListenUDPv6Only(h socket.Holder, local netip.AddrPort) (*UDPConn, error) {
	c := &UDPConn{bound: local}
	if err := t.open(&c.endpoint, udp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	t.sockets.Add(c, h)
	c.ep.SocketOptions().SetV6Only(true)
	return c.listen(local)
}
