// Package overlay is the driver of overlay networks: for each network a namespace
// of its own on every host that has a container in it, with a bridge and a
// tunnel, and what the hosts tell each other of their containers. Networks and
// tunnel identifiers are in the cluster store; it owns no endpoint's address.
// Start reading at [Driver], then sandbox.go (what is in the kernel), gossip.go
// (what is told) and peerdb.go (what is believed).
package overlay

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
	"dnetsim/sim"
)

// The options of the overlay driver.
const (
	OptVxlanIDs  = "com.docker.network.driver.overlay.vxlanid_list"
	OptEncrypted = "encrypted"
)

// plane is a control plane: who knows the networks, and how the hosts hear of each
// other's containers.
type plane interface {
	// publish makes a new network known, find finds one that this host has not met (nil if
	// there is none), withdraw ends one.
	publish(n *network) error
	find(id string) *network
	withdraw(n *network) error
	// obtainVNI sees to it that a subnet has a tunnel identifier.
	obtainVNI(n *network, s *subnet) error
	// announce tells the other hosts that an endpoint has joined, or left.
	announce(joined bool, ep *driver.Endpoint)
	// watches reports whether what the kernel misses is asked about, which resolve does.
	watches() bool
	resolve(network string, ip netip.Addr) (mac link.MAC, bits int, vtep netip.Addr, err error)
	close()
}

// Driver is the driver of overlay networks of one run of dockerd. What it knows
// of other hosts' containers is in memory and comes by gossip.
type Driver struct {
	host     *driver.Host
	plane    plane
	begun    bool          // the first network was made
	joinTime time.Duration // how long a container's joining takes, beside the plane
	port     uint16        // of the tunnels
	boxes    *Sandboxes
	address  netip.Addr // where tunnels of other hosts reach this one; invalid if unusable
	networks map[string]*network
	secure   security
	peers    peerTable
	queue    []peerOp
	queued   sim.Cond
	procs    []*sim.Proc
	probed   bool       // a test device was made
	stale    []*network // whose sandboxes earlier runs left behind
	closed   bool
}

var _ driver.Driver = (*Driver)(nil)

// begin begins a run: it takes over what the one before (nil if there was none, or
// the host lost its power since) left in the kernel, of which boxes knows.
func begin(h *driver.Host, joinTime time.Duration, boxes *Sandboxes, before *Driver) *Driver {
	o := &Driver{host: h, joinTime: joinTime, port: link.VXLANPort, boxes: boxes, networks: map[string]*network{}}
	o.adopt(before)
	o.procs = append(o.procs, h.Loop().Go("overlay peers "+h.Name, o.peerLoop))
	return o
}

// Capability says that the networks are of the whole cluster.
func (o *Driver) Capability() driver.Capability {
	return driver.Capability{Global: true, Pools: driver.HasPools}
}

// Close forgets everything, as the end of the process does.
func (o *Driver) Close() {
	if o.closed {
		return
	}
	o.closed = true
	for _, p := range o.procs {
		if p != o.host.Loop().Current() {
			p.Kill()
		}
	}
	for _, id := range sortedKeys(o.networks) {
		if b := o.networks[id].box; b != nil {
			b.unwatch(o.host.Loop())
		}
	}
	o.plane.close()
}

// adopt takes over what an earlier run of dockerd left in the kernel. Sandboxes
// with containers that still run go on, without anybody who watches their
// misses; the others are cleared away when their networks are used again.
func (o *Driver) adopt(old *Driver) {
	if old == nil {
		return
	}
	o.stale = old.stale
	for _, id := range sortedKeys(old.networks) {
		n := old.networks[id]
		if n.box == nil {
			continue
		}
		live := false
		for _, ep := range n.sortedEndpoints() {
			if !ep.joined || ep.Orphan {
				continue
			}
			live = true
			o.push(peerOp{
				kind: peerAdd, network: id, endpoint: ep.ID, ip: ep.Addr.Addr(), bits: ep.Addr.Bits(), mac: ep.MAC,
				local: true, caller: "restoreEndpoints",
			})
		}
		if !live {
			o.stale = append(o.stale, n)
			continue
		}
		n.o = o
		o.networks[id] = n
	}
}

