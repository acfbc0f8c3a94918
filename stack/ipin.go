package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack/ipsec"
	"dnetsim/stack/netfilter"
)

// ipInput is the way of a packet in: accepted, routed, delivered or forwarded.
type ipInput struct {
	ns       *Namespace
	services map[uint16]udpService // in the kernel, by port
}

// in4 is ip_rcv: check the header, pass PREROUTING, then route the packet in.
func (rx *ipInput) in4(i *Interface, f *link.Frame, toUs bool) {
	if p := i.bridged.filtered(f); p != nil { // br_netfilter has seen it
		if n := p.ipLength(); n >= p.headerLen() && n <= len(p.nf.Data) {
			p.trim(n)
		}
		rx.route(p)
		return
	}
	p := rx.acceptIPv4(i, f)
	if p == nil {
		return
	}
	p.in = i
	if p.fragment() && rx.ns.filter.rules[0] != nil { // connection tracking wants whole packets
		if p = rx.ns.frags.add(p); p == nil {
			return
		}
	}
	if !rx.ns.filter.hook(netfilter.Prerouting, p, i, nil) {
		return
	}
	rx.route(p)
}

// ipLength is the length that the IP header states.
func (p *packet) ipLength() int {
	if p.nf.V6 {
		return 40 + int(binary.BigEndian.Uint16(p.nf.Data[4:]))
	}
	return int(binary.BigEndian.Uint16(p.nf.Data[2:]))
}

// acceptIPv4 makes a packet of a frame whose header is good, or drops it.
func (rx *ipInput) acceptIPv4(i *Interface, f *link.Frame) *packet {
	p := rx.ns.packetOf(f)
	d := p.nf.Data
	if len(d) < 20 || d[0]>>4 != 4 || d[0]&15 < 5 || len(d) < int(d[0]&15)*4 {
		return rx.badHeader(i, p)
	}
	n := int(binary.BigEndian.Uint16(d[2:]))
	if n == 0 && p.f.GSO > 0 {
		n = len(d)
	}
	if n < int(d[0]&15)*4 || n > len(d) {
		return rx.badHeader(i, p)
	}
	if sum(0, d[:int(d[0]&15)*4]) != 0xffff {
		return rx.badHeader(i, p)
	}
	p.trim(n)
	return p
}

func (rx *ipInput) badHeader(i *Interface, p *packet) *packet {
	i.count.RxErrors++
	rx.ns.ends.discard(i, trail.BadIPHeader, p)
	return nil
}

// route is ip_rcv_finish: is the packet for us, to be forwarded, or neither?
func (rx *ipInput) route(p *packet) {
	dst, i := p.dst(), p.in
	f := p.flow()
	if why := rx.ns.routes.martian(&f); why != trail.None {
		rx.ns.ends.discard(i, why, p)
		return
	}
	switch {
	case rx.takes(p):
		rx.deliver(p)
	case dst.IsMulticast():
		p.group = true
		rx.deliver(p)
	case i.ipAddrs.isBroadcast(dst):
		p.bcast = true
		rx.deliver(p)
	case p.group:
		rx.ns.ends.discard(i, trail.OtherHost, p) // a link-layer group with a unicast packet
	case !rx.ns.sys.forwarding(i, p.nf.V6):
		rx.ns.ends.discard(i, trail.ForwardingDisabled, p)
	default:
		rx.forward(p)
	}
}

// takes reports whether a packet is for this namespace itself.
func (rx *ipInput) takes(p *packet) bool {
	dst := p.dst()
	if !rx.ns.routes.fib.of(dst).policy || dst.IsMulticast() {
		return rx.ns.IsLocal(dst)
	}
	h, err := rx.ns.routes.routeOut(p.flow())
	return err == nil && h.kind == RouteLocal
}

// deliver is ip_local_deliver and ip6_input: reassemble (IPv4), pass INPUT, hand
// to the protocol.
func (rx *ipInput) deliver(p *packet) {
	if p.fragment() {
		if p = rx.ns.frags.add(p); p == nil {
			return
		}
	}
	if !rx.ns.filter.hook(netfilter.Input, p, p.in, nil) {
		return
	}
	if p.balanced {
		rx.balance(p)
		return
	}
	if p.f.Checksum == link.ChecksumUnknown && !p.nf.ChecksumPartial && !link.ChecksumGood(p.f) {
		p.in.count.RxErrors++
		rx.ns.ends.discard(p.in, trail.Checksum, p)
		return
	}
	switch proto := p.proto(); {
	case proto == protoTCP || proto == protoUDP:
		rx.transportIn(p)
	case proto == protoICMP && !p.nf.V6:
		rx.ns.icmp.in(p)
	case proto == protoICMPv6 && p.nf.V6:
		rx.ns.icmp.in6(p)
	case proto == ipsec.Protocol && !p.nf.V6:
		rx.decrypt(p)
	default:
		rx.ns.icmp.sendUnreachable(p, unreachableProtocol)
		rx.ns.ends.discard(p.in, trail.NoProtocol, p)
	}
}

