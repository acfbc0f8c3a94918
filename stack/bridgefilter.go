package stack

import (
	"dnetsim/link"
	"dnetsim/stack/netfilter"
)

// br_netfilter: frames that a bridge carries pass the IP hooks too if the
// sysctls net.bridge.bridge-nf-call-* ask for it, with the bridge as in and out
// interface. The bridge works within one call, so what the hook before the
// decision learns waits in passing for the one behind it.

// filtersBridge reports whether frames of this kind go through the hooks.
func (i *Interface) filtersBridge(typ uint16) bool {
	switch typ {
	case link.TypeIPv4:
		return i.ns.rules[0] != nil && i.conf().bridgeNF4
	case link.TypeIPv6:
		return i.ns.rules[1] != nil && i.conf().bridgeNF6
	}
	return false
}

// bridgeArrival is br_nf_pre_routing. The caller has made the frame private.
func (i *Interface) bridgeArrival(in *link.Port, f *link.Frame) link.Verdict {
	i.passing = nil
	if !i.filtersBridge(f.EtherType()) {
		return link.Accept
	}
	p := i.bridgePacket(f)
	if p == nil {
		return link.Accept // not a good packet: let who gets it complain
	}
	p.nf.PhysIn = in.Name()
	dst := p.dst()
	p.borrowed = true // the bridge keeps the frame whatever the verdict
	if !i.ns.hook(netfilter.Prerouting, p, i, nil) {
		return link.Drop
	}
	if p.dst() != dst {
		f.SetDst(i.mac) // rewritten: it has to be routed again
	}
	i.passing = p
	return link.Accept
}

// bridgePacket reads a frame as a packet without taking it over.
func (i *Interface) bridgePacket(f *link.Frame) *packet {
	d := f.Payload()
	v6 := f.EtherType() == link.TypeIPv6
	if v6 && len(d) < 40 || !v6 && (len(d) < 20 || len(d) < int(d[0]&15)*4) {
		return nil
	}
	p := &packet{f: f}
	p.nf.Data, p.nf.V6 = d, v6
	p.nf.ChecksumPartial = f.Checksum == link.ChecksumPartial
	p.nf.SrcMAC, p.nf.HasMAC = [6]byte(f.Src()), true
	p.via, p.group = f.Src(), f.Dst().IsMulticast()
	return p
}

// bridgeForward is br_nf_forward and br_nf_post_routing.
func (i *Interface) bridgeForward(in, out *link.Port, f *link.Frame) link.Verdict {
	if in == nil || !i.filtersBridge(f.EtherType()) {
		return link.Accept
	}
	p := i.passing
	if p == nil || p.f != f {
		return link.Accept
	}
	p.nf.PhysIn, p.nf.PhysOut = in.Name(), out.Name()
	ok := i.ns.hook(netfilter.Forward, p, i, i) && i.ns.hook(netfilter.Postrouting, p, nil, i)
	p.f = f // a copy of it may go to another port
	if !ok {
		return link.Drop
	}
	return link.Accept
}
