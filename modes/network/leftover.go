package network

import (
	"fmt"

	"dnetsim/stack"
)

// SetAside makes the sandbox a left over one: its container has ended, and its
// endpoints stay.
func (sb *Sandbox) SetAside() {
	sb.stopResolver()
	for _, ep := range sb.endpoints {
		ep.Orphan = true
	}
}

// NotCleaned says that the sandbox is left over.
func (sb *Sandbox) NotCleaned() string {
	return fmt.Sprintf("could not cleanup all the endpoints in container %s / sandbox %s", sb.C.ID, sb.ID)
}

// netlinkRoute is a route as Go's netlink package prints it.
func netlinkRoute(ns *stack.Namespace, r stack.Route) string {
	index, src, via, flags := 0, "<nil>", "<nil>", ""
	if i := ns.Interface(r.Dev); i != nil {
		index = i.Index()
	}
	if r.Src.IsValid() {
		src = r.Src.String()
	}
	if r.Via.IsValid() {
		via = r.Via.String()
	}
	if r.OnLink {
		flags = "onlink"
	}
	return fmt.Sprintf("{Ifindex: %d Dst: %s Src: %s Gw: %s Flags: [%s] Table: 254 Realm: 0}", index, r.Dst, src, via, flags)
}
