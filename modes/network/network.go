package network

import (
	"net/netip"
	"slices"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/events"
	"dnetsim/modes/filters"
	"dnetsim/modes/ident"
	"dnetsim/modes/ipam"
	"dnetsim/modes/network/driver"
)

// IPAMConfig is one address pool of a network, as asked for or as chosen. The
// strings are kept as the user wrote them ("192.168.50.1/24" stays).
type IPAMConfig struct {
	Subnet       string
	IPRange      string
	Gateway      string // "" if neither asked for nor taken from a default pool
	AuxAddresses map[string]string
}

// IPAM is the address management of a network.
type IPAM struct {
	Driver  string
	Options map[string]string // nil for the predefined networks
	Config  []IPAMConfig
}

// Member is a container's entry in `docker network inspect`.
type Member struct {
	Name        string // of the container
	EndpointID  string
	MacAddress  string
	IPv4Address string // with prefix length
	IPv6Address string
}

// Network is one network. Its exported fields are what inspect shows.
type Network struct {
	ID         string
	Name       string
	Created    time.Time
	Scope      string // "local", "global", "swarm"
	Driver     string // "bridge", "host", "null", …
	EnableIPv4 bool
	EnableIPv6 bool
	IPAM       IPAM
	Internal   bool
	Attachable bool
	Ingress    bool
	ConfigOnly bool
	ConfigFrom string
	Options    map[string]string
	Labels     map[string]string
	// Described says that it is not on this node: a manager tells what the swarm has of it.
	Described bool

	Core *netCore
}

// ShortID is the first 12 digits of the id.
func (n *Network) ShortID() string { return n.ID[:12] }

// netCore is what a network holds: its pools, its endpoints, its driver's part.
type netCore struct {
	name      string
	V4, v6    []poolUse
	asked     [2][]IPAMConfig // what was asked for, IPv4 and IPv6
	Endpoints []*Endpoint
	names     map[string]*Endpoint // nil until somebody asks, and after a change of names
	global    *inStore             // nil unless it is in the cluster store
	swarm     *inSwarm             // nil unless it is a network of the cluster's that this node is in
	deferIPv6 bool                 // IPv6 addresses follow the MAC
}

// driver is what runs a network. It is never nil: without a cluster's control
// plane its driver is [driver.Absent].
func (ctl *Controller) driver(n *Network) driver.Driver { return ctl.Drivers[n.Driver] }

// Stack says whose network stack the network's containers use.
func (ctl *Controller) Stack(n *Network) driver.Stack { return ctl.driver(n).Capability().Stack }

// view is the network as its driver sees it.
func (n *Network) view() *driver.Network {
	v := &driver.Network{ID: n.ID, Name: n.Name, Internal: n.Internal, EnableIPv6: n.EnableIPv6, Options: n.Options}
	for _, u := range n.Core.V4 {
		v.V4 = append(v.V4, driver.Pool{Prefix: u.pool.Prefix, Gateway: u.gateway, Aux: u.aux})
	}
	for _, u := range n.Core.v6 {
		v.V6 = append(v.V6, driver.Pool{Prefix: u.pool.Prefix, Gateway: u.gateway, Aux: u.aux})
	}
	return v
}

// space is where the network's addresses come from.
func (ctl *Controller) space(n *Network) ipam.Space {
	switch {
	case n.Core.swarm != nil && n.Driver == "overlay": // others are each node's own
		return ctl.Agent.space()
	case n.Scope == "global" && ctl.Global.Cluster != nil:
		return ctl.Global.Cluster.space
	}
	return ctl.Ipam
}

// poolUse is a network's hold on one pool.
type poolUse struct {
	Key     string
	pool    *ipam.Pool
	gateway netip.Prefix
	aux     map[string]netip.Addr // by name
}

// userDefined reports whether names are resolved in the network and addresses
// can be chosen: every network but the three predefined ones.
func (c *netCore) userDefined() bool { return !Predefined(c.name) }

// Predefined reports whether Docker makes the network of that name itself.
func Predefined(name string) bool {
	return name == "bridge" || name == "host" || name == "none" || name == "default"
}

func (c *netCore) byName(name string) *Endpoint {
	if c.names == nil {
		c.names = make(map[string]*Endpoint, len(c.Endpoints))
		for _, ep := range c.Endpoints {
			c.know(ep)
		}
	}
	if ep := c.names[name]; ep == nil || ep.name() == name {
		return ep
	}
	c.names = nil // it has been renamed
	return c.byName(name)
}

