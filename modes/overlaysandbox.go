package modes

import (
	"fmt"
	"net/netip"

	"dnetsim/link"
	"dnetsim/sim"
	"dnetsim/stack"
)

// overlaySandbox is an overlay network's own namespace on a host: a bridge
// with the gateway's address, the tunnel and one veth for each container. Its
// file is /var/run/docker/netns/EPOCH-NETWORK.
type overlaySandbox struct {
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

func (b *overlaySandbox) name(prefix string) string {
	n := fmt.Sprintf("%s%d", prefix, b.next[prefix])
	b.next[prefix]++
	return n
}

// joinSandbox makes the sandbox and the subnet's devices unless they are there.
// On error nothing new is left.
func (n *overlayNet) joinSandbox(s *overlaySubnet) error {
	fresh := n.box == nil
	if fresh {
		n.initSandbox()
	}
	if s.tunnel == nil {
		if err := n.initSubnet(s); err != nil {
			if fresh {
				n.destroySandbox()
			}
			return errf(ErrSystem, "subnet sandbox join failed for %q: %v", s.prefix, err)
		}
	}
	if fresh {
		n.o.push(peerOp{kind: peerInit, network: n.id, caller: "initSandboxPeerDB"})
	}
	return nil
}

// initSandbox makes the namespace. Misses are watched only if the gossip is
// alive at this moment.
func (n *overlayNet) initSandbox() {
	o, d := n.o, n.o.d
	o.probeTunnels()
	o.clearStale(n.id)
	n.epoch++
	name := fmt.Sprintf("%d-%s", n.epoch, n.id[:10])
	b := &overlaySandbox{key: "/var/run/docker/netns/" + name, next: map[string]int{}}
	d.nsCount++
	b.ns = stack.New(d.loop, fmt.Sprintf("%s/%s/%d", d.host.Name, name, d.nsCount), stack.Options{Init: d.ns()})
	b.ns.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
	b.ns.SetSysctl("net.ipv6.conf.default.disable_ipv6", "1")
	n.box = b
	d.overlayBoxes = append(d.overlayBoxes, b)
	fs := d.host.FS()
	fs.MkdirAll("/var/run/docker/netns", 0o755)
	fs.WriteFile(b.key, nil, 0o444)
	if o.alive() {
		b.watch = d.loop.Go("miss "+b.ns.Name(), func(p *sim.Proc) { n.watchMisses(b) })
		b.ns.OnNeighbour(b.aged)
	}
}

// probeTunnels makes a tunnel once to see whether the kernel can move it into
// another namespace.
func (o *overlay) probeTunnels() {
	if o.probed {
		return
	}
	o.probed = true
	t, err := o.d.ns().AddVXLAN("testvxlan", o.d.vethMAC("testvxlan"), tunnelOptions(o.d.ns(), 1))
	if err != nil {
		o.d.log("error", "Failed to create testvxlan interface: "+lower(err))
		return
	}
	t.Delete()
}

func tunnelOptions(underlay *stack.Namespace, vni uint32) stack.VXLANOptions {
	return stack.VXLANOptions{
		VNI: vni, Port: link.VXLANPort, Learning: true, Proxy: true, L2Miss: true, L3Miss: true, Underlay: underlay,
	}
}

// initSubnet makes the subnet's bridge and tunnel.
func (n *overlayNet) initSubnet(s *overlaySubnet) error {
	b, d := n.box, n.o.d
	vxlan := fmt.Sprintf("vx-%06x-%s", s.vni, n.id[:5])
	t, err := d.ns().AddVXLAN(vxlan, d.vethMAC(vxlan), tunnelOptions(d.ns(), s.vni))
	if err != nil {
		return errf(ErrSystem, "error creating vxlan interface: %s", lower(err))
	}
	if err := t.SetMTU(n.maxMTU()); err != nil {
		t.Delete()
		return errf(ErrSystem, "error creating vxlan interface: %s", lower(err))
	}
	t.SetTxQueueLen(0)
	br, err := b.ns.AddBridge(b.name("br"), link.MAC{})
	if err != nil {
		t.Delete()
		return errf(ErrSystem, "bridge creation in sandbox failed for subnet %q: %s", s.prefix, lower(err))
	}
	br.SetTxQueueLen(0)
	br.AddAddr(s.gw, stack.AddrOptions{AutoBroadcast: true})
	br.SetUp(true)
	undo := func(err error) error {
		t.Delete()
		br.Delete()
		return errf(ErrSystem, "vxlan interface creation failed for subnet %q: %s", s.prefix, lower(err))
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
	if b.watch != nil {
		t.VXLAN().OnL3Miss(func(a netip.Addr) { b.missing(miss{ip: a, l3: true}) })
		t.VXLAN().OnL2Miss(func(m link.MAC) {
			b.missing(miss{ip: netip.AddrFrom4([4]byte(m[2:])), l2: true})
		})
	}
	return nil
}

// aged is told of the namespace's neighbours on the same socket as of the
// misses, and the driver takes one that has become stale for a miss. So a
// container that has asked for the gateway is looked up too, and its own host,
// which answers, makes it a peer behind itself.
func (b *overlaySandbox) aged(n stack.Neighbour) {
	if n.State == stack.NeighStale {
		b.missing(miss{ip: n.Addr, l3: true})
	}
}

func (b *overlaySandbox) missing(m miss) {
	if !m.ip.Is4() {
		return
	}
	b.misses = append(b.misses, m)
	b.missed.Broadcast()
}

// plug makes the veth pair of an endpoint: one end on the sandbox's bridge, the
// other still on the host.
func (n *overlayNet) plug(ep *endpoint, s *overlaySubnet) error {
	d, b := n.o.d, n.box
	of := ep.c.Name + "/" + ep.net.Name
	ours, theirs := d.vethName(of), d.vethName(of)
	outside, inside, err := stack.NewVeth(d.ns(), ours, d.vethMAC(of), d.ns(), theirs, d.vethMAC(of))
	if err != nil {
		return errf(ErrSystem, "error creating veth pair: %s", lower(err))
	}
	ep.outside, ep.inside = outside, inside
	fail := func(err error) error {
		ep.unplug()
		return errf(ErrSystem, "could not add veth pair inside the network sandbox: %s", lower(err))
	}
	inside.SetTxQueueLen(0)
	outside.SetTxQueueLen(0)
	if err := outside.SetMTU(n.maxMTU()); err != nil {
		return fail(err)
	}
	inside.SetMTU(n.maxMTU())
	inside.SetMAC(ep.mac)
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
func (n *overlayNet) leaveSandbox() {
	n.joins--
	if n.joins <= 0 {
		n.joins = 0
		n.destroySandbox()
	}
}

func (n *overlayNet) destroySandbox() {
	b, d := n.box, n.o.d
	if b == nil {
		return
	}
	n.box = nil
	if b.watch != nil && b.watch != d.loop.Current() {
		b.watch.Kill()
	}
	for _, s := range n.subnets {
		if s.tunnel != nil {
			s.tunnel.Delete()
			s.bridge.Delete()
		}
		s.vxlan, s.bridge, s.tunnel = "", nil, nil
	}
	d.dropOverlay(b)
	ns := b.ns
	d.loop.After(0, func() { d.loop.After(0, ns.Close) })
}

func (d *Daemon) dropOverlay(b *overlaySandbox) {
	for i, x := range d.overlayBoxes {
		if x == b {
			d.overlayBoxes = append(d.overlayBoxes[:i:i], d.overlayBoxes[i+1:]...)
			d.host.FS().Remove(b.key)
			return
		}
	}
}

// watchMisses asks the cluster for every neighbour and every address that the
// tunnels miss, one after the other.
func (n *overlayNet) watchMisses(b *overlaySandbox) {
	o := n.o
	for n.box == b {
		if len(b.misses) == 0 {
			b.missed.Wait(o.d.loop)
			continue
		}
		m := b.misses[0]
		b.misses = b.misses[1:]
		if !o.alive() || n.subnetFor(m.ip) == nil {
			continue
		}
		mac, bits, vtep, err := o.resolvePeer(n.id, m.ip)
		if n.box != b {
			return
		}
		if err != nil {
			o.d.log("error", fmt.Sprintf("could not resolve peer %q: %v", m.ip, err))
			continue
		}
		o.push(peerOp{
			kind: peerAdd, network: n.id, endpoint: "dummy", ip: m.ip, bits: bits, mac: mac, vtep: vtep,
			l2: m.l2, l3: m.l3, short: true, caller: "watchMiss",
		})
	}
}
