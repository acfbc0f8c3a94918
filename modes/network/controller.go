// Package network is libnetwork as a model: networks with their address pools, the
// sandboxes of containers, the endpoints between them, published ports, the embedded name
// server, and what of a network is in the cluster store. What runs a network is a driver,
// below; which container is in which network is the daemon's, above: it calls the
// controller on the loop, with the description of a container.
//
// Files named global are about the store, cluster.go is the daemon's part in a cluster,
// gwbridge.go the way out that overlays need.
package network

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/config"
	"dnetsim/modes/errdefs"
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

// Options is what a controller needs of its daemon.
type Options struct {
	Face    *driver.Host
	Host    string // its stable name
	Loop    *sim.Loop
	Calls   *calls.Calls
	IDs     *ident.Source
	Journal *journal.Journal
	Events  *events.Log
	// ServerID is the engine's own id.
	ServerID func() string
	Config   *config.Config // changes when the daemon reads it again
	// CreateTime is how long a network takes to be made, OverlayJoin how much longer the
	// first container of an overlay takes than others.
	CreateTime, OverlayJoin time.Duration
	// Later: the engine is one of those that log, and tell each other, as 29 does.
	Later bool
	// NameOf is the name of the container that a reference finds, or the reference.
	NameOf func(ref string) string
}

// Controller has the host's networks, and the sandboxes and endpoints of its
// containers: libnetwork's controller.
type Controller struct {
	Options
	Networks  []*Network
	Sandboxes []*Sandbox
	Ipam      *ipam.Local
	Global    Global
	Agent     Agent

	Drivers  map[string]driver.Driver // by name
	Bridges  *bridge.Driver
	children []*child.Driver // macvlan and ipvlan
	Boxes    overlay.Sandboxes
}

// New makes a controller, which has no network before it is started.
func New(o Options) *Controller {
	ctl := &Controller{Options: o}
	ctl.Global = Global{ctl: ctl, Globals: map[string]*Network{}}
	ctl.Agent = Agent{ctl: ctl}
	ctl.makeDrivers()
	return ctl
}

func (ctl *Controller) machine() *userland.Machine { return ctl.Face.Machine }
func (ctl *Controller) ns() *stack.Namespace       { return ctl.machine().NS() }
func (ctl *Controller) wall() time.Time            { return ctl.machine().Wall() }

