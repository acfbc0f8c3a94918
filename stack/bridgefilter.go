package stack

import (
	"dnetsim/link"
	"dnetsim/link/trail"
	"dnetsim/stack/netfilter"
)

// br_netfilter: frames that a bridge carries pass the IP hooks too if the
// sysctls net.bridge.bridge-nf-call-* ask for it, with the bridge as in and out
// interface. What the hook before the decision learns travels with the frame
// to the ones behind it ([link.Frame.Context]).

// filtersBridge reports whether frames of this kind go through the hooks.
func (i *Interface) filtersBridge(typ uint16) bool {
	switch typ {
	case link.TypeIPv4:
		return i.ns.filter.rules[0] != nil && i.conf().bridgeNF4
	case link.TypeIPv6:
		return i.ns.filter.rules[1] != nil && i.conf().bridgeNF6
	}
	return false
}

// bridged is what br_netfilter knows of a frame that passed its first hook.
type bridged struct {
	packet
	bridge *Interface
}

// bridgeArrival is br_nf_pre_routing. The caller has made the frame private.
func (i *Interface) bridgeArrival(in *link.Port, f *link.Frame) link.Verdict {
	f.Context = nil
	if !i.filtersBridge(f.EtherType()) {
		return link.Accept
	}
	b := i.bridgePacket(f)
	if b == nil {
		return link.Accept // not a good packet: let who gets it complain
	}
	b.nf.PhysIn = in.Name()
	dst := b.dst()
	if !i.ns.filter.hook(netfilter.Prerouting, &b.packet, i, nil) {
		return link.Stolen
	}
	if b.dst() != dst {
		f.SetDst(i.mac) // rewritten: it has to be routed again
	}
	f.Context = b
	return link.Accept
}

// bridgePacket reads a frame as a packet without taking it over.
func (i *Interface) bridgePacket(f *link.Frame) *bridged {
	d := f.Payload()
	v6 := f.EtherType() == link.TypeIPv6
	if v6 && len(d) < 40 || !v6 && (len(d) < 20 || len(d) < int(d[0]&15)*4) {
		return nil
	}
	p := &bridged{packet{f: f}, i}
	p.nf.Data, p.nf.V6 = d, v6
	p.nf.ChecksumPartial = f.Checksum == link.ChecksumPartial
	p.nf.SrcMAC, p.nf.HasMAC = [6]byte(f.Src()), true
	p.group = f.Dst().IsMulticast()
	return p
}

// filtered is the packet of a frame that this bridge's first hook has let pass
// and that is for the host, nil for any other frame. The packet owns the frame.
func (i *Interface) filtered(f *link.Frame) *packet {
	b, ok := f.Context.(*bridged)
	if !ok || b.bridge != i {
		return nil
	}
	p := b.packet
	p.f = f.Private()
	p.f.Context = nil
	p.nf.Data = p.f.Payload()
	p.nf.PhysIn, p.nf.PhysOut = "", ""
	p.in = i
	return &p
}

// bridgeForward is br_nf_forward and br_nf_post_routing. The caller has made the
// frame private.
func (i *Interface) bridgeForward(in, out *link.Port, f *link.Frame) link.Verdict {
	b, ok := f.Context.(*bridged)
	if !ok || b.bridge != i || in == nil || !i.filtersBridge(f.EtherType()) {
		return link.Accept
	}
	p := b.packet
	p.f, p.nf.Data = f, f.Payload()
	p.nf.PhysIn, p.nf.PhysOut = in.Name(), out.Name()
	if !i.ns.filter.hook(netfilter.Forward, &p, i, i) || !i.ns.filter.hook(netfilter.Postrouting, &p, nil, i) {
		return link.Stolen
	}
	f.Context = nil
	if f.GSO > 0 || p.nf.V6 || len(p.nf.Data) <= out.MTU() {
		return link.Accept
	}
	cutForPort(&p, i, out)
	return link.Stolen
}

// cutForPort is br_nf_dev_queue_xmit for an IPv4 packet that is larger than the
// port's MTU: what br_netfilter has seen leaves in fragments of the bridge's
// MTU, and nobody is told of what must not be cut.
func cutForPort(p *packet, bridge *Interface, out *link.Port) {
	if p.dontFragment() {
		bridge.ns.ends.discard(bridge, trail.MTU, p)
		return
	}
	dst, src := p.f.Dst(), p.f.Src()
	for _, q := range bridge.ns.tx.fragmentIPv4(p, bridge.mtu) {
		putEther(q.f.Bytes(), dst, src, link.TypeIPv4)
		out.Push(q.frame())
	}
}
