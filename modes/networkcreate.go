package modes

import (
	"maps"
	"net/netip"
	"slices"

	"dnetsim/modes/ipam"
	"dnetsim/modes/network/driver"
	"dnetsim/stack"
)

// CreateNetwork is the request of `docker network create`.
type CreateNetwork struct {
	Name           string
	CheckDuplicate bool
	Driver         string // "" is bridge
	Scope          string
	Internal       bool
	Attachable     bool
	Ingress        bool
	EnableIPv6     bool
	ConfigOnly     bool
	ConfigFrom     string
	IPAM           *IPAM
	Options        map[string]string
	Labels         map[string]string
}

func (ctl *controller) findByName(name string) (*Network, bool) {
	for _, n := range ctl.networks {
		if n.Name == name {
			return n, true
		}
	}
	return nil, false
}

// make makes a network, predefined ones too. On error nothing is left.
func (ctl *controller) make(r CreateNetwork) (_ *Network, err error) {
	n := &Network{
		ID: ctl.IDs.ID("network", r.Name), Name: r.Name, Created: ctl.wall(), Scope: "local",
		Driver: r.Driver, EnableIPv6: r.EnableIPv6, Internal: r.Internal, Attachable: r.Attachable,
		Ingress: r.Ingress, ConfigOnly: r.ConfigOnly, ConfigFrom: r.ConfigFrom,
		Options: r.Options, Labels: r.Labels, core: &netCore{name: r.Name},
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
		if err := n.readIPAM(r.IPAM.Config); err != nil {
			return nil, err
		}
	}
	if n.ConfigOnly {
		n.Driver = "null"
		n.IPAM.Config = n.shownIPAM()
		ctl.networks = append(ctl.networks, n)
		return n, nil
	}
	if err := ctl.checkDriver(n, r); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			ctl.releasePools(n)
		}
	}()
	if err := ctl.allocatePools(n); err != nil {
		return nil, err
	}
	n.IPAM.Config = n.shownIPAM()
	if n.core.global != nil {
		err = ctl.shared.publishNetwork(n)
	} else {
		err = ctl.driver(n).CreateNetwork(n.view())
	}
	if err != nil {
		return nil, err
	}
	ctl.networks = append(ctl.networks, n)
	ctl.bridges.UserChain()
	if c := ctl.shared.cluster; c != nil && ctl.Loop.Current() != nil {
		c.listsEndpoints(n)
	}
	return n, nil
}

// readIPAM sorts the configuration by family.
func (n *Network) readIPAM(cfg []IPAMConfig) error {
	for _, c := range cfg {
		p, err := netip.ParsePrefix(c.Subnet)
		if err != nil {
			return errf(ErrInvalid, "Invalid subnet %s : invalid CIDR address: %s", c.Subnet, c.Subnet)
		}
		f := 0
		if !p.Addr().Is4() {
			f = 1
		}
		n.core.asked[f] = append(n.core.asked[f], c)
	}
	return nil
}

func (ctl *controller) checkDriver(n *Network, r CreateNetwork) error {
	drv, ok := ctl.drivers[n.Driver]
	if !ok {
		return errf(ErrNotFound, "plugin %q not found", n.Driver)
	}
	caps := drv.Capability()
	if caps.Global {
		if r.Scope == "local" {
			return errf(ErrForbidden, "cannot downgrade network scope for overlay networks")
		}
		if ctl.shared.cluster == nil {
			return errf(ErrForbidden, `This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`)
		}
		n.Scope, n.core.global = "global", &global{}
	}
	if n.Ingress {
		return errf(ErrForbidden, "Ingress network can only be global scope network")
	}
	if r.Scope == "swarm" {
		return errf(ErrForbidden, "cannot create a swarm scoped network when swarm is not active")
	}
	if r.Scope == "global" && !caps.Global {
		return errf(ErrNotImplemented, "dnetsim does not simulate networks of driver %s with scope global", n.Driver)
	}
	if r.ConfigFrom != "" {
		from, ok := ctl.findByName(r.ConfigFrom)
		if !ok || !from.ConfigOnly {
			return errf(ErrNotFound, "configuration network %q does not exist", r.ConfigFrom)
		}
		n.core.asked, n.Options, n.EnableIPv6, n.Internal = from.core.asked, from.Options, from.EnableIPv6, from.Internal
		n.IPAM.Driver, n.IPAM.Options = from.IPAM.Driver, from.IPAM.Options
	}
	if n.IPAM.Driver != "default" && n.IPAM.Driver != "null" {
		return errf(ErrNotFound, "plugin %q not found", n.IPAM.Driver)
	}
	return nil
}

