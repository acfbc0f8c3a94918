package modes

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/modes/serf"
	"dnetsim/modes/store"
	"dnetsim/sim"
	"dnetsim/stack"
)

// The options of the overlay driver.
const (
	optVxlanIDs  = "com.docker.network.driver.overlay.vxlanid_list"
	optEncrypted = "encrypted"
)

// The identifiers of tunnels: Docker gives out those from 256 on.
const (
	firstVNI = 256
	lastVNI  = 1<<24 - 1
	// vxlanOverhead is what a tunnel takes from the MTU: an Ethernet, an IP, a
	// UDP and a VXLAN header.
	vxlanOverhead = 50
)

var vniKey = storeKey("idm", "vxlan-id")

// overlay is the driver of overlay networks of one run of dockerd. What it
// knows of other hosts' containers is in memory and comes by gossip.
type overlay struct {
	c        *cluster
	d        *Daemon
	agent    *serf.Agent // nil: not started, or its address could not be bound
	address  netip.Addr  // where tunnels of other hosts reach this one; invalid if unusable
	neighbor netip.Addr  // the node to join the cluster through
	joined   bool
	networks map[string]*overlayNet
	peers    peerTable
	queue    []peerOp
	queued   sim.Cond
	procs    []*sim.Proc
	probed   bool          // a test device was made
	stale    []*overlayNet // whose sandboxes earlier runs left behind
	closed   bool
}

// overlayNet is an overlay network on one host.
type overlayNet struct {
	o         *overlay
	id        string
	index     uint64 // of its key in the store
	secure    bool
	mtu       int // of the underlay, as asked for; 0 is 1500
	subnets   []*overlaySubnet
	endpoints map[string]*endpoint
	epoch     int // how often the sandbox was made
	joins     int
	box       *overlaySandbox // nil while no container here is in the network
}

// overlaySubnet is one subnet of an overlay network: a bridge and a tunnel.
type overlaySubnet struct {
	prefix netip.Prefix
	gw     netip.Prefix
	vni    uint32 // 0 until somebody joins
	vxlan  string // vx-000100-…, the tunnel's name in the driver's eyes
	bridge *stack.Interface
	tunnel *stack.Interface
}

func newOverlay(c *cluster) *overlay {
	o := &overlay{c: c, d: c.d, networks: map[string]*overlayNet{}}
	o.adopt(o.d.overlays)
	o.d.overlays = o
	o.procs = append(o.procs, o.d.loop.Go("overlay peers "+o.d.host.Name, o.peerLoop))
	return o
}

// close forgets everything, as the end of the process does.
func (o *overlay) close() {
	if o.closed {
		return
	}
	o.closed = true
	for _, p := range o.procs {
		if p != o.d.loop.Current() {
			p.Kill()
		}
	}
	if o.agent != nil {
		o.agent.Shutdown()
	}
}

