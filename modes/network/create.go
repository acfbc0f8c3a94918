package network

import (
	"maps"
	"net/netip"
	"slices"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/ipam"
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// Create is the request of `docker network create`.
type Create struct {
	Name               string
	CheckDuplicate     bool
	Driver             string // "" is bridge
	Scope              string
	Internal           bool
	Attachable         bool
	Ingress            bool
	WithIPv4, WithIPv6 *bool // nil: not said
	EnableIPv6         bool
	ConfigOnly         bool
	ConfigFrom         string
	IPAM               *IPAM
	Options            map[string]string
	Labels             map[string]string
}

// IPv6 reports whether a network is to have IPv6, whoever says so. Options of the
// driver's may still say it where nobody does.
func (r *Create) IPv6() bool { return r.EnableIPv6 || r.WithIPv6 != nil && *r.WithIPv6 }

// Named finds a network by its full name.
func (ctl *Controller) Named(name string) (*Network, bool) {
	for _, n := range ctl.Networks {
		if n.Name == name {
			return n, true
		}
	}
	return nil, false
}

// Make makes a network, predefined ones too. On error nothing is left.
func (ctl *Controller) Make(r Create) (*Network, error) {
	n := ctl.describe(ctl.IDs.ID("network", r.Name), r)
	if err := ctl.furnish(n, r); err != nil {
		return nil, err
	}
	return n, nil
}

// describe is a network as it was asked for, with nothing taken yet.
func (ctl *Controller) describe(id string, r Create) *Network {
	n := &Network{
		ID: id, Name: r.Name, Created: ctl.wall(), Scope: "local",
		Driver: r.Driver, EnableIPv4: true, EnableIPv6: r.IPv6(), Internal: r.Internal, Attachable: r.Attachable,
		Ingress: r.Ingress, ConfigOnly: r.ConfigOnly, ConfigFrom: r.ConfigFrom,
		Options: r.Options, Labels: r.Labels, Core: &netCore{name: r.Name},
		IPAM: IPAM{Driver: "default"},
	}
	if n.Options == nil {
		n.Options = map[string]string{}
	}
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	if r.IPAM != nil {
		if r.IPAM.Driver != "" {
			n.IPAM.Driver = r.IPAM.Driver
		}
		n.IPAM.Options = r.IPAM.Options
	}
	return n
}

// furnish gives a network its pools and the driver's part. On error nothing is left.
func (ctl *Controller) furnish(n *Network, r Create) (err error) {
	if err := chooseFamilies(ctl, n, r); err != nil {
		return err
	}
	if r.IPAM != nil {
		if err := n.readIPAM(r.IPAM.Config); err != nil {
			return err
		}
	}
	if err := verify(ctl, n, r); err != nil {
		return err
	}
	if n.ConfigOnly {
		n.Driver = "null"
		n.IPAM.Config = shown(ctl, n)
		ctl.Networks = append(ctl.Networks, n)
		return nil
	}
	if err := ctl.checkDriver(n, r); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			ctl.releasePools(n)
		}
	}()
	if err := ctl.allocatePools(n); err != nil {
		return err
	}
	n.IPAM.Config = shown(ctl, n)
	if n.Core.global != nil {
		err = ctl.Global.publishNetwork(n)
	} else {
		err = ctl.driver(n).CreateNetwork(n.view())
	}
	if err != nil {
		return err
	}
	ctl.Networks = append(ctl.Networks, n)
	ctl.Bridges.UserChain()
	if c := ctl.Global.Cluster; c != nil && ctl.Loop.Current() != nil {
		c.listsEndpoints(n)
	}
	return nil
}

// readIPAM sorts the configuration by family.
func (n *Network) readIPAM(cfg []IPAMConfig) error {
	for _, c := range cfg {
		if c.Subnet == "" && Predefined(n.Name) { // whichever is free
			_, v6 := c.AuxAddresses[bridge.AuxGateway6]
			n.Core.asked[number(v6)] = append(n.Core.asked[number(v6)], c)
			continue
		}
		p, err := netip.ParsePrefix(c.Subnet)
		if err != nil {
			return errdefs.New(errdefs.KindInvalid, "Invalid subnet %s : invalid CIDR address: %s", c.Subnet, c.Subnet)
		}
		f := 0
		if !p.Addr().Is4() {
			f = 1
		}
		n.Core.asked[f] = append(n.Core.asked[f], c)
	}
	return nil
}

