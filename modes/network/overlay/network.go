package overlay

import (
	"net/netip"

	"dnetsim/modes/network/driver"
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
	if n.secure {
		mtu -= secureOverhead
	}
	return mtu - vxlanOverhead
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
