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

// Opener opens sockets in a namespace for a holder: for the process whose
// descriptors they become.
type Opener struct {
	ns     *Namespace
	holder socket.Holder
}

// For is the namespace as a holder's sockets see it; nil is nobody.
func (ns *Namespace) For(h socket.Holder) Opener { return Opener{ns, h} }

// DialTCP connects to remote, see [transport.Layer.DialTCP].
func (o Opener) DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*TCPConn, error) {
	return o.ns.transport.DialTCP(o.holder, local, remote, timeout)
}

// ListenTCP listens on an address and port, see [transport.Layer.ListenTCP].
func (o Opener) ListenTCP(local netip.AddrPort) (*TCPListener, error) {
	return o.ns.transport.ListenTCP(o.holder, local)
}

// ListenTCPv6Only is ListenTCP with IPV6_V6ONLY: "[::]:80" leaves IPv4's port 80
// to others.
func (o Opener) ListenTCPv6Only(local netip.AddrPort) (*TCPListener, error) {
	return o.ns.transport.ListenTCPv6Only(o.holder, local)
}

// ListenUDP makes a UDP socket, see [transport.Layer.ListenUDP].
func (o Opener) ListenUDP(local netip.AddrPort) (*UDPConn, error) {
	return o.ns.transport.ListenUDP(o.holder, local)
}

// ListenUDPv6Only is ListenUDP with IPV6_V6ONLY.
func (o Opener) ListenUDPv6Only(local netip.AddrPort) (*UDPConn, error) {
	return o.ns.transport.ListenUDPv6Only(o.holder, local)
}

// OpenICMP opens a raw ICMP or, if v6, ICMPv6 socket.
func (o Opener) OpenICMP(v6 bool) (*ICMPConn, error) { return o.ns.icmp.open(o.holder, v6) }

// What nobody holds.

// DialTCP is [Opener.DialTCP] for nobody.
func (ns *Namespace) DialTCP(local, remote netip.AddrPort, timeout time.Duration) (*TCPConn, error) {
	return ns.For(nil).DialTCP(local, remote, timeout)
}

// ListenTCP is [Opener.ListenTCP] for nobody.
func (ns *Namespace) ListenTCP(local netip.AddrPort) (*TCPListener, error) {
	return ns.For(nil).ListenTCP(local)
}

// ListenTCPv6Only is [Opener.ListenTCPv6Only] for nobody.
func (ns *Namespace) ListenTCPv6Only(local netip.AddrPort) (*TCPListener, error) {
	return ns.For(nil).ListenTCPv6Only(local)
}

// ListenUDP is [Opener.ListenUDP] for nobody.
func (ns *Namespace) ListenUDP(local netip.AddrPort) (*UDPConn, error) {
	return ns.For(nil).ListenUDP(local)
}

// ListenUDPv6Only is [Opener.ListenUDPv6Only] for nobody.
func (ns *Namespace) ListenUDPv6Only(local netip.AddrPort) (*UDPConn, error) {
	return ns.For(nil).ListenUDPv6Only(local)
}

// OpenICMP is [Opener.OpenICMP] for nobody.
func (ns *Namespace) OpenICMP(v6 bool) (*ICMPConn, error) { return ns.For(nil).OpenICMP(v6) }

// Sockets returns the namespace's sockets in the order in which they were made,
// then the TCP connections that nobody holds any more but that are not over.
func (ns *Namespace) Sockets() []SocketInfo {
	var out []SocketInfo
	for _, s := range ns.sockets.All() {
		out = append(out, s.Info())
	}
	return append(out, ns.transport.Orphans()...)
}
