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
	taken := t.listensV6(local.Port())
	if err := t.open(&l.endpoint, tcp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	t.sockets.Add(l, h)
	l.ep.SocketOptions().SetV6Only(true)
	l.ep.SocketOptions().SetReuseAddress(!taken)
	return l.listen(local)
}

// ListenUDPv6Only is [Layer.ListenUDP] with IPV6_V6ONLY.
func (t *Layer) ListenUDPv6Only(h socket.Holder, local netip.AddrPort) (*UDPConn, error) {
	c := &UDPConn{bound: local, v6only: true}
	if err := t.open(&c.endpoint, udp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	t.sockets.Add(c, h)
	c.ep.SocketOptions().SetV6Only(true)
	return c.listen(local)
}

// listensV6 reports whether somebody listens on a port for IPv6.
func (t *Layer) listensV6(port uint16) bool {
	for _, s := range t.sockets.All() {
		if l, ok := s.(*TCPListener); ok && l.addr.Port() == port && port != 0 && l.addr.Addr().Is6() {
			return true
		}
	}
	return false
}
