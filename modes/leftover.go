package modes

import (
	"fmt"
	"maps"
	"slices"

	"dnetsim/modes/nat"
	"dnetsim/modes/network"
)

// A sandbox is left over when its container has ended and the cluster store
// could not be told: the endpoints stay in the store, and the namespace with
// its interfaces stays on the host until somebody can.

func (nw *Networks) notDeleted(sb *network.Sandbox) {
	nw.d.Journal.Write("error", fmt.Sprintf("Error deleting sandbox id %s for container %s: %s", sb.ID, sb.C.ID, sb.NotCleaned()))
}

// leaveAll takes a container that has ended out of networks that span hosts. If
// the store does not answer, its sandbox is left over.
func (nw *Networks) leaveAll(c *Container) {
	sb := c.run.sandbox
	if nw.d.net.Reachable(sb) {
		c.run.sandbox.DisconnectAll()
		return
	}
	nw.notDeleted(sb)
	nw.setAside(c)
}

// setAside makes a container's sandbox a left over one.
func (nw *Networks) setAside(c *Container) {
	sb := c.run.sandbox
	c.run.leftover, c.run.sandbox = sb, nil
	sb.SetAside()
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		c.NetworkSettings.Networks[name].Clear()
	}
	c.NetworkSettings.Ports = map[nat.Port][]nat.PortBinding{}
}

// cleanLeftover tries again to give back what an ended container held.
func (nw *Networks) cleanLeftover(c *Container) bool {
	sb := c.run.leftover
	if sb == nil {
		return true
	}
	if !nw.d.net.Reachable(sb) {
		return false
	}
	c.run.leftover = nil
	current := c.run.sandbox
	c.run.sandbox = sb
	c.run.sandbox.DisconnectAll()
	c.run.sandbox = current
	nw.d.net.DropSandbox(sb)
	sb.Release()
	return true
}

// cleanLeftovers is what dockerd tries when it starts.
func (nw *Networks) cleanLeftovers() {
	all := append(append([]*Container(nil), nw.d.Containers.all...), nw.d.Containers.strays...)
	nw.d.Containers.strays = nil
	for _, c := range all {
		sb := c.run.leftover
		if sb == nil {
			continue
		}
		nw.d.Journal.Write("info", fmt.Sprintf("Removing stale sandbox %s (%s)", sb.ID, c.ID))
		if !nw.cleanLeftover(c) {
			sb.DropGateway()
			nw.d.Journal.Write("error", fmt.Sprintf("Failed to delete sandbox %s while trying to cleanup: %s", sb.ID, sb.NotCleaned()))
			if c.run.removed {
				nw.d.Containers.strays = append(nw.d.Containers.strays, c)
			}
		}
	}
}
