package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack/netfilter"
)

// in6 is ipv6_rcv.
func (rx *ipInput) in6(i *Interface, f *link.Frame, toUs bool) {
	if p := i.bridged.filtered(f); p != nil {
		rx.route6(p)
		return
	}
	p := rx.ns.packetOf(f)
	p.in = i
	d := p.nf.Data
	if len(d) < 40 || d[0]>>4 != 6 {
		rx.badHeader(i, p)
		return
	}
	n := 40 + int(binary.BigEndian.Uint16(d[4:]))
	if n > len(d) {
		rx.badHeader(i, p)
		return
	}
	if n > 40 {
		p.trim(n)
	}
	if !rx.ns.filter.hook(netfilter.Prerouting, p, i, nil) {
		return
	}
	rx.route6(p)
}

func (rx *ipInput) route6(p *packet) {
	src, dst, i := p.src(), p.dst(), p.in
	if src.IsMulticast() || i.kind != KindLoopback && (src.IsLoopback() || dst.IsLoopback()) {
		rx.ns.ends.discard(i, trail.MartianSource, p)
		return
	}
	switch {
	case dst.IsMulticast():
		p.group = true
		if !i.ndp.listens(dst) {
			rx.ns.ends.discard(i, trail.NotAMember, p)
			return
		}
		rx.deliver(p)
	case rx.takes(p):
		rx.deliver(p)
	case p.group:
		rx.ns.ends.discard(i, trail.OtherHost, p)
	case !rx.ns.sys.forwarding(i, true):
		rx.ns.ends.discard(i, trail.ForwardingDisabled, p)
	default:
		rx.forward(p)
	}
}

// discovery is IPv6's neighbour discovery on an interface.
type discovery struct {
	i          *Interface
	configured bool // the link has worked since the interface came up (IF_READY)
}

// listens reports whether the interface is in an IPv6 group: all nodes, and the
// solicited-node groups of its addresses.
func (nd *discovery) listens(group netip.Addr) bool {
	if group == netip.IPv6LinkLocalAllNodes() {
		return true
	}
	for _, a := range nd.i.ipAddrs.list {
		if !a.is4() && solicitedNode(a.Prefix.Addr()) == group {
			return true
		}
	}
	return false
}

func solicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

func (ic *icmpLayer) in6(p *packet) {
	m := p.payload()
	if len(m) < 8 || sum(uint32(p.pseudoSum(protoICMPv6, len(m))), m) != 0xffff {
		ic.ns.ends.discard(p.in, trail.Checksum, p)
		return
	}
	if m[0] < 130 { // neighbour discovery is of no interest to ping (ICMP6_FILTER)
		ic.tellSockets(p)
	}
	switch {
	case m[0] == icmp6Echo:
		if why := ic.answerEcho6(p); why != trail.None {
			ic.ns.ends.discard(p.in, why, p)
			return
		}
	case m[0] == icmp6Solicit && len(m) >= 24 && p.ttl() == 255:
		p.in.ndp.solicitationIn(p, m)
	case m[0] == icmp6Advertise && len(m) >= 24 && p.ttl() == 255:
		p.in.ndp.advertisementIn(m)
	case m[0] < 128:
		ic.errorIn6(p, m)
	}
	ic.ns.ends.arrived(p)
}

func (ic *icmpLayer) answerEcho6(p *packet) trail.Reason {
	if ic.ns.sys.number("net.ipv6.icmp.echo_ignore_all") != 0 {
		return trail.EchoIgnored
	}
	src := p.dst()
	if src.IsMulticast() {
		src = p.in.ipAddrs.primaryFor(p.src())
	}
	m := append([]byte(nil), p.payload()...)
	m[0] = icmp6EchoReply
	q := ic.build6(src, p.src(), ic.ns.tx.defaultTTL(true), m)
	q.oif = linkScope(p.in, p.src())
	ic.ns.tx.output(q)
	return trail.None
}

// linkScope is the interface that a link-local answer has to leave by.
func linkScope(i *Interface, dst netip.Addr) *Interface {
	if dst.IsLinkLocalUnicast() && i != nil && i.kind != KindLoopback {
		return i
	}
	return nil
}

// build6 makes an ICMPv6 packet and fills in its checksum.
func (ic *icmpLayer) build6(src, dst netip.Addr, hops int, m []byte) *packet {
	q := ic.ns.tx.buildIPv6(src, dst, protoICMPv6, hops, m)
	b := q.payload()
	b[2], b[3] = 0, 0
	binary.BigEndian.PutUint16(b[2:], ^sum(uint32(q.pseudoSum(protoICMPv6, len(b))), b))
	return q
}

