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
	to.path.receive(f)
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

// datapath is the way of frames through an interface, in and out.
type datapath struct{ i *Interface }

// transmit sends a frame out of the interface: dev_queue_xmit. It takes over
// the reference.
func (dp *datapath) transmit(f *link.Frame) {
	switch {
	case dp.i.ns == nil || dp.i.ns.closed:
		dp.lose(f, trail.NamespaceClosed)
		return
	case !dp.i.up:
		dp.lose(f, trail.InterfaceDown)
		return
	case !dp.i.Carrier():
		dp.i.count.TxDropped++
		dp.lose(f, trail.EndDown)
		return
	}
	switch {
	case dp.i.qdisc != nil:
		dp.queue(f)
	case dp.i.features.cut && f.GSO > 0:
		link.Segment(f, dp.i.trail, dp.i.place, dp.xmit)
	default:
		dp.xmit(f)
	}
}

// queue gives a frame to the interface's netem.
func (dp *datapath) queue(f *link.Frame) {
	netem := dp.i.qdisc.A()
	if dp.i.features.cut && f.GSO > 0 {
		link.Segment(f, dp.i.trail, dp.i.place, netem.Send)
		return
	}
	netem.Send(f)
}

// SetNetem puts a netem queueing discipline before an interface, changes the one
// that is there, or takes it away for nil. What waits in it still comes out.
func SetNetem(i *Interface, how *link.Impairment) {
	if how == nil {
		i.qdisc = nil
		return
	}
	if i.qdisc == nil {
		w := link.NewWire(i.ns.loop, i.place.String()+"/netem")
		w.B().Attach(link.ReceiverFunc(func(f *link.Frame) {
			if i.ns == nil || !i.up {
				i.path.lose(f, trail.InterfaceDown)
				return
			}
			i.path.xmit(f)
		}))
		i.qdisc = w
	}
	i.qdisc.A().Impair(*how)
}

// Netem is what an interface's netem does, and what has passed it; ok is false
// without one.
func Netem(i *Interface) (how link.Impairment, passed link.Counters, ok bool) {
	if i.qdisc == nil {
		return how, passed, false
	}
	return i.qdisc.A().Impairment(), i.qdisc.A().Counters(), true
}

// xmit is transmit for a frame that the device takes as it is (xmit_one).
func (dp *datapath) xmit(f *link.Frame) {
	nested := &dp.i.ns.loop.Nested
	if *nested > maxTransmitNested { // __dev_queue_xmit: "Dead loop on virtual device"
		dp.deadLoop(f)
		return
	}
	if !dp.i.kind.countsItself() {
		dp.i.count.TxPackets++
		dp.i.count.TxBytes += dp.length(f, link.Out)
	}
	dp.see(link.Out, f)
	if dp.i.trail.On() {
		f.Tell(dp.i.trail, dp.i.place, trail.Send, trail.None)
	}
	*nested++
	dp.i.driver.send(f)
	*nested--
}

// SendFrame sends a whole frame out of the interface, as a packet socket does:
// it passes no hooks. It takes over the caller's reference.
func (i *Interface) SendFrame(f *link.Frame) error {
	if !i.up {
		i.path.lose(f, trail.InterfaceDown)
		return ErrNetDown
	}
	i.path.transmit(f)
	return nil
}

// deadLoop ends a frame that leads through more devices within one another than
// the kernel follows.
func (dp *datapath) deadLoop(f *link.Frame) {
	if d, ok := dp.i.driver.(*vxlanDevice); ok { // it counts by itself
		d.v.Lose(f, trail.DeadLoop)
		d.count()
		return
	}
	dp.i.count.TxDropped++
	dp.lose(f, trail.DeadLoop)
}

// length is what a frame adds to the byte counters: loopback counts no Ethernet
// header, a bridge counts it only on the way out (drivers/net/loopback.c,
// net/bridge/br_input.c). A GSO frame counts as one packet.
func (dp *datapath) length(f *link.Frame, dir link.Direction) uint64 {
	n := uint64(f.Len())
	if dp.i.kind == KindLoopback || dp.i.kind == KindBridge && dir == link.In {
		n -= link.HeaderLen
	}
	return n
}

