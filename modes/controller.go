package modes

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/config"
	"dnetsim/modes/events"
	"dnetsim/modes/ident"
	"dnetsim/modes/ipam"
	"dnetsim/modes/journal"
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/network/child"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/network/overlay"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
)

// networking is what a controller needs of its daemon.
type networking struct {
	Face    *driver.Host
	Host    string // its stable name
	Loop    *sim.Loop
	Calls   *calls.Calls
	IDs     *ident.Source
	Journal *journal.Journal
	Events  *events.Log
	Config  *config.Config // changes when the daemon reads it again
	// CreateTime is how long a network takes to be made, OverlayJoin how much longer the
	// first container of an overlay takes than others.
	CreateTime, OverlayJoin time.Duration
	// NameOf is the name of the container that a reference finds, or the reference.
	NameOf func(ref string) string
}

// controller has the host's networks, and the sandboxes and endpoints of its
// containers: libnetwork's controller.
type controller struct {
	networking
	networks  []*Network
	sandboxes []*sandbox
	ipam      *ipam.Local
	shared    shared

	drivers  map[string]driver.Driver // by name
	bridges  *bridge.Driver
	children []*child.Driver // macvlan and ipvlan
	boxes    overlay.Sandboxes
}

// newNetworking makes a controller, which has no network before it is started.
func newNetworking(o networking) *controller {
	ctl := &controller{networking: o}
	ctl.shared = shared{ctl: ctl, globals: map[string]*Network{}}
	ctl.makeDrivers()
	return ctl
}

func (ctl *controller) machine() *userland.Machine { return ctl.Face.Machine }
func (ctl *controller) ns() *stack.Namespace       { return ctl.machine().NS() }
func (ctl *controller) wall() time.Time            { return ctl.machine().Wall() }

// start does what dockerd does to the host's network when it starts:
// forwarding, chains, and the networks none, host and bridge. Networks of the
// user that were there before come back as they were. live: containers run already, and
// nothing of theirs changes. own are the daemon's ports; leftovers is called when the
// store has been asked what there is.
func (ctl *controller) start(live bool, own []netip.AddrPort, leftovers func()) error {
	cfg := ctl.Config
	ctl.bridges.Configure(ctl.bridgeConfig())
	if live && ctl.ipam != nil { // the network configuration of running containers stays
		if err := ctl.bridges.Resume(); err != nil {
			ctl.Journal.Write("warning", "could not restore the rules of networks: "+err.Error())
		}
		return nil
	}
	ctl.startDrivers()
	kept := ctl.networks
	before := ctl.ipam
	pools := cfg.Pools
	if len(pools) == 0 {
		pools = ipam.DefaultPools
	}
	var err error
	if ctl.ipam, err = ipam.NewLocal(pools); err != nil {
		return err
	}
	ctl.ipam.Continue(before)
	ctl.reserve(own)
	ctl.networks = nil
	ctl.reviveAll(kept)
	ctl.bridges.UserChain() // before the isolation of the networks that were revived
	for _, name := range []string{"none", "host"} {
		if _, ok := ctl.findByName(name); ok {
			continue
		}
		driver := name
		if name == "none" {
			driver = "null"
		}
		if _, err := ctl.make(CreateNetwork{Name: name, Driver: driver}); err != nil {
			return errf(ErrSystem, "Error creating default %q network: %v", driver, err)
		}
	}
	ctl.shared.consult(leftovers)
	if cfg.Bridge == "none" || len(cfg.Pools) > 0 {
		if br := ctl.ns().Interface("docker0"); br != nil {
			br.Delete()
		}
	}
	if cfg.Bridge == "none" {
		return nil
	}
	return ctl.startDefaultBridge()
}

// reserve keeps published ports away from the daemon's own.
func (ctl *controller) reserve(own []netip.AddrPort) {
	for _, at := range own {
		ctl.bridges.Ports().Request(at.Addr().String(), "tcp", int(at.Port()), int(at.Port()))
	}
}

