package modes

import (
	"dnetsim/modes/container"
	"dnetsim/modes/network"
	"dnetsim/modes/network/overlay"
	"dnetsim/stack"
	"dnetsim/userland"
)

// Holdings are what a daemon has given out and set up at one moment, for checks
// that compare its books with each other and with the kernel's tables. They are
// copies; taking them passes no time and asks nobody.
type Holdings struct {
	Running bool
	// Settled: no container is on its way up, down or out. Books need to agree
	// with each other only then.
	Settled    bool
	Containers []*Container
	Networks   []network.Holding
	Pools      []network.PoolHolding // of the daemon's own address space
	Ports      []network.PortHolding
	Overlays   map[string]*stack.Namespace // of overlay networks, by network id
}

// Holdings are the daemon's at this moment.
func (d *Daemon) Holdings() Holdings {
	h := Holdings{
		Running: d.running, Settled: d.settled(), Containers: append([]*Container(nil), d.Containers.all...),
		Overlays: map[string]*stack.Namespace{},
	}
	for _, n := range d.net.Networks {
		h.Networks = append(h.Networks, d.net.Holding(n))
	}
	if d.net.Ipam != nil {
		h.Pools = d.net.Ipam.Holdings()
	}
	if p := d.net.Bridges.Ports(); p != nil {
		h.Ports = p.Taken()
	}
	if o, ok := d.net.Drivers["overlay"].(*overlay.Driver); ok {
		h.Overlays = o.Namespaces()
	}
	return h
}

func (d *Daemon) settled() bool {
	if d.starting != nil || d.Containers.reaping > 0 {
		return false
	}
	for _, c := range d.Containers.all {
		r := c.run
		if r.removing || (r.pid1 == nil) != (r.sandbox == nil) || c.State.Status == container.Restarting {
			return false
		}
	}
	return true
}

// Space is the network namespace that a container uses: its own, another
// container's or the host's. It is nil while the container does not run.
func (c *Container) Space() *stack.Namespace {
	if c.run.sandbox == nil {
		return nil
	}
	return c.run.sandbox.NS
}

// Machine is what a container's programs run on, or nil if it never ran.
func (c *Container) Machine() *userland.Machine { return c.run.machine }

// Cluster is the host's part in a cluster or a swarm, as it is now; the zero value
// without one.
func (h *Host) Cluster() network.View {
	if !h.Daemon.running {
		return network.View{}
	}
	if h.Daemon.net.Global.Active() {
		return h.Daemon.net.Global.View()
	}
	return h.Daemon.net.Agent.View()
}

// Swarm is what the host's engine knows of the swarm that it is a node of, as it is now;
// the zero value while the engine does not run.
func (h *Host) Swarm() SwarmView {
	if !h.Daemon.running {
		return SwarmView{}
	}
	return h.Daemon.Swarm.node.View()
}

// Off reports whether the host has no power.
func (h *Host) Off() bool { return h.off }
