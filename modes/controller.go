package modes

import (
	"net/netip"
	"strconv"
	"strings"
)

// startNetworking does what dockerd does to the host's network when it starts:
// forwarding, chains, and the networks none, host and bridge. Networks of the
// user that were there before come back as they were.
func (d *Daemon) startNetworking() error {
	cfg := &d.config
	live := d.liveContainers()
	if live && d.ipam != nil {
		return nil // the network configuration of running containers stays
	}
	d.loadModules()
	for _, v6 := range []bool{false, true} {
		d.firewall(v6).setupChains(!cfg.Proxy)
	}
	if cfg.IPForward {
		d.enableForwarding()
	}
	kept := d.networks
	var start position
	if d.ipam != nil {
		start = d.ipam.start
	}
	pools := cfg.Pools
	if len(pools) == 0 {
		pools = defaultPools
	}
	var err error
	if d.ipam, err = newIPAM(pools); err != nil {
		return err
	}
	if d.ipam.valid(start) {
		d.ipam.start = start
	}
	low, high := d.portRange()
	d.ports = newPortAllocator(low, high)
	d.reservePorts()
	d.networks = nil
	d.reviveNetworks(kept)
	d.firewall(false).userChain() // before the isolation of the networks that were revived
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

func (d *Daemon) liveContainers() bool {
	for _, c := range d.containers {
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
		core := &netCore{name: n.Name, asked: n.core.asked}
		old := n.core
		n.core = core
		if n.Driver == "bridge" {
			if err := d.reviveBridge(n, old); err != nil {
				d.log("warning", "could not restore network "+n.Name+": "+err.Error())
				continue
			}
		}
		if k := childKinds[n.Driver]; k != nil && !n.ConfigOnly {
			if err := d.reviveChild(n, old, k); err != nil {
				d.log("warning", "could not restore network "+n.Name+": "+err.Error())
				continue
			}
		}
		d.networks = append(d.networks, n)
	}
}

// reviveChild is reviveBridge for a network of the macvlan or ipvlan driver.
func (d *Daemon) reviveChild(n *Network, old *netCore, k *childKind) error {
	if err := d.revivePools(n, old); err != nil {
		return err
	}
	ch, err := d.parseChild(n, k)
	if err != nil {
		return err
	}
	n.core.child = ch
	ch.revive(old.child)
	return nil
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
			key, p, err := d.ipam.requestPool(u.pool.prefix.String(), u.pool.sub, f == 1, nil)
			if err != nil {
				return err
			}
			gw, _ := d.ipam.requestAddress(key, u.gateway.Addr())
			for _, a := range u.aux {
				d.ipam.requestAddress(key, a)
			}
			*into = append(*into, poolUse{key: key, pool: p, gateway: gw, aux: u.aux})
		}
	}
	return nil
}

// reviveBridge takes the network's old pools again and sets its bridge up.
func (d *Daemon) reviveBridge(n *Network, old *netCore) error {
	if err := d.revivePools(n, old); err != nil {
		return err
	}
	b, err := d.parseBridge(n)
	if err != nil {
		return err
	}
	b.made = old.bridge != nil && old.bridge.made
	n.core.bridge = b
	return b.create()
}

// loadModules is modprobe bridge br_netfilter: its sysctls appear, switched on.
func (d *Daemon) loadModules() {
	for _, t := range []string{"arptables", "ip6tables", "iptables"} {
		key := "net.bridge.bridge-nf-call-" + t
		if _, ok := d.ns().Sysctl(key); !ok {
			d.ns().SetSysctl(key, "1")
		}
	}
}

// enableForwarding switches ip_forward on. Only when it was off the policy of
// FORWARD becomes DROP.
func (d *Daemon) enableForwarding() {
	if f := d.firewall(true); f.on { // whatever IPv4's switch says
		f.r.SetPolicy("filter", "FORWARD", "DROP")
	}
	if v, _ := d.ns().Sysctl("net.ipv4.ip_forward"); v == "1" {
		return
	}
	d.ns().SetSysctl("net.ipv4.ip_forward", "1")
	if f := d.firewall(false); f.on {
		f.r.SetPolicy("filter", "FORWARD", "DROP")
	}
}

func (d *Daemon) portRange() (low, high int) {
	low, high = 49153, 65535
	v, _ := d.ns().Sysctl("net.ipv4.ip_local_port_range")
	if f := strings.Fields(v); len(f) == 2 {
		low, _ = strconv.Atoi(f[0])
		high, _ = strconv.Atoi(f[1])
	}
	return low, high
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
			optDefault: "true", optICC: strconv.FormatBool(cfg.ICC),
			optMasquerade: strconv.FormatBool(cfg.IPMasq), optBindingIPv4: "0.0.0.0",
			optBridgeName: name, optMTU: strconv.Itoa(cfg.MTU),
		},
	}
	if cfg.IP != "" {
		r.Options[optBindingIPv4] = cfg.IP
	}
	if cfg.FixedCIDRv6 != "" {
		r.IPAM.Config = append(r.IPAM.Config, IPAMConfig{Subnet: cfg.FixedCIDRv6, Gateway: cfg.Gateway6})
	} else if cfg.IPv6 {
		return errf(ErrSystem, "IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6")
	}
	n, err := d.newNetwork(r)
	if err != nil {
		return errf(ErrSystem, "Error creating default %q network: %v", "bridge", err)
	}
	n.IPAM.Options = nil
	if len(n.core.v6) > 0 && n.core.v6[0].pool.prefix.Bits() <= 80 {
		n.core.deferIPv6 = true
	}
	return nil
}

// defaultBridgePool chooses docker0's subnet: --bip, or the address that the
// bridge already has, or the first predefined pool that is free on the host.
// Only the first two give the network a gateway to show.
func (d *Daemon) defaultBridgePool(name string) (IPAMConfig, error) {
	cfg := &d.config
	c := IPAMConfig{IPRange: cfg.FixedCIDR}
	if br := d.ns().Interface(name); br != nil {
		for _, a := range br.Addrs() {
			if a.Prefix.Addr().Is4() {
				c.Subnet, c.Gateway = a.Prefix.Masked().String(), a.Prefix.Addr().String()
				break
			}
		}
	}
	if c.Subnet == "" {
		if at, ok := d.ipam.free(position{}, false, d.hostOverlaps); ok {
			c.Subnet = d.ipam.predefined[at.cut].pool(at.n).String()
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
		return c, errf(ErrSystem, "list bridge addresses failed: no available network")
	}
	d.log("info", "Default bridge ("+name+") is assigned with an IP address "+c.Subnet+". Daemon option --bip can be used to set a preferred IP address")
	return c, nil
}
