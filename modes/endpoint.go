package modes

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/link"
	"dnetsim/modes/calls"
	"dnetsim/modes/container"
	"dnetsim/modes/ipam"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
)

// endpoint is a container's side of one network while the container runs.
type endpoint struct {
	driver.Endpoint
	c       *container.Container
	net     *Network
	sb      *sandbox
	pool    string // where the addresses go back to
	pool6   string
	aliases []string
	ifName  string // eth0 …
	stored  uint64 // index of its key in the cluster store; 0: none
	counted bool   // the store's count of endpoints has it

	gatewayName string // of a sandbox's endpoint in docker_gwbridge, or ""
}

// newEndpoint is a container's endpoint in a network, without addresses.
func (ctl *controller) newEndpoint(n *Network, c *container.Container, id string) *endpoint {
	return &endpoint{
		Endpoint: driver.Endpoint{
			ID: id, Network: n.ID, Label: c.Name + "/" + n.Name,
			ExposedPorts: c.Config.ExposedPorts, PortBindings: c.HostConfig.PortBindings,
		},
		c: c, net: n,
	}
}

// name is the endpoint's name in its network.
func (ep *endpoint) name() string {
	if ep.gatewayName != "" {
		return ep.gatewayName
	}
	return ep.c.Name
}

// createEndpoint makes the container's endpoint in a network: addresses, then
// the driver's interface. On error nothing is left.
func (ctl *controller) createEndpoint(n *Network, c *container.Container, es *container.EndpointSettings) (_ *endpoint, err error) {
	if n.ConfigOnly {
		return nil, errf(ErrForbidden, "cannot create endpoint on configuration-only network")
	}
	if n.core.byName(c.Name) != nil {
		return nil, errf(ErrForbidden, "endpoint with name %s already exists in network %s", c.Name, n.Name)
	}
	if err := ctl.shared.nameTaken(n, c.Name); err != nil {
		return nil, err
	}
	ep := ctl.newEndpoint(n, c, ctl.IDs.ID("endpoint", c.Name+"/"+n.Name))
	if es != nil {
		ep.aliases = append([]string(nil), es.Aliases...)
	}
	defer func() {
		if err != nil {
			ctl.deleteEndpoint(ep)
		}
	}()
	if err := ep.chooseMAC(es); err != nil {
		return nil, err
	}
	if err := ctl.assign(ep, es); err != nil {
		return nil, err
	}
	n.core.endpoints = append(n.core.endpoints, ep)
	if err := ctl.driver(n).CreateEndpoint(&ep.Endpoint); err != nil {
		if err != calls.ErrGone {
			err = wrapf(err, "failed to create endpoint %s on network %s: ", c.Name, n.Name)
		}
		return nil, err
	}
	if err := ctl.shared.registerEndpoint(ep); err != nil {
		return nil, err
	}
	return ep, nil
}

func (ep *endpoint) chooseMAC(es *container.EndpointSettings) error {
	want := ""
	if es != nil && es.MacAddress != "" {
		want = es.MacAddress
	} else if ep.c.HostConfig.NetworkMode == ep.net.Name || container.IsDefaultMode(ep.c.HostConfig.NetworkMode) || ep.c.HostConfig.NetworkMode == ep.net.ID {
		want = ep.c.Config.MacAddress
	}
	if want == "" {
		return nil
	}
	m, err := link.ParseMAC(want)
	if err != nil {
		return errf(ErrInvalid, "invalid MAC address: %s", want)
	}
	ep.MAC = m
	return nil
}

// assign takes the endpoint's addresses.
func (ctl *controller) assign(ep *endpoint, es *container.EndpointSettings) error {
	var want, want6 netip.Addr
	if es != nil && es.IPAMConfig != nil {
		want, _ = netip.ParseAddr(es.IPAMConfig.IPv4Address)
		want6, _ = netip.ParseAddr(es.IPAMConfig.IPv6Address)
	}
	if es != nil && es.IPAMConfig != nil {
		for _, s := range es.IPAMConfig.LinkLocalIPs {
			if a, err := netip.ParseAddr(s); err == nil {
				ep.LinkLocal = append(ep.LinkLocal, netip.PrefixFrom(a, map[bool]int{true: 16, false: 64}[a.Is4()]))
			}
		}
	}
	core := ep.net.core
	if len(core.v4) > 0 {
		p, key, err := ctl.assignFrom(ep.net, core.v4, want, false)
		if err != nil {
			return err
		}
		ep.Addr, ep.pool = p, key
	}
	if !ep.net.EnableIPv6 || len(core.v6) == 0 {
		return nil
	}
	if core.deferIPv6 && !want6.IsValid() {
		if ep.MAC == (link.MAC{}) {
			ep.MAC = driver.MACOf(ep.Addr.Addr())
		}
		want6 = v6Of(core.v6[0].pool.Prefix, ep.MAC)
	}
	p, key, err := ctl.assignFrom(ep.net, core.v6, want6, true)
	if err != nil {
		return err
	}
	ep.Addr6, ep.pool6 = p, key
	return nil
}