func (ic *icmpLayer) errorIn6(p *packet, m []byte) {
	inner := m[8:]
	if len(inner) < 48 || inner[0]>>4 != 6 {
		return
	}
	if m[0] == icmp6TooBig {
		ic.ns.routes.learnMTU(netip.AddrFrom16([16]byte(inner[24:40])), int(binary.BigEndian.Uint32(m[4:])))
	}
	if inner[6] == protoTCP || inner[6] == protoUDP {
		ic.ns.rx.errorToTransport(p)
	}
}

// sendError6 answers p with an ICMPv6 error (RFC 4443, 2.4).
func (ic *icmpLayer) sendError6(p *packet, typ, code uint8, info uint32) {
	src, dst := p.src(), p.dst()
	if src.IsUnspecified() || src.IsMulticast() || (p.group || dst.IsMulticast()) && typ != icmp6TooBig {
		return
	}
	if p.proto() == protoICMPv6 && (len(p.payload()) == 0 || p.payload()[0] < 128) {
		return
	}
	if !ic.limit.take(ic.ns.loop.Now(), 1000, 50) {
		return
	}
	from, oif := dst, linkScope(p.in, src)
	if !ic.ns.IsLocal(dst) {
		r, err := ic.ns.routes.routeOut(flow{dst: src, out: oif})
		if err != nil {
			return
		}
		from = r.src
	}
	orig := p.nf.Data[:min(len(p.nf.Data), 1280-48)]
	m := make([]byte, 8+len(orig))
	m[0], m[1] = typ, code
	binary.BigEndian.PutUint32(m[4:], info)
	copy(m[8:], orig)
	q := ic.build6(from, src, ic.ns.tx.defaultTTL(true), m)
	q.oif, q.unbound = oif, from != dst
	ic.ns.tx.output(q)
}

// solicit asks for the MAC of target (RFC 4861, 4.3).
func (nd *discovery) solicit(target, src netip.Addr, unicast bool, mac MAC) {
	if !src.IsValid() {
		src = nd.i.ipAddrs.linkLocal()
	}
	if !src.IsValid() {
		return
	}
	t := target.As16()
	m := make([]byte, 32)
	m[0] = icmp6Solicit
	copy(m[8:], t[:])
	m[24], m[25] = 1, 1
	copy(m[26:], nd.i.mac[:])
	dst, to := solicitedNode(target), groupMAC(solicitedNode(target))
	if unicast {
		dst, to = target, mac
	}
	nd.i.path.transmitIP(nd.i.ns.icmp.build6(src, dst, 255, m), to)
}

// solicitationIn answers a question for one of our addresses.
func (nd *discovery) solicitationIn(p *packet, m []byte) {
	target := netip.AddrFrom16([16]byte(m[8:24]))
	src := p.src()
	switch a := nd.i.ipAddrs.find(target); {
	case a == nil:
		return
	case a.Tentative:
		if src.IsUnspecified() && nonceOption(m[24:]) != a.nonce {
			a.taken()
		}
		return // RFC 4862, 5.4.3: who is still asking does not answer
	}
	to, dst, flags := MAC(p.nf.SrcMAC), src, byte(0x60)
	if src.IsUnspecified() { // duplicate address detection
		dst, flags = netip.IPv6LinkLocalAllNodes(), 0x20
		to = groupMAC(dst)
	} else if mac, ok := linkAddressOption(m[24:], 1); ok {
		nd.i.ns.neigh.findOrMake(nd.i, src).learn(mac, NeighStale, true)
		to = mac
	}
	if nd.i.conf.read().forward6 {
		flags |= 0x80
	}
	a := make([]byte, 32)
	a[0], a[4] = icmp6Advertise, flags
	t := target.As16()
	copy(a[8:], t[:])
	a[24], a[25] = 2, 1
	copy(a[26:], nd.i.mac[:])
	nd.i.path.transmitIP(nd.i.ns.icmp.build6(target, dst, 255, a), to)
}

// advertisementIn learns from an answer.
func (nd *discovery) advertisementIn(m []byte) {
	target := netip.AddrFrom16([16]byte(m[8:24]))
	if a := nd.i.ipAddrs.find(target); a != nil {
		if a.Tentative {
			a.taken()
		}
		return
	}
	n := nd.i.ns.neigh.find(nd.i, target)
	if n == nil {
		return
	}
	mac, ok := linkAddressOption(m[24:], 2)
	if !ok {
		mac = n.mac
		if !n.valid {
			return
		}
	}
	state := NeighStale
	if m[4]&0x40 != 0 {
		state = NeighReachable
	}
	n.router = m[4]&0x80 != 0
	n.learn(mac, state, m[4]&0x20 != 0)
}

// linkAddressOption finds a source (1) or target (2) link-layer address option.
func linkAddressOption(b []byte, typ byte) (MAC, bool) {
	for len(b) >= 8 && b[1] > 0 && len(b) >= int(b[1])*8 {
		if b[0] == typ {
			return MAC(b[2:8]), true
		}
		b = b[int(b[1])*8:]
	}
	return MAC{}, false
}
