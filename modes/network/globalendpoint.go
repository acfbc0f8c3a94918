package network

import (
	"fmt"
	"net/netip"
	"strings"

	"dnetsim/modes/calls"
	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/nat"
	"dnetsim/modes/store"
)

// endpointCount is a network's number of endpoints. Hosts watch the key to
// learn of endpoints elsewhere.
type endpointCount struct{ Count uint64 }

// storedEndpoint is an endpoint in the cluster store. The fields are in the
// order of their names, as libnetwork writes them.
type storedEndpoint struct {
	Anonymous         bool            `json:"anonymous"`
	DisableResolution bool            `json:"disableResolution"`
	Iface             storedInterface `json:"ep_iface"`
	ExposedPorts      []storedPort    `json:"exposed_ports"`
	Generic           map[string]any  `json:"generic"`
	ID                string          `json:"id"`
	IngressPorts      []storedPort    `json:"ingressPorts"`
	JoinInfo          *storedJoin     `json:"joinInfo"`
	LoadBalancer      bool            `json:"loadBalancer"`
	Locator           string          `json:"locator"`
	MyAliases         []string        `json:"myAliases"`
	Name              string          `json:"name"`
	Sandbox           string          `json:"sandbox"`
	SvcAliases        []string        `json:"svcAliases"`
	SvcID             string          `json:"svcID"`
	SvcName           string          `json:"svcName"`
	VirtualIP         string          `json:"virtualIP"`

	index uint64
}

type storedInterface struct {
	Addr      string   `json:"addr,omitempty"`
	DstPrefix string   `json:"dstPrefix"`
	MAC       string   `json:"mac,omitempty"`
	Routes    []string `json:"routes"`
	SrcName   string   `json:"srcName"`
	V4PoolID  string   `json:"v4PoolID"`
	V6PoolID  string   `json:"v6PoolID"`
}

type storedJoin struct {
	StaticRoutes          []string
	DisableGatewayService bool `json:"disableGatewayService"`
}

// storedPort is a port with its protocol's number.
type storedPort struct{ Proto, Port int }

func endpointKey(nid, eid string) string { return store.Key("endpoint", nid, eid) }

func (e *storedEndpoint) addr() netip.Addr {
	p, _ := netip.ParsePrefix(e.Iface.Addr)
	return p.Addr()
}

func (e *storedEndpoint) answersTo(name string) bool {
	return !e.Anonymous && strings.EqualFold(e.Name, name) || isAlias(e.MyAliases, name)
}

// protocolNumbers are those of IP.
var protocolNumbers = map[string]int{"tcp": 6, "udp": 17, "sctp": 132}

// storeForm is the endpoint as the store keeps it.
func (ep *Endpoint) storeForm(locator string) *storedEndpoint {
	ports := []storedPort{}
	for _, p := range nat.Sorted(ep.c.Config.ExposedPorts) {
		ports = append(ports, storedPort{protocolNumbers[p.Proto], int(p.Number)})
	}
	bindings := []map[string]any{}
	if all, err := ep.c.Publications(); err == nil {
		for _, r := range all {
			bindings = append(bindings, map[string]any{
				"Proto": protocolNumbers[r.Port.Proto], "IP": "", "Port": r.Port.Number,
				"HostIP": r.HostIP, "HostPort": r.Lo, "HostPortEnd": r.Hi,
			})
		}
	}
	s := &storedEndpoint{
		Iface: storedInterface{DstPrefix: "eth", V4PoolID: ep.pool}, ExposedPorts: ports,
		Generic: map[string]any{
			"com.docker.network.endpoint.exposedports": ports, "com.docker.network.portmap": bindings,
		},
		Anonymous: ep.c.Anonymous, ID: ep.ID, Locator: locator, MyAliases: ep.aliases, Name: ep.c.Name, VirtualIP: "<nil>",
	}
	if ep.Addr.IsValid() {
		s.Iface.Addr, s.Iface.MAC = ep.Addr.String(), ep.MAC.String()
	}
	if ep.Inside != nil {
		s.Iface.SrcName = ep.Inside.Name()
	}
	if ep.sb != nil {
		s.JoinInfo, s.Sandbox = &storedJoin{}, ep.sb.ID
	}
	return s
}

// publishEndpoint writes an endpoint's key, anew or again.
func (sh *Global) publishEndpoint(ep *Endpoint) error {
	c := sh.Cluster
	if c == nil {
		return calls.ErrGone
	}
	index, err := c.Store.Put(endpointKey(ep.net.ID, ep.ID), ep.stored, ep.storeForm(c.locator()))
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to update store for object type *libnetwork.endpoint: %v", err)
	}
	ep.stored = index
	return nil
}

// Renamed tells the cluster the container's new name; the sandbox may be nil, or
// another container's.
func (sb *Sandbox) Renamed(c *container.Container) error {
	if sb == nil || sb.C != c {
		return nil
	}
	sb.ForgetNames()
	for _, ep := range sb.endpoints {
		sb.ctl.Agent.tell(ep, false)
		sb.ctl.Agent.tell(ep, true)
		if ep.net.Core.global != nil && ep.gatewayName == "" {
			if err := sb.ctl.Global.publishEndpoint(ep); err != nil {
				return err
			}
		}
	}
	return nil
}

// ForgetNames makes the networks of a sandbox look for the names of endpoints anew.
func (sb *Sandbox) ForgetNames() {
	if sb == nil {
		return
	}
	for _, ep := range sb.endpoints {
		ep.net.Core.names = nil
	}
}

