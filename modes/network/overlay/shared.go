package overlay

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/serf"
	"dnetsim/modes/store"
)

// Config is one run's part in a cluster of daemons that share a store.
type Config struct {
	Store store.Datastore
	Self  netip.Addr // how the host is known in the cluster; invalid without cluster-advertise
	// JoinTime is how long a container's joining takes, beside the store.
	JoinTime time.Duration
}

// shared is the control plane of daemons that share a store: networks and tunnel
// identifiers are in it, and serf tells of containers.
type shared struct {
	o        *Driver
	store    store.Datastore
	self     netip.Addr
	agent    *serf.Agent // nil: not started, or its address could not be bound
	neighbor netip.Addr  // the node to join the cluster through
	joined   bool
}

// New is the driver of one run of a daemon that shares a store with others. It takes over
// what the run before (nil if there was none, or the host lost its power since) left in
// the kernel, of which boxes knows.
func New(h *driver.Host, cfg Config, boxes *Sandboxes, before *Driver) *Driver {
	o := begin(h, cfg.JoinTime, boxes, before)
	o.plane = &shared{o: o, store: cfg.Store, self: cfg.Self}
	return o
}

func (k *shared) publish(n *network) error {
	index, err := k.store.Put(overlayKey(n.id), 0, n.storeForm())
	if err != nil {
		return errdefs.System("failed to update data store for network %s: %v", n.id, err)
	}
	n.index = index
	return nil
}

func (k *shared) find(id string) *network {
	var s storedOverlay
	index, err := k.store.Get(overlayKey(id), &s)
	if err != nil || index == 0 {
		return nil
	}
	n := &network{o: k.o, id: id, endpoints: map[string]*member{}}
	n.load(s, index)
	return n
}

func (k *shared) withdraw(n *network) error {
	if slices.ContainsFunc(n.subnets, func(s *subnet) bool { return s.vni == 0 }) {
		// Another host may have drawn the tunnels' numbers since this one looked.
		var now storedOverlay
		if index, err := k.store.Get(overlayKey(n.id), &now); err == nil && index != 0 {
			n.load(now, index)
		}
	}
	delete(k.o.networks, n.id)
	k.o.push(peerOp{kind: peerFlush, network: n.id, caller: "func1"})
	if err := k.store.Delete(overlayKey(n.id)); err != nil {
		return errdefs.System("failed to delete network to vxlan id map: %v", err)
	}
	for _, s := range n.subnets {
		if s.vni >= firstVNI {
			k.releaseVNI(s.vni)
		}
	}
	return nil
}

func (k *shared) close() {
	if k.agent != nil {
		k.agent.Shutdown()
	}
}

// obtainVNI sees to it that the subnet has an identifier: the one in the store,
// or a new one.
func (k *shared) obtainVNI(n *network, s *subnet) error {
	if s.vni != 0 {
		return nil
	}
	st := k.store
	for {
		var stored storedOverlay
		index, err := st.Get(overlayKey(n.id), &stored)
		if err == nil && index == 0 {
			err = store.ErrKeyNotFound
		}
		if err != nil {
			return errdefs.System("getting network %q from datastore failed %v", n.id, err)
		}
		n.load(stored, index)
		if s.vni != 0 {
			return nil
		}
		vni, err := k.takeVNI()
		if err != nil {
			return errdefs.System("failed to allocate vxlan id: %v", err)
		}
		s.vni = vni
		index, err = st.Put(overlayKey(n.id), n.index, n.storeForm())
		if err == nil {
			n.index = index
			return nil
		}
		k.releaseVNI(vni)
		s.vni = 0
		if err != store.ErrKeyModified {
			return errdefs.System("network %q failed to update data store: %v", n.id, err)
		}
	}
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

func overlayKey(id string) string { return store.Key("overlay", "network", id) }

func (n *network) storeForm() storedOverlay {
	s := storedOverlay{MTU: n.mtu, Secure: n.secure}
	for _, x := range n.subnets {
		s.Subnets = append(s.Subnets, storedSubnet{x.prefix.String(), x.gw.String(), x.vni})
	}
	return s
}

// load takes what the store has: the subnets once, and their identifiers.
func (n *network) load(s storedOverlay, index uint64) {
	n.index, n.mtu, n.secure = index, s.MTU, s.Secure
	fresh := len(n.subnets) == 0
	for _, x := range s.Subnets {
		p, err := netip.ParsePrefix(x.SubnetIP)
		if err != nil {
			continue
		}
		if fresh {
			gw, _ := netip.ParsePrefix(x.GwIP)
			n.subnets = append(n.subnets, &subnet{prefix: p, gw: gw, vni: x.Vni})
			continue
		}
		for _, have := range n.subnets {
			if have.prefix == p {
				have.vni = x.Vni
			}
		}
	}
}
