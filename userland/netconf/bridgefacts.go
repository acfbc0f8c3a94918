package netconf

import (
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

func bridgeAgeing(i *stack.Interface) time.Duration {
	if b := i.Bridge(); b != nil {
		return b.Ageing()
	}
	return 300 * time.Second
}

func portHairpin(i *stack.Interface) bool { return i.Port() != nil && i.Port().Hairpin() }

// portForwardDelay is what is left of a port's forward delay timer.
func portForwardDelay(i *stack.Interface) time.Duration {
	if i.Port() == nil {
		return 0
	}
	return i.Port().ForwardDelay()
}

func portIsolated(i *stack.Interface) bool { return i.Port() != nil && i.Port().Isolated() }

// forwardEntry is one row of a bridge's forwarding table, with the interface it
// belongs to: a port, or the bridge itself.
type forwardEntry struct {
	link.FDBEntry
	owner *stack.Interface
}

// forwardTable is a bridge's table, the newest entry first within the kinds as
// the kernel lists them: learned and static ones, then local addresses. An
// address of a port or of the bridge that the table does not hold is added.
func forwardTable(bridge *stack.Interface) []forwardEntry {
	owners := map[*link.Port]*stack.Interface{}
	ports := bridge.Ports()
	for _, i := range ports {
		owners[i.Port()] = i
	}
	var list []forwardEntry
	seen := map[link.MAC]bool{}
	entries := bridge.Bridge().FDB()
	for n := len(entries) - 1; n >= 0; n-- {
		e := entries[n]
		if e.Local {
			continue
		}
		owner := owners[e.Port]
		if owner == nil {
			owner = bridge
		}
		seen[e.MAC] = true
		list = append(list, forwardEntry{e, owner})
	}
	for _, i := range append(ports, bridge) {
		if seen[i.MAC()] {
			continue
		}
		seen[i.MAC()] = true
		list = append(list, forwardEntry{link.FDBEntry{MAC: i.MAC(), Port: i.Port(), Local: true}, i})
	}
	return list
}
