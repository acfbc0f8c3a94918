package stack

// NewVeth adds a veth pair: `ip link add aName type veth peer name bName`. As
// in the kernel the peer, b, is registered first and has the lower index if
// both are in one namespace. Zero MACs draw random ones. Both ends start down.
func NewVeth(a *Namespace, aName string, aMAC MAC, b *Namespace, bName string, bMAC MAC) (*Interface, *Interface, error) {
	if err := a.check(aName); err != nil {
		return nil, nil, err
	}
	if err := b.check(bName); err != nil {
		return nil, nil, err
	}
	if a == b && aName == bName {
		return nil, nil, ErrExist
	}
	if bMAC == (MAC{}) {
		bMAC = b.randomMAC()
	}
	if aMAC == (MAC{}) {
		aMAC = a.randomMAC()
	}
	bi := b.newInterface(bName, KindVeth, bMAC, 1500)
	ai := a.newInterface(aName, KindVeth, aMAC, 1500)
	ai.peer, bi.peer = bi, ai
	return ai, bi, nil
}
