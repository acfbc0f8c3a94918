package stack

import "dnetsim/link"

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
	i.driver = &macvlanDevice{i, child, parent.mac}
	i.linkChanged()
	return i, nil
}

// macvlanDevice is a macvlan interface as a driver.
type macvlanDevice struct {
	i     *Interface
	child *link.MacvlanChild
	found MAC // the parent's address when the child came
}

func (d *macvlanDevice) send(f *link.Frame) { d.child.Send(f) }

func (d *macvlanDevice) update() {
	d.child.SetUp(d.i.up)
	d.child.SetMAC(d.i.mac)
	d.child.SetPlace(d.i.place)
}

func (d *macvlanDevice) close() {
	p := d.i.parent
	passthru := p.macvlan.Passthru()
	if p.macvlan.Remove(d.child) == 0 {
		p.macvlan = nil
	}
	if passthru && p.mac != d.found && p.ns != nil {
		p.SetMAC(d.found) // macvlan_port_destroy puts it back
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
