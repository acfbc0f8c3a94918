package stack

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"dnetsim/sim"
	"dnetsim/stack/socket"
)

// icmpQueue is how many messages wait in a raw socket, about what the default
// receive buffer holds.
const icmpQueue = 256

// ICMPConn is a raw ICMP socket, as ping and traceroute open. It receives a
// copy of every ICMP message that reaches the namespace.
type ICMPConn struct {
	socket.Owner
	ns     *Namespace
	v6     bool
	ttl    int
	pmtu   PMTU
	bcast  bool
	src    netip.Addr
	dev    *Interface
	queue  []ICMPPacket
	cond   sim.Cond
	closed bool
}

func (ic *icmpLayer) open(h socket.Holder, v6 bool) (*ICMPConn, error) {
	if ic.ns.closed {
		return nil, ErrNetDown
	}
	c := &ICMPConn{ns: ic.ns, v6: v6}
	ic.sockets = append(ic.sockets, c)
	ic.ns.sockets.Add(c, h)
	return c, nil
}

// SetTTL sets the TTL of what is sent; zero is the default.
func (c *ICMPConn) SetTTL(ttl int) { c.ttl = ttl }

// SetPMTU says how the socket uses path MTU discovery; [PMTUWant] is the start.
func (c *ICMPConn) SetPMTU(how PMTU) { c.pmtu = how }

// SetBroadcast permits broadcast destinations.
func (c *ICMPConn) SetBroadcast(on bool) { c.bcast = on }

// SetSource fixes the source address. It returns ErrAddrNotAvail if it is not
// ours.
func (c *ICMPConn) SetSource(a netip.Addr) error {
	if a.IsValid() && !c.ns.IsLocal(a) {
		return ErrAddrNotAvail
	}
	c.src = a
	return nil
}

// BindDevice sends by one interface only. It returns ErrNoDevice if there is no
// such interface.
func (c *ICMPConn) BindDevice(dev string) error {
	i := c.ns.Interface(dev)
	if i == nil {
		return ErrNoDevice
	}
	c.dev = i
	return nil
}

// Send sends an ICMP message, from its type field on; the checksum of ICMPv6 is
// filled in. It returns at once ErrNetUnreachable without a route, ErrAccess
// for a broadcast that is not permitted, ErrMsgSize for a message that must not
// be cut and does not fit, ErrNotPermitted if netfilter drops it.
func (c *ICMPConn) Send(dst netip.Addr, msg []byte) error { return c.send(dst, protoICMP, msg) }

// SendUDP sends a UDP datagram over IPv4 from a port that the caller has, with the
// socket's TTL and way of path MTU discovery, as a socket for IPPROTO_RAW can. It
// errs as Send does.
func (c *ICMPConn) SendUDP(dst netip.AddrPort, from uint16, data []byte) error {
	if dst.Addr().Unmap().Is6() {
		return ErrNotSupported
	}
	msg := make([]byte, 8, 8+len(data))
	binary.BigEndian.PutUint16(msg, from)
	binary.BigEndian.PutUint16(msg[2:], dst.Port())
	binary.BigEndian.PutUint16(msg[4:], uint16(8+len(data)))
	return c.send(dst.Addr(), protoUDP, append(msg, data...)) // without a checksum (RFC 768)
}

// MTU is the largest packet that the device towards an address carries.
func (c *ICMPConn) MTU(dst netip.Addr) (int, error) {
	h, err := c.ns.routes.routeOut(flow{dst: dst.Unmap(), src: c.src, out: c.dev})
	if err != nil {
		return 0, err
	}
	return h.dev.mtu, nil
}

func (c *ICMPConn) send(dst netip.Addr, proto uint8, msg []byte) error {
	if c.closed || c.ns.closed {
		return ErrClosed
	}
	dst = dst.Unmap()
	h, err := c.ns.routes.routeOut(flow{dst: dst, src: c.src, out: c.dev})
	if err != nil {
		return err
	}
	if h.kind == RouteBroadcast && !c.bcast {
		return ErrAccess
	}
	src := c.src
	if !src.IsValid() {
		src = h.src
	}
	if !src.IsValid() {
		return ErrAddrNotAvail
	}
	ttl := c.ttl
	if ttl == 0 {
		ttl = c.ns.tx.defaultTTL(c.v6)
		if dst.IsMulticast() {
			ttl = 1
		}
	}
	var p *packet
	if dst.Is6() {
		p = c.ns.icmp.build6(src, dst, ttl, msg)
	} else {
		size := 20 + len(msg)
		if !c.pmtu.permits(size, h) {
			return ErrMsgSize
		}
		p = c.ns.tx.buildIPv4(src, dst, proto, ttl, c.ns.routes.pmtuOf(c.pmtu).forbidsCutting(size, h), msg)
		if c.pmtu == PMTUProbe {
			h.mtu = h.dev.mtu
		}
	}
	p.oif = c.dev
	return c.ns.tx.send(p, h)
}

// Recv waits for the next message. It blocks up to timeout (zero or less: for
// ever) and returns ErrTimeout after that.
func (c *ICMPConn) Recv(timeout time.Duration) (ICMPPacket, error) {
	end := c.ns.loop.Now() + timeout
	for len(c.queue) == 0 {
		if c.closed {
			return ICMPPacket{}, ErrClosed
		}
		var err error
		if timeout <= 0 {
			err = c.cond.Wait(c.ns.loop)
		} else {
			left := end - c.ns.loop.Now()
			if left <= 0 {
				return ICMPPacket{}, ErrTimeout
			}
			err = c.cond.WaitFor(c.ns.loop, left)
		}
		if err == sim.ErrTimeout {
			return ICMPPacket{}, ErrTimeout
		}
		if err != nil {
			return ICMPPacket{}, err
		}
	}
	p := c.queue[0]
	c.queue = slices.Delete(c.queue, 0, 1)
	return p, nil
}

// Close closes the socket. Closing twice is harmless.
func (c *ICMPConn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.ns.icmp.sockets = slices.DeleteFunc(c.ns.icmp.sockets, func(x *ICMPConn) bool { return x == c })
	c.ns.sockets.Remove(c)
	c.cond.Broadcast()
	return nil
}

// Abandon is Close.
func (c *ICMPConn) Abandon() { c.Close() }

// Info is what ss knows of it.
func (c *ICMPConn) Info() SocketInfo {
	any := netip.IPv4Unspecified()
	proto := uint16(protoICMP)
	if c.v6 {
		any, proto = netip.IPv6Unspecified(), protoICMPv6
	}
	local := any
	if c.src.IsValid() {
		local = c.src
	}
	return c.Fill(SocketInfo{
		Proto: "raw", V6: c.v6, Icmp: true, State: socket.Unconnected,
		Local: netip.AddrPortFrom(local, proto), Remote: netip.AddrPortFrom(any, 0),
	})
}

// tellSockets gives every raw socket of the family a copy.
func (ic *icmpLayer) tellSockets(p *packet) {
	for _, c := range ic.sockets {
		if c.v6 != p.nf.V6 || c.dev != nil && c.dev != p.in && p.in.kind != KindLoopback {
			continue
		}
		if c.src.IsValid() && c.src != p.dst() && !p.group && !p.bcast {
			continue
		}
		if len(c.queue) >= icmpQueue {
			continue
		}
		c.queue = append(c.queue, ICMPPacket{
			From: p.src(), To: p.dst(), TTL: int(p.ttl()), At: ic.ns.loop.Now(), Dev: p.in.name,
			Data: append([]byte(nil), p.payload()...),
		})
		c.cond.Broadcast()
	}
}
