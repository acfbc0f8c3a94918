package stack

import (
	"net/netip"

	"dnetsim/link"
)

// AddMacvlan adds a macvlan child of a parent: `ip link add NAME link PARENT
// type macvlan mode MODE`. The mode is bridge (also if empty), private, vepa or
// passthru. A zero mac draws a random one; in passthru mode the child has the
// parent's address. A macvlan on a macvlan is one on its parent, as in the
// kernel.
//
// It returns ErrInvalid for a second child where one is in passthru mode, and
// ErrBusy if the parent is a port of a bridge or has ipvlan children.
func (ns *Namespace) AddMacvlan(name string, mac MAC, parent *Interface, mode string) (*Interface, error) {
	m, ok := link.ParseMacvlanMode(mode)
	if !ok {
		return nil, ErrInvalid
	}
	if parent != nil && parent.kind == KindMacvlan {
		parent = parent.parent
	}
	if parent != nil && (parent.port != nil || parent.ipvlan != nil) {
		return nil, ErrBusy
	}
	if parent != nil && parent.macvlan != nil && (parent.macvlan.Passthru() || m == link.MacvlanPassthru) {
		return nil, ErrInvalid
	}
	if mac == (MAC{}) && m != link.MacvlanPassthru {
		mac = ns.randomMAC()
	}
	i, err := ns.addStacked(name, KindMacvlan, mac, parent)
	if err != nil {
		return nil, err
	}
	if parent.macvlan == nil {
		parent.macvlan = link.NewMacvlan(ns.loop, parent.place, parent.asParent())
	}
	if m == link.MacvlanPassthru {
		i.mac = parent.mac
	}
	child, err := parent.macvlan.Add(i.place, i.mac, m, i)
	if err != nil {
		i.delete()
		return nil, ErrInvalid
	}
	child.SetGroups(i.hearsGroup)
	i.driver = &macvlanDevice{i, child}
	i.linkChanged()
	return i, nil
}

// macvlanDevice is a macvlan interface as a driver.
type macvlanDevice struct {
	i     *Interface
	child *link.MacvlanChild
}

func (d *macvlanDevice) send(f *link.Frame) { d.child.Send(f) }

func (d *macvlanDevice) update() {
	d.child.SetUp(d.i.up)
	d.child.SetMAC(d.i.mac)
	d.child.SetName(d.i.place)
}

func (d *macvlanDevice) close() {
	if p := d.i.parent; p.macvlan.Remove(d.child) == 0 {
		p.macvlan = nil
	}
}

// macvlanMayOpen refuses an address that the parent or a sibling has.
func (i *Interface) macvlanMayOpen() error {
	if i.macvlanBusy(i.mac) {
		return ErrAddrInUse
	}
	return nil
}

// macvlanBusy is macvlan_addr_busy.
func (i *Interface) macvlanBusy(mac MAC) bool {
	p := i.parent
	return !p.macvlan.Passthru() && p.mac == mac || p.macvlan.Busy(mac, i.driver.(*macvlanDevice).child)
}

// MacvlanMode is the mode of a macvlan interface.
func (i *Interface) MacvlanMode() (mode link.MacvlanMode, ok bool) {
	d, ok := i.driver.(*macvlanDevice)
	if !ok {
		return 0, false
	}
	return d.child.Mode(), true
}

// SetMacvlanMode changes it. It returns ErrInvalid for a change from or to
// passthru.
func (i *Interface) SetMacvlanMode(mode link.MacvlanMode) error {
	d, ok := i.driver.(*macvlanDevice)
	if !ok {
		return ErrNotSupported
	}
	if d.child.SetMode(mode) != nil {
		return ErrInvalid
	}
	return nil
}

// AddIPvlan adds an ipvlan child of a parent, whose address it shares. The mode
// is l2 (also if empty), l3 or l3s; all children of a parent have the mode of
// the last one added. It returns ErrBusy if the parent is a port of a bridge or
// has macvlan children.
func (ns *Namespace) AddIPvlan(name string, parent *Interface, mode string) (*Interface, error) {
	m, ok := link.ParseIPvlanMode(mode)
	if !ok {
		return nil, ErrInvalid
	}
	if parent != nil && parent.kind == KindIPvlan {
		parent = parent.parent
	}
	if parent != nil && (parent.port != nil || parent.macvlan != nil) {
		return nil, ErrBusy
	}
	i, err := ns.addStacked(name, KindIPvlan, MAC{}, parent)
	if err != nil {
		return nil, err
	}
	if parent.ipvlan == nil {
		route := link.ReceiverFunc(func(f *link.Frame) { parent.routeFor(f) })
		parent.ipvlan = link.NewIPvlan(ns.loop, parent.place, m, parent.asParent(), route)
	}
	parent.ipvlan.SetMode(m)
	owns := func(a netip.Addr) bool { return i.addr(a) != nil }
	i.driver = &ipvlanDevice{i, parent.ipvlan.Add(i.place, owns, i)}
	i.linkChanged()
	return i, nil
}

// ipvlanDevice is an ipvlan interface as a driver.
type ipvlanDevice struct {
	i     *Interface
	child *link.IPvlanChild
}

func (d *ipvlanDevice) send(f *link.Frame) { d.child.Send(f) }

func (d *ipvlanDevice) update() {
	d.child.SetUp(d.i.up)
	d.child.SetName(d.i.place)
}

func (d *ipvlanDevice) close() {
	if p := d.i.parent; p.ipvlan.Remove(d.child) == 0 {
		p.ipvlan = nil
	}
}

// siblingHas reports whether another ipvlan child of the same parent has an
// address (ipvlan_addr_busy).
func (i *Interface) siblingHas(ip netip.Addr) bool {
	if i.kind != KindIPvlan || i.parent == nil {
		return false
	}
	for _, u := range i.parent.uppers {
		if u != i && u.kind == KindIPvlan && u.addr(ip) != nil {
			return true
		}
	}
	return false
}

// IPvlanMode is the mode of an ipvlan interface.
func (i *Interface) IPvlanMode() (mode link.IPvlanMode, ok bool) {
	if i.kind != KindIPvlan || i.parent == nil {
		return 0, false
	}
	return i.parent.ipvlan.Mode(), true
}

// routeFor sends a packet of an ipvlan child in mode l3 through the network
// layer of the parent's namespace, out by the parent (ipvlan_process_outbound).
func (i *Interface) routeFor(f *link.Frame) {
	if i.ns == nil || i.ns.closed || f.EtherType() != link.TypeIPv4 && f.EtherType() != link.TypeIPv6 {
		i.lose(f, "ipvlan-no-ip")
		return
	}
	p := packetOf(f)
	if n := len(p.nf.Data); n < 20 || p.nf.V6 && n < 40 {
		i.ns.discard(i, "bad-ip-header", p)
		return
	}
	p.nf.HasMAC = false
	p.oif = i
	i.ns.output(p)
}
