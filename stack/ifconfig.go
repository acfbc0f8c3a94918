package stack

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/link"
	"dnetsim/link/trail"
)

// AddPhysical adds an interface at the end of a cable. A zero mac draws a
// random one. The end must not be attached to anything else.
func (ns *Namespace) AddPhysical(name string, mac MAC, end *link.End) (*Interface, error) {
	if err := ns.check(name); err != nil {
		return nil, err
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	i := ns.newInterface(name, KindPhysical, mac, 1500)
	i.txqlen = 1000
	i.end = end
	end.Attach(i)
	end.OnCarrier(func(on bool) { i.linkChanged() })
	end.SetDown(true)
	i.linkChanged()
	return i, nil
}

// AddBridge adds a bridge. With a zero mac it draws a random one and follows
// the lowest of its ports, as the kernel does until somebody sets it.
func (ns *Namespace) AddBridge(name string, mac MAC) (*Interface, error) {
	if err := ns.check(name); err != nil {
		return nil, err
	}
	fixed := mac != (MAC{})
	if !fixed {
		mac = ns.randomMAC()
	}
	i := ns.newInterface(name, KindBridge, mac, 1500)
	i.fixed = fixed
	i.bridge = link.NewBridgeAt(ns.loop, i.place)
	i.self = i.bridge.Local()
	i.self.Attach(link.ReceiverFunc(i.receive))
	i.bridge.AddLocal(mac, i.self)
	i.bridge.SetArrivalHook(i.bridgeArrival)
	i.bridge.SetForwardHook(i.bridgeForward)
	return i, nil
}

// AddDummy adds a dummy interface: it drops what it is given.
func (ns *Namespace) AddDummy(name string, mac MAC) (*Interface, error) {
	if err := ns.check(name); err != nil {
		return nil, err
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	i := ns.newInterface(name, KindDummy, mac, 1500)
	i.txqlen = 1000
	return i, nil
}

// NewVeth adds a veth pair: `ip link add aName type veth peer name bName`. As
// in the kernel the peer, b, is registered first and has the lower index if
// both are in one namespace. Zero MACs draw random ones. Both ends start down.
func NewVeth(a *Namespace, aName string, aMAC MAC, b *Namespace, bName string, bMAC MAC) (*Interface, *Interface, error) {
	if err := a.check(aName); err != nil {
		return nil, nil, err
	}
	if err := b.check(bName); err != nil {
		return nil, nil, err
	}
	if a == b && aName == bName {
		return nil, nil, ErrExist
	}
	if bMAC == (MAC{}) {
		bMAC = b.randomMAC()
	}
	if aMAC == (MAC{}) {
		aMAC = a.randomMAC()
	}
	bi := b.newInterface(bName, KindVeth, bMAC, 1500)
	ai := a.newInterface(aName, KindVeth, aMAC, 1500)
	ai.peer, bi.peer = bi, ai
	return ai, bi, nil
}

// SetUp brings the interface up or down. Down removes its routes, IPv6
// addresses and neighbours; up adds the connected routes again.
func (i *Interface) SetUp(up bool) error {
	if i.ns == nil {
		return ErrNoDevice // it was deleted
	}
	if i.up == up {
		return nil
	}
	if up {
		if err := i.mayOpen(); err != nil {
			return err
		}
	}
	i.up = up
	if up {
		if i.kind == KindLoopback {
			i.addLoopbackAddrs()
		}
		for _, a := range i.addrs {
			i.addConnected(a)
		}
	} else {
		i.ns.fib.remove(func(r *route) bool { return r.dev != i })
		i.ns.flushNeighbours(func(n *neighbour) bool { return n.dev == i })
		i.FlushAddrs(true)
	}
	if i.end != nil {
		i.end.SetDown(!up)
	}
	i.linkChanged()
	i.vlansFollow()
	if i.peer != nil {
		i.peer.linkChanged()
	}
	return nil
}

func (i *Interface) addLoopbackAddrs() {
	v4 := netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 8)
	i.AddAddr(v4, AddrOptions{})
	if !i.disabledIPv6() {
		i.AddAddr(netip.PrefixFrom(netip.IPv6Loopback(), 128), AddrOptions{})
	}
}

// linkChanged looks at the carrier again and acts on a change: a bridge looks
// at its ports, IPv6 makes or forgets its link-local address.
func (i *Interface) linkChanged() {
	was := i.carrier
	switch i.kind {
	case KindPhysical:
		i.carrier = i.up && i.end.Carrier()
	case KindVeth:
		i.carrier = i.up && i.peer != nil && i.peer.up
	case KindBridge:
		i.carrier = i.up && slices.ContainsFunc(i.slaves, func(s *Interface) bool { return s.up && s.carrier })
	default:
		i.carrier = i.up && i.Carrier()
	}
	if i.ns == nil {
		return
	}
	i.tellStacked()
	if i.port != nil {
		i.port.SetDown(!i.carrier)
	}
	if i.master != nil {
		i.master.linkChanged()
	}
	if was && !i.carrier && i.up {
		i.ns.flushNeighbours(func(n *neighbour) bool { return n.dev == i && n.state != NeighPermanent })
	}
	if i.carrier && i.up {
		i.scheduleLinkLocal()
	}
}

// scheduleLinkLocal makes the EUI-64 address after the time that duplicate
// address detection takes. No detection packets are sent.
func (i *Interface) scheduleLinkLocal() {
	if i.kind == KindLoopback || i.kind == KindDummy || i.disabledIPv6() || i.v6timer || i.linkLocal().IsValid() {
		return
	}
	i.v6timer = true
	i.ns.loop.After(dadTime, func() {
		i.v6timer = false
		if i.ns == nil || i.ns.closed || !i.up || !i.Carrier() || i.disabledIPv6() || i.linkLocal().IsValid() {
			return
		}
		p := netip.PrefixFrom(eui64(i.mac), 64)
		i.insertAddr(&ifAddr{dev: i, auto: true, Address: Address{Prefix: p, Scope: ScopeLink}}, false)
	})
}

// dadTime is how long an address is tentative: one probe, one second.
const dadTime = time.Second

// SetMTU changes the largest packet size. It returns ErrInvalid for one that
// the kernel refuses.
func (i *Interface) SetMTU(mtu int) error {
	if mtu < 68 || mtu > 65535 && i.kind != KindLoopback {
		return ErrInvalid
	}
	if err := i.mtuAllowed(mtu); err != nil {
		return err
	}
	i.fixedMTU = true
	i.setMTU(mtu)
	return nil
}

func (i *Interface) setMTU(mtu int) {
	if i.mtu == mtu {
		return
	}
	i.mtu = mtu
	i.lowerUppers()
	if mtu < 1280 {
		i.FlushAddrs(true)
	}
	if i.master != nil {
		i.master.followPorts()
	}
}

// SetMAC changes the link-layer address. Neighbours of the interface are
// forgotten.
func (i *Interface) SetMAC(mac MAC) error {
	if mac.IsMulticast() || mac == (MAC{}) {
		return ErrAddrNotAvail
	}
	if done, err := i.macMayChange(mac); done || err != nil {
		return err
	}
	i.fixed = true
	if i.bridge != nil {
		i.setBridgeMAC(mac)
	}
	if i.port != nil {
		i.master.bridge.Forget(i.mac)
		i.master.bridge.AddLocal(mac, i.port)
	}
	old := i.mac
	i.mac = mac
	i.macChanged(old)
	i.ns.flushNeighbours(func(n *neighbour) bool { return n.dev == i && n.state != NeighPermanent })
	if i.master != nil {
		i.master.followPorts()
	}
	return nil
}

// Rename changes the name. Like the kernel since 6.2 it may be up.
func (i *Interface) Rename(name string) error {
	if name == i.name {
		return nil
	}
	if err := i.ns.check(name); err != nil {
		return err
	}
	delete(i.ns.byName, i.name)
	i.ns.sys.renameInterface(i.name, name)
	for _, a := range i.addrs {
		if a.Label == i.name {
			a.Label = name
		}
	}
	i.name = name
	i.place = trail.At(i.ns.name, name)
	i.ns.byName[name] = i
	if i.port != nil {
		i.port.SetName(name)
	}
	if i.bridge != nil {
		i.bridge.SetPlace(i.place)
	}
	if i.driver != nil {
		i.driver.update()
	}
	return nil
}

// SetMaster makes the interface a port of a bridge, or releases it if bridge is
// nil. It returns ErrBusy if the bridge sends by it or it by the bridge,
// ErrLoop for a bridge, ErrTooManyLinks for too high a stack, and ErrInvalid for
// what else cannot be a port.
func (i *Interface) SetMaster(bridge *Interface) error {
	if bridge == i.master {
		return nil
	}
	if i.master != nil {
		i.release()
	}
	if bridge == nil {
		return nil
	}
	if bridge.bridge == nil || bridge.ns != i.ns || i.kind == KindLoopback {
		return ErrInvalid
	}
	if i.kind == KindBridge {
		return ErrLoop
	}
	if i.macvlan != nil || i.ipvlan != nil {
		return ErrBusy
	}
	if err := i.mayCarry(bridge); err != nil {
		return err
	}
	i.master = bridge
	i.port = bridge.bridge.AddPort(i.name)
	i.port.Attach(link.ReceiverFunc(i.transmit))
	bridge.slaves = append(bridge.slaves, i)
	bridge.followPorts()
	bridge.bridge.AddLocal(i.mac, i.port)
	i.linkChanged()
	return nil
}

// release takes the interface out of its bridge.
func (i *Interface) release() {
	b := i.master
	b.bridge.RemovePort(i.port)
	i.port, i.master = nil, nil
	b.slaves = slices.DeleteFunc(b.slaves, func(s *Interface) bool { return s == i })
	b.followPorts()
	b.linkChanged()
}

// followPorts recomputes what a bridge takes from its ports: the lowest MTU and
// the lowest MAC, if nobody has set one (br_mtu_auto_adjust,
// br_stp_recalculate_bridge_id).
func (i *Interface) followPorts() {
	if !i.fixedMTU {
		low := 0
		for _, s := range i.slaves {
			if low == 0 || s.mtu < low {
				low = s.mtu
			}
		}
		if low == 0 {
			low = 1500
		}
		i.setMTU(low)
	}
	if len(i.slaves) == 0 {
		return
	}
	if !i.fixed {
		low := i.slaves[0].mac
		for _, s := range i.slaves[1:] {
			if slices.Compare(s.mac[:], low[:]) < 0 {
				low = s.mac
			}
		}
		if low != i.mac {
			i.setBridgeMAC(low)
			i.mac = low
		}
	}
}

// setBridgeMAC moves the bridge's own address in its forwarding table.
func (i *Interface) setBridgeMAC(mac MAC) {
	if p, ok := i.bridge.Lookup(i.mac); ok && p == i.self {
		i.bridge.Forget(i.mac)
	}
	i.bridge.AddLocal(mac, i.self)
}

// MoveTo moves the interface into another namespace and renames it if newName
// is not empty. It keeps its index if that is free there, and its counters; it
// is down and has no addresses afterwards, as in the kernel.
func (i *Interface) MoveTo(ns *Namespace, newName string) error {
	if newName == "" {
		newName = i.name
	}
	if i.kind == KindLoopback || i.kind == KindBridge {
		return ErrInvalid
	}
	if ns == i.ns {
		return i.Rename(newName)
	}
	if err := ns.check(newName); err != nil {
		return err
	}
	if i.master != nil {
		i.release()
	}
	i.SetUp(false)
	i.ns.detach(i)
	i.name = newName
	if ns.InterfaceByIndex(i.index) != nil {
		ns.lastIndex++
		i.index = ns.lastIndex
	}
	ns.lastIndex = max(ns.lastIndex, i.index)
	ns.attach(i)
	i.linkChanged()
	return nil
}

// Delete removes the interface; of a veth pair, both ends. It returns
// ErrNotSupported for lo and for a physical interface.
func (i *Interface) Delete() error {
	if i.kind == KindLoopback || i.kind == KindPhysical {
		return ErrNotSupported
	}
	if i.ns == nil {
		return ErrNoDevice
	}
	i.delete()
	return nil
}

func (i *Interface) delete() {
	if i.ns == nil {
		return
	}
	for _, s := range slices.Clone(i.slaves) {
		s.release()
	}
	i.deleteUppers()
	if i.master != nil {
		i.release()
	}
	i.SetUp(false)
	i.unstack()
	i.ns.detach(i)
	ns := i.ns
	i.ns = nil
	if i.end != nil {
		i.end.Attach(nil)
	}
	if p := i.peer; p != nil {
		i.peer = nil
		p.peer = nil
		p.delete()
	}
	_ = ns
}
