package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/link"
	"dnetsim/modes/calls"
	"dnetsim/modes/container"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
	"dnetsim/modes/nat"
	"dnetsim/modes/network/driver"
)

// Endpoint is a container's side of one network while the container runs.
type Endpoint struct {
	driver.Endpoint
	c       *container.Container
	net     *Network
	sb      *Sandbox
	pool    string // where the addresses go back to
	pool6   string
	aliases []string
	// dnsNames are all names that the endpoint is found by, where a release keeps them.
	dnsNames []string
	ifName   string // eth0 …
	stored   uint64 // index of its key in the cluster store; 0: none
	counted  bool   // the store's count of endpoints has it

	priority    int    // of the way out, the highest first
	sysctls     string // of its interface, as they are asked for
	wantName    string // of the interface, "" if nobody asks
	gatewayName string // of a sandbox's endpoint in docker_gwbridge, or ""
	balancer    bool   // the node's own in a network of the cluster's
}

// newEndpoint is a container's endpoint in a network, without addresses.
func (ctl *Controller) newEndpoint(n *Network, c *container.Container, id string) *Endpoint {
	return &Endpoint{
		Endpoint: driver.Endpoint{
			ID: id, Network: n.ID, Label: c.Name + "/" + n.Name,
			ExposedPorts: c.Config.ExposedPorts, PortBindings: c.HostConfig.PortBindings,
		},
		c: c, net: n,
	}
}

// name is the endpoint's name in its network.
func (ep *Endpoint) name() string {
	switch {
	case ep.gatewayName != "":
		return ep.gatewayName
	case ep.balancer:
		return ep.net.Name + "-endpoint"
	}
	return ep.c.Name
}

// CreateEndpoint makes the container's endpoint in a network: addresses, then
// the driver's interface. On error nothing is left.
func (ctl *Controller) CreateEndpoint(n *Network, c *container.Container, es *container.EndpointSettings) (*Endpoint, error) {
	if n.ConfigOnly {
		return nil, errdefs.New(errdefs.KindForbidden, "cannot create endpoint on configuration-only network")
	}
	if n.Core.byName(c.Name) != nil {
		return nil, errdefs.New(errdefs.KindForbidden, "endpoint with name %s already exists in network %s", c.Name, n.Name)
	}
	if err := ctl.Global.nameTaken(n, c.Name); err != nil {
		return nil, err
	}
	ep := ctl.newEndpoint(n, c, ctl.IDs.ID("endpoint", c.Name+"/"+n.Name))
	if es != nil {
		ep.aliases = append([]string(nil), es.Aliases...)
		ep.priority, ep.dnsNames = es.GwPriority, es.DNSNames
		if ctl.Face.Profile.GatewayModes {
			ep.wantName, ep.sysctls = es.DriverOpts[driver.OptIfName], es.DriverOpts[driver.OptSysctls]
		}
	}
	if ctl.Face.Profile.BornInside {
		ep.Into = namespaceOf(ctl, c)
	}
	if err := ctl.establish(ep, es); err != nil {
		return nil, err
	}
	return ep, nil
}

// establish gives a new endpoint its addresses and the driver's part. On error nothing
// is left.
func (ctl *Controller) establish(ep *Endpoint, es *container.EndpointSettings) (err error) {
	n := ep.net
	defer func() {
		if err != nil {
			ctl.DeleteEndpoint(ep)
		}
	}()
	if err := ep.chooseMAC(es); err != nil {
		return err
	}
	if err := ctl.assign(ep, es); err != nil {
		return err
	}
	n.Core.add(ep)
	if err := ctl.driver(n).CreateEndpoint(&ep.Endpoint); err != nil {
		if err != calls.ErrGone {
			err = errdefs.Wrap(err, "failed to create endpoint %s on network %s: ", ep.name(), n.Name)
		}
		return err
	}
	if err := ctl.Global.registerEndpoint(ep); err != nil {
		return err
	}
	return nil
}

func (ep *Endpoint) chooseMAC(es *container.EndpointSettings) error {
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
		return errdefs.New(errdefs.KindInvalid, "invalid MAC address: %s", want)
	}
	ep.MAC = m
	return nil
}

