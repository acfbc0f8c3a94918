package modes

import (
	"fmt"
	"net/netip"

	"dnetsim/link"
	"dnetsim/stack"
)

// endpoint is a container's side of one network while the container runs.
type endpoint struct {
	id      string
	c       *Container
	net     *Network
	sb      *sandbox
	addr    netip.Prefix // zero: none (host, null)
	addr6   netip.Prefix
	pool    string // where the addresses go back to
	pool6   string
	mac     link.MAC
	gw, gw6 netip.Addr
	aliases []string
	inside  *stack.Interface // eth0 …; nil if the network has no driver for it
	outside *stack.Interface // veth… on the host
	ifName  string
	bound   []binding   // published ports, while this endpoint is the gateway
	exposed bool        // external connectivity was programmed
	gateway string      // name of a sandbox's endpoint in docker_gwbridge, or ""
	overlay *overlayNet // while it is plugged into an overlay network
	stored  uint64      // index of its key in the cluster store; 0: none
	counted bool        // the store's count of endpoints has it
}

// name is the endpoint's name in its network.
func (ep *endpoint) name() string {
	if ep.gateway != "" {
		return ep.gateway
	}
	return ep.c.Name
}

// createEndpoint makes the container's endpoint in a network: addresses, then
// the driver's interface. On error nothing is left.
func (d *Daemon) createEndpoint(n *Network, c *Container, es *EndpointSettings) (_ *endpoint, err error) {
	if n.ConfigOnly {
		return nil, errf(ErrForbidden, "cannot create endpoint on configuration-only network")
	}
	if n.core.byName(c.Name) != nil {
		return nil, errf(ErrForbidden, "endpoint with name %s already exists in network %s", c.Name, n.Name)
	}
	if err := d.nameTaken(n, c.Name); err != nil {
		return nil, err
	}
	if n.core.stale {
		return nil, errf(ErrSystem, "failed to create endpoint %s on network %s: network %s does not exist", c.Name, n.Name, n.ID)
	}
	ep := &endpoint{id: d.newID("endpoint", c.Name+"/"+n.Name), c: c, net: n}
	if es != nil {
		ep.aliases = append([]string(nil), es.Aliases...)
	}
	defer func() {
		if err != nil {
			d.deleteEndpoint(ep)
		}
	}()
	if err := ep.chooseMAC(es); err != nil {
		return nil, err
	}
	if err := d.assign(ep, es); err != nil {
		return nil, err
	}
	n.core.endpoints = append(n.core.endpoints, ep)
	if b := n.core.bridge; b != nil {
		if err := b.plug(ep); err != nil {
			return nil, wrapf(err, "failed to create endpoint %s on network %s: ", c.Name, n.Name)
		}
		if b.gw.IsValid() {
			ep.gw = n.core.v4[0].gateway.Addr()
		}
		if b.gw6.IsValid() {
			ep.gw6 = n.core.v6[0].gateway.Addr()
		}
	}
	if ch := n.core.child; ch != nil {
		if err := ch.adopt(ep); err != nil {
			return nil, wrapf(err, "failed to create endpoint %s on network %s: ", c.Name, n.Name)
		}
	}
	if n.Driver == "overlay" {
		if d.cluster == nil {
			return nil, errGone
		}
		if err := d.cluster.driver.createEndpoint(ep); err != nil {
			return nil, wrapf(err, "failed to create endpoint %s on network %s: ", c.Name, n.Name)
		}
	}
	if err := d.registerEndpoint(ep); err != nil {
		return nil, err
	}
	return ep, nil
}

func (ep *endpoint) chooseMAC(es *EndpointSettings) error {
	want := ""
	if es != nil && es.MacAddress != "" {
		want = es.MacAddress
	} else if ep.c.HostConfig.NetworkMode == ep.net.Name || isDefaultMode(ep.c.HostConfig.NetworkMode) || ep.c.HostConfig.NetworkMode == ep.net.ID {
		want = ep.c.Config.MacAddress
	}
	if want == "" {
		return nil
	}
	m, err := link.ParseMAC(want)
	if err != nil {
		return errf(ErrInvalid, "invalid MAC address: %s", want)
	}
	ep.mac = m
	return nil
}

// assign takes the endpoint's addresses.
func (d *Daemon) assign(ep *endpoint, es *EndpointSettings) error {
	var want, want6 netip.Addr
	if es != nil && es.IPAMConfig != nil {
		want, _ = netip.ParseAddr(es.IPAMConfig.IPv4Address)
		want6, _ = netip.ParseAddr(es.IPAMConfig.IPv6Address)
	}
	core := ep.net.core
	if len(core.v4) > 0 {
		p, key, err := d.assignFrom(ep.net, core.v4, want, false)
		if err != nil {
			return err
		}
		ep.addr, ep.pool = p, key
	}
	if !ep.net.EnableIPv6 || len(core.v6) == 0 {
		return nil
	}
	if core.deferIPv6 && !want6.IsValid() {
		if ep.mac == (link.MAC{}) {
			ep.mac = macOf(ep.addr.Addr())
		}
		want6 = v6Of(core.v6[0].pool.prefix, ep.mac)
	}
	p, key, err := d.assignFrom(ep.net, core.v6, want6, true)
	if err != nil {
		return err
	}
	ep.addr6, ep.pool6 = p, key
	return nil
}

