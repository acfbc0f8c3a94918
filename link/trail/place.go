package trail

// Place is where something happened. Exactly one of these is set beyond the
// machine: nothing (the machine's network layer), Interface, Interface or none
// with Port (a bridge's or switch's port), or Cable with Port (its end).
type Place struct {
	// Machine is the network namespace, "bdc01" or "bdc01/c1", or the LAN whose
	// switch it is.
	Machine   string
	Interface string // "eth0", "docker0"
	Port      string // of the bridge Interface, of the switch, or the end of a cable
	Cable     string // "bdc01:eth0"
}

// At is a machine's interface.
func At(machine, iface string) Place { return Place{Machine: machine, Interface: iface} }

// PortOf is a port of the bridge at p.
func (p Place) PortOf(port string) Place {
	p.Port = port
	return p
}

// IsInterface reports whether the place is an interface or a machine as a whole:
// where captures are made. What passes cables and ports unharmed is seen at the
// interfaces on both sides.
func (p Place) IsInterface() bool { return p.Port == "" && p.Cable == "" }

// String is the place as traces and captures name it: "bdc01/docker0",
// "bdc01/docker0:veth1a2b", "lan:bdc01:eth0" (a switch's port), "bdc01:eth0/a"
// (a cable's end).
func (p Place) String() string {
	if p.Cable != "" {
		return p.Cable + "/" + p.Port
	}
	s := p.Machine
	if p.Interface != "" {
		s += "/" + p.Interface
	}
	if p.Port != "" {
		s += ":" + p.Port
	}
	return s
}
