package modes

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"dnetsim/modes/ipam"
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/network/driver"
)

// startNetworking does what dockerd does to the host's network when it starts:
// forwarding, chains, and the networks none, host and bridge. Networks of the
// user that were there before come back as they were.
func (d *Daemon) startNetworking() error {
	cfg := &d.config
	d.bridges.Configure(d.bridgeConfig())
	live := d.Containers.live()
	if live && d.ipam != nil { // the network configuration of running containers stays
		if err := d.bridges.Resume(); err != nil {
			d.Journal.Write("warning", "could not restore the rules of networks: "+err.Error())
		}
		return nil
	}
	d.startDrivers()
	reloadLinks(d)
	kept := d.networks
	before := d.ipam
	pools := cfg.Pools
	if len(pools) == 0 {
		pools = ipam.DefaultPools
	}
	var err error
	if d.ipam, err = ipam.NewLocal(pools); err != nil {
		return err
	}
	d.ipam.Continue(before)
	d.api.reservePorts()
	d.networks = nil
	d.reviveNetworks(kept)
	d.bridges.UserChain() // before the isolation of the networks that were revived
	for _, name := range []string{"none", "host"} {
		if _, ok := d.findNetworkByName(name); ok {
			continue
		}
		driver := name
		if name == "none" {
			driver = "null"
		}
		if _, err := d.newNetwork(CreateNetwork{Name: name, Driver: driver}); err != nil {
			return errf(ErrSystem, "Error creating default %q network: %v", driver, err)
		}
	}
	d.consultStore()
	if cfg.Bridge == "none" || len(cfg.Pools) > 0 {
		if br := d.ns().Interface("docker0"); br != nil {
			br.Delete()
		}
	}
	if cfg.Bridge == "none" {
		return nil
	}
	return d.startDefaultBridge()
}

func (cs *Containers) live() bool {
	for _, c := range cs.all {
		if c.run.pid1 != nil {
			return true
		}
	}
	return false
}

// reviveNetworks sets up again the networks of an earlier run. The default
// bridge is always made anew.
func (d *Daemon) reviveNetworks(kept []*Network) {
	for _, n := range kept {
		if n.Name == "bridge" {
			continue
		}
		old := n.core
		n.core = &netCore{name: n.Name, asked: old.asked}
		if err := d.reviveNetwork(n, old); err != nil {
			d.Journal.Write("warning", "could not restore network "+n.Name+": "+err.Error())
			continue
		}
		d.networks = append(d.networks, n)
	}
}

func (d *Daemon) reviveNetwork(n *Network, old *netCore) error {
	if n.ConfigOnly {
		return nil
	}
	if err := d.revivePools(n, old); err != nil {
		return err
	}
	return d.driver(n).ReviveNetwork(n.view())
}

// revivePools takes the network's old pools again, whatever they were chosen
// from.
func (d *Daemon) revivePools(n *Network, old *netCore) error {
	for f, uses := range [2][]poolUse{old.v4, old.v6} {
		into := &n.core.v4
		if f == 1 {
			into = &n.core.v6
		}
		for _, u := range uses {
			key, p, err := d.ipam.RequestPool(u.pool.Prefix.String(), u.pool.Sub, f == 1, nil)
			if err != nil {
				return err
			}
			gw, _ := d.ipam.RequestAddress(key, u.gateway.Addr())
			for _, name := range slices.Sorted(maps.Keys(u.aux)) {
				d.ipam.RequestAddress(key, u.aux[name])
			}
			*into = append(*into, poolUse{key: key, pool: p, gateway: gw, aux: u.aux})
		}
	}
	return nil
}

// startDefaultBridge makes the network "bridge" on docker0.
func (d *Daemon) startDefaultBridge() error {
	cfg := &d.config
	name := cfg.Bridge
	if name == "" {
		name = "docker0"
	}
	ipamCfg, err := d.defaultBridgePool(name)
	if err != nil {
		return err
	}
	r := CreateNetwork{
		Name: "bridge", Driver: "bridge", EnableIPv6: cfg.IPv6,
		IPAM: &IPAM{Config: []IPAMConfig{ipamCfg}},
		Options: map[string]string{
			bridge.OptDefault: "true", bridge.OptICC: strconv.FormatBool(cfg.ICC),
			bridge.OptMasquerade: strconv.FormatBool(cfg.IPMasq), bridge.OptBindingIPv4: "0.0.0.0",
			bridge.OptName: name, driver.OptMTU: strconv.Itoa(cfg.MTU),
		},
	}
	if cfg.IP != "" {
		r.Options[bridge.OptBindingIPv4] = cfg.IP
	}
	if cfg.FixedCIDRv6 != "" {
		r.IPAM.Config = append(r.IPAM.Config, IPAMConfig{Subnet: cfg.FixedCIDRv6, AuxAddresses: auxGateway(bridge.AuxGateway6, cfg.Gateway6)})
	} else if cfg.IPv6 {
		return errf(ErrSystem, "IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6")
	}
	n, err := d.newNetwork(r)
	if err != nil {
		return errf(ErrSystem, "Error creating default %q network: %v", "bridge", err)
	}
	n.IPAM.Options = nil
	if len(n.core.v6) > 0 && n.core.v6[0].pool.Prefix.Bits() <= 80 {
		n.core.deferIPv6 = true
	}
	return nil
}

// auxGateway hands a default gateway of the daemon's options to the driver as
// an auxiliary address, as dockerd's initBridgeDriver does.
func auxGateway(name, addr string) map[string]string {
	if addr == "" {
		return nil
	}
	return map[string]string{name: addr}
}

// defaultBridgePool chooses docker0's subnet: --bip, or the address that the
// bridge already has, or the first predefined pool that is free on the host.
// Only the first two give the network a gateway to show.
func (d *Daemon) defaultBridgePool(name string) (IPAMConfig, error) {
	cfg := &d.config
	c := IPAMConfig{IPRange: cfg.FixedCIDR, AuxAddresses: auxGateway(bridge.AuxGateway4, cfg.Gateway)}
	if br := d.ns().Interface(name); br != nil {
		for _, a := range br.Addrs() {
			if a.Prefix.Addr().Is4() {
				c.Subnet, c.Gateway = a.Prefix.Masked().String(), a.Prefix.Addr().String()
				break
			}
		}
	}
	if c.Subnet == "" {
		if p, ok := d.ipam.First(false, d.hostOverlaps); ok {
			c.Subnet = p.String()
		}
	}
	if cfg.BIP != "" {
		p, err := netip.ParsePrefix(cfg.BIP)
		if err != nil {
			return c, errf(ErrSystem, "invalid CIDR address: %s", cfg.BIP)
		}
		c.Subnet, c.Gateway = p.Masked().String(), p.Addr().String()
		return c, nil
	}
	if c.Subnet == "" {
		return c, errf(ErrSystem, "list bridge addresses failed: PredefinedLocalScopeDefaultNetworks List: %v: no available network", d.ipam.Predefined())
	}
	d.Journal.Write("info", "Default bridge ("+name+") is assigned with an IP address "+c.Subnet+". Daemon option --bip can be used to set a preferred IP address")
	return c, nil
}
