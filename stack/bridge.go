package stack

import (
	"slices"

	"dnetsim/link"
)

// AddBridge adds a bridge. With a zero mac it draws a random one and follows
// the lowest of its ports, as the kernel does until somebody sets it.
func (ns *Namespace) AddBridge(name string, mac MAC) (*Interface, error) {
	if err := ns.check(name); err != nil {
		return nil, err
	}
	fixed := mac != (MAC{})
	if !fixed {
		mac = ns.randomMAC()
	}
	i := ns.newInterface(name, KindBridge, mac, 1500)
	i.fixed = fixed
	i.bridge = link.NewBridgeAt(ns.loop, i.place)
	i.self = i.bridge.Local()
	i.self.Attach(link.ReceiverFunc(i.receive))
	i.bridge.AddLocal(mac, i.self)
	i.bridge.SetArrivalHook(i.bridgeArrival)
	i.bridge.SetForwardHook(i.bridgeForward)
	return i, nil
}

// SetMaster makes the interface a port of a bridge, or releases it if bridge is
// nil. It returns ErrBusy if the bridge sends by it or it by the bridge,
// ErrLoop for a bridge, ErrTooManyLinks for too high a stack, and ErrInvalid for
// what else cannot be a port.
func (i *Interface) SetMaster(bridge *Interface) error {
	if bridge == i.master {
		return nil
	}
	if i.master != nil {
		i.release()
	}
	if bridge == nil {
		return nil
	}
	if bridge.bridge == nil || bridge.ns != i.ns || i.kind == KindLoopback {
		return ErrInvalid
	}
	if i.kind == KindBridge {
		return ErrLoop
	}
	if i.macvlan != nil || i.ipvlan != nil {
		return ErrBusy
	}
	if err := i.mayCarry(bridge); err != nil {
		return err
	}
	i.master = bridge
	i.port = bridge.bridge.AddPort(i.name)
	i.port.Attach(link.ReceiverFunc(i.transmit))
	bridge.slaves = append(bridge.slaves, i)
	bridge.followPorts()
	bridge.bridge.AddLocal(i.mac, i.port)
	i.linkChanged()
	return nil
}

// release takes the interface out of its bridge.
func (i *Interface) release() {
	b := i.master
	b.bridge.RemovePort(i.port)
	i.port, i.master = nil, nil
	b.slaves = slices.DeleteFunc(b.slaves, func(s *Interface) bool { return s == i })
	b.followPorts()
	b.linkChanged()
}

// followPorts recomputes what a bridge takes from its ports: the lowest MTU and
// the lowest MAC, if nobody has set one (br_mtu_auto_adjust,
// br_stp_recalculate_bridge_id).
func (i *Interface) followPorts() {
	if !i.fixedMTU {
		low := 0
		for _, s := range i.slaves {
			if low == 0 || s.mtu < low {
				low = s.mtu
			}
		}
		if low == 0 {
			low = 1500
		}
		i.setMTU(low)
	}
	if len(i.slaves) == 0 {
		return
	}
	if !i.fixed {
		low := i.slaves[0].mac
		for _, s := range i.slaves[1:] {
			if slices.Compare(s.mac[:], low[:]) < 0 {
				low = s.mac
			}
		}
		if low != i.mac {
			i.setBridgeMAC(low)
			i.mac = low
		}
	}
}

// setBridgeMAC moves the bridge's own address in its forwarding table.
func (i *Interface) setBridgeMAC(mac MAC) {
	if p, ok := i.bridge.Lookup(i.mac); ok && p == i.self {
		i.bridge.Forget(i.mac)
	}
	i.bridge.AddLocal(mac, i.self)
}
