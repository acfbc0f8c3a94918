package stack

import (
	"net/netip"
	"time"

	"dnetsim/stack/socket"
	"dnetsim/stack/transport"
)

// What a namespace's sockets are; those of TCP and UDP are package transport's.
type (
	SocketInfo  = socket.Info
	TCPConn     = transport.TCPConn
	TCPListener = transport.TCPListener
	UDPConn     = transport.UDPConn
)

// DialTCP connects to remote, see [transport.Layer.DialTCP].
func (ns *Namespace) DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*TCPConn, error) {
	return ns.transport.DialTCP(local, remote, timeout)
}

// ListenTCP listens on an address and port, see [transport.Layer.ListenTCP].
func (ns *Namespace) ListenTCP(local netip.AddrPort) (*TCPListener, error) {
	return ns.transport.ListenTCP(local)
}

// ListenTCPv6Only is ListenTCP with IPV6_V6ONLY: "[::]:80" leaves IPv4's port 80
// to others.
func (ns *Namespace) ListenTCPv6Only(local netip.AddrPort) (*TCPListener, error) {
	return ns.transport.ListenTCPv6Only(local)
}

// ListenUDP makes a UDP socket, see [transport.Layer.ListenUDP].
func (ns *Namespace) ListenUDP(local netip.AddrPort) (*UDPConn, error) {
	return ns.transport.ListenUDP(local)
}

// ListenUDPv6Only is ListenUDP with IPV6_V6ONLY.
func (ns *Namespace) ListenUDPv6Only(local netip.AddrPort) (*UDPConn, error) {
	return ns.transport.ListenUDPv6Only(local)
}

// Sockets returns the namespace's sockets in the order in which they were made,
// then the TCP connections that nobody holds any more but that are not over.
func (ns *Namespace) Sockets() []SocketInfo {
	var out []SocketInfo
	for _, s := range ns.sockets.All() {
		out = append(out, s.Info())
	}
	return append(out, ns.transport.Orphans()...)
}

// CloseHeld closes the sockets of a process that has ended, see
// [socket.Table.CloseHeld].
func (ns *Namespace) CloseHeld(program string, pid int, holder any) {
	if !ns.closed {
		ns.sockets.CloseHeld(program, pid, holder)
	}
}
