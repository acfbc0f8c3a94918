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

// bridgeHook passes what a bridge carries through the rules (br_netfilter).
type bridgeHook struct{ i *Interface }

// filters reports whether frames of this kind go through the hooks.
func (bh *bridgeHook) filters(typ uint16) bool {
	switch typ {
	case link.TypeIPv4:
		return bh.i.ns.filter.rules[0] != nil && bh.i.conf.read().bridgeNF4
	case link.TypeIPv6:
		return bh.i.ns.filter.rules[1] != nil && bh.i.conf.read().bridgeNF6
	}
	return false
}

// Retain implements link.Context.
func (p *packet) Retain() { p.carriers++ }

// Release implements link.Context: the last frame has lost it.
func (p *packet) Release() {
	if p.carriers--; p.carriers == 0 {
		p.gone()
	}
}

// arrival is br_nf_pre_routing. The caller has made the frame private.
func (bh *bridgeHook) arrival(in *link.Port, f *link.Frame) link.Verdict {
	f.SetContext(nil)
	if !bh.filters(f.EtherType()) {
		return link.Accept
	}
	p := bh.packet(f)
	if p == nil {
		return link.Accept // not a good packet: let who gets it complain
	}
	p.nf.PhysIn = in.Name()
	dst := p.dst()
	if !bh.i.ns.filter.hook(netfilter.Prerouting, p, bh.i, nil) {
		return link.Stolen
	}
	if p.dst() != dst {
		f.SetDst(bh.i.mac) // rewritten: it has to be routed again
	}
	p.f, p.bridge, p.carriers = nil, bh.i, 1
	f.SetContext(p)
	return link.Accept
}

// packet reads a frame as a packet without taking it over.
func (bh *bridgeHook) packet(f *link.Frame) *packet {
	d := f.Payload()
	v6 := f.EtherType() == link.TypeIPv6
	if v6 && len(d) < 40 || !v6 && (len(d) < 20 || len(d) < int(d[0]&15)*4) {
		return nil
	}
	p := bh.i.ns.packets.get()
	p.f = f
	p.nf.Data, p.nf.V6 = d, v6
	p.nf.ChecksumPartial = f.Checksum == link.ChecksumPartial
	p.nf.SrcMAC, p.nf.DstMAC, p.nf.HasMAC = [6]byte(f.Src()), [6]byte(f.Dst()), true
	p.group = f.Dst().IsMulticast()
	return p
}

// learned is a packet with what this bridge's first hook has learned of a frame,
// nil if it has let no such frame pass.
func (bh *bridgeHook) learned(f *link.Frame) *packet {
	b, ok := f.Context.(*packet)
	if !ok || b.bridge != bh.i {
		return nil
	}
	p := bh.i.ns.packets.get()
	*p = *b
	p.bridge, p.carriers = nil, 0
	return p
}

// filtered is the packet of a frame that this bridge's first hook has let pass
// and that is for the host, nil for any other frame. The packet owns the frame.
func (bh *bridgeHook) filtered(f *link.Frame) *packet {
	p := bh.learned(f)
	if p == nil {
		return nil
	}
	p.f = f.Private()
	p.f.SetContext(nil)
	p.nf.Data = p.f.Payload()
	p.nf.PhysOut = ""
	p.in = bh.i
	return p
}

// forward is br_nf_forward and br_nf_post_routing. The caller has made the
// frame private.
func (bh *bridgeHook) forward(in, out *link.Port, f *link.Frame) link.Verdict {
	if f.Context == nil || in == nil || !bh.filters(f.EtherType()) {
		return link.Accept
	}
	p := bh.learned(f)
	if p == nil {
		return link.Accept
	}
	p.f, p.nf.Data = f, f.Payload()
	p.nf.PhysIn, p.nf.PhysOut = in.Name(), out.Name()
	if !bh.i.ns.filter.hook(netfilter.Forward, p, bh.i, bh.i) || !bh.i.ns.filter.hook(netfilter.Postrouting, p, nil, bh.i) {
		return link.Stolen
	}
	f.SetContext(nil)
	if f.GSO > 0 || p.nf.V6 || len(p.nf.Data) <= out.MTU() {
		p.gone()
		return link.Accept
	}
	cutForPort(p, bh.i, out)
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
