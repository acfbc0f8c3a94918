package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack/netfilter"
)

// ipIn is ip_rcv: check the header, pass PREROUTING, then route the packet in.
func (ns *Namespace) ipIn(i *Interface, f *link.Frame, toUs bool) {
	if p := i.filtered(f); p != nil { // br_netfilter has seen it
		if n := p.ipLength(); n >= p.headerLen() && n <= len(p.nf.Data) {
			p.trim(n)
		}
		ns.route(p)
		return
	}
	p := ns.acceptIPv4(i, f)
	if p == nil {
		return
	}
	p.in = i
	if p.fragment() && ns.rules[0] != nil { // connection tracking wants whole packets
		if p = ns.reassemble(p); p == nil {
			return
		}
	}
	if !ns.hook(netfilter.Prerouting, p, i, nil) {
		return
	}
	ns.route(p)
}

// ipLength is the length that the IP header states.
func (p *packet) ipLength() int {
	if p.nf.V6 {
		return 40 + int(binary.BigEndian.Uint16(p.nf.Data[4:]))
	}
	return int(binary.BigEndian.Uint16(p.nf.Data[2:]))
}

// acceptIPv4 makes a packet of a frame whose header is good, or drops it.
func (ns *Namespace) acceptIPv4(i *Interface, f *link.Frame) *packet {
	p := packetOf(f)
	d := p.nf.Data
	if len(d) < 20 || d[0]>>4 != 4 || d[0]&15 < 5 || len(d) < int(d[0]&15)*4 {
		return ns.badHeader(i, p)
	}
	n := int(binary.BigEndian.Uint16(d[2:]))
	if n == 0 && p.f.GSO > 0 {
		n = len(d)
	}
	if n < int(d[0]&15)*4 || n > len(d) {
		return ns.badHeader(i, p)
	}
	if sum(0, d[:int(d[0]&15)*4]) != 0xffff {
		return ns.badHeader(i, p)
	}
	p.trim(n)
	return p
}

func (ns *Namespace) badHeader(i *Interface, p *packet) *packet {
	i.count.RxErrors++
	ns.discard(i, trail.BadIPHeader, p)
	return nil
}

// route is ip_rcv_finish: is the packet for us, to be forwarded, or neither?
func (ns *Namespace) route(p *packet) {
	dst, i := p.dst(), p.in
	f := p.flow()
	if why := ns.martian(&f); why != trail.None {
		ns.discard(i, why, p)
		return
	}
	switch {
	case ns.takes(p):
		ns.deliver(p)
	case dst.IsMulticast():
		p.group = true
		ns.deliver(p)
	case i.isBroadcast(dst):
		p.bcast = true
		ns.deliver(p)
	case p.group:
		ns.discard(i, trail.OtherHost, p) // a link-layer group with a unicast packet
	case !ns.forwarding(i, p.nf.V6):
		ns.discard(i, trail.ForwardingDisabled, p)
	default:
		ns.forward(p)
	}
}

// takes reports whether a packet is for this namespace itself.
func (ns *Namespace) takes(p *packet) bool {
	dst := p.dst()
	if !ns.fib.of(dst).policy || dst.IsMulticast() {
		return ns.IsLocal(dst)
	}
	h, err := ns.routeOut(p.flow())
	return err == nil && h.kind == RouteLocal
}

// deliver is ip_local_deliver and ip6_input: reassemble (IPv4), pass INPUT, hand
// to the protocol.
func (ns *Namespace) deliver(p *packet) {
	if p.fragment() {
		if p = ns.reassemble(p); p == nil {
			return
		}
	}
	if !ns.hook(netfilter.Input, p, p.in, nil) {
		return
	}
	if p.f.Checksum == link.ChecksumUnknown && !p.nf.ChecksumPartial && !link.ChecksumGood(p.f) {
		p.in.count.RxErrors++
		ns.discard(p.in, trail.Checksum, p)
		return
	}
	switch proto := p.proto(); {
	case proto == protoTCP || proto == protoUDP:
		ns.transportIn(p)
	case proto == protoICMP && !p.nf.V6:
		ns.icmpIn(p)
	case proto == protoICMPv6 && p.nf.V6:
		ns.icmp6In(p)
	default:
		ns.sendUnreachable(p, unreachableProtocol)
		ns.discard(p.in, trail.NoProtocol, p)
	}
}

// transportIn hands a TCP or UDP packet to the sockets.
func (ns *Namespace) transportIn(p *packet) {
	if p.proto() == protoUDP && ns.services != nil {
		if b := p.payload(); len(b) >= 8 {
			if fn := ns.services[binary.BigEndian.Uint16(b[2:])]; fn != nil {
				ns.serve(fn, p, b)
				return
			}
		}
	}
	if p.proto() == protoTCP {
		ns.confirmSender(p)
	}
	ns.toTransport(p)
}

// serve gives a datagram to a service of the kernel.
func (ns *Namespace) serve(fn udpService, p *packet, b []byte) {
	n := min(int(binary.BigEndian.Uint16(b[4:])), len(b))
	why := fn(netip.AddrPortFrom(p.src(), binary.BigEndian.Uint16(b)),
		netip.AddrPortFrom(p.dst(), binary.BigEndian.Uint16(b[2:])), b[8:max(n, 8)], &p.f.Tag)
	if why != trail.None {
		ns.discard(nil, why, p)
		return
	}
	ns.arrived(p)
}

// confirmSender takes an acknowledgement as proof that the neighbour it came
// through hears us, as TCP does in the kernel (dst_confirm).
func (ns *Namespace) confirmSender(p *packet) {
	b := p.payload()
	if len(b) < 20 || b[13]&0x10 == 0 || b[13]&0x02 != 0 || p.in == nil {
		return
	}
	if n := ns.neighbour(p.in, p.src()); n != nil {
		n.confirm()
		return
	}
	if r, _ := ns.find(&flow{dst: p.src(), src: p.dst()}); r != nil && r.Via.IsValid() {
		if n := ns.neighbour(r.dev, r.Via); n != nil {
			n.confirm()
		}
	}
}
