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