// assign takes the endpoint's addresses.
func (ctl *Controller) assign(ep *Endpoint, es *container.EndpointSettings) error {
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
	core := ep.net.Core
	if len(core.V4) > 0 {
		p, key, err := ctl.assignFrom(ep.net, core.V4, want, false)
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

func (ctl *Controller) assignFrom(n *Network, pools []poolUse, want netip.Addr, v6 bool) (netip.Prefix, string, error) {
	for _, u := range pools {
		if want.IsValid() && !u.pool.Prefix.Contains(want) {
			continue
		}
		p, err := ctl.space(n).RequestAddress(u.Key, want)
		if err == nil {
			return p, u.Key, nil
		}
		if err != ipam.ErrNoAddresses || want.IsValid() {
			return netip.Prefix{}, "", err
		}
	}
	if want.IsValid() {
		return netip.Prefix{}, "", errdefs.New(errdefs.KindInvalid, "Invalid address %s: It does not belong to any of this network's subnets", want)
	}
	return netip.Prefix{}, "", errdefs.New(errdefs.KindSystem, "no available %s addresses on this network's address pools: %s (%s)", ipam.Version(v6), n.Name, n.ID)
}

// DeleteEndpoint gives back what createEndpoint took.
func (ctl *Controller) DeleteEndpoint(ep *Endpoint) {
	ep.Unplug()
	ctl.driver(ep.net).DeleteEndpoint(&ep.Endpoint)
	if ep.net.Core.global != nil && ctl.Global.Cluster == nil {
		ctl.Global.owe(func() error { return ctl.Global.settleEndpoint(ep) })
	} else {
		if err := ctl.Global.unregisterEndpoint(ep); err != nil {
			ctl.Journal.Write("warning", fmt.Sprintf("driver error deleting endpoint %s : %v", ep.name(), err))
		}
		ctl.releaseAddresses(ep)
	}
	core := ep.net.Core
	for i, x := range core.Endpoints {
		if x == ep {
			core.Endpoints = slices.Concat(core.Endpoints[:i], core.Endpoints[i+1:])
			if name := ep.name(); core.names[name] == ep {
				delete(core.names, name)
			}
			break
		}
	}
	ctl.Global.unwatchNames(ep.net)
}

func (ctl *Controller) releaseAddresses(ep *Endpoint) {
	if ep.Addr.IsValid() {
		ctl.space(ep.net).ReleaseAddress(ep.pool, ep.Addr.Addr())
	}
	if ep.Addr6.IsValid() {
		ctl.space(ep.net).ReleaseAddress(ep.pool6, ep.Addr6.Addr())
	}
}

// Settings fills what inspect shows of the endpoint.
func (ep *Endpoint) Settings(es *container.EndpointSettings) {
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
func (ep *Endpoint) shownMAC() string {
	if ep.MAC == (link.MAC{}) {
		return ""
	}
	return ep.MAC.String()
}

// ahead orders the endpoints of a sandbox: the first one with a gateway gives
// the default route, and interfaces are numbered in this order at start.
func (ep *Endpoint) ahead(o *Endpoint) bool {
	if ep.sb != nil && ep.sb.ctl.Face.Profile.WayOutByFamily {
		return ep.before(o) < 0
	}
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
func (ep *Endpoint) portMap() map[nat.Port][]nat.PortBinding {
	m := map[nat.Port][]nat.PortBinding{}
	listed := ep.External || ep.net.Driver == "bridge" && ep.gatewayName == "" && ep.sb != nil && ep.sb.ctl.Face.Profile.StrictSettings
	if !listed {
		return m
	}
	for p := range ep.c.Config.ExposedPorts {
		m[p] = nil
	}
	for _, b := range ep.Bound {
		port := ""
		if b.HostPort != 0 { // only routed
			port = strconv.Itoa(b.HostPort)
		}
		m[b.Port] = append(m[b.Port], nat.PortBinding{HostIP: b.HostIP.String(), HostPort: port})
	}
	return m
}
