package modes

import (
	"net/netip"
	"slices"
	"time"

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

// NetworkEndpoint is a container's entry in `docker network inspect`.
type NetworkEndpoint struct {
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
	EnableIPv6 bool
	IPAM       IPAM
	Internal   bool
	Attachable bool
	Ingress    bool
	ConfigOnly bool
	ConfigFrom string
	Options    map[string]string
	Labels     map[string]string

	core *netCore
}

// ShortID is the first 12 digits of the id.
func (n *Network) ShortID() string { return n.ID[:12] }

// netCore is what a network holds: its pools, its endpoints, its driver's part.
type netCore struct {
	name      string
	v4, v6    []poolUse
	asked     [2][]IPAMConfig // what was asked for, IPv4 and IPv6
	endpoints []*endpoint
	global    *global // nil for networks of one host
	deferIPv6 bool    // IPv6 addresses follow the MAC
}

// driver is what runs a network. It is never nil: without a cluster's control
// plane its driver is [driver.Absent].
func (ctl *controller) driver(n *Network) driver.Driver { return ctl.drivers[n.Driver] }

// stack says whose network stack the network's containers use.
func (ctl *controller) stack(n *Network) driver.Stack { return ctl.driver(n).Capability().Stack }

// view is the network as its driver sees it.
func (n *Network) view() *driver.Network {
	v := &driver.Network{ID: n.ID, Name: n.Name, Internal: n.Internal, EnableIPv6: n.EnableIPv6, Options: n.Options}
	for _, u := range n.core.v4 {
		v.V4 = append(v.V4, driver.Pool{Prefix: u.pool.Prefix, Gateway: u.gateway, Aux: u.aux})
	}
	for _, u := range n.core.v6 {
		v.V6 = append(v.V6, driver.Pool{Prefix: u.pool.Prefix, Gateway: u.gateway, Aux: u.aux})
	}
	return v
}

// space is where the network's addresses come from.
func (ctl *controller) space(n *Network) ipam.Space {
	if n.Scope == "global" && ctl.shared.cluster != nil {
		return ctl.shared.cluster.space
	}
	return ctl.ipam
}

// poolUse is a network's hold on one pool.
type poolUse struct {
	key     string
	pool    *ipam.Pool
	gateway netip.Prefix
	aux     map[string]netip.Addr // by name
}

// userDefined reports whether names are resolved in the network and addresses
// can be chosen: every network but the three predefined ones.
func (c *netCore) userDefined() bool { return !predefined(c.name) }

func predefined(name string) bool {
	return name == "bridge" || name == "host" || name == "none" || name == "default"
}

func (c *netCore) byName(name string) *endpoint {
	for _, ep := range c.endpoints {
		if ep.name() == name {
			return ep
		}
	}
	return nil
}

// Containers are the running containers with an endpoint in the network, by
// container id.
func (n *Network) Containers() map[string]NetworkEndpoint {
	m := map[string]NetworkEndpoint{}
	for _, ep := range n.core.endpoints {
		if ep.sb == nil {
			continue
		}
		e := NetworkEndpoint{Name: ep.name(), EndpointID: ep.ID}
		e.MacAddress = ep.shownMAC()
		if ep.Addr.IsValid() {
			e.IPv4Address = ep.Addr.String()
		}
		if ep.Addr6.IsValid() {
			e.IPv6Address = ep.Addr6.String()
		}
		m[ep.c.ID] = e
	}
	if n.core.global == nil {
		return m
	}
	for _, s := range n.core.global.stored {
		if !n.core.isJoined(s.ID) {
			m["ep-"+s.ID] = NetworkEndpoint{Name: s.Name, EndpointID: s.ID, MacAddress: s.Iface.MAC, IPv4Address: s.Iface.Addr}
		}
	}
	return m
}

func (c *netCore) isJoined(id string) bool {
	for _, ep := range c.endpoints {
		if ep.ID == id {
			return ep.sb != nil
		}
	}
	return false
}

func (ctl *controller) find(ref string) (*Network, error) {
	n, matches := ident.Find(ctl.networks, ref, func(n *Network) string { return n.ID }, func(n *Network) string { return n.Name })
	switch matches {
	case 0:
		return nil, errf(ErrNotFound, "network %s not found", ref)
	case 1:
		return n, nil
	}
	return nil, errf(ErrInvalid, "network %s is ambiguous (%d matches found based on ID prefix)", ref, matches)
}

func (ctl *controller) passes(n *Network, f filters.Args) bool {
	if len(f["driver"]) > 0 && !f.Has("driver", n.Driver) || len(f["scope"]) > 0 && !f.Has("scope", n.Scope) {
		return false
	}
	if !filters.MatchName(f["name"], n.Name) || !filters.MatchPrefix(f["id"], n.ID) || !filters.MatchLabels(f["label"], n.Labels) {
		return false
	}
	if len(f["type"]) > 0 && f.Has("type", "builtin") != predefined(n.Name) && f.Has("type", "custom") == predefined(n.Name) {
		return false
	}
	for _, v := range f["dangling"] {
		want := v == "true" || v == "1"
		if idle := !predefined(n.Name) && len(n.core.endpoints) == 0; idle != want {
			return false
		}
	}
	return true
}

func (ctl *controller) event(n *Network, action string, extra ...string) {
	a := map[string]string{"name": n.Name, "type": n.Driver}
	for i := 0; i+1 < len(extra); i += 2 {
		a[extra[i]] = extra[i+1]
	}
	ctl.Events.Add(events.Event{Type: "network", Action: action, ID: n.ID, Attributes: a})
}

// subnetAsked reports whether whoever made the network chose a subnet of the family.
func (n *Network) subnetAsked(v6 bool) bool {
	f := 0
	if v6 {
		f = 1
	}
	return slices.ContainsFunc(n.core.asked[f], func(c IPAMConfig) bool { return c.Subnet != "" })
}

// spansHosts reports whether the network is in the cluster store.
func (n *Network) spansHosts() bool { return n.core.global != nil }

// used reports whether containers of this host are in the network.
func (n *Network) used() bool { return len(n.core.endpoints) > 0 }
