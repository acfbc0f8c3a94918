package stack

import (
	"net/netip"
	"slices"

	"dnetsim/link"
)

// Parent is the device that a macvlan, ipvlan or VLAN interface is stacked on,
// or nil. It may be in another namespace.
func (i *Interface) Parent() *Interface { return i.parent }

// Uppers are the interfaces that are stacked on this one, in the order in which
// they were made.
func (i *Interface) Uppers() []*Interface { return slices.Clone(i.uppers) }

// addStacked makes an interface on a parent. A zero mac means the parent's.
func (dt *deviceTable) addStacked(name string, kind Kind, mac MAC, parent *Interface) (*Interface, error) {
	if err := dt.check(name); err != nil {
		return nil, err
	}
	if parent == nil || parent.ns == nil {
		return nil, ErrNoDevice
	}
	if parent.kind == KindLoopback {
		return nil, ErrInvalid
	}
	if parent.below()+1 > maxNest {
		return nil, ErrTooManyLinks
	}
	if mac == (MAC{}) {
		mac = parent.mac
	}
	i := dt.make(name, kind, mac, parent.mtu)
	i.parent = parent
	parent.uppers = append(parent.uppers, i)
	return i, nil
}

// unstack takes the interface off its parent.
func (i *Interface) unstack() {
	if i.driver != nil { // its kind made it after all
		i.driver.close()
	}
	if p := i.parent; p != nil {
		p.uppers = slices.DeleteFunc(p.uppers, func(u *Interface) bool { return u == i })
		i.parent = nil
	}
}

// deleteUppers removes what is stacked on an interface that goes away.
func (i *Interface) deleteUppers() {
	for _, u := range slices.Clone(i.uppers) {
		u.delete()
	}
}

// tellStacked passes a change of state on to what is below and above.
func (i *Interface) tellStacked() {
	i.driver.update()
	for _, u := range slices.Clone(i.uppers) {
		u.linkChanged()
	}
}

// vlansFollow brings the VLANs of an interface up or down with it.
func (i *Interface) vlansFollow() {
	for _, u := range slices.Clone(i.uppers) {
		if u.kind == KindVLAN {
			u.SetUp(i.up)
		}
	}
}

// mtuAllowed is why an interface cannot have an MTU that is fine in itself: the
// device below has a smaller one.
func (i *Interface) mtuAllowed(mtu int) error {
	switch {
	case i.parent == nil || mtu <= i.parent.mtu:
		return nil
	case i.kind == KindVLAN:
		return ErrRange
	}
	return ErrInvalid
}

// lowerUppers keeps what is stacked on the interface within its MTU.
func (i *Interface) lowerUppers() {
	for _, u := range slices.Clone(i.uppers) {
		if u.mtu > i.mtu || u.kind == KindIPvlan {
			u.SetMTU(i.mtu)
		}
	}
}

// macChanged passes a new address on to those above that share it.
func (i *Interface) macChanged(old MAC) {
	i.driver.update()
	for _, u := range slices.Clone(i.uppers) {
		follows := u.kind == KindIPvlan || u.kind == KindVLAN && u.mac == old ||
			u.kind == KindMacvlan && i.macvlan != nil && i.macvlan.Passthru()
		if follows && u.mac != i.mac {
			was := u.mac
			u.mac = i.mac
			u.ns.neigh.flush(func(n *neighbour) bool { return n.dev == u && n.state != NeighPermanent })
			u.macChanged(was)
		}
	}
}

// handUp gives a frame that came in to what is stacked on the interface. It
// returns the frame if it is for the interface itself.
func (i *Interface) handUp(f *link.Frame) *link.Frame {
	if id, tagged := f.VLANID(); tagged {
		for _, u := range i.uppers {
			if u.isVLAN(id) {
				u.receive(link.PopVLAN(f))
				return nil
			}
		}
	}
	switch {
	case i.macvlan != nil:
		return i.macvlan.Arrive(f)
	case i.ipvlan != nil:
		return i.ipvlan.Arrive(f)
	}
	return f
}

// asParent is the device as link's stacked devices see it.
func (i *Interface) asParent() link.Parent {
	return link.Parent{Out: link.ReceiverFunc(i.transmit), In: link.ReceiverFunc(i.receive)}
}

// hearsGroup reports whether the interface listens to a multicast address: all
// IPv4 hosts, and its IPv6 groups.
func (i *Interface) hearsGroup(mac MAC) bool {
	if i.port != nil || mac == (MAC{0x01, 0, 0x5e, 0, 0, 1}) {
		return true
	}
	if slices.ContainsFunc(Groups(i), func(a netip.Addr) bool { return groupMAC(a) == mac }) {
		return true
	}
	if mac[0] != 0x33 || mac[1] != 0x33 || i.disabledIPv6() {
		return false
	}
	if mac == (MAC{0x33, 0x33, 0, 0, 0, 1}) {
		return true
	}
	for _, a := range i.addrs {
		if ip := a.Prefix.Addr(); ip.Is6() && groupMAC(solicitedNode(ip)) == mac {
			return true
		}
	}
	return false
}
