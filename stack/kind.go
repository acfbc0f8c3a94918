package stack

// Kind is what sort of interface it is.
type Kind uint8

// The kinds of interfaces.
const (
	KindLoopback Kind = iota + 1
	KindPhysical
	KindVeth
	KindBridge
	KindDummy
	KindMacvlan
	KindIPvlan
	KindVLAN
	KindVXLAN
)

// String is the kind in the words of `ip link add type`.
func (k Kind) String() string { return kindNames[k] }

var kindNames = [...]string{
	KindLoopback: "loopback", KindPhysical: "physical", KindVeth: "veth", KindBridge: "bridge", KindDummy: "dummy",
	KindMacvlan: "macvlan", KindIPvlan: "ipvlan", KindVLAN: "vlan", KindVXLAN: "vxlan",
}

// Optional are the kinds that a kernel may be built without, by their names.
func Optional() map[string]Kind {
	out := map[string]Kind{}
	for _, k := range []Kind{KindDummy, KindMacvlan, KindIPvlan, KindVLAN, KindVXLAN} {
		out[k.String()] = k
	}
	return out
}

// Modules are parts of a kernel that are no interfaces and that it may be built without.
type Modules struct {
	IPVS bool // the load balancer
	ESP  bool // IPsec's encryption; policies are there all the same
	// IPTables is the kernel's own iptables: with it goes the program's legacy variant,
	// and rules of iptables are tables of nf_tables.
	IPTables bool
}

// remembersCarrier reports whether the carrier is what it was when the link
// last changed. The others have that of the device below, or always one.
func (k Kind) remembersCarrier() bool {
	return k == KindPhysical || k == KindVeth || k == KindBridge
}

// reportsNoState reports whether the kind leaves its operational state unknown.
func (k Kind) reportsNoState() bool {
	return k == KindLoopback || k == KindDummy || k == KindVXLAN
}

// countsItself reports whether the driver keeps the counters: a tunnel counts
// what it encapsulates.
func (k Kind) countsItself() bool { return k == KindVXLAN }
