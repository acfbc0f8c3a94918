package overlay

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"dnetsim/link"
	"dnetsim/modes/errdefs"
	"dnetsim/sim"
)

// peerLoop does the queued operations.
func (o *Driver) peerLoop(*sim.Proc) {
	for !o.closed {
		if len(o.queue) == 0 {
			o.queued.Wait(o.host.Loop())
			continue
		}
		p := o.queue[0]
		o.queue = o.queue[1:]
		err := o.do(p)
		o.keepSecure()
		if err != nil {
			o.host.Log("warning", fmt.Sprintf("Peer operation failed:%v op:%v", err, p))
		}
	}
}

func (o *Driver) do(p peerOp) error {
	switch p.kind {
	case peerInit:
		o.initPeers(p.network)
	case peerAdd:
		return o.addPeer(p, true)
	case peerDelete:
		return o.deletePeer(p)
	case peerFlush:
		if o.peers.networks[p.network] == nil {
			return fmt.Errorf("Unable to find the peerDB for nid:%s", p.network)
		}
		delete(o.peers.networks, p.network)
	}
	return nil
}

// initPeers programs what was learned before the network had a sandbox.
func (o *Driver) initPeers(network string) {
	var all []peerOp
	o.peers.walk(network, func(k peerKey, e peerEntry) bool {
		if !e.local {
			all = append(all, peerOp{kind: peerAdd, network: network, endpoint: e.endpoint, ip: k.ip, bits: e.bits, mac: k.mac, vtep: e.vtep})
		}
		return false
	})
	for _, p := range all {
		if err := o.addPeer(p, false); err != nil {
			o.host.Log("warning", fmt.Sprintf("Peer operation failed:%v op:%v", err, p))
		}
	}
}

// addPeer remembers a peer and, if the network has a sandbox here, programs it.
func (o *Driver) addPeer(p peerOp, remember bool) error {
	n := 0
	if remember {
		k := peerKey{p.ip, p.mac}
		var fresh bool
		fresh, n = o.peers.add(p.network, k, peerEntry{p.endpoint, p.vtep, p.bits, p.local})
		if n != 1 {
			o.host.Log("warning", fmt.Sprintf("peerDbAdd transient condition - Key:%s cardinality:%d db state:%s", k, n, o.peers.set(p.network, k)))
		}
		if !fresh {
			o.host.Log("warning", fmt.Sprintf("Entry already present in db: nid:%s eid:%s peerIP:%s peerMac:%s isLocal:%t vtep:%s",
				p.network, p.endpoint, p.ip, p.mac, p.local, vtepText(p.vtep)))
		}
	}
	if p.local {
		return nil
	}
	on := o.network(p.network)
	if on == nil || on.box == nil {
		return nil
	}
	s := on.subnetFor(p.ip)
	if s == nil || s.prefix.Bits() != p.bits {
		return fmt.Errorf("couldn't find the subnet %q in network %q", netip.PrefixFrom(p.ip, p.bits), p.network)
	}
	if err := o.plane.obtainVNI(on, s); err != nil {
		return fmt.Errorf("couldn't get vxlan id for %q: %v", s.prefix, err)
	}
	if err := on.joinSandbox(s); err != nil {
		return fmt.Errorf("subnet sandbox join failed for %q: %v", s.prefix, err)
	}
	var known errKnown
	if err := on.addNeighbour(neighbour{ip: p.ip, mac: p.mac, subnet: s, short: p.short}, p.l3); err != nil {
		if errors.As(err, &known) && n > 1 {
			return nil // only the first of several is programmed
		}
		return fmt.Errorf("could not add neighbor entry for nid:%s eid:%s into the sandbox:%v", p.network, p.endpoint, err)
	}
	if err := on.addNeighbour(neighbour{ip: p.vtep, mac: p.mac, subnet: s, bridge: true}, p.l2); err != nil {
		return fmt.Errorf("could not add fdb entry for nid:%s eid:%s into the sandbox:%v", p.network, p.endpoint, err)
	}
	return nil
}