// clearStale removes the sandbox that an earlier run left for a network.
func (o *Driver) clearStale(id string) {
	var kept []*network
	for _, n := range o.stale {
		if n.id == id {
			if b := n.box; b != nil {
				n.destroySandbox()
				o.host.Remove(b.key)
			}
			continue
		}
		kept = append(kept, n)
	}
	o.stale = kept
}

// dropTables takes away what a dockerd with the nftables backend has left of its encryption,
// before the first network.
func (o *Driver) dropTables() {
	if o.begun || !o.host.Profile.LaterGossip {
		return
	}
	o.begun = true
	if err := o.host.Nft("delete table ip docker-overlay"); err != nil {
		o.host.Log("info", "Deleting overlay encryption nftables rules", "error", err.Error())
	}
}

// CreateNetwork is the driver's part of a new network: no device, only a key.
func (o *Driver) CreateNetwork(n *driver.Network) error {
	if o.closed {
		return driver.ErrGone
	}
	o.dropTables()
	on := &network{o: o, id: n.ID, endpoints: map[string]*member{}}
	var vnis []uint32
	if list, ok := n.Options[OptVxlanIDs]; ok {
		for _, s := range strings.Split(list, ",") {
			v, err := strconv.Atoi(s)
			if err != nil {
				return errdefs.System("invalid vxlan id value %q passed", s)
			}
			vnis = append(vnis, uint32(v))
		}
	}
	_, on.secure = n.Options[OptEncrypted]
	if v, ok := n.Options[driver.OptMTU]; ok {
		mtu, err := strconv.Atoi(v)
		if err != nil {
			return errdefs.System("failed to parse %s: %v", v, err)
		}
		if on.mtu = mtu; mtu < 0 {
			return errdefs.System("invalid MTU value: %d", mtu)
		}
	}
	if len(vnis) > 0 && len(vnis) < len(n.V4) {
		return errdefs.System("insufficient vnis(%d) passed to overlay", len(vnis))
	}
	for i, u := range n.V4 {
		s := &subnet{prefix: u.Prefix, gw: u.Gateway}
		if len(vnis) > 0 {
			s.vni = vnis[i]
		}
		on.subnets = append(on.subnets, s)
	}
	if err := o.plane.publish(on); err != nil {
		return err
	}
	o.networks[n.ID] = on
	return nil
}

// ReviveNetwork does nothing: the network is in the store, and is met there.
func (o *Driver) ReviveNetwork(*driver.Network) error { return nil }

// DeleteNetwork gives back the network's identifiers and its key.
func (o *Driver) DeleteNetwork(id string) error {
	on := o.network(id)
	if on == nil {
		return errdefs.System("could not find network with id %s", id)
	}
	return o.plane.withdraw(on)
}

// Forget drops what is known of a network that no host has any more, unless a
// sandbox here still has it.
func (o *Driver) Forget(id string) bool {
	if n := o.networks[id]; n != nil && (n.box != nil || len(n.endpoints) > 0) {
		return false
	}
	delete(o.networks, id)
	delete(o.peers.networks, id)
	return true
}

// Known are the numbers of networks that the driver knows, and of those of which
// it knows peers.
func (o *Driver) Known() (networks, withPeers int) { return len(o.networks), len(o.peers.networks) }

// network finds a network, in the store if this host has not met it yet.
func (o *Driver) network(id string) *network {
	if n := o.networks[id]; n != nil {
		return n
	}
	n := o.plane.find(id)
	if n == nil {
		return nil
	}
	if n := o.networks[id]; n != nil {
		return n // somebody else was faster while the store was asked
	}
	o.networks[id] = n
	return n
}

// Has reports whether there is such a network, here or in the store.
func (o *Driver) Has(id string) bool { return o.network(id) != nil }