// reviveAll sets up again the networks of an earlier run. The default
// bridge is always made anew.
func (ctl *controller) reviveAll(kept []*Network) {
	for _, n := range kept {
		if n.Name == "bridge" {
			continue
		}
		old := n.core
		n.core = &netCore{name: n.Name, asked: old.asked}
		if err := ctl.revive(n, old); err != nil {
			ctl.Journal.Write("warning", "could not restore network "+n.Name+": "+err.Error())
			continue
		}
		ctl.networks = append(ctl.networks, n)
	}
}

func (ctl *controller) revive(n *Network, old *netCore) error {
	if n.ConfigOnly {
		return nil
	}
	if err := ctl.revivePools(n, old); err != nil {
		return err
	}
	return ctl.driver(n).ReviveNetwork(n.view())
}

// revivePools takes the network's old pools again, whatever they were chosen
// from.
func (ctl *controller) revivePools(n *Network, old *netCore) error {
	for f, uses := range [2][]poolUse{old.v4, old.v6} {
		into := &n.core.v4
		if f == 1 {
			into = &n.core.v6
		}
		for _, u := range uses {
			key, p, err := ctl.ipam.RequestPool(u.pool.Prefix.String(), u.pool.Sub, f == 1, nil)
			if err != nil {
				return err
			}
			gw, _ := ctl.ipam.RequestAddress(key, u.gateway.Addr())
			for _, name := range slices.Sorted(maps.Keys(u.aux)) {
				ctl.ipam.RequestAddress(key, u.aux[name])
			}
			*into = append(*into, poolUse{key: key, pool: p, gateway: gw, aux: u.aux})
		}
	}
	return nil
}

// startDefaultBridge makes the network "bridge" on docker0.
func (ctl *controller) startDefaultBridge() error {
	cfg := ctl.Config
	name := cfg.Bridge
	if name == "" {
		name = "docker0"
	}
	ipamCfg, err := ctl.defaultBridgePool(name)
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
	n, err := ctl.make(r)
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
func (ctl *controller) defaultBridgePool(name string) (IPAMConfig, error) {
	cfg := ctl.Config
	c := IPAMConfig{IPRange: cfg.FixedCIDR, AuxAddresses: auxGateway(bridge.AuxGateway4, cfg.Gateway)}
	if br := ctl.ns().Interface(name); br != nil {
		for _, a := range br.Addrs() {
			if a.Prefix.Addr().Is4() {
				c.Subnet, c.Gateway = a.Prefix.Masked().String(), a.Prefix.Addr().String()
				break
			}
		}
	}
	if c.Subnet == "" {
		if p, ok := ctl.ipam.First(false, ctl.hostOverlaps); ok {
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
		return c, errf(ErrSystem, "list bridge addresses failed: PredefinedLocalScopeDefaultNetworks List: %v: no available network", ctl.ipam.Predefined())
	}
	ctl.Journal.Write("info", "Default bridge ("+name+") is assigned with an IP address "+c.Subnet+". Daemon option --bip can be used to set a preferred IP address")
	return c, nil
}

// namespaces are those of the containers and then those of overlay networks, in the
// order in which they were made.
func (ctl *controller) namespaces() []*stack.Namespace {
	var out []*stack.Namespace
	for _, sb := range ctl.sandboxes {
		if !sb.shared {
			out = append(out, sb.ns)
		}
	}
	return append(out, ctl.boxes.Namespaces()...)
}

// reopen gives a new dockerd the sockets that the old one, and they with it, has
// lost.
func (ctl *controller) reopen() {
	for _, sb := range ctl.sandboxes {
		if sb.resolver != nil {
			sb.resolver.reopen()
		}
	}
	ctl.bridges.KeepPorts()
}

// crash is what a loss of power does to what is no container's.
func (ctl *controller) crash() {
	ctl.boxes.Crash(ctl.Face)
	ctl.drivers["overlay"] = driver.Absent{}
}
