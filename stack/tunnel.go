package stack

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// tunnel is the UDP port of a namespace that VXLAN devices share: the socket in
// which the kernel finds the device of a datagram by its network identifier.
// It implements link.Underlay.
type tunnel struct {
	ns      *Namespace
	port    uint16
	conn    *UDPConn // nil while no device is up
	devices []*vxlanDevice
}

// tunnelTable is the namespace's ends of VXLAN tunnels, by UDP port.
type tunnelTable struct {
	ns   *Namespace
	list []*tunnel
}

// at is the shared socket for a port, made if need be.
func (tt *tunnelTable) at(port uint16) *tunnel {
	for _, t := range tt.list {
		if t.port == port {
			return t
		}
	}
	t := &tunnel{ns: tt.ns, port: port}
	tt.list = append(tt.list, t)
	return t
}

// close deletes the devices whose packets travel in a namespace that
// ends, wherever they are.
func (tt *tunnelTable) close() {
	for _, t := range tt.list {
		for len(t.devices) > 0 {
			t.devices[0].i.delete()
		}
	}
}

// device is the one with an identifier, up or not.
func (t *tunnel) device(vni uint32) *vxlanDevice {
	for _, d := range t.devices {
		if d.v.Config().VNI == vni {
			return d
		}
	}
	return nil
}

// open opens the socket if it is not (vxlan_sock_add).
func (t *tunnel) open() error {
	if t.conn != nil {
		return nil
	}
	c, err := t.ns.ListenUDP(netip.AddrPortFrom(netip.IPv4Unspecified(), t.port))
	if err != nil {
		return err
	}
	t.conn = c
	t.ns.rx.serveUDP(t.port, t.receive)
	return nil
}

// shut closes the socket when no device is up any more.
func (t *tunnel) shut() {
	for _, d := range t.devices {
		if d.i.up {
			return
		}
	}
	if t.conn == nil {
		return
	}
	t.ns.rx.serveUDP(t.port, nil)
	t.conn.Close()
	t.conn = nil
}

// receive is vxlan_rcv: find the device and give it the inner frame.
func (t *tunnel) receive(src, dst netip.AddrPort, payload []byte, carrier *trail.Tag) trail.Reason {
	vni, inner, ok := link.ParseVXLAN(payload)
	if !ok {
		return trail.Malformed
	}
	d := t.device(vni)
	if d == nil || !d.i.up {
		return trail.UnknownVNI
	}
	f := t.ns.pool.New(len(inner))
	copy(f.Bytes(), inner)
	f.Checksum = link.ChecksumUnknown // nobody has looked at the inner one
	f.ComesOutOf(t.ns.trail, d.i.place, carrier)
	d.v.Arrive(src.Addr(), f)
	return trail.None
}