// deletePeer forgets a peer; if another entry for it is left, that one is
// programmed instead.
func (o *Driver) deletePeer(p peerOp) error {
	k := peerKey{p.ip, p.mac}
	there, n := o.peers.remove(p.network, k, peerEntry{p.endpoint, p.vtep, p.bits, p.local})
	if n != 0 {
		o.host.Log("warning", fmt.Sprintf("peerDbDelete transient condition - Key:%s cardinality:%d db state:%s", k, n, o.peers.set(p.network, k)))
	}
	if !there {
		o.host.Log("warning", fmt.Sprintf("Entry was not in db: nid:%s eid:%s peerIP:%s peerMac:%s isLocal:%t vtep:%s",
			p.network, p.endpoint, p.ip, p.mac, p.local, vtepText(p.vtep)))
	}
	on := o.network(p.network)
	if on == nil || on.box == nil {
		return nil
	}
	if !p.local {
		var known errKnown
		s := on.subnetFor(p.ip)
		if err := on.deleteNeighbour(neighbour{ip: p.vtep, mac: p.mac, subnet: s, bridge: true}); err != nil {
			if errors.As(err, &known) && n > 0 {
				return nil
			}
			return fmt.Errorf("could not delete fdb entry for nid:%s eid:%s into the sandbox:%v", p.network, p.endpoint, err)
		}
		if err := on.deleteNeighbour(neighbour{ip: p.ip, mac: p.mac, subnet: s}); err != nil {
			return fmt.Errorf("could not delete neighbor entry for nid:%s eid:%s into the sandbox:%v", p.network, p.endpoint, err)
		}
	}
	if n == 0 {
		return nil
	}
	key, e, ok := o.peers.search(p.network, p.ip)
	if !ok {
		return fmt.Errorf("peer not found in db")
	}
	return o.addPeer(peerOp{network: p.network, endpoint: e.endpoint, ip: p.ip, bits: e.bits, mac: key.mac, vtep: e.vtep, local: e.local}, false)
}

// neighbour is what the daemon has programmed for a peer: its MAC behind an
// address on the tunnel, or a far end behind its MAC in the tunnel's table.
type neighbour struct {
	ip     netip.Addr // the peer's, or with bridge the far end's
	mac    link.MAC
	subnet *subnet
	bridge bool
	short  bool
	vxlan  string
}

// String is the entry as the log shows it.
func (n *neighbour) String() string {
	family := 0
	if n.bridge {
		family = 7 // AF_BRIDGE
	}
	dst := ""
	if t := n.subnet.tunnel; t != nil {
		dst = t.Name()
	}
	return fmt.Sprintf("&{dstIP:%s dstMac:%s linkName:%s linkDst:%s family:%d}", goAddr(n.ip, n.short), goBytes(n.mac[:]), n.vxlan, dst, family)
}

// errKnown says that a neighbour was there already, or not yet.
type errKnown struct {
	ip    netip.Addr
	mac   link.MAC
	there bool
}

func (e errKnown) Error() string {
	return fmt.Sprintf("Search neighbor failed for IP %s, mac %s, present in db:%t", vtepText(e.ip), e.mac, e.there)
}

func (b *sandbox) find(ip netip.Addr, mac link.MAC) *neighbour {
	for _, x := range b.known {
		if x.ip == ip && x.mac == mac {
			return x
		}
	}
	return nil
}

// addNeighbour programs an entry. One that is known already is programmed again
// only if the kernel asked for it.
func (n *network) addNeighbour(x neighbour, force bool) error {
	b := n.box
	old := b.find(x.ip, x.mac)
	if old != nil {
		n.o.host.Log("warning", fmt.Sprintf("Neighbor entry already present for IP %s, mac %s neighbor:%v forceUpdate:%t", vtepText(x.ip), x.mac, old, force))
		if !force {
			return errKnown{x.ip, x.mac, true}
		}
	}
	x.vxlan = x.subnet.vxlan
	t := x.subnet.tunnel
	if t == nil {
		return fmt.Errorf("could not find the interface with name %s", x.vxlan)
	}
	if x.bridge {
		t.VXLAN().AddFDB(x.mac, link.VXLANRemote{Addr: x.ip}, true)
	} else if err := b.ns.AddNeighbour(t.Name(), x.ip, x.mac); err != nil {
		return fmt.Errorf("could not add neighbor entry: error:%s", errdefs.Lower(err))
	}
	if old == nil {
		b.known = append(b.known, &x)
	}
	return nil
}

// deleteNeighbour takes an entry away, and what the bridge has learned of a MAC
// behind the tunnel.
func (n *network) deleteNeighbour(x neighbour) error {
	b := n.box
	old := b.find(x.ip, x.mac)
	if old == nil {
		return errKnown{x.ip, x.mac, false}
	}
	warn := func() {
		n.o.host.Log("warning", fmt.Sprintf("Deleting neighbor IP %s, mac %s failed, no such file or directory", x.ip, x.mac))
	}
	if t := old.subnet.tunnel; t != nil {
		switch {
		case x.bridge:
			if !t.VXLAN().DelFDB(x.mac, x.ip) {
				warn()
			}
			if p, ok := old.subnet.bridge.Bridge().Lookup(x.mac); ok && p == t.Port() {
				old.subnet.bridge.Bridge().Forget(x.mac)
			}
		case b.ns.DelNeighbour(t.Name(), x.ip) != nil:
			warn()
		}
	}
	for i, k := range b.known {
		if k == old {
			b.known = slices.Concat(b.known[:i], b.known[i+1:])
			break
		}
	}
	return nil
}
