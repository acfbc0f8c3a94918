package overlay

import (
	"net/netip"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/store"
	"dnetsim/stack"
)

// vxlanOverhead is what a tunnel takes from the MTU: an Ethernet, an IP, a UDP and
// a VXLAN header.
const vxlanOverhead = 50

// network is an overlay network on one host.
type network struct {
	o         *Driver
	id        string
	index     uint64 // of its key in the store
	secure    bool
	mtu       int // of the underlay, as asked for; 0 is 1500
	subnets   []*subnet
	endpoints map[string]*member
	epoch     int // how often the sandbox was made
	joins     int
	box       *sandbox // nil while no container here is in the network
}

// subnet is one subnet of an overlay network: a bridge and a tunnel.
type subnet struct {
	prefix netip.Prefix
	gw     netip.Prefix
	vni    uint32 // 0 until somebody joins
	vxlan  string // vx-000100-…, the tunnel's name in the driver's eyes
	bridge *stack.Interface
	tunnel *stack.Interface
}

// member is an endpoint of this host.
type member struct {
	*driver.Endpoint
	joined bool // it is plugged into the sandbox
}

func (n *network) sortedEndpoints() []*member {
	var out []*member
	for _, id := range sortedKeys(n.endpoints) {
		out = append(out, n.endpoints[id])
	}
	return out
}

// member is the network's entry of an endpoint.
func (n *network) member(ep *driver.Endpoint) *member {
	m := n.endpoints[ep.ID]
	if m == nil {
		m = &member{Endpoint: ep}
		n.endpoints[ep.ID] = m
	}
	return m
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

func (n *network) subnetFor(a netip.Addr) *subnet {
	for _, s := range n.subnets {
		if s.prefix.Contains(a) {
			return s
		}
	}
	return nil
}

// maxMTU is what the tunnel leaves of the underlay's MTU.
func (n *network) maxMTU() int {
	mtu := n.mtu
	if mtu == 0 {
		mtu = 1500
	}
	return mtu - vxlanOverhead
}

// obtainVNI sees to it that the subnet has an identifier: the one in the store,
// or a new one.
func (n *network) obtainVNI(s *subnet) error {
	if s.vni != 0 {
		return nil
	}
	st := n.o.cfg.Store
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
		vni, err := n.o.takeVNI()
		if err != nil {
			return errdefs.System("failed to allocate vxlan id: %v", err)
		}
		s.vni = vni
		index, err = st.Put(overlayKey(n.id), n.index, n.storeForm())
		if err == nil {
			n.index = index
			return nil
		}
		n.o.releaseVNI(vni)
		s.vni = 0
		if err != store.ErrKeyModified {
			return errdefs.System("network %q failed to update data store: %v", n.id, err)
		}
	}
}

// routes are the ways of a container in one subnet to the network's others.
func (n *network) routes(own *subnet) []stack.Route {
	var out []stack.Route
	for _, s := range n.subnets {
		if s != own {
			out = append(out, stack.Route{Dst: s.prefix, Via: own.gw.Addr()})
		}
	}
	return out
}
