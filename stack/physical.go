package stack

import "dnetsim/link"

// AddPhysical adds an interface at the end of a cable. A zero mac draws a
// random one. The end must not be attached to anything else.
func (ns *Namespace) AddPhysical(name string, mac MAC, end *link.End) (*Interface, error) {
	if err := ns.devs.check(name); err != nil {
		return nil, err
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	i := ns.devs.make(name, KindPhysical, mac, 1500)
	i.txqlen = 1000
	i.driver = &physicalDevice{device{i}, end}
	end.Attach(i)
	end.OnCarrier(func(on bool) { i.linkChanged() })
	end.SetDown(true)
	i.linkChanged()
	return i, nil
}

// physicalDevice is a network card as a driver.
type physicalDevice struct {
	device
	end *link.End
}

func (d *physicalDevice) send(f *link.Frame) { d.end.Send(f) }
func (d *physicalDevice) linked() bool       { return d.end.Carrier() }
func (d *physicalDevice) close()             { d.end.Attach(nil) }

// End is the cable end behind a physical interface, or nil.
func (i *Interface) End() *link.End {
	if d, ok := i.driver.(*physicalDevice); ok {
		return d.end
	}
	return nil
}
