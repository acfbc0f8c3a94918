package stack

import "dnetsim/link/trail"

// SetUp brings the interface up or down. Down removes its routes, IPv6
// addresses and neighbours; up adds the connected routes again.
func (i *Interface) SetUp(up bool) error {
	if i.ns == nil {
		return ErrNoDevice // it was deleted
	}
	if i.up == up {
		return nil
	}
	if up {
		if err := i.driver.mayOpen(); err != nil {
			return err
		}
	}
	i.up = up
	if up {
		if i.kind == KindLoopback {
			i.ipAddrs.addLoopbackAddrs()
		}
		for _, a := range i.ipAddrs.list {
			i.ipAddrs.addConnected(a)
		}
		i.ns.routes.fib.revive(i)
	} else {
		i.ns.routes.fib.remove(func(r *route) bool { return r.dev != i })
		i.ns.neigh.flush(func(n *neighbour) bool { return n.dev == i })
		i.ndp.unready()
	}
	if end := i.End(); end != nil {
		end.SetDown(!up)
	}
	i.linkChanged()
	if d, ok := i.driver.(*bridgeDevice); ok {
		d.enablePorts()
	}
	i.under.vlansFollow()
	if p := i.Peer(); p != nil {
		p.linkChanged()
	}
	return nil
}

// linkChanged looks at the carrier again and acts on a change: a bridge looks
// at its ports, IPv6 makes or forgets its link-local address.
func (i *Interface) linkChanged() {
	was := i.carrier
	i.carrier = i.up && i.driver.linked()
	if i.ns == nil {
		return
	}
	i.under.tellStacked()
	if i.port != nil {
		i.port.SetDown(!i.carrier || !i.master.i.up)
	}
	if i.master != nil {
		i.master.i.linkChanged()
	}
	if was && !i.carrier && i.up {
		i.ns.neigh.flush(func(n *neighbour) bool { return n.dev == i && n.state != NeighPermanent })
	}
	if i.carrier && i.up {
		i.ndp.ready()
	}
}

// SetMTU changes the largest packet size. It returns ErrInvalid for one that
// the kernel refuses.
func (i *Interface) SetMTU(mtu int) error {
	if mtu < 68 || mtu > 65535 && i.kind != KindLoopback {
		return ErrInvalid
	}
	if err := i.under.mtuAllowed(mtu); err != nil {
		return err
	}
	if d, ok := i.driver.(*bridgeDevice); ok {
		d.fixedMTU = true
	}
	i.setMTU(mtu)
	return nil
}

func (i *Interface) setMTU(mtu int) {
	if i.mtu == mtu {
		return
	}
	i.mtu = mtu
	i.under.lowerUppers()
	if mtu < 1280 {
		i.ndp.unready()
	}
	if i.master != nil {
		i.port.SetMTU(mtu)
		i.master.followPorts()
	}
}

// SetMAC changes the link-layer address. Neighbours of the interface are
// forgotten.
func (i *Interface) SetMAC(mac MAC) error {
	if mac.IsMulticast() || mac == (MAC{}) {
		return ErrAddrNotAvail
	}
	if done, err := i.driver.mayHave(mac); done || err != nil {
		return err
	}
	if d, ok := i.driver.(*bridgeDevice); ok {
		d.fixed = true
		d.setMAC(mac)
	}
	if i.port != nil {
		i.master.bridge.Forget(i.mac)
		i.master.bridge.AddLocal(mac, i.port)
	}
	old := i.mac
	i.mac = mac
	i.under.macChanged(old)
	i.ns.neigh.flush(func(n *neighbour) bool { return n.dev == i && n.state != NeighPermanent })
	if i.master != nil {
		i.master.followPorts()
	}
	return nil
}

// Rename changes the name. Like the kernel since 6.2 it may be up.
func (i *Interface) Rename(name string) error {
	if name == i.name {
		return nil
	}
	if err := i.ns.devs.check(name); err != nil {
		return err
	}
	delete(i.ns.devs.byName, i.name)
	i.ns.sys.renameInterface(i.name, name)
	for _, a := range i.ipAddrs.list {
		if a.Label == i.name {
			a.Label = name
		}
	}
	i.name = name
	i.place = trail.At(i.ns.name, name)
	i.ns.devs.byName[name] = i
	if i.port != nil {
		i.port.SetName(name)
	}
	i.driver.update()
	return nil
}

// MoveTo moves the interface into another namespace and renames it if newName
// is not empty. It keeps its index if that is free there, and its counters; it
// is down and has no addresses afterwards, as in the kernel.
func (i *Interface) MoveTo(ns *Namespace, newName string) error {
	if newName == "" {
		newName = i.name
	}
	if i.kind == KindLoopback || i.kind == KindBridge {
		return ErrInvalid
	}
	if ns == i.ns {
		return i.Rename(newName)
	}
	if err := ns.devs.check(newName); err != nil {
		return err
	}
	if i.master != nil {
		i.master.release(i)
	}
	i.SetUp(false)
	i.ns.devs.detach(i)
	i.name = newName
	if ns.InterfaceByIndex(i.index) != nil {
		ns.devs.lastIndex++
		i.index = ns.devs.lastIndex
	}
	ns.devs.lastIndex = max(ns.devs.lastIndex, i.index)
	ns.devs.attach(i)
	i.linkChanged()
	return nil
}

// Delete removes the interface; of a veth pair, both ends. It returns
// ErrNotSupported for lo and for a physical interface.
func (i *Interface) Delete() error {
	if i.kind == KindLoopback || i.kind == KindPhysical {
		return ErrNotSupported
	}
	if i.ns == nil {
		return ErrNoDevice
	}
	i.delete()
	return nil
}

func (i *Interface) delete() {
	if i.ns == nil {
		return
	}
	for _, s := range i.Ports() {
		s.master.release(s)
	}
	i.under.deleteUppers()
	if i.master != nil {
		i.master.release(i)
	}
	i.SetUp(false)
	i.under.unstack()
	i.ns.devs.detach(i)
	i.ns = nil
	if p := i.parted(); p != nil {
		p.delete()
	}
}
