package child

import (
	"dnetsim/link"
	"dnetsim/stack"
)

// macvlan is the driver whose endpoints have link-layer addresses of their own
// on the parent's segment: 02:42 and the IPv4 address, as on a bridge. What the
// modes mean is the kernel's business; the parent itself, and so the host, does
// not hear its children in any of them.
var macvlan = kind{
	name:   "macvlan",
	modes:  []string{"bridge", "private", "passthru", "vepa"},
	dummy:  "dm-",
	absent: "-o parent interface does was not found on the host",
	ownMAC: true,
	add: func(ns *stack.Namespace, name string, parent *stack.Interface, mode string) (*stack.Interface, error) {
		return ns.AddMacvlan(name, link.MAC{}, parent, mode)
	},
}
