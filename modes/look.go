package modes

import (
	"net/netip"

	"dnetsim/modes/network/overlay"
	"dnetsim/modes/serf"
	"dnetsim/stack"
	"dnetsim/userland"
)

// Space is the network namespace that a container uses: its own, another
// container's or the host's. It is nil while the container does not run.
func (d *Daemon) Space(c *Container) *stack.Namespace {
	if c.run.sandbox == nil {
		return nil
	}
	return c.run.sandbox.ns
}

// Machine is what a container's programs run on, or nil if it never ran.
func (d *Daemon) Machine(c *Container) *userland.Machine { return c.run.machine }

// Cluster is what a daemon knows of the cluster that it shares a store with.
type Cluster struct {
	Store     string     // cluster-store, "" for none
	Advertise string     // cluster-advertise as dockerd understood it, "ADDRESS:PORT"
	Self      netip.Addr // its address
	Gossip    bool       // the gossip agent runs: its address could be bound
	Name      string     // of the agent
	Members   []serf.Member
	Peers     []overlay.Peer
}

// Cluster is the daemon's part in a cluster, as it is now; the zero value
// without one.
func (d *Daemon) Cluster() Cluster {
	c := d.cluster
	if c == nil || !d.running {
		return Cluster{}
	}
	v := Cluster{Store: d.config.ClusterStore, Advertise: c.advertise, Self: c.self, Peers: c.driver.Peers()}
	if a := c.driver.Agent(); a != nil {
		v.Gossip, v.Name, v.Members = !a.Down(), a.Name(), a.Members()
	}
	return v
}

// Off reports whether the host has no power.
func (h *Host) Off() bool { return h.off }
