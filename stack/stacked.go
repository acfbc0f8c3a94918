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
func (i *Interface) Uppers() []*Interface { return slices.Clone(i.under.uppers) }

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
	if parent.under.below()+1 > maxNest {
		return nil, ErrTooManyLinks
	}
	if mac == (MAC{}) {
		mac = parent.mac
	}
	i := dt.make(name, kind, mac, parent.mtu)
	i.parent = parent
	parent.under.uppers = append(parent.under.uppers, i)
	return i, nil
}

// unstack takes the interface off its parent.
func (un *under) unstack() {
	if un.i.driver != nil { // its kind made it after all
		un.i.driver.close()
	}
	if p := un.i.parent; p != nil {
		p.under.uppers = slices.DeleteFunc(p.under.uppers, func(u *Interface) bool { return u == un.i })
		un.i.parent = nil
	}
}

// deleteUppers removes what is stacked on an interface that goes away.
func (un *under) deleteUppers() {
	for _, u := range slices.Clone(un.uppers) {
		u.delete()
	}
}

// tellStacked passes a change of state on to what is below and above.
func (un *under) tellStacked() {
	un.i.driver.update()
	for _, u := range slices.Clone(un.uppers) {
		u.linkChanged()
	}
}

// vlansFollow brings the VLANs of an interface up or down with it.
func (un *under) vlansFollow() {
	for _, u := range slices.Clone(un.uppers) {
		if u.kind == KindVLAN {
			u.SetUp(un.i.up)
		}
	}
}

// mtuAllowed is why an interface cannot have an MTU that is fine in itself: the
// device below has a smaller one.
func (un *under) mtuAllowed(mtu int) error {
	switch {
	case un.i.parent == nil || mtu <= un.i.parent.mtu:
		return nil
	case un.i.kind == KindVLAN:
		return ErrRange
	}
	return ErrInvalid
}

// lowerUppers keeps what is stacked on the interface within its MTU.
func (un *under) lowerUppers() {
	for _, u := range slices.Clone(un.uppers) {
		if u.mtu > un.i.mtu || u.kind == KindIPvlan {
			u.SetMTU(un.i.mtu)
		}
	}
}

// macChanged passes a new address on to those above that share it.
func (un *under) macChanged(old MAC) {
	un.i.driver.update()
	for _, u := range slices.Clone(un.uppers) {
		follows := u.kind == KindIPvlan || u.kind == KindVLAN && u.mac == old ||
			u.kind == KindMacvlan && un.macvlan != nil && un.macvlan.Passthru()
		if follows && u.mac != un.i.mac {
			was := u.mac
			u.mac = un.i.mac
			u.ns.neigh.flush(func(n *neighbour) bool { return n.dev == u && n.state != NeighPermanent })
			u.under.macChanged(was)
		}
	}
}

// handUp gives a frame that came in to what is stacked on the interface. It
// returns the frame if it is for the interface itself.
func (un *under) handUp(f *link.Frame) *link.Frame {
	if id, tagged := f.VLANID(); tagged {
		for _, u := range un.uppers {
			if u.under.isVLAN(id) {
				u.path.receive(link.PopVLAN(f))
				return nil
			}
		}
	}
	switch {
	case un.macvlan != nil:
		return un.macvlan.Arrive(f)
	case un.ipvlan != nil:
		return un.ipvlan.Arrive(f)
	}
	return f
}

// asParent is the device as link's stacked devices see it.
func (un *under) asParent() link.Parent {
	return link.Parent{Out: link.ReceiverFunc(un.i.path.transmit), In: link.ReceiverFunc(un.i.path.receive)}
}

// hearsGroup reports whether the interface listens to a multicast address: all
// IPv4 hosts, and its IPv6 groups.
func (un *under) hearsGroup(mac MAC) bool {
	if un.i.port != nil || mac == (MAC{0x01, 0, 0x5e, 0, 0, 1}) {
		return true
	}
	if slices.ContainsFunc(Groups(un.i), func(a netip.Addr) bool { return groupMAC(a) == mac }) {
		return true
	}
	if mac[0] != 0x33 || mac[1] != 0x33 || un.i.conf.disabledIPv6() {
		return false
	}
	if mac == (MAC{0x33, 0x33, 0, 0, 0, 1}) {
		return true
	}
	for _, a := range un.i.ipAddrs.list {
		if ip := a.Prefix.Addr(); ip.Is6() && groupMAC(solicitedNode(ip)) == mac {
			return true
		}
	}
	return false
}