// CreateEndpoint is the driver's part of a new endpoint: a MAC.
func (o *Driver) CreateEndpoint(ep *driver.Endpoint) error {
	if o.closed {
		return driver.ErrGone
	}
	n := o.network(ep.Network)
	if n == nil {
		return errdefs.System("network id %q not found", ep.Network)
	}
	if !ep.Addr.IsValid() {
		return errdefs.System("create endpoint was not passed interface IP address")
	}
	if n.subnetFor(ep.Addr.Addr()) == nil {
		return errdefs.System("no matching subnet for IP %q in network %q", ep.Addr, ep.Network)
	}
	if ep.MAC == (link.MAC{}) {
		ep.MAC = driver.MACOf(ep.Addr.Addr())
	}
	n.endpoints[ep.ID] = &member{Endpoint: ep}
	return nil
}

// DeleteEndpoint forgets an endpoint.
func (o *Driver) DeleteEndpoint(ep *driver.Endpoint) {
	if n := o.networks[ep.Network]; n != nil {
		delete(n.endpoints, ep.ID)
	}
}

// Join plugs an endpoint into the network's sandbox, which is made if this is
// the first one, and tells the other hosts.
func (o *Driver) Join(ep *driver.Endpoint) error {
	if o.closed {
		return driver.ErrGone
	}
	o.host.Spend(o.joinTime)
	n := o.network(ep.Network)
	if n == nil || o.closed {
		return errdefs.System("could not find network with id %s", ep.Network)
	}
	if n.secure && len(o.secure.keys) == 0 { // they come from swarm only
		return errdefs.System("cannot join secure network: encryption keys not present")
	}
	s := n.subnetFor(ep.Addr.Addr())
	if s == nil {
		return errdefs.System("could not find subnet for endpoint %s", ep.ID)
	}
	if err := o.plane.obtainVNI(n, s); err != nil {
		return errdefs.System("couldn't get vxlan id for %q: %v", s.prefix, err)
	}
	if err := n.joinSandbox(s); err != nil {
		return errdefs.System("network sandbox join failed: %v", err)
	}
	n.joins++
	if err := n.plug(ep, s); err != nil {
		n.leaveSandbox()
		return err
	}
	o.push(peerOp{
		kind: peerAdd, network: n.id, endpoint: ep.ID, ip: ep.Addr.Addr(), bits: ep.Addr.Bits(), mac: ep.MAC,
		vtep: o.address, local: true, caller: "Join",
	})
	n.member(ep).joined = true
	o.keepSecure()
	ep.Routes = n.routes(s)
	o.plane.announce(true, ep)
	return nil
}

// Leave takes an endpoint out of the sandbox and tells the other hosts. They are
// told nothing of one that an earlier run left behind.
func (o *Driver) Leave(ep *driver.Endpoint) {
	n := o.plugged(ep)
	if n == nil {
		return
	}
	n.endpoints[ep.ID].joined = false
	if n.o == o {
		o.plane.announce(false, ep)
		o.push(peerOp{
			kind: peerDelete, network: n.id, endpoint: ep.ID, ip: ep.Addr.Addr(), bits: ep.Addr.Bits(), mac: ep.MAC,
			vtep: o.address, local: true, caller: "Leave",
		})
	}
	ep.Unplug()
	n.leaveSandbox()
	o.keepSecure()
}

// plugged is the network whose sandbox an endpoint is in, of this run or an
// earlier one.
func (o *Driver) plugged(ep *driver.Endpoint) *network {
	all := o.stale
	if n := o.networks[ep.Network]; n != nil {
		all = append([]*network{n}, all...)
	}
	for _, n := range all {
		if m := n.endpoints[ep.ID]; m != nil && m.joined {
			return n
		}
	}
	return nil
}

// No port is published through an overlay: that is what docker_gwbridge is for.
func (o *Driver) ProgramExternal(*driver.Endpoint, []nat.Request) error { return nil }
func (o *Driver) RevokeExternal(*driver.Endpoint)                       {}
