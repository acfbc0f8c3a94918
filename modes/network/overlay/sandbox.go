package overlay

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/sim"
	"dnetsim/stack"
)

// sandbox is an overlay network's own namespace on a host: a bridge
// with the gateway's address, the tunnel and one veth for each container. Its
// file is /var/run/docker/netns/EPOCH-NETWORK.
type sandbox struct {
	key    string
	ns     *stack.Namespace
	next   map[string]int // names are counted by their prefix
	known  []*neighbour   // what was programmed, as the daemon remembers it
	misses []miss
	missed sim.Cond
	watch  *sim.Proc // nil if nobody asks the cluster
}

// miss is a notification of the kernel: an unknown neighbour, or an unknown
// address in the tunnel's forwarding table.
type miss struct {
	ip     netip.Addr
	l2, l3 bool
}

func (b *sandbox) name(prefix string) string {
	n := fmt.Sprintf("%s%d", prefix, b.next[prefix])
	b.next[prefix]++
	return n
}

// joinSandbox makes the sandbox and the subnet's devices unless they are there.
// On error nothing new is left.
func (n *network) joinSandbox(s *subnet) error {
	fresh := n.box == nil
	if fresh {
		n.initSandbox()
	}
	if s.tunnel == nil {
		if err := n.initSubnet(s); err != nil {
			if fresh {
				n.destroySandbox()
			}
			return errdefs.System("subnet sandbox join failed for %q: %v", s.prefix, err)
		}
	}
	if fresh {
		n.o.push(peerOp{kind: peerInit, network: n.id, caller: "initSandboxPeerDB"})
	}
	return nil
}

// initSandbox makes the namespace. Misses are watched only if the gossip is
// alive at this moment.
func (n *network) initSandbox() {
	o, h := n.o, n.o.host
	o.probeTunnels()
	o.clearStale(n.id)
	n.epoch++
	name := fmt.Sprintf("%d-%s", n.epoch, n.id[:10])
	b := &sandbox{key: "/var/run/docker/netns/" + name, next: map[string]int{}}
	o.boxes.made++
	b.ns = stack.New(h.Loop(), fmt.Sprintf("%s/%s/%d", h.Name, name, o.boxes.made), stack.Options{Init: h.NS()})
	b.ns.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
	b.ns.SetSysctl("net.ipv6.conf.default.disable_ipv6", "1")
	n.box = b
	o.boxes.all = append(o.boxes.all, b)
	h.Pin(b.key)
	if o.plane.watches() {
		b.watch = h.Loop().Go("miss "+b.ns.Name(), func(p *sim.Proc) { n.watchMisses(b) })
		b.ns.OnNeighbour(b.aged)
	}
}

// probeTunnels makes a tunnel once to see whether the kernel can move it into
// another namespace.
func (o *Driver) probeTunnels() {
	if o.probed {
		return
	}
	o.probed = true
	t, err := o.host.NS().AddVXLAN("testvxlan", o.host.VethMAC("testvxlan"), o.tunnel(1))
	if err != nil {
		o.host.Log("error", "Failed to create testvxlan interface: "+errdefs.Lower(err))
		return
	}
	t.Delete()
}

func (o *Driver) tunnel(vni uint32) stack.VXLANOptions {
	return stack.VXLANOptions{
		VNI: vni, Port: o.port, Learning: true, Proxy: true, L2Miss: true, L3Miss: true, Underlay: o.host.NS(),
	}
}

// initSubnet makes the subnet's bridge and tunnel.
func (n *network) initSubnet(s *subnet) error {
	b, h := n.box, n.o.host
	vxlan := fmt.Sprintf("vx-%06x-%s", s.vni, n.id[:5])
	t, err := h.NS().AddVXLAN(vxlan, h.VethMAC(vxlan), n.o.tunnel(s.vni))
	if err != nil {
		return errdefs.System("error creating vxlan interface: %s", errdefs.Lower(err))
	}
	if err := t.SetMTU(n.maxMTU()); err != nil {
		t.Delete()
		return errdefs.System("error creating vxlan interface: %s", errdefs.Lower(err))
	}
	t.SetTxQueueLen(0)
	br, err := b.ns.AddBridge(b.name("br"), link.MAC{})
	if err != nil {
		t.Delete()
		return errdefs.System("bridge creation in sandbox failed for subnet %q: %s", s.prefix, errdefs.Lower(err))
	}
	br.SetTxQueueLen(0)
	br.AddAddr(s.gw, stack.AddrOptions{AutoBroadcast: true})
	br.SetUp(true)
	made := br.MAC()
	undo := func(err error) error {
		t.Delete()
		br.Delete()
		return errdefs.System("vxlan interface creation failed for subnet %q: %s", s.prefix, errdefs.Lower(err))
	}
	if err := t.MoveTo(b.ns, b.name("vxlan")); err != nil {
		return undo(err)
	}
	if err := t.SetMaster(br); err != nil {
		return undo(err)
	}
	if err := t.SetUp(true); err != nil {
		return undo(err)
	}
	br.SetMTU(n.maxMTU())
	s.vxlan, s.bridge, s.tunnel = vxlan, br, t
	if h.Profile.Advertises {
		n.tellOfBridge(s, made)
	}
	if b.watch != nil {
		t.VXLAN().OnL3Miss(func(a netip.Addr) { b.missing(miss{ip: a, l3: true}) })
		t.VXLAN().OnL2Miss(func(m link.MAC) {
			b.missing(miss{ip: netip.AddrFrom4([4]byte(m[2:])), l2: true})
		})
	}
	return nil
}

