package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack/transport"
)

// transportSide is the namespace as TCP and UDP see it. What they cannot know,
// because they have one device with a large MTU and the namespace has many, is
// put right here: the MSS of a connection, and which datagrams may be cut.
type transportSide struct{ *Namespace }

var (
	_ transport.Network = transportSide{}
	_ transport.Packet  = (*packet)(nil)
)

// NewPacket implements transport.Network.
func (ns transportSide) NewPacket(n int, v6 bool) transport.Packet {
	p := ns.newPacket(n, v6)
	p.ns = ns.Namespace
	return p
}

// Route implements transport.Network.
func (ns transportSide) Route(src, dst netip.Addr) (netip.Addr, error) {
	h, err := ns.routes.routeOut(flow{dst: dst, src: src})
	return h.src, err
}

// RouteConnect implements transport.Network.
func (ns transportSide) RouteConnect(src, dst netip.Addr) (netip.Addr, error) {
	h, err := ns.routes.routeConnect(flow{dst: dst, src: src})
	return h.src, err
}

// MayBind implements transport.Network.
func (ns transportSide) MayBind(a netip.Addr) bool {
	return ns.IsLocal(a) || a.IsMulticast() || a == broadcast4 || ns.routes.anyBroadcast(a) || ns.sys.number("net.ipv4.ip_nonlocal_bind") != 0
}

func (rt *routing) anyBroadcast(a netip.Addr) bool {
	return slices.ContainsFunc(rt.ns.devs.list, func(i *Interface) bool { return i.ipAddrs.isBroadcast(a) })
}

// Addrs implements transport.Network.
func (ns transportSide) Addrs() []netip.Prefix {
	var out []netip.Prefix
	for _, i := range ns.devs.list {
		for _, a := range i.ipAddrs.list {
			if !a.Tentative {
				out = append(out, a.Prefix)
			}
		}
	}
	return out
}

// Settings implements transport.Network.
func (ns transportSide) Settings() transport.Settings {
	s := transport.Settings{TTL: ns.tx.defaultTTL(false), HopLimit: ns.tx.defaultTTL(true), SynRetries: ns.sys.number("net.ipv4.tcp_syn_retries"),
		Backlog: ns.sys.number("net.core.somaxconn")}
	v, _ := ns.sys.get("net.ipv4.ip_local_port_range")
	if n, _ := fmt.Sscan(v, &s.PortLow, &s.PortHigh); n != 2 {
		s.PortLow, s.PortHigh = 0, 0
	}
	return s
}

// Bytes implements transport.Packet.
func (p *packet) Bytes() []byte { return p.nf.Data }

// Arrived implements transport.Packet.
func (p *packet) Arrived() { p.ns.ends.arrived(p) }

// Drop implements transport.Packet.
func (p *packet) Drop(why trail.Reason) { p.ns.ends.discard(p.in, why, p) }

// Send implements transport.Packet.
func (p *packet) Send(o transport.Offload) error {
	p.f.GSO, p.nf.ChecksumPartial, p.unbound = o.Segment, o.Partial, o.Unbound
	if o.Summed {
		p.f.Checksum = link.ChecksumUnknown
	}
	switch p.proto() {
	case protoTCP:
		p.ns.tx.clampMSS(p, p.flow())
	case protoUDP:
		p.ns.tx.permitCutting(p)
	}
	return p.ns.tx.output(p)
}

// toTransport hands a TCP or UDP packet for this namespace to its protocol.
func (rx *ipInput) toTransport(p *packet) {
	p.ns = rx.ns
	if p.proto() == protoTCP {
		rx.ns.tx.clampMSS(p, flow{dst: p.src(), src: p.dst()})
	}
	rx.ns.transport.Deliver(p)
}

// errorToTransport hands an ICMP error to it; the caller keeps the packet.
func (rx *ipInput) errorToTransport(p *packet) {
	if !rx.ns.transport.InUse() {
		return
	}
	q := rx.ns.newPacket(len(p.nf.Data), p.nf.V6)
	copy(q.nf.Data, p.nf.Data)
	q.ns, q.in = rx.ns, p.in
	rx.ns.ends.another(p.in, q, p)
	rx.ns.transport.Deliver(q)
}

// permitCutting does path MTU discovery as Linux does it for UDP by default:
// what is too large goes without DF.
func (tx *ipOutput) permitCutting(p *packet) {
	if p.nf.V6 || len(p.payload()) < 8 || !p.dontFragment() || len(p.nf.Data) <= 1280 {
		return
	}
	if h, err := tx.ns.routes.routeOut(p.flow()); err == nil && len(p.nf.Data) > h.mtu {
		p.nf.Data[6] &^= 0x40
		binary.BigEndian.PutUint16(p.nf.Data[4:], tx.nextID())
		headerChecksum(p.nf.Data)
	}
}

// clampMSS lowers the MSS option of a SYN to what the route carries.
func (tx *ipOutput) clampMSS(p *packet, f flow) {
	b := p.payload()
	if len(b) < 20 || b[13]&0x02 == 0 {
		return
	}
	h, err := tx.ns.routes.routeOut(f)
	mss := transport.TCPOption(b, 2)
	limit := h.mtu - p.headerLen() - 20
	if err != nil || len(mss) != 2 {
		return
	}
	old := binary.BigEndian.Uint16(mss)
	if int(old) <= limit {
		return
	}
	binary.BigEndian.PutUint16(mss, uint16(limit))
	if !p.nf.ChecksumPartial {
		c := ^binary.BigEndian.Uint16(b[16:])
		s := uint32(c) + uint32(^old) + uint32(limit)
		binary.BigEndian.PutUint16(b[16:], ^sum(s, nil))
	}
}
