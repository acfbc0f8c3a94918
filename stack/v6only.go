package stack

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// ListenTCPv6Only is [Namespace.ListenTCP] with IPV6_V6ONLY: "[::]:80" leaves
// IPv4's port 80 to others.
func (ns *Namespace) ListenTCPv6Only(local netip.AddrPort) (*TCPListener, error) {
	l := &TCPListener{}
	if err := ns.open(&l.endpoint, tcp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	ns.register(l)
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

// ListenUDPv6Only is [Namespace.ListenUDP] with IPV6_V6ONLY.
func (ns *Namespace) ListenUDPv6Only(local netip.AddrPort) (*UDPConn, error) {
	c := &UDPConn{bound: local}
	if err := ns.open(&c.endpoint, udp.ProtocolNumber, true); err != nil {
		return nil, err
	}
	ns.register(c)
	c.ep.SocketOptions().SetV6Only(true)
	c.ep.SocketOptions().SetReceivePacketInfo(true)
	if err := c.bind(local); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// SendFrame sends a whole frame out of the interface, as a packet socket does:
// it passes no hooks. It takes over the caller's reference.
func (i *Interface) SendFrame(f *link.Frame) error {
	if !i.up {
		i.lose(f, trail.InterfaceDown)
		return ErrNetDown
	}
	i.transmit(f)
	return nil
}