// Groups are the IPv4 multicast groups that an interface has joined: those of the
// VXLAN devices above it that are up. 224.0.0.1, which all have, is not among them.
func Groups(i *Interface) []netip.Addr {
	if i.ns == nil {
		return nil
	}
	var out []netip.Addr
	for _, t := range i.ns.tunnels.list {
		for _, d := range t.devices {
			if a := d.opts.Remote; d.opts.Device == i && d.i.up && a.IsMulticast() && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// Tunnel implements link.Underlay: vxlan_xmit_one behind the forwarding table.
func (t *tunnel) Tunnel(v *link.VXLAN, f *link.Frame, r link.VXLANRemote, srcPort uint16) trail.Reason {
	ns := t.ns
	if ns.closed || !r.Addr.Is4() {
		return trail.NoRoute // no IPv6 underlay
	}
	d := t.device(v.Config().VNI)
	if d == nil || d.opts.Device != nil && d.opts.Device.ns != ns {
		return trail.NoRoute
	}
	h, err := ns.routes.routeOut(flow{dst: r.Addr, src: d.opts.Local, out: d.opts.Device, mark: f.Mark})
	switch {
	case err != nil:
		return trail.NoRoute
	case h.kind == RouteLocal:
		return t.bypass(f, r)
	case h.dev.VXLAN() == v:
		return trail.TunnelLoop
	}
	if mtu := h.mtu - link.VXLANOverhead; f.WireLen()-link.HeaderLen > mtu && d.i.tooBigForTunnel(f, mtu) {
		return trail.MTU
	}
	out := outer{way: h, src: h.src, dst: r.Addr, srcPort: srcPort, dstPort: r.Port, vni: r.VNI, ttl: d.opts.TTL, device: d.i.place}
	if d.opts.Local.IsValid() {
		out.src = d.opts.Local
	}
	switch {
	case out.ttl != 0:
	case r.Addr.IsMulticast():
		out.ttl = 1
	default:
		out.ttl = ns.tx.defaultTTL(false)
	}
	out.zeroChecksum = v.Config().ZeroChecksum
	out.spoil = h.dev.features.spoils() && (f.Checksum == link.ChecksumPartial || f.GSO > 0)
	if f.GSO == 0 {
		return t.encapsulate(f, out)
	}
	why := trail.None
	link.Segment(f.Retain(), ns.trail, d.i.place, func(s *link.Frame) {
		why = max(why, t.encapsulate(s, out))
		s.Release()
	})
	return why
}

// bypass delivers a frame whose far end is this namespace itself to the tunnel
// of that identifier here, without encapsulation (encap_bypass_if_local).
func (t *tunnel) bypass(f *link.Frame, r link.VXLANRemote) trail.Reason {
	d := t.ns.tunnels.at(r.Port).device(r.VNI)
	if d == nil || !d.i.up {
		return trail.UnknownVNI
	}
	d.v.Bypass(f.Retain())
	return trail.None
}

// outer is what the headers around a frame say.
type outer struct {
	src, dst         netip.Addr
	srcPort, dstPort uint16
	vni              uint32
	ttl              int
	zeroChecksum     bool
	spoil            bool // the network card gets the inner checksum wrong
	way              hop
	device           trail.Place // the tunnel's
}

// encapsulate sends a copy of a frame in a datagram. DF is not set: the kernel
// cuts what is too large for the underlay into fragments.
func (t *tunnel) encapsulate(f *link.Frame, o outer) trail.Reason {
	const head = 8 + link.VXLANHeaderLen
	ns, n := t.ns, head+f.Len()
	p := ns.tx.headIPv4(o.src, o.dst, protoUDP, o.ttl, false, n)
	b := p.payload()
	clear(b[:head])
	inner := b[head:]
	copy(inner, f.Bytes())
	if f.Checksum == link.ChecksumPartial {
		link.FillChecksumBytes(inner)
	}
	if o.spoil {
		link.SpoilChecksum(inner)
	}
	binary.BigEndian.PutUint16(b, o.srcPort)
	binary.BigEndian.PutUint16(b[2:], o.dstPort)
	binary.BigEndian.PutUint16(b[4:], uint16(n))
	link.PutVXLANHeader(b[8:], o.vni)
	if !o.zeroChecksum {
		binary.BigEndian.PutUint16(b[6:], p.pseudoSum(protoUDP, n))
		p.nf.ChecksumPartial = true
	}
	if ns.trail.On() {
		p.f.Tag = ns.trail.Within(&f.Tag)
		p.frame().Tell(ns.trail, o.device, trail.Encapsulate, trail.None)
	}
	if err := ns.tx.send(p, o.way); err != nil {
		return trail.Underlay
	}
	return trail.None
}

// tooBigForTunnel is skb_tunnel_check_pmtu: a frame does not fit the underlay's
// MTU. If the device is a port of a bridge and the frame is an IPv4 packet that
// must not be cut, the sender is told in the name of the far side, and the
// frame goes nowhere.
func (i *Interface) tooBigForTunnel(f *link.Frame, mtu int) bool {
	d := f.Payload()
	if f.EtherType() != link.TypeIPv4 || len(d) < 20 || len(d) < int(d[0]&15)*4 {
		return false
	}
	if i.port == nil {
		i.ns.routes.learnMTU(netip.AddrFrom4([4]byte(d[16:20])), mtu)
		return false
	}
	if binary.BigEndian.Uint16(d[6:]) != 0x4000 || isICMPError(d) {
		return false
	}
	i.VXLAN().Return(fragNeeded(f, mtu))
	return true
}

// isICMPError reports whether an IPv4 packet is an ICMP message that must not
// be answered with another.
func isICMPError(d []byte) bool {
	h := int(d[0]&15) * 4
	if d[9] != protoICMP || len(d) <= h {
		return false
	}
	switch d[h] {
	case icmpUnreachable, 4, icmpRedirect, icmpTimeExceeded, icmpParameter:
		return true
	}
	return false
}

// fragNeeded is the answer to a frame (iptunnel_pmtud_build_icmp).
func fragNeeded(f *link.Frame, mtu int) *link.Frame {
	d := f.Payload()
	quoted := d[:min(len(d), 576-28)]
	b := make([]byte, link.HeaderLen+28+len(quoted))
	putEther(b, f.Src(), f.Dst(), link.TypeIPv4)
	h := b[link.HeaderLen:]
	h[0] = 0x45
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)))
	h[6] = 0x40
	h[8], h[9] = d[8], protoICMP
	copy(h[12:16], d[16:20])
	copy(h[16:20], d[12:16])
	headerChecksum(h[:20])
	m := h[20:]
	m[0], m[1] = icmpUnreachable, 4
	binary.BigEndian.PutUint16(m[6:], uint16(mtu))
	copy(m[8:], quoted)
	binary.BigEndian.PutUint16(m[2:], ^sum(0, m))
	return newFrame(b, link.ChecksumComplete, 0)
}
