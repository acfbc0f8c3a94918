package stack

import (
	"slices"

	"dnetsim/link"
)

// AddBridge adds a bridge. With a zero mac it draws a random one and follows
// the lowest of its ports, as the kernel does until somebody sets it.
func (ns *Namespace) AddBridge(name string, mac MAC) (*Interface, error) {
	if err := ns.devs.check(name); err != nil {
		return nil, err
	}
	fixed := mac != (MAC{})
	if !fixed {
		mac = ns.randomMAC()
	}
	i := ns.devs.make(name, KindBridge, mac, 1500)
	d := &bridgeDevice{device: device{i}, fixed: fixed, bridge: link.NewBridgeAt(ns.loop, i.place)}
	d.self = d.bridge.Local()
	d.self.Attach(link.ReceiverFunc(i.path.receive))
	d.bridge.AddLocal(mac, d.self)
	d.bridge.SetArrivalHook(i.bridged.arrival)
	d.bridge.SetForwardHook(i.bridged.forward)
	i.driver = d
	return i, nil
}

// SetMaster makes the interface a port of a bridge, or releases it if bridge is
// nil. It returns ErrBusy if the bridge sends by it or it by the bridge,
// ErrLoop for a bridge, ErrTooManyLinks for too high a stack, and ErrInvalid for
// what else cannot be a port.
func (i *Interface) SetMaster(bridge *Interface) error {
	if bridge == i.Master() {
		return nil
	}
	if i.master != nil {
		i.master.release(i)
	}
	if bridge == nil {
		return nil
	}
	d, ok := bridge.driver.(*bridgeDevice)
	if !ok || bridge.ns != i.ns || i.kind == KindLoopback {
		return ErrInvalid
	}
	if i.kind == KindBridge {
		return ErrLoop
	}
	if i.under.macvlan != nil || i.under.ipvlan != nil {
		return ErrBusy
	}
	if err := i.under.mayCarry(bridge); err != nil {
		return err
	}
	i.master = d
	i.port = d.bridge.AddPort(i.name)
	i.port.Attach(link.ReceiverFunc(i.path.transmit))
	i.port.SetMTU(i.mtu)
	d.slaves, d.hadPorts = append(d.slaves, i), true
	d.followPort(i)
	d.bridge.AddLocal(i.mac, i.port)
	i.linkChanged()
	return nil
}

// HasHadPorts reports whether an interface is a bridge that has a port or had one:
// from then on it has the segment size limits that its ports leave it
// (br_set_gso_limits).
func HasHadPorts(i *Interface) bool {
	d, ok := i.driver.(*bridgeDevice)
	return ok && d.hadPorts
}

// enablePorts disables the ports of a bridge that was set down, which forwards
// nothing then, and enables those with a carrier of one that was set up
// (br_stp_disable_bridge, br_stp_enable_bridge).
func (d *bridgeDevice) enablePorts() {
	for _, s := range d.slaves {
		s.port.SetDown(!s.carrier || !d.i.up)
	}
}

// release takes a port out of the bridge.
func (d *bridgeDevice) release(i *Interface) {
	d.bridge.RemovePort(i.port)
	i.port, i.master = nil, nil
	d.slaves = slices.DeleteFunc(d.slaves, func(s *Interface) bool { return s == i })
	if i.mac == d.i.mac || !slices.ContainsFunc(d.slaves, func(s *Interface) bool { return s.mtu == d.i.mtu }) {
		d.followPorts() // otherwise another port has the lowest of both
	}
	d.i.linkChanged()
}

// followPort is followPorts for a bridge that has one port more: what it has is the
// lowest of the others.
func (d *bridgeDevice) followPort(i *Interface) {
	if len(d.slaves) == 1 {
		d.followPorts()
		return
	}
	if !d.fixedMTU && i.mtu < d.i.mtu {
		d.i.setMTU(i.mtu)
	}
	if !d.fixed && slices.Compare(i.mac[:], d.i.mac[:]) < 0 {
		d.setMAC(i.mac)
		d.i.mac = i.mac
	}
}

// followPorts recomputes what a bridge takes from its ports: the lowest MTU and
// the lowest MAC, if nobody has set one (br_mtu_auto_adjust,
// br_stp_recalculate_bridge_id).
func (d *bridgeDevice) followPorts() {
	if !d.fixedMTU {
		low := 0
		for _, s := range d.slaves {
			if low == 0 || s.mtu < low {
				low = s.mtu
			}
		}
		if low == 0 {
			low = 1500
		}
		d.i.setMTU(low)
	}
	if len(d.slaves) == 0 {
		return
	}
	if !d.fixed {
		low := d.slaves[0].mac
		for _, s := range d.slaves[1:] {
			if slices.Compare(s.mac[:], low[:]) < 0 {
				low = s.mac
			}
		}
		if low != d.i.mac {
			d.setMAC(low)
			d.i.mac = low
		}
	}
}

// setMAC moves the bridge's own address in its forwarding table.
func (d *bridgeDevice) setMAC(mac MAC) {
	if p, ok := d.bridge.Lookup(d.i.mac); ok && p == d.self {
		d.bridge.Forget(d.i.mac)
	}
	d.bridge.AddLocal(mac, d.self)
}

// bridgeDevice is a bridge as a driver.
type bridgeDevice struct {
	device
	bridge   *link.Bridge
	self     *link.Port // the bridge's own port, towards this host
	fixed    bool       // its MAC was set, it does not follow its ports
	fixedMTU bool       // its MTU likewise
	hadPorts bool       // it has had a port
	slaves   []*Interface
}

func (d *bridgeDevice) send(f *link.Frame) { d.self.Receive(f) }

func (d *bridgeDevice) linked() bool {
	return slices.ContainsFunc(d.slaves, func(s *Interface) bool { return s.up && s.carrier })
}

func (d *bridgeDevice) update() { d.bridge.SetPlace(d.i.place) }

// Bridge is the learning bridge of a bridge interface, or nil.
func (i *Interface) Bridge() *link.Bridge {
	if d, ok := i.driver.(*bridgeDevice); ok {
		return d.bridge
	}
	return nil
}

// Ports are the interfaces enslaved to a bridge, in the order in which they
// were.
func (i *Interface) Ports() []*Interface { return slices.Clone(i.slaves()) }

func (i *Interface) slaves() []*Interface {
	if d, ok := i.driver.(*bridgeDevice); ok {
		return d.slaves
	}
	return nil
}

// Master is the bridge that the interface is a port of, or nil.
func (i *Interface) Master() *Interface {
	if i.master == nil {
		return nil
	}
	return i.master.i
}
