package engine

import (
	"net/netip"

	"dnetsim/link"
	"dnetsim/modes"

	"github.com/moby/moby/api/types/network"
)

// network is a network in the order of API 1.56.
func (form56) network(n *modes.Network, l looks) any {
	out := network.Network{
		Name: n.Name, ID: n.ID, Created: n.Created.UTC(), Scope: n.Scope, Driver: n.Driver,
		EnableIPv4: n.EnableIPv4, EnableIPv6: n.EnableIPv6, Internal: n.Internal, Attachable: n.Attachable, Ingress: n.Ingress,
		ConfigFrom: network.ConfigReference{Network: n.ConfigFrom}, ConfigOnly: n.ConfigOnly,
		Options: n.Options, Labels: n.Labels,
		IPAM: network.IPAM{Driver: n.IPAM.Driver, Options: n.IPAM.Options},
	}
	for _, p := range n.IPAM.Config {
		c := network.IPAMConfig{Subnet: prefixOf(p.Subnet), IPRange: prefixOf(p.IPRange), Gateway: addrOf(p.Gateway)}
		for name, a := range p.AuxAddresses {
			if c.AuxAddress == nil {
				c.AuxAddress = map[string]netip.Addr{}
			}
			c.AuxAddress[name] = addrOf(a)
		}
		out.IPAM.Config = append(out.IPAM.Config, c)
	}
	if !l.endpoints {
		return network.Summary{Network: out}
	}
	in := network.Inspect{Network: out, Containers: map[string]network.EndpointResource{}}
	if n.Driver != "" { // a swarm's network has none as long as nothing is allocated
		in.Status = &network.Status{}
	}
	for id, e := range n.Containers() {
		in.Containers[id] = network.EndpointResource{
			Name: e.Name, EndpointID: e.EndpointID, MacAddress: macOf(e.MacAddress), IPv4Address: prefixOf(e.IPv4Address), IPv6Address: prefixOf(e.IPv6Address),
		}
	}
	for _, p := range n.Peers() {
		in.Peers = append(in.Peers, network.PeerInfo{Name: p.Name, IP: addrOf(p.IP)})
	}
	if l.services {
		in.Services = map[string]network.ServiceInfo{}
		for name, s := range services(n) {
			i := network.ServiceInfo{VIP: addrOf(s.VIP), Ports: s.Ports, LocalLBIndex: s.LocalLBIndex, Tasks: []network.Task{}}
			for _, t := range s.Tasks {
				i.Tasks = append(i.Tasks, network.Task{Name: t.Name, EndpointID: t.EndpointID, EndpointIP: addrOf(t.EndpointIP), Info: t.Info})
			}
			in.Services[name] = i
		}
	}
	for _, s := range l.subnets(n) {
		if in.Status.IPAM.Subnets == nil {
			in.Status.IPAM.Subnets = network.SubnetStatuses{}
		}
		in.Status.IPAM.Subnets[s.Prefix] = network.SubnetStatus{IPsInUse: s.InUse, DynamicIPsAvailable: s.Free}
	}
	return in
}

// prefixOf, addrOf and macOf read what the daemon wrote; "" is none.
func prefixOf(s string) netip.Prefix {
	p, _ := netip.ParsePrefix(s)
	return p
}

func addrOf(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}

func macOf(s string) network.HardwareAddr {
	m, err := link.ParseMAC(s)
	if err != nil {
		return nil
	}
	return network.HardwareAddr(m[:])
}

func endpoint56(e *modes.EndpointSettings) *network.EndpointSettings {
	out := &network.EndpointSettings{
		Links: e.Links, Aliases: e.Aliases, DriverOpts: e.DriverOpts, GwPriority: e.GwPriority,
		NetworkID: e.NetworkID, EndpointID: e.EndpointID, Gateway: addrOf(e.Gateway), IPAddress: addrOf(e.IPAddress),
		MacAddress: macOf(e.MacAddress), IPPrefixLen: e.IPPrefixLen, IPv6Gateway: addrOf(e.IPv6Gateway),
		GlobalIPv6Address: addrOf(e.GlobalIPv6Address), GlobalIPv6PrefixLen: e.GlobalIPv6PrefixLen, DNSNames: e.DNSNames,
	}
	if i := e.IPAMConfig; i != nil {
		out.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: addrOf(i.IPv4Address), IPv6Address: addrOf(i.IPv6Address)}
		for _, a := range i.LinkLocalIPs {
			out.IPAMConfig.LinkLocalIPs = append(out.IPAMConfig.LinkLocalIPs, addrOf(a))
		}
	}
	return out
}
