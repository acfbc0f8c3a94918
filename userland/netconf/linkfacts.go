package netconf

import (
	"fmt"
	"slices"
	"strings"

	"dnetsim/stack"
)

// linkFacts is what every tool that lists interfaces says about one.
type linkFacts struct {
	*stack.Interface
	parent    int    // index of the device it hangs on or is a peer of; 0: none
	parentTag string // what follows "@": "if7", or the name if it is in the same namespace
	foreign   bool   // the parent is in another namespace
	nsid      int    // the number of that namespace here
	mdown     bool   // the parent is here and down
}

// factsOf gathers the facts of an interface. The number of a foreign namespace
// is its place among the foreign namespaces that the interfaces of this one,
// by index, are tied to: the kernel numbers them as it first meets them.
func factsOf(i *stack.Interface) linkFacts {
	f := linkFacts{Interface: i, parent: i.PeerIndex()}
	if f.parent == 0 {
		return f
	}
	ns, peer := i.Namespace(), i.PeerNamespace()
	if peer != nil && peer != ns {
		f.foreign = true
		f.parentTag = fmt.Sprintf("if%d", f.parent)
		f.nsid = foreignNumber(ns, peer)
		return f
	}
	f.parentTag = fmt.Sprintf("if%d", f.parent)
	if up := ns.InterfaceByIndex(f.parent); up != nil {
		f.parentTag = up.Name()
		f.mdown = !up.Up()
	}
	return f
}

// foreignNumber is the number of a namespace among the foreign ones.
func foreignNumber(ns, wanted *stack.Namespace) int {
	for n, seen := range foreignNamespaces(ns) {
		if seen == wanted {
			return n
		}
	}
	return 0
}

// foreignNamespaces are the other namespaces that the interfaces of ns are tied
// to, in the order of the interfaces.
func foreignNamespaces(ns *stack.Namespace) []*stack.Namespace {
	var seen []*stack.Namespace
	for _, i := range ns.Interfaces() {
		peer := i.PeerNamespace()
		if i.PeerIndex() == 0 || peer == nil || peer == ns || slices.Contains(seen, peer) {
			continue
		}
		seen = append(seen, peer)
	}
	return seen
}

// displayName is the name with its parent, "eth0@if7".
func (f linkFacts) displayName() string {
	if f.parentTag == "" {
		return f.Name()
	}
	return f.Name() + "@" + f.parentTag
}

// linkFlagNames are the flags in the order in which iproute2 and busybox print
// them between angle brackets.
var linkFlagNames = []struct {
	bit  stack.Flags
	name string
}{
	{stack.FlagLoopback, "LOOPBACK"}, {stack.FlagBroadcast, "BROADCAST"},
	{stack.FlagPointopnt, "POINTOPOINT"}, {stack.FlagMulticast, "MULTICAST"},
	{stack.FlagNoARP, "NOARP"}, {stack.FlagAllMulti, "ALLMULTI"}, {stack.FlagPromisc, "PROMISC"},
	{stack.FlagUp, "UP"}, {stack.FlagLowerUp, "LOWER_UP"},
}

// flagNames lists the flags as words.
func (f linkFacts) flagNames() []string {
	flags := f.Flags()
	var names []string
	if flags&stack.FlagUp != 0 && flags&stack.FlagRunning == 0 {
		names = append(names, "NO-CARRIER")
	}
	for _, n := range linkFlagNames {
		if flags&n.bit != 0 {
			names = append(names, n.name)
		}
	}
	if f.mdown {
		names = append(names, "M-DOWN")
	}
	return names
}

func (f linkFacts) flagList() string { return "<" + strings.Join(f.flagNames(), ",") + ">" }

// qdisc is the queueing discipline: none is modelled, so it is noqueue, or noop
// for a device that has never been up.
func (f linkFacts) qdisc() string {
	c := f.Counters()
	if !f.Up() && c.TxPackets == 0 && c.RxPackets == 0 && c.TxDropped == 0 {
		return "noop"
	}
	return "noqueue"
}

// linkType is the kernel's hardware type in iproute2's words.
func (f linkFacts) linkType() string {
	if f.Kind() == stack.KindLoopback {
		return "loopback"
	}
	return "ether"
}

// broadcastMAC is the link-layer broadcast address.
func (f linkFacts) broadcastMAC() string {
	if f.Kind() == stack.KindLoopback {
		return "00:00:00:00:00:00"
	}
	return "ff:ff:ff:ff:ff:ff"
}

// portState is the state of a bridge port without spanning tree.
func (f linkFacts) portState() string {
	if f.Up() && f.Carrier() && f.Master().Up() {
		return "forwarding"
	}
	return "disabled"
}

// portNumber is the bridge port number, from 1.
func (f linkFacts) portNumber() int {
	for n, port := range f.Master().Ports() {
		if port == f.Interface {
			return n + 1
		}
	}
	return 0
}

// portCost is the path cost: 2 for a 10 Gbit/s device, 100 for one that tells
// no speed.
func (f linkFacts) portCost() int {
	if f.Kind() == stack.KindVXLAN || f.Kind() == stack.KindDummy {
		return 100
	}
	return 2
}
