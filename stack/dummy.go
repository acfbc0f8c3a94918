package stack

import (
	"dnetsim/link"
	"dnetsim/link/trail"
)

// AddDummy adds a dummy interface: it drops what it is given.
func (ns *Namespace) AddDummy(name string, mac MAC) (*Interface, error) {
	if ns.Lacks(KindDummy) {
		return nil, ErrNotSupported
	}
	if err := ns.devs.check(name); err != nil {
		return nil, err
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	i := ns.devs.make(name, KindDummy, mac, 1500)
	i.txqlen = 1000
	i.driver = &dummyDevice{device{i}}
	return i, nil
}

// dummyDevice is a dummy interface as a driver.
type dummyDevice struct{ device }

func (d *dummyDevice) send(f *link.Frame) { d.i.path.lose(f, trail.Swallowed) }