// countEndpoints changes the number of a network's endpoints.
func (c *cluster) countEndpoints(nid string, by int) error {
	for {
		var n endpointCount
		index, err := c.Store.Get(countKey(nid), &n)
		if err != nil {
			return err
		}
		if index == 0 {
			return store.ErrKeyNotFound
		}
		if by > 0 {
			n.Count++
		} else if n.Count > 0 {
			n.Count--
		}
		if _, err = c.Store.Put(countKey(nid), index, n); err != store.ErrKeyModified {
			return err
		}
	}
}

// nameTaken refuses an endpoint name that any host uses in the network.
func (sh *Global) nameTaken(n *Network, name string) error {
	if n.Core.global == nil {
		return nil
	}
	if err := sh.RefreshEndpoints(n); err != nil {
		sh.ctl.Journal.Write("debug", "cannot list endpoints: "+err.Error())
		return nil
	}
	for _, e := range n.Core.global.stored {
		if e.Name == name {
			return errdefs.New(errdefs.KindForbidden, "endpoint with name %s already exists in network %s", name, n.Name)
		}
	}
	return nil
}

// registerEndpoint makes an endpoint known to the cluster; on error it is not.
func (sh *Global) registerEndpoint(ep *Endpoint) error {
	if ep.net.Core.global == nil {
		return nil
	}
	if err := sh.publishEndpoint(ep); err != nil {
		return err
	}
	c := sh.Cluster
	if c == nil {
		return calls.ErrGone
	}
	sh.watchNames(ep.net)
	if err := c.countEndpoints(ep.net.ID, 1); err != nil {
		if c.Store.Delete(endpointKey(ep.net.ID, ep.ID)) == nil {
			ep.stored = 0
		}
		return errdefs.New(errdefs.KindSystem, "%v", err)
	}
	ep.counted = true
	return nil
}

// unregisterEndpoint takes it out of the store. What cannot be said to the
// store now is kept for later.
func (sh *Global) unregisterEndpoint(ep *Endpoint) error {
	if ep.net.Core.global == nil || ep.stored == 0 || sh.Cluster == nil {
		return nil
	}
	c := sh.Cluster
	if err := c.Store.Delete(endpointKey(ep.net.ID, ep.ID)); err != nil {
		return err
	}
	ep.stored = 0
	if ep.counted {
		ep.counted = false
		if err := c.countEndpoints(ep.net.ID, -1); err != nil {
			sh.ctl.Journal.Write("warning", fmt.Sprintf("failed to decrement endpoint count for ep %s: %v", ep.ID, err))
		}
	}
	return nil
}

// settleEndpoint tells the store of the end of an endpoint whose dockerd had gone
// in the middle of a call: nobody knows how far it came, so the number of the
// network's endpoints is counted again.
func (sh *Global) settleEndpoint(ep *Endpoint) error {
	c, id := sh.Cluster, ep.net.ID
	if err := c.Store.Delete(endpointKey(id, ep.ID)); err != nil {
		return err
	}
	sh.ctl.releaseAddresses(ep)
	for {
		var n endpointCount
		index, err := c.Store.Get(countKey(id), &n)
		if err != nil || index == 0 {
			return err
		}
		eps, err := c.endpoints(id)
		if err != nil {
			return err
		}
		n.Count = uint64(len(eps))
		if _, err := c.Store.Put(countKey(id), index, n); err != store.ErrKeyModified {
			return err
		}
	}
}

// ForgetEndpoint takes an endpoint whose container is not on this host out of
// the store, with its address: what docker network disconnect -f is for when
// the host that it was on has crashed. The container, if there is one, is not
// told (libnetwork's Endpoint.Delete with force).
func (sh *Global) ForgetEndpoint(n *Network, name string) error {
	if n.Core.global == nil || sh.Cluster == nil {
		return errdefs.New(errdefs.KindNotFound, "endpoint %s not found", name)
	}
	if err := sh.RefreshEndpoints(n); err != nil {
		return errdefs.New(errdefs.KindSystem, "%v", err)
	}
	for _, e := range n.Core.global.stored {
		if e.Name != name {
			continue
		}
		c := sh.Cluster
		if err := c.Store.Delete(endpointKey(n.ID, e.ID)); err != nil {
			return errdefs.New(errdefs.KindSystem, "%v", err)
		}
		if a := e.addr(); a.IsValid() {
			sh.ctl.space(n).ReleaseAddress(e.Iface.V4PoolID, a)
		}
		if err := c.countEndpoints(n.ID, -1); err != nil {
			sh.ctl.Journal.Write("warning", fmt.Sprintf("failed to decrement endpoint count for ep %s: %v", e.ID, err))
		}
		return nil
	}
	return errdefs.New(errdefs.KindNotFound, "endpoint %s not found", name)
}

// watchNames follows the endpoints of other hosts in a network that a container
// here is in.
func (sh *Global) watchNames(n *Network) {
	g, c := n.Core.global, sh.Cluster
	if g.unwatch != nil || c == nil {
		return
	}
	g.unwatch = c.watch(countKey(n.ID), func() {
		eps, err := c.endpoints(n.ID)
		if err != nil {
			return
		}
		g.remote = nil
		for _, e := range eps {
			if !n.Core.isLocal(e.ID) {
				g.remote = append(g.remote, e)
			}
		}
	})
}

func (c *netCore) isLocal(id string) bool {
	for _, ep := range c.Endpoints {
		if ep.ID == id {
			return true
		}
	}
	return false
}

// unwatchNames forgets the names once no container here is in the network.
func (sh *Global) unwatchNames(n *Network) {
	g := n.Core.global
	if g == nil || len(n.Core.Endpoints) > 0 || g.unwatch == nil {
		return
	}
	g.unwatch()
	g.unwatch, g.remote = nil, nil
}
