package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack/ipsec"
	"dnetsim/stack/netfilter"
)

// ipOutput is the way of a packet out, to the device.
type ipOutput struct {
	ns     *Namespace
	lastID uint16 // of an IPv4 header; 0: none yet
}

// output sends a packet that was made here: route it, pass OUTPUT and
// POSTROUTING, give it to the interface. It returns the errors that the kernel
// returns to the sender at once.
func (tx *ipOutput) output(p *packet) error {
	h, err := tx.ns.routes.routeOut(p.flow())
	if err != nil {
		tx.ns.ends.discard(nil, trail.NoRoute, p)
		return err
	}
	return tx.send(p, h)
}

// send is output for a packet whose way is known (ip_local_out). What OUTPUT
// rewrites, be it only the mark that a rule asks for, is routed again.
func (tx *ipOutput) send(p *packet, h hop) error {
	before, mark, tos := p.dst(), p.nf.Mark, p.tos()
	if !tx.ns.filter.hook(netfilter.Output, p, nil, h.dev) {
		return ErrNotPermitted
	}
	rerouted := p.dst() != before
	if tx.ns.routes.fib.of(before).policy {
		rerouted = rerouted || p.nf.Mark != mark || p.tos() != tos
	}
	if rerouted { // ip_route_me_harder: with the source that the packet has by now
		p.unbound = false
		var err error
		if h, err = tx.ns.routes.routeOut(p.flow()); err != nil {
			tx.ns.ends.discard(nil, trail.NoRoute, p)
			return err
		}
	}
	if !tx.ns.xfrm.Empty() && !p.nf.V6 && p.proto() != ipsec.Protocol {
		if pol := tx.ns.xfrm.Lookup(p.nf.Data, p.nf.Mark); pol != nil {
			return tx.protect(p, h, pol)
		}
	}
	return tx.postroute(p, h)
}

// protect sends a packet in one of ESP (xfrm4_output): it passes POSTROUTING, and what is
// around it OUTPUT and POSTROUTING again. The mark stays.
func (tx *ipOutput) protect(p *packet, h hop, pol *ipsec.Policy) error {
	p.nf.Encrypts = true
	if !tx.ns.filter.hook(netfilter.Postrouting, p, nil, h.dev) {
		return ErrNotPermitted
	}
	p.fillChecksum()
	n := len(p.nf.Data)
	q := tx.ns.newPacket(n+ipsec.Overhead(n-p.headerLen()), false)
	q.nf.Mark = p.nf.Mark
	if tx.ns.xfrm.Seal(pol, p.nf.Data, q.nf.Data) != nil {
		q.release()
		tx.ns.ends.discard(h.dev, trail.NoState, p)
		return ErrNoProcess
	}
	headerChecksum(q.nf.Data)
	if tx.ns.trail.On() {
		q.f.Tag = tx.ns.trail.Within(&p.f.Tag)
		tx.ns.ends.tell(h.dev, trail.Encapsulate, q)
	}
	p.release()
	return tx.send(q, h)
}

// postroute is ip_output: POSTROUTING, which knows since Linux 5.7 where a forwarded
// packet came in, then fragment if need be.
func (tx *ipOutput) postroute(p *packet, h hop) error {
	if !tx.ns.filter.hook(netfilter.Postrouting, p, p.in, h.dev) {
		return ErrNotPermitted
	}
	p.settle(tx.ns)
	size := len(p.nf.Data)
	if p.f.GSO > 0 {
		if size <= p.headerLen()+60+p.f.GSO && size <= h.mtu {
			p.f.GSO = 0 // one segment: an ordinary packet
		} else if p.f.GSO+p.headerLen()+int(p.payload()[12]>>4)*4 <= h.mtu {
			tx.finish(p, h)
			return nil
		} else {
			return tx.tooBig(p, h)
		}
	}
	if size <= h.mtu {
		tx.finish(p, h)
		return nil
	}
	if p.dontFragment() {
		return tx.tooBig(p, h)
	}
	for _, q := range tx.fragmentIPv4(p, h.mtu) {
		tx.finish(q, h)
	}
	return nil
}

// tooBig reports a packet that does not fit and must not be cut.
func (tx *ipOutput) tooBig(p *packet, h hop) error {
	tx.ns.icmp.sendFragNeeded(p, h.mtu)
	tx.ns.ends.discard(h.dev, trail.TooBig, p)
	return ErrMsgSize
}

