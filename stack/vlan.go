package stack

import "dnetsim/link"

// AddVLAN adds an 802.1Q sub-interface: `ip link add NAME link PARENT type vlan
// id ID`. Its frames leave by the parent with a tag. It has the parent's
// address and MTU. It returns ErrRange for an identifier above 4094 and
// ErrExist if the parent has that VLAN already.
func (ns *Namespace) AddVLAN(name string, parent *Interface, id uint16) (*Interface, error) {
	if ns.Lacks(KindVLAN) {
		return nil, ErrNotSupported
	}
	if id > 4094 {
		return nil, ErrRange
	}
	if parent != nil {
		for _, u := range parent.under.uppers {
			if u.under.isVLAN(id) {
				return nil, ErrExist
			}
		}
	}
	i, err := ns.devs.addStacked(name, KindVLAN, MAC{}, parent)
	if err != nil {
		return nil, err
	}
	i.txqlen = 1000
	i.driver = &vlanDevice{child{device{i}}, id}
	i.linkChanged()
	return i, nil
}

// vlanDevice is a VLAN interface as a driver.
type vlanDevice struct {
	child
	id uint16
}

func (d *vlanDevice) send(f *link.Frame) { d.i.parent.path.transmit(link.PushVLAN(f, d.id)) }

func (d *vlanDevice) mayOpen() error {
	if !d.i.parent.up {
		return ErrNetDown
	}
	return nil
}

func (un *under) isVLAN(id uint16) bool {
	own, ok := un.i.VLANID()
	return ok && own == id
}

// VLANID is the identifier of a VLAN interface.
func (i *Interface) VLANID() (id uint16, ok bool) {
	d, ok := i.driver.(*vlanDevice)
	if !ok {
		return 0, false
	}
	return d.id, true
}
