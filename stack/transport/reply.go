package transport

import (
	"net/netip"
	"time"
)

// ReadMsg is [UDPConn.ReadFrom] for a server with several addresses: it also
// returns which of them the datagram was sent to (IP_PKTINFO).
func (c *UDPConn) ReadMsg(b []byte, timeout time.Duration) (n int, from netip.AddrPort, to netip.Addr, err error) {
	return c.receive(b, timeout)
}

// WriteFrom is [UDPConn.WriteTo] from one of the namespace's own addresses,
// whatever the socket is bound to. A src that is not the namespace's, such as a
// broadcast address, leaves the choice to the route.
func (c *UDPConn) WriteFrom(b []byte, src netip.Addr, to netip.AddrPort) error {
	if !src.IsValid() || !c.t.net.IsLocal(src) {
		return c.WriteTo(b, to)
	}
	return c.writeTo(b, src, to)
}