// finish gives a packet that fits to the link: ip_finish_output2.
func (tx *ipOutput) finish(p *packet, h hop) {
	switch {
	case h.dev.kind == KindLoopback:
		h.dev.path.transmitIP(p, MAC{})
	case h.kind == RouteBroadcast:
		if p.in == nil && p.proto() == protoICMP { // netstack does so for its own
			tx.loopCopy(p, h.dev)
		}
		h.dev.path.transmitIP(p, broadcastMAC)
	case h.kind == RouteMulticast || h.via.IsMulticast():
		h.dev.path.transmitIP(p, groupMAC(h.via))
	case h.dev.Flags()&FlagNoARP != 0:
		h.dev.path.transmitIP(p, MAC{})
	case !h.dev.up:
		tx.ns.ends.discard(h.dev, trail.InterfaceDown, p)
	default:
		tx.ns.neigh.findOrMake(h.dev, h.via).send(p)
	}
}

// loopCopy gives a broadcast of a raw socket to this namespace too.
func (tx *ipOutput) loopCopy(p *packet, dev *Interface) {
	q := tx.ns.newPacket(len(p.nf.Data), p.nf.V6)
	copy(q.nf.Data, p.nf.Data)
	putEther(q.f.Bytes(), broadcastMAC, dev.mac, link.TypeIPv4)
	q.in, q.bcast, q.group = dev, true, true
	q.nf.ChecksumPartial = p.nf.ChecksumPartial
	tx.ns.ends.another(dev, q, p)
	tx.ns.loop.After(loopbackDelay, func() {
		if tx.ns.closed {
			tx.ns.ends.discard(dev, trail.NamespaceClosed, q)
			return
		}
		tx.ns.rx.deliver(q)
	})
}

// groupMAC is the Ethernet group of an IP multicast address (RFC 1112, 2464).
func groupMAC(a netip.Addr) MAC {
	b := a.AsSlice()
	if a.Is4() {
		return MAC{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	return MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// nextID is the identification of the next IPv4 packet that may be fragmented.
func (tx *ipOutput) nextID() uint16 {
	if tx.lastID == 0 {
		tx.lastID = uint16(tx.ns.random().Uint32())
	}
	tx.lastID++
	return tx.lastID
}

// nsSettings are the namespace's own that packets ask for, as last read.
type nsSettings struct {
	read        bool
	changed     uint64 // how often they had changed then
	ttl         int
	hopLimit    int
	noPMTU      bool
	ignoreEchos bool
}

// read reads them, again only after a change.
func (s *sysctls) read() *nsSettings {
	if s.last.read && s.last.changed == s.changed {
		return &s.last
	}
	s.last = nsSettings{
		read: true, changed: s.changed,
		ttl:         s.number("net.ipv4.ip_default_ttl"),
		hopLimit:    s.number("net.ipv6.conf.all.hop_limit"),
		noPMTU:      s.number("net.ipv4.ip_no_pmtu_disc") != 0,
		ignoreEchos: s.number("net.ipv4.icmp_echo_ignore_all") != 0,
	}
	return &s.last
}

// defaultTTL is net.ipv4.ip_default_ttl, or the hop limit of IPv6.
func (tx *ipOutput) defaultTTL(v6 bool) int {
	n := tx.ns.sys.read().ttl
	if v6 {
		n = tx.ns.sys.read().hopLimit
	}
	if n > 0 {
		return n
	}
	return 64
}

// buildIPv4 makes a packet with an IPv4 header around payload.
func (tx *ipOutput) buildIPv4(src, dst netip.Addr, proto uint8, ttl int, df bool, payload []byte) *packet {
	p := tx.headIPv4(src, dst, proto, ttl, df, len(payload))
	copy(p.nf.Data[20:], payload)
	return p
}

// headIPv4 makes a packet with an IPv4 header, before n bytes that are still to be
// written.
func (tx *ipOutput) headIPv4(src, dst netip.Addr, proto uint8, ttl int, df bool, n int) *packet {
	p := tx.ns.newPacket(20+n, false)
	d := p.nf.Data
	clear(d[:20])
	d[0] = 0x45
	binary.BigEndian.PutUint16(d[2:], uint16(len(d)))
	if df {
		d[6] = 0x40
	}
	binary.BigEndian.PutUint16(d[4:], tx.nextID())
	d[8], d[9] = uint8(ttl), proto
	s, t := src.As4(), dst.As4()
	copy(d[12:], s[:])
	copy(d[16:], t[:])
	headerChecksum(d)
	return p
}

// buildIPv6 makes a packet with an IPv6 header around payload.
func (tx *ipOutput) buildIPv6(src, dst netip.Addr, next uint8, hops int, payload []byte) *packet {
	p := tx.ns.newPacket(40+len(payload), true)
	d := p.nf.Data
	clear(d[:40])
	d[0] = 0x60
	binary.BigEndian.PutUint16(d[4:], uint16(len(payload)))
	d[6], d[7] = next, uint8(hops)
	s, t := src.As16(), dst.As16()
	copy(d[8:], s[:])
	copy(d[24:], t[:])
	copy(d[40:], payload)
	return p
}
