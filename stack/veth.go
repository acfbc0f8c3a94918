package stack

import "dnetsim/link"

// NewVeth adds a veth pair: `ip link add aName type veth peer name bName`. As
// in the kernel the peer, b, is registered first and has the lower index if
// both are in one namespace. Zero MACs draw random ones. Both ends start down.
func NewVeth(a *Namespace, aName string, aMAC MAC, b *Namespace, bName string, bMAC MAC) (*Interface, *Interface, error) {
	if err := a.devs.check(aName); err != nil {
		return nil, nil, err
	}
	if err := b.devs.check(bName); err != nil {
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
	bi := b.devs.make(bName, KindVeth, bMAC, 1500)
	ai := a.devs.make(aName, KindVeth, aMAC, 1500)
	ai.driver, bi.driver = &vethDevice{device{ai}, bi}, &vethDevice{device{bi}, ai}
	return ai, bi, nil
}

// vethDevice is one end of a veth pair as a driver.
type vethDevice struct {
	device
	peer *Interface // nil once the pair is being deleted
}

func (d *vethDevice) send(f *link.Frame) {
	d.i.ns.loop.Schedule(vethDelay, d.i.ns.devs.flight(d.peer, f))
}

func (d *vethDevice) linked() bool { return d.peer != nil && d.peer.up }

// Peer is the other end of a veth pair, or nil.
func (i *Interface) Peer() *Interface {
	if d, ok := i.driver.(*vethDevice); ok {
		return d.peer
	}
	return nil
}

// parted forgets the other end of a pair that is being deleted, and returns it.
func (i *Interface) parted() *Interface {
	d, ok := i.driver.(*vethDevice)
	if !ok || d.peer == nil {
		return nil
	}
	p := d.peer
	d.peer = nil
	p.parted()
	return p
}