func (ctl *controller) assignFrom(n *Network, pools []poolUse, want netip.Addr, v6 bool) (netip.Prefix, string, error) {
	for _, u := range pools {
		if want.IsValid() && !u.pool.Prefix.Contains(want) {
			continue
		}
		p, err := ctl.space(n).RequestAddress(u.key, want)
		if err == nil {
			return p, u.key, nil
		}
		if err != ipam.ErrNoAddresses || want.IsValid() {
			return netip.Prefix{}, "", err
		}
	}
	if want.IsValid() {
		return netip.Prefix{}, "", errf(ErrInvalid, "Invalid address %s: It does not belong to any of this network's subnets", want)
	}
	return netip.Prefix{}, "", errf(ErrSystem, "no available %s addresses on this network's address pools: %s (%s)", ipam.Version(v6), n.Name, n.ID)
}

// deleteEndpoint gives back what createEndpoint took.
func (ctl *controller) deleteEndpoint(ep *endpoint) {
	ep.Unplug()
	ctl.driver(ep.net).DeleteEndpoint(&ep.Endpoint)
	if ep.net.core.global != nil && ctl.shared.cluster == nil {
		ctl.shared.owe(func() error { return ctl.shared.settleEndpoint(ep) })
	} else {
		if err := ctl.shared.unregisterEndpoint(ep); err != nil {
			ctl.Journal.Write("warning", fmt.Sprintf("driver error deleting endpoint %s : %v", ep.name(), err))
		}
		ctl.releaseAddresses(ep)
	}
	core := ep.net.core
	for i, x := range core.endpoints {
		if x == ep {
			core.endpoints = slices.Concat(core.endpoints[:i], core.endpoints[i+1:])
			break
		}
	}
	ctl.shared.unwatchNames(ep.net)
}

func (ctl *controller) releaseAddresses(ep *endpoint) {
	if ep.Addr.IsValid() {
		ctl.space(ep.net).ReleaseAddress(ep.pool, ep.Addr.Addr())
	}
	if ep.Addr6.IsValid() {
		ctl.space(ep.net).ReleaseAddress(ep.pool6, ep.Addr6.Addr())
	}
}

// settings fills what inspect shows of the endpoint.
func (ep *endpoint) settings(es *container.EndpointSettings) {
	es.NetworkID, es.EndpointID = ep.net.ID, ep.ID
	if ep.Addr.IsValid() {
		es.IPAddress, es.IPPrefixLen = ep.Addr.Addr().String(), ep.Addr.Bits()
	}
	if ep.Gateway.IsValid() {
		es.Gateway = ep.Gateway.String()
	}
	if ep.Addr6.IsValid() {
		es.GlobalIPv6Address, es.GlobalIPv6PrefixLen = ep.Addr6.Addr().String(), ep.Addr6.Bits()
	}
	if ep.Gateway6.IsValid() {
		es.IPv6Gateway = ep.Gateway6.String()
	}
	if m := ep.shownMAC(); m != "" {
		es.MacAddress = m
	}
}

// shownMAC is what inspect shows: nothing where the driver gives none.
func (ep *endpoint) shownMAC() string {
	if ep.MAC == (link.MAC{}) {
		return ""
	}
	return ep.MAC.String()
}

// ahead orders the endpoints of a sandbox: the first one with a gateway gives
// the default route, and interfaces are numbered in this order at start.
func (ep *endpoint) ahead(o *endpoint) bool {
	if (ep.gatewayName != "") != (o.gatewayName != "") {
		return o.gatewayName != ""
	}
	if ep.net.Internal != o.net.Internal {
		return o.net.Internal
	}
	if ep.Gateway.IsValid() != o.Gateway.IsValid() {
		return ep.Gateway.IsValid()
	}
	return ep.net.Name < o.net.Name
}

// v6Of is the address that Docker derives from a MAC in a subnet of /80 or
// larger: 2001:db8::242:ac11:2.
func v6Of(p netip.Prefix, m link.MAC) netip.Addr {
	b := p.Masked().Addr().As16()
	copy(b[10:], m[:])
	return netip.AddrFrom16(b)
}

// portMap is what inspect shows: every exposed port and how it is bound.
func (ep *endpoint) portMap() map[nat.Port][]nat.PortBinding {
	m := map[nat.Port][]nat.PortBinding{}
	if !ep.External {
		return m
	}
	for p := range ep.c.Config.ExposedPorts {
		m[p] = nil
	}
	for _, b := range ep.Bound {
		m[b.Port] = append(m[b.Port], nat.PortBinding{HostIP: b.HostIP.String(), HostPort: strconv.Itoa(b.HostPort)})
	}
	return m
}
