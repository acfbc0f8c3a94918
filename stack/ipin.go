package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
	"dnetsim/stack/netfilter"
)

// ipIn is ip_rcv: check the header, pass PREROUTING, then route the packet in.
func (ns *Namespace) ipIn(i *Interface, f *link.Frame, toUs bool) {
	if b := i.passing; b != nil && b.f == f { // br_netfilter has seen it
		if f.Dst().IsMulticast() { // the bridge goes on with it too
			q := packetOf(f)
			data := q.nf.Data
			q.nf, q.in = b.nf, i
			q.nf.Data = data
			ns.route(q)
			return
		}
		i.passing = nil
		b.in, b.borrowed = i, false
		b.nf.PhysIn, b.nf.PhysOut = "", ""
		if n := b.ipLength(); n >= b.headerLen() && n <= len(b.nf.Data) {
			b.trim(n)
		}
		ns.route(b)
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
	ns.discard(i, "bad-ip-header", p)
	return nil
}

// discard records the end of a packet and frees it.
func (ns *Namespace) discard(i *Interface, reason string, p *packet) {
	if j := ns.loop.Journal(); j.On() {
		var data any
		if p.f != nil {
			data = p.f
		}
		j.Add(ns.place(i), "drop", reason, data)
	}
	p.release()
}

// route is ip_rcv_finish: is the packet for us, to be forwarded, or neither?
func (ns *Namespace) route(p *packet) {
	dst, i := p.dst(), p.in
	f := p.flow()
	if why := ns.martian(&f); why != "" {
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
		ns.discard(i, "other-host", p) // a link-layer group with a unicast packet
	case !ns.forwarding(i, p.nf.V6):
		ns.discard(i, "forwarding-disabled", p)
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
	return err == nil && h.kind == "local"
}

// deliver is ip_local_deliver: reassemble, pass INPUT, hand to the protocol.
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
		ns.discard(p.in, "checksum", p)
		return
	}
	switch p.proto() {
	case protoICMP:
		ns.icmpIn(p)
	case protoTCP, protoUDP:
		ns.transportIn(p)
	default:
		ns.sendUnreachable(p, unreachableProtocol)
		ns.discard(p.in, "no-protocol", p)
	}
}

// transportIn hands a TCP or UDP packet to the sockets.
func (ns *Namespace) transportIn(p *packet) {
	if p.proto() == protoUDP && ns.hooks != nil {
		if b := p.payload(); len(b) >= 8 {
			if fn := ns.hooks[binary.BigEndian.Uint16(b[2:])]; fn != nil {
				n := min(int(binary.BigEndian.Uint16(b[4:])), len(b))
				fn(netip.AddrPortFrom(p.src(), binary.BigEndian.Uint16(b)),
					netip.AddrPortFrom(p.dst(), binary.BigEndian.Uint16(b[2:])), b[8:max(n, 8)])
				p.release()
				return
			}
		}
	}
	if p.proto() == protoTCP {
		ns.confirmSender(p)
	}
	ns.transport.deliver(p)
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
