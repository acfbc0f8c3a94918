package modes

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

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

// NetworkCreate makes a network.
func (d *Daemon) NetworkCreate(r CreateNetwork) (n *Network, warning string, err error) {
	if err := d.available(); err != nil {
		return nil, "", err
	}
	end, err := d.calls.Begin()
	if err != nil {
		return nil, "", err
	}
	defer end()
	if predefined(r.Name) {
		return nil, "", errf(ErrForbidden, "operation is not permitted on predefined %s network", r.Name)
	}
	if r.Driver == "" {
		r.Driver = "bridge"
	}
	d.refreshGlobal()
	old, _ := d.findNetworkByName(r.Name)
	if old != nil || strings.TrimSpace(r.Name) == "" {
		if r.CheckDuplicate || old == nil {
			return nil, "", errf(ErrConflict, "network with name %s already exists", r.Name)
		}
		warning = "Network with name " + old.Name + " (id : " + old.ID + ") already exists"
	}
	if err := d.calls.Pass(d.profile.cost.networkCreate); err != nil {
		return nil, "", err
	}
	n, err = d.newNetwork(r)
	if err != nil {
		return nil, "", err
	}
	d.networkEvent(n, "create")
	return n, warning, nil
}

func (d *Daemon) findNetworkByName(name string) (*Network, bool) {
	for _, n := range d.networks {
		if n.Name == name {
			return n, true
		}
	}
	return nil, false
}

// newNetwork makes a network, predefined ones too. On error nothing is left.
func (d *Daemon) newNetwork(r CreateNetwork) (_ *Network, err error) {
	n := &Network{
		ID: d.ids.Id("network", r.Name), Name: r.Name, Created: d.Wall(), Scope: "local",
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
		d.networks = append(d.networks, n)
		return n, nil
	}
	if err := d.checkDriver(n, r); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.releasePools(n)
		}
	}()
	if err := d.allocatePools(n); err != nil {
		return nil, err
	}
	n.IPAM.Config = n.shownIPAM()
	if n.core.global != nil {
		err = d.publishNetwork(n)
	} else {
		err = d.driver(n).CreateNetwork(n.view())
	}
	if err != nil {
		return nil, err
	}
	d.networks = append(d.networks, n)
	d.bridges.UserChain()
	if c := d.cluster; c != nil && d.loop.Current() != nil {
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

func (d *Daemon) checkDriver(n *Network, r CreateNetwork) error {
	drv, ok := d.drivers[n.Driver]
	if !ok {
		return errf(ErrNotFound, "plugin %q not found", n.Driver)
	}
	caps := drv.Capability()
	if caps.Global {
		if r.Scope == "local" {
			return errf(ErrForbidden, "cannot downgrade network scope for overlay networks")
		}
		if d.cluster == nil {
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
		from, ok := d.findNetworkByName(r.ConfigFrom)
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
func (d *Daemon) allocatePools(n *Network) error {
	switch d.driver(n).Capability().Pools {
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
		if err := d.allocatePool(n, c, &n.core.v4, false); err != nil {
			return err
		}
	}
	v6 := n.core.asked[1]
	if n.EnableIPv6 && len(v6) == 0 {
		v6 = []IPAMConfig{{}}
	}
	for _, c := range v6 {
		if err := d.allocatePool(n, c, &n.core.v6, true); err != nil {
			return err
		}
	}
	return nil
}

func (d *Daemon) allocatePool(n *Network, c IPAMConfig, into *[]poolUse, v6 bool) error {
	space := d.space(n)
	key, p, err := d.freePool(space, c.Subnet, c.IPRange, v6)
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
func (d *Daemon) freePool(space ipam.Space, preferred, sub string, v6 bool) (string, *ipam.Pool, error) {
	if space != d.ipam {
		return space.RequestPool(preferred, sub, v6, nil)
	}
	return space.RequestPool(preferred, sub, v6, d.hostOverlaps)
}

// hostOverlaps is a route or a name server of the host that a part of p holds. Of
// the routes only those of link scope count: not those by way of a gateway
// (libnetwork's CheckRouteOverlaps).
func (d *Daemon) hostOverlaps(p netip.Prefix) (netip.Prefix, bool) {
	for _, r := range d.ns().Routes("main") {
		if r.Dst.Bits() > 0 && r.Dst.Addr().Is4() && r.Scope == stack.ScopeLink && r.Dst.Overlaps(p) {
			return r.Dst, true
		}
	}
	for _, a := range d.hostNameservers() {
		if p.Contains(a) {
			return netip.PrefixFrom(a, a.BitLen()), true
		}
	}
	return netip.Prefix{}, false
}

func (d *Daemon) releasePools(n *Network) {
	if n.core.global != nil && d.cluster == nil {
		uses := [2][]poolUse{n.core.v4, n.core.v6}
		n.core.v4, n.core.v6 = nil, nil
		d.owe(func() error {
			n.core.v4, n.core.v6 = uses[0], uses[1]
			d.releasePools(n)
			return nil
		})
		return
	}
	space := d.space(n)
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