// adopt takes over what an earlier run of dockerd left in the kernel. Sandboxes
// with containers that still run go on, without anybody who watches their
// misses; the others are cleared away when their networks are used again.
func (o *overlay) adopt(old *overlay) {
	if old == nil {
		return
	}
	o.stale = old.stale
	for _, id := range sortedKeys(old.networks) {
		n := old.networks[id]
		if n.box == nil {
			continue
		}
		n.box.watch = nil
		live := false
		for _, ep := range n.sortedEndpoints() {
			if ep.overlay != n || ep.c.run.sandbox != ep.sb {
				continue
			}
			live = true
			o.push(peerOp{
				kind: peerAdd, network: id, endpoint: ep.id, ip: ep.addr.Addr(), bits: ep.addr.Bits(), mac: ep.mac,
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

func (n *overlayNet) sortedEndpoints() []*endpoint {
	var out []*endpoint
	for _, id := range sortedKeys(n.endpoints) {
		out = append(out, n.endpoints[id])
	}
	return out
}

// clearStale removes the sandbox that an earlier run left for a network.
func (o *overlay) clearStale(id string) {
	var kept []*overlayNet
	for _, n := range o.stale {
		if n.id == id {
			n.destroySandbox()
			continue
		}
		kept = append(kept, n)
	}
	o.stale = kept
}

// storedOverlay is the driver's part of a network in the store.
type storedOverlay struct {
	MTU     int            `json:"mtu"`
	Secure  bool           `json:"secure"`
	Subnets []storedSubnet `json:"subnets"`
}

type storedSubnet struct {
	SubnetIP, GwIP string
	Vni            uint32
}

func overlayKey(id string) string { return storeKey("overlay", "network", id) }

func (n *overlayNet) storeForm() storedOverlay {
	s := storedOverlay{MTU: n.mtu, Secure: n.secure}
	for _, x := range n.subnets {
		s.Subnets = append(s.Subnets, storedSubnet{x.prefix.String(), x.gw.String(), x.vni})
	}
	return s
}

// load takes what the store has: the subnets once, and their identifiers.
func (n *overlayNet) load(s storedOverlay, index uint64) {
	n.index, n.mtu, n.secure = index, s.MTU, s.Secure
	fresh := len(n.subnets) == 0
	for _, x := range s.Subnets {
		p, err := netip.ParsePrefix(x.SubnetIP)
		if err != nil {
			continue
		}
		if fresh {
			gw, _ := netip.ParsePrefix(x.GwIP)
			n.subnets = append(n.subnets, &overlaySubnet{prefix: p, gw: gw, vni: x.Vni})
			continue
		}
		for _, have := range n.subnets {
			if have.prefix == p {
				have.vni = x.Vni
			}
		}
	}
}

// createNetwork is the driver's part of a new network: no device, only a key.
func (o *overlay) createNetwork(n *Network) error {
	on := &overlayNet{o: o, id: n.ID, endpoints: map[string]*endpoint{}}
	var vnis []uint32
	if list, ok := n.Options[optVxlanIDs]; ok {
		for _, s := range strings.Split(list, ",") {
			v, err := strconv.Atoi(s)
			if err != nil {
				return errf(ErrSystem, "invalid vxlan id value %q passed", s)
			}
			vnis = append(vnis, uint32(v))
		}
	}
	_, on.secure = n.Options[optEncrypted]
	if v, ok := n.Options[optMTU]; ok {
		mtu, err := strconv.Atoi(v)
		if err != nil {
			return errf(ErrSystem, "failed to parse %s: %v", v, err)
		}
		if on.mtu = mtu; mtu < 0 {
			return errf(ErrSystem, "invalid MTU value: %d", mtu)
		}
	}
	if len(vnis) > 0 && len(vnis) < len(n.core.v4) {
		return errf(ErrSystem, "insufficient vnis(%d) passed to overlay", len(vnis))
	}
	for i, u := range n.core.v4 {
		s := &overlaySubnet{prefix: u.pool.prefix, gw: u.gateway}
		if len(vnis) > 0 {
			s.vni = vnis[i]
		}
		on.subnets = append(on.subnets, s)
	}
	index, err := o.c.store.put(overlayKey(n.ID), 0, on.storeForm())
	if err != nil {
		return errf(ErrSystem, "failed to update data store for network %s: %v", n.ID, err)
	}
	on.index = index
	o.networks[n.ID] = on
	return nil
}

// deleteNetwork gives back the network's identifiers and its key.
func (o *overlay) deleteNetwork(n *Network) error {
	on := o.network(n.ID)
	if on == nil {
		return errf(ErrSystem, "could not find network with id %s", n.ID)
	}
	if slices.ContainsFunc(on.subnets, func(s *overlaySubnet) bool { return s.vni == 0 }) {
		// Another host may have drawn the tunnels' numbers since this one looked.
		var now storedOverlay
		if index, err := o.c.store.get(overlayKey(n.ID), &now); err == nil && index != 0 {
			on.load(now, index)
		}
	}
	delete(o.networks, n.ID)
	o.push(peerOp{kind: peerFlush, network: n.ID, caller: "func1"})
	if err := o.c.store.delete(overlayKey(n.ID)); err != nil {
		return errf(ErrSystem, "failed to delete network to vxlan id map: %v", err)
	}
	for _, s := range on.subnets {
		if s.vni >= firstVNI {
			o.releaseVNI(s.vni)
		}
	}
	return nil
}

// forget drops what is known of a network that no host has any more, unless a
// sandbox here still has it.
func (o *overlay) forget(id string) bool {
	if n := o.networks[id]; n != nil && (n.box != nil || len(n.endpoints) > 0) {
		return false
	}
	delete(o.networks, id)
	delete(o.peers.networks, id)
	return true
}

// network finds a network, in the store if this host has not met it yet.
func (o *overlay) network(id string) *overlayNet {
	if n := o.networks[id]; n != nil {
		return n
	}
	var s storedOverlay
	index, err := o.c.store.get(overlayKey(id), &s)
	if err != nil || index == 0 {
		return nil
	}
	if n := o.networks[id]; n != nil {
		return n // somebody else was faster while the store was asked
	}
	n := &overlayNet{o: o, id: id, endpoints: map[string]*endpoint{}}
	n.load(s, index)
	o.networks[id] = n
	return n
}

func (n *overlayNet) subnetFor(a netip.Addr) *overlaySubnet {
	for _, s := range n.subnets {
		if s.prefix.Contains(a) {
			return s
		}
	}
	return nil
}

// maxMTU is what the tunnel leaves of the underlay's MTU.
func (n *overlayNet) maxMTU() int {
	mtu := n.mtu
	if mtu == 0 {
		mtu = 1500
	}
	return mtu - vxlanOverhead
}

// obtainVNI sees to it that the subnet has an identifier: the one in the store,
// or a new one.
func (n *overlayNet) obtainVNI(s *overlaySubnet) error {
	if s.vni != 0 {
		return nil
	}
	st := n.o.c.store
	for {
		var stored storedOverlay
		index, err := st.get(overlayKey(n.id), &stored)
		if err == nil && index == 0 {
			err = store.ErrKeyNotFound
		}
		if err != nil {
			return errf(ErrSystem, "getting network %q from datastore failed %v", n.id, err)
		}
		n.load(stored, index)
		if s.vni != 0 {
			return nil
		}
		vni, err := n.o.takeVNI()
		if err != nil {
			return errf(ErrSystem, "failed to allocate vxlan id: %v", err)
		}
		s.vni = vni
		index, err = st.put(overlayKey(n.id), n.index, n.storeForm())
		if err == nil {
			n.index = index
			return nil
		}
		n.o.releaseVNI(vni)
		s.vni = 0
		if err != store.ErrKeyModified {
			return errf(ErrSystem, "network %q failed to update data store: %v", n.id, err)
		}
	}
}

// takeVNI takes the lowest free identifier of the cluster.
func (o *overlay) takeVNI() (vni uint32, err error) {
	err = o.changeVNIs(func(s *bitSequence) error {
		n, ok := s.lowest()
		if !ok {
			return errf(ErrSystem, "no bit available")
		}
		vni = firstVNI + uint32(n)
		return nil
	})
	return vni, err
}

func (o *overlay) releaseVNI(vni uint32) {
	o.changeVNIs(func(s *bitSequence) error {
		delete(s.used, uint64(vni-firstVNI))
		return nil
	})
}

func (o *overlay) changeVNIs(fn func(*bitSequence) error) error {
	for {
		s := &bitSequence{}
		index, err := o.c.store.get(vniKey, s)
		if err != nil {
			return err
		}
		if index == 0 {
			s = &bitSequence{"vxlan-id", lastVNI - firstVNI + 1, map[uint64]bool{}}
		}
		if err := fn(s); err != nil {
			return err
		}
		if _, err := o.c.store.put(vniKey, index, s); err != store.ErrKeyModified {
			return err
		}
	}
}

// createEndpoint is the driver's part of a new endpoint: a MAC.
func (o *overlay) createEndpoint(ep *endpoint) error {
	n := o.network(ep.net.ID)
	if n == nil {
		return errf(ErrSystem, "network id %q not found", ep.net.ID)
	}
	if !ep.addr.IsValid() {
		return errf(ErrSystem, "create endpoint was not passed interface IP address")
	}
	if n.subnetFor(ep.addr.Addr()) == nil {
		return errf(ErrSystem, "no matching subnet for IP %q in network %q", ep.addr, ep.net.ID)
	}
	if ep.mac == (link.MAC{}) {
		ep.mac = macOf(ep.addr.Addr())
	}
	n.endpoints[ep.id] = ep
	return nil
}

func (o *overlay) deleteEndpoint(ep *endpoint) {
	if n := o.networks[ep.net.ID]; n != nil {
		delete(n.endpoints, ep.id)
	}
}

// join plugs an endpoint into the network's sandbox, which is made if this is
// the first one, and tells the other hosts.
func (o *overlay) join(ep *endpoint) error {
	o.d.spend(o.d.profile.cost.overlayJoin)
	n := o.network(ep.net.ID)
	if n == nil || o.closed {
		return errf(ErrSystem, "could not find network with id %s", ep.net.ID)
	}
	if n.secure { // the keys come from swarm only
		return errf(ErrSystem, "cannot join secure network: encryption keys not present")
	}
	s := n.subnetFor(ep.addr.Addr())
	if s == nil {
		return errf(ErrSystem, "could not find subnet for endpoint %s", ep.id)
	}
	if err := n.obtainVNI(s); err != nil {
		return errf(ErrSystem, "couldn't get vxlan id for %q: %v", s.prefix, err)
	}
	if err := n.joinSandbox(s); err != nil {
		return errf(ErrSystem, "network sandbox join failed: %v", err)
	}
	n.joins++
	if err := n.plug(ep, s); err != nil {
		n.leaveSandbox()
		return err
	}
	o.push(peerOp{
		kind: peerAdd, network: n.id, endpoint: ep.id, ip: ep.addr.Addr(), bits: ep.addr.Bits(), mac: ep.mac,
		vtep: o.address, local: true, caller: "Join",
	})
	ep.overlay = n
	o.announce("join", ep)
	return nil
}

// leave takes an endpoint out of the sandbox and tells the other hosts.
func (o *overlay) leave(ep *endpoint) {
	n := ep.overlay
	if n == nil {
		return
	}
	ep.overlay = nil
	o.announce("leave", ep)
	o.push(peerOp{
		kind: peerDelete, network: n.id, endpoint: ep.id, ip: ep.addr.Addr(), bits: ep.addr.Bits(), mac: ep.mac,
		vtep: o.address, local: true, caller: "Leave",
	})
	ep.unplug()
	n.leaveSandbox()
}

// routes are the container's ways to the network's other subnets.
func (n *overlayNet) routes(ep *endpoint) []stack.Route {
	own := n.subnetFor(ep.addr.Addr())
	var out []stack.Route
	for _, s := range n.subnets {
		if s != own {
			out = append(out, stack.Route{Dst: s.prefix, Via: own.gw.Addr()})
		}
	}
	return out
}