func (d *Daemon) assignFrom(n *Network, pools []poolUse, want netip.Addr, v6 bool) (netip.Prefix, string, error) {
	for _, u := range pools {
		if want.IsValid() && !u.pool.prefix.Contains(want) {
			continue
		}
		p, err := d.space(n).requestAddress(u.key, want)
		if err == nil {
			return p, u.key, nil
		}
		if err != errNoAddresses || want.IsValid() {
			return netip.Prefix{}, "", err
		}
	}
	if want.IsValid() {
		return netip.Prefix{}, "", errf(ErrInvalid, "Invalid address %s: It does not belong to any of this network's subnets", want)
	}
	return netip.Prefix{}, "", errf(ErrSystem, "no available %s addresses on this network's address pools: %s (%s)", version(v6), n.Name, n.ID)
}

// deleteEndpoint gives back what createEndpoint took.
func (d *Daemon) deleteEndpoint(ep *endpoint) {
	ep.unplug()
	if ep.net.Driver == "overlay" && d.cluster != nil {
		d.cluster.driver.deleteEndpoint(ep)
	}
	if ep.net.core.global != nil && d.cluster == nil {
		d.owe(func() error { return d.settleEndpoint(ep) })
	} else {
		if err := d.unregisterEndpoint(ep); err != nil {
			d.log("warning", fmt.Sprintf("driver error deleting endpoint %s : %v", ep.name(), err))
		}
		d.releaseAddresses(ep)
	}
	core := ep.net.core
	for i, x := range core.endpoints {
		if x == ep {
			core.endpoints = append(core.endpoints[:i:i], core.endpoints[i+1:]...)
			break
		}
	}
	d.unwatchNames(ep.net)
}

func (d *Daemon) releaseAddresses(ep *endpoint) {
	if ep.addr.IsValid() {
		d.space(ep.net).releaseAddress(ep.pool, ep.addr.Addr())
	}
	if ep.addr6.IsValid() {
		d.space(ep.net).releaseAddress(ep.pool6, ep.addr6.Addr())
	}
}

// unplug deletes the veth pair, of which either end takes the other with it, or
// the device on a parent.
func (ep *endpoint) unplug() {
	switch {
	case ep.outside != nil:
		ep.outside.Delete()
	case ep.inside != nil:
		ep.inside.Delete()
	}
	ep.inside, ep.outside = nil, nil
}

// settings fills what inspect shows of the endpoint.
func (ep *endpoint) settings(es *EndpointSettings) {
	es.NetworkID, es.EndpointID = ep.net.ID, ep.id
	if ep.addr.IsValid() {
		es.IPAddress, es.IPPrefixLen = ep.addr.Addr().String(), ep.addr.Bits()
	}
	if ep.gw.IsValid() {
		es.Gateway = ep.gw.String()
	}
	if ep.addr6.IsValid() {
		es.GlobalIPv6Address, es.GlobalIPv6PrefixLen = ep.addr6.Addr().String(), ep.addr6.Bits()
	}
	if ep.gw6.IsValid() {
		es.IPv6Gateway = ep.gw6.String()
	}
	if m := ep.shownMAC(); m != "" {
		es.MacAddress = m
	}
}

// shownMAC is what inspect shows: nothing where the driver gives none.
func (ep *endpoint) shownMAC() string {
	if ep.mac == (link.MAC{}) || ep.inside == nil && ep.net.core.child == nil && ep.net.Driver != "overlay" {
		return ""
	}
	return ep.mac.String()
}

// clear forgets what an endpoint had while the container ran.
func (es *EndpointSettings) clear() {
	es.EndpointID, es.Gateway, es.IPAddress, es.IPPrefixLen = "", "", "", 0
	es.IPv6Gateway, es.GlobalIPv6Address, es.GlobalIPv6PrefixLen = "", "", 0
	es.MacAddress = es.wantMAC
}

// ahead orders the endpoints of a sandbox: the first one with a gateway gives
// the default route, and interfaces are numbered in this order at start.
func (ep *endpoint) ahead(o *endpoint) bool {
	if (ep.gateway != "") != (o.gateway != "") {
		return o.gateway != ""
	}
	if ep.net.Internal != o.net.Internal {
		return o.net.Internal
	}
	if ep.gw.IsValid() != o.gw.IsValid() {
		return ep.gw.IsValid()
	}
	return ep.net.Name < o.net.Name
}
