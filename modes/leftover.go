package modes

import (
	"dnetsim/modes/nat"
	"fmt"
	"maps"
	"slices"
)

// A sandbox is left over when its container has ended and the cluster store
// could not be told: the endpoints stay in the store, and the namespace with
// its interfaces stays on the host until somebody can.

// reachable reports whether the store knows all of the sandbox's networks now.
func (d *Daemon) reachable(sb *sandbox) bool {
	d.refreshGlobal()
	all := true
	for _, ep := range sb.endpoints {
		if ep.net.core.global == nil || d.hasNetwork(ep.net) {
			continue
		}
		all = false
		d.Journal.Write("warning", fmt.Sprintf("Failed getting network for ep %s during sandbox %s delete: network %s not found", ep.ID, sb.id, ep.net.ID))
	}
	return all
}

func (d *Daemon) hasNetwork(n *Network) bool {
	for _, x := range d.networks {
		if x == n {
			return true
		}
	}
	return false
}

func notCleaned(sb *sandbox) string {
	return fmt.Sprintf("could not cleanup all the endpoints in container %s / sandbox %s", sb.c.ID, sb.id)
}

func (d *Daemon) notDeleted(sb *sandbox) {
	d.Journal.Write("error", fmt.Sprintf("Error deleting sandbox id %s for container %s: %s", sb.id, sb.c.ID, notCleaned(sb)))
}

// leaveAll takes a container that has ended out of networks that span hosts. If
// the store does not answer, its sandbox is left over.
func (d *Daemon) leaveAll(c *Container) {
	sb := c.run.sandbox
	if d.reachable(sb) {
		d.disconnectAll(c)
		return
	}
	d.notDeleted(sb)
	d.setAside(c)
}

// setAside makes a container's sandbox a left over one.
func (d *Daemon) setAside(c *Container) {
	sb := c.run.sandbox
	c.run.leftover, c.run.sandbox = sb, nil
	sb.stopResolver()
	for _, ep := range sb.endpoints {
		ep.Orphan = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		c.NetworkSettings.Networks[name].Clear()
	}
	c.NetworkSettings.Ports = map[nat.Port][]nat.PortBinding{}
}

// cleanLeftover tries again to give back what an ended container held.
func (d *Daemon) cleanLeftover(c *Container) bool {
	sb := c.run.leftover
	if sb == nil {
		return true
	}
	if !d.reachable(sb) {
		return false
	}
	c.run.leftover = nil
	current := c.run.sandbox
	c.run.sandbox = sb
	d.disconnectAll(c)
	c.run.sandbox = current
	d.dropSandbox(sb)
	sb.release()
	return true
}

// cleanLeftovers is what dockerd tries when it starts.
func (d *Daemon) cleanLeftovers() {
	all := append(append([]*Container(nil), d.Containers.all...), d.Containers.strays...)
	d.Containers.strays = nil
	for _, c := range all {
		sb := c.run.leftover
		if sb == nil {
			continue
		}
		d.Journal.Write("info", fmt.Sprintf("Removing stale sandbox %s (%s)", sb.id, c.ID))
		if !d.cleanLeftover(c) {
			d.Journal.Write("error", fmt.Sprintf("Failed to delete sandbox %s while trying to cleanup: %s", sb.id, notCleaned(sb)))
			if c.run.removed {
				d.Containers.strays = append(d.Containers.strays, c)
			}
		}
	}
}
