package modes

import (
	"dnetsim/modes/network/bridge"
	"dnetsim/modes/network/child"
	"dnetsim/modes/network/driver"
	"dnetsim/userland"
)

// makeDrivers installs the drivers, one for each mode that is not a choice of
// somebody else's stack. The overlay's comes with a cluster ([initCluster]).
func (d *Daemon) makeDrivers() {
	d.face = &driver.Host{
		Machine: d.host.Machine, Stream: d.ids.Stream, Log: d.Journal.Write,
		Dockerd: func() *userland.Process { return d.proc },
	}
	d.bridges = bridge.New(d.face)
	d.children = []*child.Driver{child.NewMacvlan(d.face), child.NewIPvlan(d.face)}
	d.drivers = map[string]driver.Driver{
		"bridge": d.bridges, "macvlan": d.children[0], "ipvlan": d.children[1], "overlay": driver.Absent{},
	}
	d.oneEach()
}

// startDrivers begins a run: networks of an earlier one are revived after it.
func (d *Daemon) startDrivers() {
	d.bridges.Start(d.bridgeConfig())
	d.oneEach()
	for _, c := range d.children {
		c.Start()
	}
}

// oneEach installs the drivers of the networks "host" and "none", anew.
func (d *Daemon) oneEach() {
	d.drivers["host"] = driver.NewNull("host", driver.HostStack)
	d.drivers["null"] = driver.NewNull("null", driver.LoopbackOnly)
}

func (d *Daemon) bridgeConfig() bridge.Config {
	c := &d.config
	return bridge.Config{
		IPTables: c.IPTables, IP6Tables: c.IP6Tables && c.Experimental, IPForward: c.IPForward, Proxy: c.Proxy,
	}
}
