package engine

import (
	"net/http"
	"strings"
	"time"

	"dnetsim/modes"
)

func (s *Server) networkRoutes() {
	s.handle("GET /networks", (*call).networkList)
	s.handle("GET /networks/{$}", (*call).networkList)
	s.handle("POST /networks/create", (*call).networkCreate)
	s.handle("POST /networks/prune", (*call).networksPrune)
	// Names of networks may contain slashes.
	s.handle("GET /networks/{id...}", (*call).networkInspect)
	s.handle("DELETE /networks/{id...}", (*call).networkRemove)
	s.handle("POST /networks/{id...}", (*call).networkAction)
}

// networkJSON is a network in the order of API 1.41.
type networkJSON struct {
	Name       string
	ID         string `json:"Id"`
	Created    time.Time
	Scope      string
	Driver     string
	EnableIPv6 bool
	IPAM       ipamJSON
	Internal   bool
	Attachable bool
	Ingress    bool
	ConfigFrom configFrom
	ConfigOnly bool
	Containers map[string]networkEndpoint
	Options    map[string]string
	Labels     map[string]string
}

type configFrom struct{ Network string }

type ipamJSON struct {
	Driver  string
	Options map[string]string
	Config  []ipamConfig
}

type ipamConfig struct {
	Subnet             string            `json:",omitempty"`
	IPRange            string            `json:",omitempty"`
	Gateway            string            `json:",omitempty"`
	AuxiliaryAddresses map[string]string `json:",omitempty"`
}

type networkEndpoint struct {
	Name        string
	EndpointID  string
	MacAddress  string
	IPv4Address string
	IPv6Address string
}

func describe(n *modes.Network, endpoints bool) *networkJSON {
	out := &networkJSON{
		Name: n.Name, ID: n.ID, Created: n.Created.UTC(), Scope: n.Scope, Driver: n.Driver,
		EnableIPv6: n.EnableIPv6, Internal: n.Internal, Attachable: n.Attachable, Ingress: n.Ingress,
		ConfigFrom: configFrom{n.ConfigFrom}, ConfigOnly: n.ConfigOnly,
		Containers: map[string]networkEndpoint{}, Options: labels(n.Options), Labels: labels(n.Labels),
		IPAM: ipamJSON{Driver: n.IPAM.Driver, Options: n.IPAM.Options, Config: []ipamConfig{}},
	}
	for _, p := range n.IPAM.Config {
		out.IPAM.Config = append(out.IPAM.Config, ipamConfig{p.Subnet, p.IPRange, p.Gateway, p.AuxAddresses})
	}
	if endpoints {
		for id, e := range n.Containers() {
			out.Containers[id] = networkEndpoint{e.Name, e.EndpointID, e.MacAddress, e.IPv4Address, e.IPv6Address}
		}
	}
	return out
}

func (c *call) networkList() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	ns, err := c.daemon.Networks(f)
	if err != nil {
		return err
	}
	out := make([]*networkJSON, 0, len(ns))
	for _, n := range ns {
		out = append(out, describe(n, false))
	}
	return c.json(http.StatusOK, out)
}

func (c *call) networkInspect() error {
	n, err := c.daemon.Network(c.job.Ref)
	if err != nil {
		return err
	}
	if scope := c.q.Get("scope"); scope != "" && scope != n.Scope {
		return &modes.Error{Kind: modes.ErrNotFound, Msg: "network " + c.job.Ref + " not found"}
	}
	return c.json(http.StatusOK, describe(n, true))
}

func (c *call) networkCreate() error {
	var r struct {
		Name           string
		CheckDuplicate *bool
		Driver         string
		Scope          string
		EnableIPv6     bool
		IPAM           *ipamJSON
		Internal       bool
		Attachable     bool
		Ingress        bool
		ConfigOnly     bool
		ConfigFrom     *configFrom
		Options        map[string]string
		Labels         map[string]string
	}
	if err := c.decode(&r); err != nil {
		return err
	}
	// A client since API 1.44 no longer says CheckDuplicate, and means it.
	m := modes.CreateNetwork{
		Name: r.Name, CheckDuplicate: r.CheckDuplicate == nil || *r.CheckDuplicate, Driver: r.Driver, Scope: r.Scope,
		Internal: r.Internal, Attachable: r.Attachable, Ingress: r.Ingress, EnableIPv6: r.EnableIPv6,
		ConfigOnly: r.ConfigOnly, Options: r.Options, Labels: r.Labels,
	}
	if r.ConfigFrom != nil {
		m.ConfigFrom = r.ConfigFrom.Network
	}
	if r.IPAM != nil {
		i := &modes.IPAM{Driver: r.IPAM.Driver, Options: r.IPAM.Options}
		if i.Options == nil {
			i.Options = map[string]string{}
		}
		for _, p := range r.IPAM.Config {
			i.Config = append(i.Config, modes.IPAMConfig{
				Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddresses: p.AuxiliaryAddresses,
			})
		}
		m.IPAM = i
	}
	n, warning, err := c.daemon.NetworkCreate(m)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, struct {
		ID      string `json:"Id"`
		Warning string
	}{n.ID, warning})
}

func (c *call) networkRemove() error {
	if err := c.daemon.NetworkRemove(c.job.Ref); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

// networkAction is POST /networks/{id}/connect and …/disconnect.
func (c *call) networkAction() error {
	var r struct {
		Container      string
		Force          bool
		EndpointConfig *endpointSettings
	}
	id, action := c.job.Ref, ""
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		id, action = id[:i], id[i+1:]
	}
	switch action {
	case "connect":
		if err := c.decode(&r); err != nil {
			return err
		}
		if err := c.daemon.NetworkConnect(id, r.Container, r.EndpointConfig.toModel()); err != nil {
			return err
		}
	case "disconnect":
		if err := c.decode(&r); err != nil {
			return err
		}
		if err := c.daemon.NetworkDisconnect(id, r.Container, r.Force); err != nil {
			return err
		}
	default:
		c.s.refuse(c.w, c.r)
		return nil
	}
	return c.done(http.StatusOK)
}

func (c *call) networksPrune() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	gone, err := c.daemon.NetworksPrune(f)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct{ NetworksDeleted []string }{gone})
}
