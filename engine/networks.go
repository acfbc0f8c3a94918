package engine

import (
	"cmp"
	"net/http"
	"strings"

	"dnetsim/modes"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/network"
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

func (form41) network(n *modes.Network, l looks) any {
	out := &types.NetworkResource{
		Name: n.Name, ID: n.ID, Created: n.Created.UTC(), Scope: n.Scope, Driver: n.Driver,
		EnableIPv6: n.EnableIPv6, Internal: n.Internal, Attachable: n.Attachable, Ingress: n.Ingress,
		ConfigFrom: network.ConfigReference{Network: n.ConfigFrom}, ConfigOnly: n.ConfigOnly,
		Containers: map[string]types.EndpointResource{}, Options: labels(n.Options), Labels: labels(n.Labels),
		IPAM: network.IPAM{Driver: n.IPAM.Driver, Options: n.IPAM.Options, Config: []network.IPAMConfig{}},
	}
	for _, p := range n.IPAM.Config {
		out.IPAM.Config = append(out.IPAM.Config, network.IPAMConfig{Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddress: p.AuxAddresses})
	}
	if n.Described {
		out.Containers, out.Labels, out.Options = nil, n.Labels, n.Options
		if len(n.IPAM.Config) == 0 {
			out.IPAM.Config = nil
		}
	}
	if l.services {
		out.Services = services(n)
	}
	if l.endpoints {
		for id, e := range n.Containers() {
			out.Containers[id] = types.EndpointResource{
				Name: e.Name, EndpointID: e.EndpointID, MacAddress: e.MacAddress, IPv4Address: e.IPv4Address, IPv6Address: e.IPv6Address,
			}
		}
		for _, p := range n.Peers() {
			out.Peers = append(out.Peers, network.PeerInfo{Name: p.Name, IP: p.IP})
		}
	}
	return out
}

func (c *call) networkList() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	ns, err := c.daemon.Networks.List(f)
	if err != nil {
		return err
	}
	out := make([]any, 0, len(ns))
	for _, n := range ns {
		out = append(out, c.s.form.network(n, looks{}))
	}
	return c.json(http.StatusOK, out)
}

func (c *call) networkInspect() error {
	n, err := c.daemon.Networks.GetScoped(c.job.Ref, c.q.Get("scope"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.s.form.network(n, looks{endpoints: true, services: boolean(c.q, "verbose"), subnets: c.daemon.Networks.Subnets}))
}

// services are what the nodes have told of a network of the cluster's.
func services(n *modes.Network) map[string]network.ServiceInfo {
	out := map[string]network.ServiceInfo{}
	for name, s := range n.Services() {
		i := network.ServiceInfo{VIP: cmp.Or(s.VIP, "<nil>"), Ports: append([]string{}, s.Ports...), Tasks: []network.Task{}}
		for _, t := range s.Tasks {
			i.Tasks = append(i.Tasks, network.Task{Name: t.Name, EndpointID: t.EndpointID, EndpointIP: t.EndpointIP, Info: map[string]string{"Host IP": t.HostIP}})
		}
		out[name] = i
	}
	return out
}

func (c *call) networkCreate() error {
	var r struct {
		types.NetworkCreateRequest
		// Options of the driver may say what these leave open.
		EnableIPv4, EnableIPv6 *bool
		CheckDuplicate         *bool // a client since API 1.44 no longer says it, and means it
	}
	if err := c.decode(&r); err != nil {
		return err
	}
	m := modes.CreateNetwork{
		Name: r.Name, CheckDuplicate: r.CheckDuplicate == nil || *r.CheckDuplicate, Driver: r.Driver, Scope: r.Scope,
		Internal: r.Internal, Attachable: r.Attachable, Ingress: r.Ingress, WithIPv4: r.EnableIPv4, WithIPv6: r.EnableIPv6,
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
				Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddresses: p.AuxAddress,
			})
		}
		m.IPAM = i
	}
	n, warning, err := c.daemon.Networks.Create(m)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, types.NetworkCreateResponse{ID: n.ID, Warning: warning})
}

func (c *call) networkRemove() error {
	if err := c.daemon.Networks.Remove(c.job.Ref); err != nil {
		return err
	}
	return c.done(http.StatusNoContent)
}

// networkAction is POST /networks/{id}/connect and …/disconnect.
func (c *call) networkAction() error {
	var r struct {
		Container      string
		Force          bool
		EndpointConfig *network.EndpointSettings
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
		e := toModel(r.EndpointConfig)
		if e != nil {
			var later struct{ EndpointConfig struct{ GwPriority int } }
			if err := c.decode(&later); err != nil {
				return err
			}
			e.GwPriority = later.EndpointConfig.GwPriority
		}
		if err := c.daemon.Networks.Connect(id, r.Container, e); err != nil {
			return err
		}
	case "disconnect":
		if err := c.decode(&r); err != nil {
			return err
		}
		if err := c.daemon.Networks.Disconnect(id, r.Container, r.Force); err != nil {
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
	gone, err := c.daemon.Networks.Prune(f)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct{ NetworksDeleted []string }{gone})
}