func (ctl *Controller) checkDriver(n *Network, r Create) error {
	drv, ok := ctl.Drivers[n.Driver]
	if !ok {
		return errdefs.New(errdefs.KindNotFound, "plugin %q not found", n.Driver)
	}
	caps := drv.Capability()
	if n.Core.swarm == nil && caps.Global {
		if r.Scope == "local" {
			return errdefs.New(errdefs.KindForbidden, "cannot downgrade network scope for overlay networks")
		}
		if ctl.Global.Cluster == nil {
			return errdefs.New(errdefs.KindForbidden, `This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`)
		}
		n.Scope, n.Core.global = "global", &inStore{}
	}
	if n.Ingress && n.Core.swarm == nil {
		return errdefs.New(errdefs.KindForbidden, "Ingress network can only be global scope network")
	}
	if r.Scope == "swarm" && n.Core.swarm == nil {
		return errdefs.New(errdefs.KindForbidden, "cannot create a swarm scoped network when swarm is not active")
	}
	if r.Scope == "global" && !caps.Global {
		return errdefs.New(errdefs.KindNotImplemented, "dnetsim does not simulate networks of driver %s with scope global", n.Driver)
	}
	if r.ConfigFrom != "" {
		from, ok := ctl.Named(r.ConfigFrom)
		if !ok || !from.ConfigOnly {
			return errdefs.New(errdefs.KindNotFound, "configuration network %q does not exist", r.ConfigFrom)
		}
		n.Core.asked, n.Options, n.EnableIPv6, n.Internal = from.Core.asked, from.Options, from.EnableIPv6, from.Internal
		n.IPAM.Driver, n.IPAM.Options = from.IPAM.Driver, from.IPAM.Options
	}
	if n.IPAM.Driver != "default" && n.IPAM.Driver != "null" {
		return errdefs.New(errdefs.KindNotFound, "plugin %q not found", n.IPAM.Driver)
	}
	return nil
}

// allocatePools takes the network's subnets, gateways and auxiliary addresses.
func (ctl *Controller) allocatePools(n *Network) error {
	switch ctl.driver(n).Capability().Pools {
	case driver.NoPools:
		return nil
	case driver.MayHavePools:
		if n.IPAM.Driver == "null" {
			return nil
		}
	}
	v4 := n.Core.asked[0]
	if !n.EnableIPv4 {
		v4 = nil
	} else if len(v4) == 0 {
		v4 = []IPAMConfig{{}}
	}
	for _, c := range v4 {
		if err := ctl.allocatePool(n, c, &n.Core.V4, false); err != nil {
			return err
		}
	}
	v6 := n.Core.asked[1]
	if !n.EnableIPv6 && ctl.Face.Profile.StrictSettings {
		v6 = nil
	}
	if n.EnableIPv6 && len(v6) == 0 {
		v6 = []IPAMConfig{{}}
	}
	for _, c := range v6 {
		if err := ctl.allocatePool(n, c, &n.Core.v6, true); err != nil {
			return err
		}
	}
	return nil
}

func (ctl *Controller) allocatePool(n *Network, c IPAMConfig, into *[]poolUse, v6 bool) error {
	space := ctl.space(n)
	key, p, err := ctl.freePool(space, c.Subnet, c.IPRange, v6)
	if err != nil {
		return err
	}
	u := poolUse{Key: key, pool: p}
	*into = append(*into, u)
	use := &(*into)[len(*into)-1]
	want, _ := netip.ParseAddr(c.Gateway)
	if c.Gateway != "" && !want.IsValid() {
		return errdefs.New(errdefs.KindInvalid, "invalid gateway address %s", c.Gateway)
	}
	if !want.IsValid() && noGateway(ctl, n, v6) {
		return allocateAux(ctl, n, c, use)
	}
	if !want.IsValid() {
		// The gateway comes from the range that containers are drawn from.
		use.gateway, err = space.RequestAddress(key, netip.Addr{})
	} else {
		use.gateway, err = space.RequestAddress(key, want)
	}
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "failed to allocate gateway (%s): %v", c.Gateway, err)
	}
	return allocateAux(ctl, n, c, use)
}