func (dp *datapath) see(dir link.Direction, f *link.Frame) {
	for _, o := range dp.i.observers {
		o.fn(dir, f)
	}
	if dp.i.ns == nil {
		return
	}
	for _, o := range dp.i.ns.observers {
		o.fn(dp.i, dir, f)
	}
}

// Receive takes a frame from what the interface is plugged into. It implements
// link.Receiver.
func (i *Interface) Receive(f *link.Frame) { i.path.receive(f) }

// receive is netif_receive_skb: count, show to observers, then hand to the
// bridge or to the network layer.
func (dp *datapath) receive(f *link.Frame) {
	if dp.i.ns == nil || dp.i.ns.closed {
		dp.lose(f, trail.NamespaceClosed)
		return
	}
	if !dp.i.up {
		dp.lose(f, trail.InterfaceDown)
		return
	}
	if f.Len() < link.HeaderLen {
		dp.i.count.RxErrors++
		dp.lose(f, trail.Malformed)
		return
	}
	if !dp.i.kind.countsItself() {
		dp.i.count.RxPackets++
		dp.i.count.RxBytes += dp.length(f, link.In)
	}
	switch d := f.Dst(); {
	case !d.IsMulticast():
	case dp.i.kind == KindMacvlan || dp.i.kind == KindIPvlan: // these count broadcasts too
		dp.i.count.Multicast++
	case d.IsBroadcast():
	case dp.i.kind == KindPhysical && dp.i.port == nil || dp.i.kind == KindVeth || dp.i.kind == KindBridge || dp.i.kind == KindVLAN:
		dp.i.count.Multicast++
	}
	dp.see(link.In, f)
	if dp.i.trail.On() {
		f.Tell(dp.i.trail, dp.i.place, trail.Receive, trail.None)
	}
	if len(dp.i.under.uppers) > 0 {
		if f = dp.i.under.handUp(f); f == nil {
			return
		}
	}
	if dp.i.port != nil {
		if dp.i.master.i.bridged.filters(f.EtherType()) {
			f = f.Private()
		}
		dp.i.port.Receive(f)
		return
	}
	dp.netIn(f)
}

// netIn hands a frame to ARP, IPv4 or IPv6 if it is for this interface.
func (dp *datapath) netIn(f *link.Frame) {
	dst := f.Dst()
	toUs := dp.i.kind == KindLoopback || dst == dp.i.mac || dp.i.kind == KindIPvlan && !dst.IsMulticast()
	if !toUs && !dst.IsMulticast() {
		dp.lose(f, trail.OtherHost)
		return
	}
	switch f.EtherType() {
	case link.TypeARP:
		if dp.i.kind != KindLoopback && dp.i.Flags()&FlagNoARP == 0 {
			dp.i.arp.in(f.Payload(), toUs)
		}
		f.Arrived(dp.i.trail, dp.i.place, trail.None)
	case link.TypeIPv4:
		dp.i.ns.rx.in4(dp.i, f, toUs)
	case link.TypeIPv6:
		if dp.i.conf.disabledIPv6() {
			dp.lose(f, trail.IPv6Disabled)
			return
		}
		dp.i.ns.rx.in6(dp.i, f, toUs)
	default:
		dp.lose(f, trail.UnknownProtocol)
	}
}

// transmitIP puts the Ethernet header before a packet and sends it. Nobody may
// look at the packet any more.
func (dp *datapath) transmitIP(p *packet, dst MAC) {
	typ := link.TypeIPv4
	if p.nf.V6 {
		typ = link.TypeIPv6
	}
	f := p.f
	putEther(f.Bytes(), dst, dp.i.mac, typ)
	f.Mark = 0
	if dp.i.kind == KindLoopback || dp.i.kind == KindVXLAN { // they see it; a peer does not
		f.Mark = p.nf.Mark
	}
	f.Checksum = link.ChecksumComplete
	if p.nf.ChecksumPartial {
		f.Checksum = link.ChecksumPartial
	}
	p.gone()
	dp.transmit(f)
}
