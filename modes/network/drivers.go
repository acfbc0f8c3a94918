package network

import (
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/network/child"
	"dnetsim/modes/network/driver"
	"dnetsim/modes/profile"
)

// makeDrivers installs the drivers, one for each mode that is not a choice of
// somebody else's stack. The overlay's comes with a cluster ([initCluster]).
func (ctl *Controller) makeDrivers() {
	ctl.Bridges = bridge.New(ctl.Face)
	ctl.children = []*child.Driver{child.NewMacvlan(ctl.Face), child.NewIPvlan(ctl.Face)}
	ctl.Drivers = map[string]driver.Driver{
		"bridge": ctl.Bridges, "macvlan": ctl.children[0], "ipvlan": ctl.children[1], "overlay": driver.Absent{},
	}
	ctl.oneEach()
}

// startDrivers begins a run: networks of an earlier one are revived after it.
func (ctl *Controller) startDrivers() {
	ctl.Bridges.Start(ctl.bridgeConfig())
	ctl.oneEach()
	for _, c := range ctl.children {
		c.Start()
	}
}

// oneEach installs the drivers of the networks "host" and "none", anew.
func (ctl *Controller) oneEach() {
	ctl.Drivers["host"] = driver.NewNull("host", driver.HostStack)
	ctl.Drivers["null"] = driver.NewNull("null", driver.LoopbackOnly)
}

// byNFTables says that the firewall is programmed with nftables.
func (ctl *Controller) byNFTables() bool {
	return ctl.Config.Firewall() == "nftables" && ctl.Face.Profile.Firewall == profile.ForwardChains
}

func (ctl *Controller) bridgeConfig() bridge.Config {
	c := ctl.Config
	return bridge.Config{
		IPTables: c.IPTables, IP6Tables: c.IP6Tables && (c.Experimental || ctl.Face.Profile.IP6Tables), IPForward: c.IPForward, Proxy: c.Proxy,
		NFTables: ctl.byNFTables(), NoForwardDrop: c.NoForwardDrop, AcceptMark: c.AcceptMark, DirectRouting: c.DirectRouting,
	}
}