// noGateway reports whether nobody would use a gateway of the family.
func noGateway(ctl *Controller, n *Network, v6 bool) bool {
	switch {
	case (n.Driver == "macvlan" || n.Driver == "ipvlan") && ctl.Face.Profile.GatewayModes:
		return true // the way out is somebody else's, or the interface itself
	case n.Driver != "bridge":
		return false
	}
	no4, no6 := ctl.Bridges.NoGateway(n.Options, n.Internal)
	return !v6 && no4 || v6 && no6
}

// allocateAux takes a pool's auxiliary addresses.
func allocateAux(ctl *Controller, n *Network, c IPAMConfig, use *poolUse) error {
	space, key, p := ctl.space(n), use.Key, use.pool
	for _, name := range slices.Sorted(maps.Keys(c.AuxAddresses)) {
		v := c.AuxAddresses[name]
		a, perr := netip.ParseAddr(v)
		if perr != nil {
			return errdefs.New(errdefs.KindInvalid, "non parsable secondary ip address (%s:%s) passed for network %s", name, v, n.Name)
		}
		if !p.Prefix.Contains(a) {
			return errdefs.New(errdefs.KindForbidden, "auxiliary address: (%s:%s) must belong to the master pool: %s", name, v, p.Prefix)
		}
		if _, err := space.RequestAddress(key, a); err != nil {
			return errdefs.New(errdefs.KindSystem, "failed to allocate secondary ip address (%s:%s): %v", name, v, err)
		}
		if use.aux == nil {
			use.aux = map[string]netip.Addr{}
		}
		use.aux[name] = a
	}
	return nil
}

// freePool takes a pool; one of the host's own space that nobody asked for by
// name must not overlap the host's routes or name servers.
func (ctl *Controller) freePool(space ipam.Space, preferred, sub string, v6 bool) (string, *ipam.Pool, error) {
	if space != ctl.Ipam {
		return space.RequestPool(preferred, sub, v6, nil)
	}
	return space.RequestPool(preferred, sub, v6, ctl.hostOverlaps)
}

// hostOverlaps is a route or a name server of the host that a part of p holds. Of
// the routes only those of link scope count: not those by way of a gateway
// (libnetwork's CheckRouteOverlaps).
func (ctl *Controller) hostOverlaps(p netip.Prefix) (netip.Prefix, bool) {
	for _, r := range ctl.ns().Routes(stack.TableMain) {
		if r.Dst.Bits() > 0 && r.Dst.Addr().Is4() && r.Scope == stack.ScopeLink && r.Dst.Overlaps(p) {
			return r.Dst, true
		}
	}
	for _, a := range ctl.HostNameservers() {
		if p.Contains(a) {
			return netip.PrefixFrom(a, a.BitLen()), true
		}
	}
	return netip.Prefix{}, false
}

func (ctl *Controller) releasePools(n *Network) {
	if n.Core.global != nil && ctl.Global.Cluster == nil {
		uses := [2][]poolUse{n.Core.V4, n.Core.v6}
		n.Core.V4, n.Core.v6 = nil, nil
		ctl.Global.owe(func() error {
			n.Core.V4, n.Core.v6 = uses[0], uses[1]
			ctl.releasePools(n)
			return nil
		})
		return
	}
	space := ctl.space(n)
	for _, u := range append(append([]poolUse(nil), n.Core.V4...), n.Core.v6...) {
		if u.gateway.IsValid() {
			space.ReleaseAddress(u.Key, u.gateway.Addr())
		}
		for _, name := range slices.Sorted(maps.Keys(u.aux)) {
			space.ReleaseAddress(u.Key, u.aux[name])
		}
		space.ReleasePool(u.Key)
	}
	n.Core.V4, n.Core.v6 = nil, nil
}

// shownIPAM is what inspect shows: what was asked for, or else what was taken.
func (n *Network) shownIPAM() []IPAMConfig {
	out := []IPAMConfig{}
	for _, c := range n.Core.asked[0] {
		if c.Subnet != "" {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		for _, u := range n.Core.V4 {
			out = append(out, IPAMConfig{Subnet: u.pool.Prefix.String(), Gateway: u.gateway.Addr().String()})
		}
	}
	v6 := false
	for _, c := range n.Core.asked[1] {
		if c.Subnet != "" {
			out = append(out, c)
			v6 = true
		}
	}
	if !v6 {
		for _, u := range n.Core.v6 {
			out = append(out, IPAMConfig{Subnet: u.pool.Prefix.String(), Gateway: u.gateway.String()})
		}
	}
	return out
}