// add makes an endpoint one of the network's.
func (c *netCore) add(ep *Endpoint) {
	c.Endpoints = append(c.Endpoints, ep)
	c.know(ep)
}

// know notes an endpoint's name, if the notes have been asked for.
func (c *netCore) know(ep *Endpoint) {
	if name := ep.name(); c.names != nil && c.names[name] == nil {
		c.names[name] = ep
	}
}

// Containers are the running containers with an endpoint in the network, by
// container id.
func (n *Network) Containers() map[string]Member {
	m := map[string]Member{}
	for _, ep := range n.Core.Endpoints {
		if ep.sb == nil {
			continue
		}
		e := Member{Name: ep.name(), EndpointID: ep.ID}
		e.MacAddress = ep.shownMAC()
		if ep.Addr.IsValid() {
			e.IPv4Address = ep.Addr.String()
		}
		if ep.Addr6.IsValid() {
			e.IPv6Address = ep.Addr6.String()
		}
		m[ep.c.ID] = e
	}
	if n.Core.global == nil {
		return m
	}
	for _, s := range n.Core.global.stored {
		if !n.Core.isJoined(s.ID) {
			m["ep-"+s.ID] = Member{Name: s.Name, EndpointID: s.ID, MacAddress: s.Iface.MAC, IPv4Address: s.Iface.Addr}
		}
	}
	return m
}

func (c *netCore) isJoined(id string) bool {
	for _, ep := range c.Endpoints {
		if ep.ID == id {
			return ep.sb != nil
		}
	}
	return false
}

// Find finds a network by name, id or the beginning of an id, among those that are known.
func (ctl *Controller) Find(ref string) (*Network, error) {
	n, matches := ident.Find(ctl.Networks, ref, func(n *Network) string { return n.ID }, func(n *Network) string { return n.Name })
	switch matches {
	case 0:
		return nil, errdefs.New(errdefs.KindNotFound, "network %s not found", ref)
	case 1:
		return n, nil
	}
	return nil, errdefs.New(errdefs.KindInvalid, "network %s is ambiguous (%d matches found based on ID prefix)", ref, matches)
}

// Passes reports whether a network passes the filters of docker network ls.
func (ctl *Controller) Passes(n *Network, f filters.Args) bool {
	if len(f["driver"]) > 0 && !f.Has("driver", n.Driver) || len(f["scope"]) > 0 && !f.Has("scope", n.Scope) {
		return false
	}
	if !filters.MatchName(f["name"], n.Name) || !filters.MatchPrefix(f["id"], n.ID) || !filters.MatchLabels(f["label"], n.Labels) {
		return false
	}
	if len(f["type"]) > 0 && f.Has("type", "builtin") != Predefined(n.Name) && f.Has("type", "custom") == Predefined(n.Name) {
		return false
	}
	for _, v := range f["dangling"] {
		want := v == "true" || v == "1"
		if idle := !Predefined(n.Name) && len(n.Core.Endpoints) == 0; idle != want {
			return false
		}
	}
	return true
}

// Event records something that happened to a network; extra are pairs.
func (ctl *Controller) Event(n *Network, action string, extra ...string) {
	a := map[string]string{"name": n.Name, "type": n.Driver}
	for i := 0; i+1 < len(extra); i += 2 {
		a[extra[i]] = extra[i+1]
	}
	ctl.Events.Add(events.Event{Type: "network", Action: action, ID: n.ID, Attributes: a})
}

// SubnetAsked reports whether whoever made the network chose a subnet of the family.
func (n *Network) SubnetAsked(v6 bool) bool {
	f := 0
	if v6 {
		f = 1
	}
	return slices.ContainsFunc(n.Core.asked[f], func(c IPAMConfig) bool { return c.Subnet != "" })
}

// SpansHosts reports whether the network is in the cluster store.
func (n *Network) SpansHosts() bool { return n.Core.global != nil }

// Used reports whether containers of this host are in the network.
func (n *Network) Used() bool { return len(n.Core.Endpoints) > 0 }

// Subnets are the network's subnets, and how many of their addresses are taken.
func (n *Network) Subnets() (all []Subnet) {
	for _, u := range append(append([]poolUse(nil), n.Core.V4...), n.Core.v6...) {
		all = append(all, u.pool.Status())
	}
	return all
}

// Subnet is a subnet of a network and how much of it is taken.
type Subnet = ipam.Subnet
