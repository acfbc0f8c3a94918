package bridge

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/nat"
)

// Start begins a run of dockerd: it does to the host's network what the driver
// does first, forwarding and chains. No port is taken and no network there after
// it: they come back by ReviveNetwork.
func (d *Driver) Start(cfg Config) {
	d.cfg = cfg
	d.choose()
	d.loadModules()
	d.rules.start(true)
	d.ports = nat.NewAllocator(d.portRange())
	d.earlier = map[string]*network{}
	for _, b := range d.networks {
		d.earlier[b.net.ID] = b
	}
	d.networks = nil
}

// Configure changes the options; what is set up stays as it is.
func (d *Driver) Configure(cfg Config) { d.cfg = cfg }

// Resume is Start for a dockerd that finds its containers running (live-restore):
// chains, networks and published ports get their rules again, whatever became of
// them meanwhile (libnetwork's populateNetworks and restorePortAllocations).
func (d *Driver) Resume() error {
	d.rules.start(false)
	var errs []error
	for _, b := range d.networks {
		errs = append(errs, d.rules.network(b))
		for _, id := range slices.Sorted(maps.Keys(b.endpoints)) {
			errs = append(errs, d.rules.endpoint(b, b.endpoints[id], true))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.bound)) {
		for _, b := range d.bound[id] {
			errs = append(errs, d.rules.port(b, true))
		}
	}
	d.UserChain()
	return errors.Join(errs...)
}

// UserChain makes sure that DOCKER-USER exists and is asked first; dockerd does
// it after every new network.
func (d *Driver) UserChain() { d.rules.userChain() }

// loadModules is modprobe bridge br_netfilter: its sysctls appear, switched on.
func (d *Driver) loadModules() {
	for _, t := range []string{"arptables", "ip6tables", "iptables"} {
		key := "net.bridge.bridge-nf-call-" + t
		if _, ok := d.host.NS().Sysctl(key); !ok {
			d.host.NS().SetSysctl(key, "1")
		}
	}
}

// enableForwarding switches ip_forward on. Only when it was off the policy of
// FORWARD becomes DROP.
func (d *Driver) enableForwarding() {
	if f := d.firewall(true); f.on { // whatever IPv4's switch says
		f.r.SetPolicy("filter", "FORWARD", "DROP")
	}
	if v, _ := d.host.NS().Sysctl("net.ipv4.ip_forward"); v == "1" {
		return
	}
	d.host.NS().SetSysctl("net.ipv4.ip_forward", "1")
	if f := d.firewall(false); f.on {
		f.r.SetPolicy("filter", "FORWARD", "DROP")
	}
}

func (d *Driver) portRange() (low, high int) {
	low, high = 49153, 65535
	v, _ := d.host.NS().Sysctl("net.ipv4.ip_local_port_range")
	if f := strings.Fields(v); len(f) == 2 {
		low, _ = strconv.Atoi(f[0])
		high, _ = strconv.Atoi(f[1])
	}
	return low, high
}