// tellOfBridge writes what the engine notices of a subnet's bridge: that it gets no default
// VLAN, since a kernel without 802.1Q has none of bridges and lets nobody make the file in
// /sys either; and, when it wants to tell the gateway's address to the neighbours a second
// time, that the bridge has by then taken the MAC of its first port.
func (n *network) tellOfBridge(s *subnet, made link.MAC) {
	h, b, br := n.o.host, n.box, s.bridge
	if h.NS().Lacks(stack.KindVLAN) {
		h.Log("error", "set bridge default vlan failed", "error",
			"failed to enable default vlan on bridge "+br.Name()+": open /sys/class/net/"+br.Name()+"/bridge/default_pvid: permission denied")
	}
	h.Machine.Loop().After(time.Second, func() {
		if n.box != b || s.bridge != br || br.MAC() == made {
			return
		}
		h.Log("warning", "MAC address changed", "iface", br.Name(), "ifi", fmt.Sprint(br.Index()), "ip4", s.gw.String(), "ip6", "<nil>",
			"mac", made.String(), "mcastRouteOk", "true", "n", "1", "newMAC", br.MAC().String())
	})
}

// aged is told of the namespace's neighbours on the same socket as of the
// misses, and the driver takes one that has become stale for a miss. So a
// container that has asked for the gateway is looked up too, and its own host,
// which answers, makes it a peer behind itself.
func (b *sandbox) aged(n stack.Neighbour) {
	if n.State == stack.NeighStale {
		b.missing(miss{ip: n.Addr, l3: true})
	}
}

func (b *sandbox) missing(m miss) {
	if b.watch == nil || !m.ip.Is4() {
		return
	}
	b.misses = append(b.misses, m)
	b.missed.Broadcast()
}

// plug makes the veth pair of an endpoint: one end on the sandbox's bridge, the
// other still on the host.
func (n *network) plug(ep *driver.Endpoint, s *subnet) error {
	h, b := n.o.host, n.box
	of := ep.Label
	ours, theirs := h.VethName(of), h.VethName(of)
	outside, inside, err := stack.NewVeth(h.NS(), ours, h.VethMAC(of), h.NS(), theirs, h.VethMAC(of))
	if err != nil {
		return errdefs.System("error creating veth pair: %s", errdefs.Lower(err))
	}
	ep.Outside, ep.Inside = outside, inside
	fail := func(err error) error {
		ep.Unplug()
		return errdefs.System("could not add veth pair inside the network sandbox: %s", errdefs.Lower(err))
	}
	inside.SetTxQueueLen(0)
	outside.SetTxQueueLen(0)
	if err := outside.SetMTU(n.maxMTU()); err != nil {
		return fail(err)
	}
	inside.SetMTU(n.maxMTU())
	inside.SetMAC(ep.MAC)
	if err := outside.MoveTo(b.ns, b.name("veth")); err != nil {
		return fail(err)
	}
	if err := outside.SetMaster(s.bridge); err != nil {
		return fail(err)
	}
	return outside.SetUp(true)
}

// leaveSandbox is called when an endpoint has left; the last one takes the
// sandbox with it.
func (n *network) leaveSandbox() {
	n.joins--
	if n.joins <= 0 {
		n.joins = 0
		n.destroySandbox()
	}
}

func (n *network) destroySandbox() {
	b, h := n.box, n.o.host
	if b == nil {
		return
	}
	n.box = nil
	b.unwatch(h.Loop())
	for _, s := range n.subnets {
		if s.tunnel != nil {
			s.tunnel.Delete()
			s.bridge.Delete()
		}
		s.vxlan, s.bridge, s.tunnel = "", nil, nil
	}
	n.o.boxes.drop(h, b)
	h.CloseSoon(b.ns)
}

// unwatch ends the watching: the sandbox is gone, or who watched it.
func (b *sandbox) unwatch(loop *sim.Loop) {
	if b.watch != nil && b.watch != loop.Current() {
		b.watch.Kill()
	}
	b.watch, b.misses = nil, nil
}

// watchMisses asks the cluster for every neighbour and every address that the
// tunnels miss, one after the other.
func (n *network) watchMisses(b *sandbox) {
	o := n.o
	for n.box == b {
		if len(b.misses) == 0 {
			b.missed.Wait(o.host.Loop())
			continue
		}
		m := b.misses[0]
		b.misses = b.misses[1:]
		if !o.plane.watches() || n.subnetFor(m.ip) == nil {
			continue
		}
		mac, bits, vtep, err := o.plane.resolve(n.id, m.ip)
		if n.box != b {
			return
		}
		if err != nil {
			o.host.Log("error", fmt.Sprintf("could not resolve peer %q: %v", m.ip, err))
			continue
		}
		o.push(peerOp{
			kind: peerAdd, network: n.id, endpoint: "dummy", ip: m.ip, bits: bits, mac: mac, vtep: vtep,
			l2: m.l2, l3: m.l3, short: true, caller: "watchMiss",
		})
	}
}
