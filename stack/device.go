package stack

import (
	"dnetsim/link"
	"dnetsim/link/trail"
)

// flight is a frame between the two ends of a software device; it is pooled so
// that a hop costs no allocation.
type flight struct {
	home *Namespace // whose pool it comes from
	to   *Interface
	f    *link.Frame
}

// Fire delivers the frame.
func (x *flight) Fire() {
	to, f := x.to, x.f
	x.to, x.f = nil, nil
	x.home.devs.flights = append(x.home.devs.flights, x)
	to.receive(f)
}

func (dt *deviceTable) flight(to *Interface, f *link.Frame) *flight {
	if n := len(dt.flights); n > 0 {
		x := dt.flights[n-1]
		dt.flights = dt.flights[:n-1]
		x.to, x.f = to, f
		return x
	}
	return &flight{dt.ns, to, f}
}

// newFrame is a frame over b with metadata.
func newFrame(b []byte, sum link.Checksum, gso int) *link.Frame {
	f := link.NewFrame(b)
	f.Checksum, f.GSO = sum, gso
	return f
}

// transmit sends a frame out of the interface: dev_queue_xmit. It takes over
// the reference.
func (i *Interface) transmit(f *link.Frame) {
	switch {
	case i.ns == nil || i.ns.closed:
		i.lose(f, trail.NamespaceClosed)
		return
	case !i.up:
		i.lose(f, trail.InterfaceDown)
		return
	case !i.Carrier():
		i.count.TxDropped++
		i.lose(f, trail.EndDown)
		return
	}
	if i.features.cut && f.GSO > 0 {
		link.Segment(f, i.trail, i.place, i.xmit)
		return
	}
	i.xmit(f)
}

// xmit is transmit for a frame that the device takes as it is (xmit_one).
func (i *Interface) xmit(f *link.Frame) {
	nested := &i.ns.loop.Nested
	if *nested > maxTransmitNested { // __dev_queue_xmit: "Dead loop on virtual device"
		i.deadLoop(f)
		return
	}
	if !i.kind.countsItself() {
		i.count.TxPackets++
		i.count.TxBytes += i.length(f, link.Out)
	}
	i.see(link.Out, f)
	if i.trail.On() {
		f.Tell(i.trail, i.place, trail.Send, trail.None)
	}
	*nested++
	i.driver.send(f)
	*nested--
}

// SendFrame sends a whole frame out of the interface, as a packet socket does:
// it passes no hooks. It takes over the caller's reference.
func (i *Interface) SendFrame(f *link.Frame) error {
	if !i.up {
		i.lose(f, trail.InterfaceDown)
		return ErrNetDown
	}
	i.transmit(f)
	return nil
}

// deadLoop ends a frame that leads through more devices within one another than
// the kernel follows.
func (i *Interface) deadLoop(f *link.Frame) {
	if d, ok := i.driver.(*vxlanDevice); ok { // it counts by itself
		d.v.Lose(f, trail.DeadLoop)
		d.count()
		return
	}
	i.count.TxDropped++
	i.lose(f, trail.DeadLoop)
}

// length is what a frame adds to the byte counters: loopback counts no Ethernet
// header, a bridge counts it only on the way out (drivers/net/loopback.c,
// net/bridge/br_input.c). A GSO frame counts as one packet.
func (i *Interface) length(f *link.Frame, dir link.Direction) uint64 {
	n := uint64(f.Len())
	if i.kind == KindLoopback || i.kind == KindBridge && dir == link.In {
		n -= link.HeaderLen
	}
	return n
}

func (i *Interface) see(dir link.Direction, f *link.Frame) {
	for _, o := range i.observers {
		o.fn(dir, f)
	}
	if i.ns == nil {
		return
	}
	for _, o := range i.ns.observers {
		o.fn(i, dir, f)
	}
}

// Receive takes a frame from what the interface is plugged into. It implements
// link.Receiver.
func (i *Interface) Receive(f *link.Frame) { i.receive(f) }

// receive is netif_receive_skb: count, show to observers, then hand to the
// bridge or to the network layer.
func (i *Interface) receive(f *link.Frame) {
	if i.ns == nil || i.ns.closed {
		i.lose(f, trail.NamespaceClosed)
		return
	}
	if !i.up {
		i.lose(f, trail.InterfaceDown)
		return
	}
	if f.Len() < link.HeaderLen {
		i.count.RxErrors++
		i.lose(f, trail.Malformed)
		return
	}
	if !i.kind.countsItself() {
		i.count.RxPackets++
		i.count.RxBytes += i.length(f, link.In)
	}
	switch d := f.Dst(); {
	case !d.IsMulticast():
	case i.kind == KindMacvlan || i.kind == KindIPvlan: // these count broadcasts too
		i.count.Multicast++
	case d.IsBroadcast():
	case i.kind == KindPhysical && i.port == nil || i.kind == KindVeth || i.kind == KindBridge || i.kind == KindVLAN:
		i.count.Multicast++
	}
	i.see(link.In, f)
	if i.trail.On() {
		f.Tell(i.trail, i.place, trail.Receive, trail.None)
	}
	if len(i.uppers) > 0 {
		if f = i.handUp(f); f == nil {
			return
		}
	}
	if i.port != nil {
		if i.master.i.filtersBridge(f.EtherType()) {
			f = f.Private()
		}
		i.port.Receive(f)
		return
	}
	i.netIn(f)
}

// netIn hands a frame to ARP, IPv4 or IPv6 if it is for this interface.
func (i *Interface) netIn(f *link.Frame) {
	dst := f.Dst()
	toUs := i.kind == KindLoopback || dst == i.mac || i.kind == KindIPvlan && !dst.IsMulticast()
	if !toUs && !dst.IsMulticast() {
		i.lose(f, trail.OtherHost)
		return
	}
	switch f.EtherType() {
	case link.TypeARP:
		if i.kind != KindLoopback && i.Flags()&FlagNoARP == 0 {
			i.arpIn(f.Payload(), toUs)
		}
		f.Arrived(i.trail, i.place, trail.None)
	case link.TypeIPv4:
		i.ns.rx.in4(i, f, toUs)
	case link.TypeIPv6:
		if i.disabledIPv6() {
			i.lose(f, trail.IPv6Disabled)
			return
		}
		i.ns.rx.in6(i, f, toUs)
	default:
		i.lose(f, trail.UnknownProtocol)
	}
}

// transmitIP puts the Ethernet header before a packet and sends it.
func (i *Interface) transmitIP(p *packet, dst MAC) {
	typ := link.TypeIPv4
	if p.nf.V6 {
		typ = link.TypeIPv6
	}
	f := p.f
	p.f = nil
	putEther(f.Bytes(), dst, i.mac, typ)
	f.Mark = 0
	if i.kind == KindLoopback || i.kind == KindVXLAN { // they see it; a peer does not
		f.Mark = p.nf.Mark
	}
	f.Checksum = link.ChecksumComplete
	if p.nf.ChecksumPartial {
		f.Checksum = link.ChecksumPartial
	}
	i.transmit(f)
}