// Start does what dockerd does to the host's network when it starts:
// forwarding, chains, and the networks none, host and bridge. Networks of the
// user that were there before come back as they were. live: containers run already, and
// nothing of theirs changes. own are the daemon's ports; leftovers is called when the
// store has been asked what there is.
func (ctl *Controller) Start(live bool, own []netip.AddrPort, leftovers func()) error {
	cfg := ctl.Config
	ctl.Bridges.Configure(ctl.bridgeConfig())
	if live && ctl.Ipam != nil { // the network configuration of running containers stays
		if err := ctl.Bridges.Resume(); err != nil {
			ctl.Journal.Write("warning", "could not restore the rules of networks: "+err.Error())
		}
		return nil
	}
	ctl.startDrivers()
	kept := ctl.Networks
	before := ctl.Ipam
	pools := cfg.Pools
	if len(pools) == 0 {
		pools = ipam.DefaultPools
	}
	if ctl.Face.Profile.StrictSettings {
		if err := config.VerifyPools(pools); err != nil {
			return err
		}
	}
	var err error
	if ctl.Ipam, err = ipam.NewLocal(withULA(ctl, pools), poolRules(ctl)); err != nil {
		return err
	}
	ctl.Ipam.Continue(before)
	ctl.reserve(own)
	ctl.Networks = nil
	ctl.reviveAll(kept)
	ctl.Bridges.UserChain() // before the isolation of the networks that were revived
	for _, name := range []string{"none", "host"} {
		if _, ok := ctl.Named(name); ok {
			continue
		}
		driver := name
		if name == "none" {
			driver = "null"
		}
		if _, err := ctl.Make(Create{Name: name, Driver: driver}); err != nil {
			return errdefs.New(errdefs.KindSystem, "%s creating default %q network: %v", ctl.Face.Profile.ErrorWord(), driver, err)
		}
	}
	ctl.Global.Consult(leftovers)
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
func (ctl *Controller) reserve(own []netip.AddrPort) {
	for _, at := range own {
		ctl.Bridges.Ports().Request(at.Addr().String(), "tcp", int(at.Port()), int(at.Port()))
	}
}

// reviveAll sets up again the networks of an earlier run. The default
// bridge is always made anew.
func (ctl *Controller) reviveAll(kept []*Network) {
	for _, n := range kept {
		if n.Name == "bridge" {
			continue
		}
		if n.Dynamic() { // it comes again when somebody uses it
			ctl.Agent.drop(n)
			continue
		}
		old := n.Core
		n.Core = &netCore{name: n.Name, asked: old.asked}
		if err := ctl.revive(n, old); err != nil {
			ctl.Journal.Write("warning", "could not restore network "+n.Name+": "+err.Error())
			continue
		}
		ctl.Networks = append(ctl.Networks, n)
	}
}

func (ctl *Controller) revive(n *Network, old *netCore) error {
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
func (ctl *Controller) revivePools(n *Network, old *netCore) error {
	for f, uses := range [2][]poolUse{old.V4, old.v6} {
		into := &n.Core.V4
		if f == 1 {
			into = &n.Core.v6
		}
		for _, u := range uses {
			key, p, err := ctl.Ipam.RequestPool(u.pool.Prefix.String(), u.pool.Sub, f == 1, nil)
			if err != nil {
				return err
			}
			var gw netip.Prefix
			if u.gateway.IsValid() {
				gw, _ = ctl.Ipam.RequestAddress(key, u.gateway.Addr())
			}
			for _, name := range slices.Sorted(maps.Keys(u.aux)) {
				ctl.Ipam.RequestAddress(key, u.aux[name])
			}
			*into = append(*into, poolUse{Key: key, pool: p, gateway: gw, aux: u.aux})
		}
	}
	return nil
}

// startDefaultBridge makes the network "bridge" on docker0.
func (ctl *Controller) startDefaultBridge() error {
	cfg := ctl.Config
	name := cfg.Bridge
	if name == "" {
		name = "docker0"
	}
	ipamCfg, err := ctl.defaultBridgePool(name)
	if ctl.Face.Profile.ULAPools {
		ipamCfg, err = defaultPool(ctl, name, false)
	}
	if err != nil {
		return err
	}
	r := Create{
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
	if ctl.Face.Profile.ULAPools {
		if cfg.IPv6 {
			c, err := defaultPool(ctl, name, true)
			if err != nil {
				return err
			}
			if c.Subnet != "" || c.AuxAddresses != nil {
				r.IPAM.Config = append(r.IPAM.Config, c)
			}
		}
	} else if cfg.FixedCIDRv6 != "" {
		r.IPAM.Config = append(r.IPAM.Config, IPAMConfig{Subnet: cfg.FixedCIDRv6, AuxAddresses: auxGateway(bridge.AuxGateway6, cfg.Gateway6)})
	} else if cfg.IPv6 {
		return errdefs.New(errdefs.KindSystem, "IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6")
	}
	n, err := ctl.Make(r)
	if err != nil {
		return errdefs.New(errdefs.KindSystem, "%s creating default %q network: %v", ctl.Face.Profile.ErrorWord(), "bridge", err)
	}
	n.IPAM.Options = nil
	if !ctl.Face.Profile.ULAPools && len(n.Core.v6) > 0 && n.Core.v6[0].pool.Prefix.Bits() <= 80 {
		n.Core.deferIPv6 = true
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
func (ctl *Controller) defaultBridgePool(name string) (IPAMConfig, error) {
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
		if p, ok := ctl.Ipam.First(false, ctl.hostOverlaps); ok {
			c.Subnet = p.String()
		}
	}
	if cfg.BIP != "" {
		p, err := netip.ParsePrefix(cfg.BIP)
		if err != nil {
			return c, errdefs.New(errdefs.KindSystem, "invalid CIDR address: %s", cfg.BIP)
		}
		c.Subnet, c.Gateway = p.Masked().String(), p.Addr().String()
		return c, nil
	}
	if c.Subnet == "" {
		return c, errdefs.New(errdefs.KindSystem, "list bridge addresses failed: PredefinedLocalScopeDefaultNetworks List: %v: no available network", ctl.Ipam.Predefined())
	}
	if !ctl.Face.Profile.ContainerdStore { // since then it asks for the pool itself
		ctl.Journal.Write("info", "Default bridge ("+name+") is assigned with an IP address "+c.Subnet+". Daemon option --bip can be used to set a preferred IP address")
	}
	return c, nil
}

// Namespaces are those of the containers and then those of overlay networks, in the
// order in which they were made.
func (ctl *Controller) Namespaces() []*stack.Namespace {
	var out []*stack.Namespace
	for _, sb := range ctl.Sandboxes {
		if !sb.HostStack {
			out = append(out, sb.NS)
		}
	}
	return append(out, ctl.Boxes.Namespaces()...)
}

// Reopen gives a new dockerd the sockets that the old one, and they with it, has
// lost.
func (ctl *Controller) Reopen() {
	for _, sb := range ctl.Sandboxes {
		if sb.Resolver != nil {
			sb.Resolver.reopen()
		}
	}
	ctl.Bridges.KeepPorts()
}

// Crash is what a loss of power does to what is no container's.
func (ctl *Controller) Crash() {
	ctl.Boxes.Crash(ctl.Face)
	ctl.Drivers["overlay"] = driver.Absent{}
}
