package stack

import "dnetsim/link"

// driver is what is behind an interface: there is one for each kind. Most embed
// a [device], which does nothing.
type driver interface {
	// send takes over one reference of a frame that the interface sends.
	send(f *link.Frame)
	// linked reports whether the link below works, be the interface up or not.
	linked() bool
	// mayOpen is why the interface cannot come up now (ndo_open).
	mayOpen() error
	// mayHave is why it cannot have an address, or done if a change of the device
	// below has done it.
	mayHave(mac MAC) (done bool, err error)
	// update looks at the interface again: its name, address or state changed.
	update()
	// close ends it; the interface is being deleted.
	close()
}

// device is an interface as a driver that has a link always and no opinion.
type device struct{ i *Interface }

func (d *device) linked() bool                     { return true }
func (d *device) mayOpen() error                   { return nil }
func (d *device) mayHave(MAC) (done bool, _ error) { return false, nil }
func (d *device) update()                          {}
func (d *device) close()                           {}

// child is an interface on a parent, whose link is the parent's.
type child struct{ device }

func (d *child) linked() bool {
	p := d.i.parent
	return p != nil && p.up && p.Carrier()
}