// balance sends a packet on that IPVS has given a real server (ip_vs_nat_xmit).
func (rx *ipInput) balance(p *packet) {
	p.balanced = false
	h, err := rx.ns.routes.routeOut(p.flow())
	switch {
	case err != nil:
		rx.unroutable(p, h.kind)
	case p.ttl() <= 1:
		rx.ns.icmp.sendTimeExceeded(p)
		rx.ns.ends.discard(p.in, trail.TTLExceeded, p)
	default:
		p.decrementTTL()
		rx.ns.tx.postroute(p, h)
	}
}

// decrypt takes a packet out of one of ESP (xfrm4_transport_finish): it passes PREROUTING
// and INPUT itself.
func (rx *ipInput) decrypt(p *packet) {
	proto, body, err := rx.ns.xfrm.Open(p.nf.Data)
	if err != nil {
		rx.ns.ends.discard(p.in, trail.NoState, p)
		return
	}
	n := p.headerLen()
	q := rx.ns.newPacket(n+len(body), false)
	copy(q.nf.Data, p.nf.Data[:n])
	copy(q.nf.Data[n:], body)
	q.nf.Data[9] = proto
	binary.BigEndian.PutUint16(q.nf.Data[2:], uint16(n+len(body)))
	headerChecksum(q.nf.Data)
	putEther(q.f.Bytes(), MAC(p.nf.DstMAC), MAC(p.nf.SrcMAC), link.TypeIPv4)
	q.in, q.group, q.bcast, q.nf.Mark, q.nf.Decrypted = p.in, p.group, p.bcast, p.nf.Mark, true
	q.nf.SrcMAC, q.nf.DstMAC, q.nf.HasMAC = p.nf.SrcMAC, p.nf.DstMAC, p.nf.HasMAC
	q.f.ComesOutOf(rx.ns.trail, rx.ns.ends.at(p.in), &p.f.Tag)
	rx.ns.ends.arrived(p)
	if rx.ns.filter.hook(netfilter.Prerouting, q, q.in, nil) {
		rx.route(q)
	}
}

// transportIn hands a TCP or UDP packet to the sockets.
func (rx *ipInput) transportIn(p *packet) {
	if p.proto() == protoUDP && rx.services != nil {
		if b := p.payload(); len(b) >= 8 {
			if fn := rx.services[binary.BigEndian.Uint16(b[2:])]; fn != nil {
				rx.serve(fn, p, b)
				return
			}
		}
	}
	if p.proto() == protoTCP {
		rx.confirmSender(p)
	}
	rx.toTransport(p)
}

// serve gives a datagram to a service of the kernel.
func (rx *ipInput) serve(fn udpService, p *packet, b []byte) {
	n := min(int(binary.BigEndian.Uint16(b[4:])), len(b))
	why := fn(netip.AddrPortFrom(p.src(), binary.BigEndian.Uint16(b)),
		netip.AddrPortFrom(p.dst(), binary.BigEndian.Uint16(b[2:])), b[8:max(n, 8)], &p.f.Tag)
	if why != trail.None {
		rx.ns.ends.discard(nil, why, p)
		return
	}
	rx.ns.ends.arrived(p)
}

// confirmSender takes an acknowledgement as proof that the neighbour it came
// through hears us, as TCP does in the kernel (dst_confirm).
func (rx *ipInput) confirmSender(p *packet) {
	b := p.payload()
	if len(b) < 20 || b[13]&0x10 == 0 || b[13]&0x02 != 0 || p.in == nil {
		return
	}
	if n := rx.ns.neigh.find(p.in, p.src()); n != nil {
		n.confirm()
		return
	}
	if r, _ := rx.ns.routes.find(&flow{dst: p.src(), src: p.dst()}); r != nil && r.Via.IsValid() {
		if n := rx.ns.neigh.find(r.dev, r.Via); n != nil {
			n.confirm()
		}
	}
}
