package stack

// AddDummy adds a dummy interface: it drops what it is given.
func (ns *Namespace) AddDummy(name string, mac MAC) (*Interface, error) {
	if err := ns.check(name); err != nil {
		return nil, err
	}
	if mac == (MAC{}) {
		mac = ns.randomMAC()
	}
	i := ns.newInterface(name, KindDummy, mac, 1500)
	i.txqlen = 1000
	return i, nil
}
