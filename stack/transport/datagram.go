package transport

import (
	"net/netip"
	"slices"

	"dnetsim/stack/errno"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// WriteTo sends one datagram. It returns errno.NetUnreachable if there is no
// route.
func (c *UDPConn) WriteTo(b []byte, to netip.AddrPort) error {
	return c.writeTo(b, c.bound.Addr(), to)
}

func (c *UDPConn) writeTo(b []byte, src netip.Addr, to netip.AddrPort) error {
	chosen, err := c.source(src, to.Addr())
	if err != nil {
		return err
	}
	if src != c.bound.Addr() {
		if _, err := c.t.net.Route(c.bound.Addr(), to.Addr()); err != nil {
			return err
		}
	}
	if err := c.fits(to.Addr(), len(b)); err != nil {
		return err
	}
	unbound := !src.IsValid() || src.IsUnspecified()
	if c.plain(chosen, to) {
		return c.t.datagram(b, netip.AddrPortFrom(chosen, c.port), to, c.ttl, unbound)
	}
	c.preferSource(chosen)
	c.to = c.full(to)
	c.t.unbound = unbound
	err = c.write(b, tcpip.WriteOptions{To: &c.to})
	c.t.unbound = false
	return err
}

// source is the source address of what goes to an address: src, or what the route
// chooses.
func (c *UDPConn) source(src, to netip.Addr) (netip.Addr, error) {
	chosen, err := c.t.net.Route(src, to)
	if src.IsValid() && src != c.bound.Addr() {
		chosen = src
	}
	return chosen, err
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// plain reports whether a datagram is one that netstack would do nothing special for:
// of IPv4, to one address, from a socket that is open and free to send it from there.
func (c *UDPConn) plain(src netip.Addr, to netip.AddrPort) bool {
	a, own := to.Addr().Unmap(), c.bound.Addr()
	return !c.closed && !c.t.closed && c.port != 0 && to.Port() != 0 && src.Is4() && a.Is4() && !a.IsUnspecified() && !a.IsMulticast() &&
		a != limitedBroadcast && !slices.Contains(c.t.broadcasts, a) && !c.remoteAP.IsValid() && !(c.v6 && c.v6only) && (!own.IsValid() || own.IsUnspecified() || own == src)
}

// datagram sends a datagram of IPv4 as netstack would: with DF, so that its ID means
// nothing (RFC 6864, 4.1), and the default TTL if ttl is 0.
func (t *Layer) datagram(b []byte, src, to netip.AddrPort, ttl uint8, unbound bool) error {
	n := header.IPv4MinimumSize + header.UDPMinimumSize + len(b)
	p := t.net.NewPacket(n, false)
	d := p.Bytes()
	if ttl == 0 {
		ttl = t.ttl
	}
	from, dst := address(src.Addr()), address(to.Addr().Unmap())
	ip := header.IPv4(d)
	ip.Encode(&header.IPv4Fields{
		TotalLength: uint16(n), Flags: header.IPv4FlagDontFragment, TTL: ttl, Protocol: uint8(header.UDPProtocolNumber), SrcAddr: from, DstAddr: dst,
	})
	ip.SetChecksum(^ip.CalculateChecksum())
	h := header.UDP(d[header.IPv4MinimumSize:])
	h.Encode(&header.UDPFields{SrcPort: src.Port(), DstPort: to.Port(), Length: uint16(len(h))})
	copy(h[header.UDPMinimumSize:], b)
	o := Offload{Summed: !t.offload, Unbound: unbound, Partial: t.offload}
	sum := header.PseudoHeaderChecksum(header.UDPProtocolNumber, from, dst, uint16(len(h)))
	if !t.offload {
		if sum = h.CalculateChecksum(checksum.Combine(sum, checksum.Checksum(b, 0))); sum != 0xffff { // zero would say that there is none
			sum = ^sum
		}
	}
	h.SetChecksum(sum)
	return p.Send(o)
}

// fits checks that a datagram of n bytes is not larger than a packet can be.
func (c *UDPConn) fits(to netip.Addr, n int) error {
	head := 28
	if to.Unmap().Is6() {
		head = 48
	}
	if n+head > 65535 {
		return errno.MsgSize
	}
	return nil
}
