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
	if ns.Lacks(KindMacvlan) {
		return nil, ErrNotSupported
	}
	m, ok := link.ParseMacvlanMode(mode)
	if !ok {
		return nil, ErrInvalid
	}
	if parent != nil && parent.kind == KindMacvlan {
		parent = parent.parent
	}
	if parent != nil && (parent.port != nil || parent.under.ipvlan != nil) {
		return nil, ErrBusy
	}
	if parent != nil && parent.under.macvlan != nil && (parent.under.macvlan.Passthru() || m == link.MacvlanPassthru) {
		return nil, ErrInvalid
	}
	if mac == (MAC{}) && m != link.MacvlanPassthru {
		mac = ns.randomMAC()
	}
	i, err := ns.devs.addStacked(name, KindMacvlan, mac, parent)
	if err != nil {
		return nil, err
	}
	if parent.under.macvlan == nil {
		parent.under.macvlan = link.NewMacvlan(ns.loop, parent.place, parent.under.asParent())
	}
	if m == link.MacvlanPassthru {
		i.mac = parent.mac
	}
	member, err := parent.under.macvlan.Add(i.place, i.mac, m, i)
	if err != nil {
		i.delete()
		return nil, ErrInvalid
	}
	member.SetGroups(i.under.hearsGroup)
	i.driver = &macvlanDevice{child{device{i}}, member, parent.mac}
	i.linkChanged()
	return i, nil
}

// macvlanDevice is a macvlan interface as a driver.
type macvlanDevice struct {
	child
	member *link.MacvlanChild
	found  MAC // the parent's address when the child came
}

func (d *macvlanDevice) send(f *link.Frame) { d.member.Send(f) }

func (d *macvlanDevice) update() {
	d.member.SetUp(d.i.up)
	d.member.SetMAC(d.i.mac)
	d.member.SetPlace(d.i.place)
}

func (d *macvlanDevice) close() {
	p := d.i.parent
	passthru := p.under.macvlan.Passthru()
	if p.under.macvlan.Remove(d.member) == 0 {
		p.under.macvlan = nil
	}
	if passthru && p.mac != d.found && p.ns != nil {
		p.SetMAC(d.found) // macvlan_port_destroy puts it back
	}
}

// mayOpen refuses an address that the parent or a sibling has.
func (d *macvlanDevice) mayOpen() error {
	if d.busy(d.i.mac) {
		return ErrAddrInUse
	}
	return nil
}

func (d *macvlanDevice) mayHave(mac MAC) (done bool, err error) {
	p := d.i.parent
	if p.under.macvlan.Passthru() && p.mac != mac {
		return true, p.SetMAC(mac)
	}
	if d.i.up && d.busy(mac) {
		return false, ErrAddrInUse
	}
	return false, nil
}

// busy is macvlan_addr_busy.
func (d *macvlanDevice) busy(mac MAC) bool {
	p := d.i.parent
	return !p.under.macvlan.Passthru() && p.mac == mac || p.under.macvlan.Busy(mac, d.member)
}

// MacvlanMode is the mode of a macvlan interface.
func (i *Interface) MacvlanMode() (mode link.MacvlanMode, ok bool) {
	d, ok := i.driver.(*macvlanDevice)
	if !ok {
		return 0, false
	}
	return d.member.Mode(), true
}