// allocatePools takes the network's subnets, gateways and auxiliary addresses.
func (ctl *controller) allocatePools(n *Network) error {
	switch ctl.driver(n).Capability().Pools {
	case driver.NoPools:
		return nil
	case driver.MayHavePools:
		if n.IPAM.Driver == "null" {
			return nil
		}
	}
	v4 := n.core.asked[0]
	if len(v4) == 0 {
		v4 = []IPAMConfig{{}}
	}
	for _, c := range v4 {
		if err := ctl.allocatePool(n, c, &n.core.v4, false); err != nil {
			return err
		}
	}
	v6 := n.core.asked[1]
	if n.EnableIPv6 && len(v6) == 0 {
		v6 = []IPAMConfig{{}}
	}
	for _, c := range v6 {
		if err := ctl.allocatePool(n, c, &n.core.v6, true); err != nil {
			return err
		}
	}
	return nil
}

func (ctl *controller) allocatePool(n *Network, c IPAMConfig, into *[]poolUse, v6 bool) error {
	space := ctl.space(n)
	key, p, err := ctl.freePool(space, c.Subnet, c.IPRange, v6)
	if err != nil {
		return err
	}
	u := poolUse{key: key, pool: p}
	*into = append(*into, u)
	use := &(*into)[len(*into)-1]
	want, _ := netip.ParseAddr(c.Gateway)
	if c.Gateway != "" && !want.IsValid() {
		return errf(ErrInvalid, "invalid gateway address %s", c.Gateway)
	}
	if !want.IsValid() {
		// The gateway comes from the range that containers are drawn from.
		use.gateway, err = space.RequestAddress(key, netip.Addr{})
	} else {
		use.gateway, err = space.RequestAddress(key, want)
	}
	if err != nil {
		return errf(ErrSystem, "failed to allocate gateway (%s): %v", c.Gateway, err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.AuxAddresses)) {
		v := c.AuxAddresses[name]
		a, perr := netip.ParseAddr(v)
		if perr != nil {
			return errf(ErrInvalid, "non parsable secondary ip address (%s:%s) passed for network %s", name, v, n.Name)
		}
		if !p.Prefix.Contains(a) {
			return errf(ErrForbidden, "auxiliary address: (%s:%s) must belong to the master pool: %s", name, v, p.Prefix)
		}
		if _, err := space.RequestAddress(key, a); err != nil {
			return errf(ErrSystem, "failed to allocate secondary ip address (%s:%s): %v", name, v, err)
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
func (ctl *controller) freePool(space ipam.Space, preferred, sub string, v6 bool) (string, *ipam.Pool, error) {
	if space != ctl.ipam {
		return space.RequestPool(preferred, sub, v6, nil)
	}
	return space.RequestPool(preferred, sub, v6, ctl.hostOverlaps)
}

// hostOverlaps is a route or a name server of the host that a part of p holds. Of
// the routes only those of link scope count: not those by way of a gateway
// (libnetwork's CheckRouteOverlaps).
func (ctl *controller) hostOverlaps(p netip.Prefix) (netip.Prefix, bool) {
	for _, r := range ctl.ns().Routes("main") {
		if r.Dst.Bits() > 0 && r.Dst.Addr().Is4() && r.Scope == stack.ScopeLink && r.Dst.Overlaps(p) {
			return r.Dst, true
		}
	}
	for _, a := range ctl.hostNameservers() {
		if p.Contains(a) {
			return netip.PrefixFrom(a, a.BitLen()), true
		}
	}
	return netip.Prefix{}, false
}

func (ctl *controller) releasePools(n *Network) {
	if n.core.global != nil && ctl.shared.cluster == nil {
		uses := [2][]poolUse{n.core.v4, n.core.v6}
		n.core.v4, n.core.v6 = nil, nil
		ctl.shared.owe(func() error {
			n.core.v4, n.core.v6 = uses[0], uses[1]
			ctl.releasePools(n)
			return nil
		})
		return
	}
	space := ctl.space(n)
	for _, u := range append(append([]poolUse(nil), n.core.v4...), n.core.v6...) {
		if u.gateway.IsValid() {
			space.ReleaseAddress(u.key, u.gateway.Addr())
		}
		for _, name := range slices.Sorted(maps.Keys(u.aux)) {
			space.ReleaseAddress(u.key, u.aux[name])
		}
		space.ReleasePool(u.key)
	}
	n.core.v4, n.core.v6 = nil, nil
}

// shownIPAM is what inspect shows: what was asked for, or else what was taken.
func (n *Network) shownIPAM() []IPAMConfig {
	out := []IPAMConfig{}
	for _, c := range n.core.asked[0] {
		if c.Subnet != "" {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		for _, u := range n.core.v4 {
			out = append(out, IPAMConfig{Subnet: u.pool.Prefix.String(), Gateway: u.gateway.Addr().String()})
		}
	}
	v6 := false
	for _, c := range n.core.asked[1] {
		if c.Subnet != "" {
			out = append(out, c)
			v6 = true
		}
	}
	if !v6 {
		for _, u := range n.core.v6 {
			out = append(out, IPAMConfig{Subnet: u.pool.Prefix.String(), Gateway: u.gateway.String()})
		}
	}
	return out
}
