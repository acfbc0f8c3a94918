package modes

import (
	"time"

	"dnetsim/modes/config"
	"dnetsim/modes/container"
	"dnetsim/modes/profile"
	"dnetsim/userland"
)

// Info is what `docker info` shows.
type Info struct {
	ID, Name                                                                   string
	Containers, ContainersRunning, ContainersPaused, ContainersStopped, Images int
	ServerVersion, KernelVersion, OperatingSystem, OSVersion, Architecture     string
	NCPU                                                                       int
	MemTotal                                                                   int64
	SystemTime                                                                 time.Time
	IPv4Forwarding, BridgeNfIptables, BridgeNfIp6tables                        bool
	LiveRestore, Experimental, Debug                                           bool
	Labels                                                                     []string
	ClusterStore, ClusterAdvertise                                             string
	Warnings                                                                   []string
	DefaultAddressPools                                                        []config.AddressPool
	IndexServer                                                                string
	Firewall                                                                   string // "iptables" or "nftables"
	UserlandProxy                                                              bool
}

// Version is the engine's version, as its profile says.
func (d *Daemon) Version() profile.Version {
	v := d.profile.Version
	v.KernelVersion = d.host.KernelVersion
	v.Experimental = d.config.Experimental
	return v
}

// Profile is the engine's release.
func (d *Daemon) Profile() *profile.Profile { return d.profile }

// Info is the state of the daemon in numbers.
func (d *Daemon) Info() Info {
	on := func(key string) bool {
		v, ok := d.ns().Sysctl(key)
		return ok && v != "0"
	}
	i := Info{
		ID: d.id, Name: d.host.Hostname(), Images: len(d.Images.store.All()),
		ServerVersion: d.profile.Version.Version, KernelVersion: d.host.KernelVersion,
		OperatingSystem: "Debian GNU/Linux 12 (bookworm)", OSVersion: "12", Architecture: d.host.Arch,
		NCPU: userland.CPUs, MemTotal: userland.MemorySize, SystemTime: d.Wall(),
		IPv4Forwarding:    on("net.ipv4.ip_forward"),
		BridgeNfIptables:  on("net.bridge.bridge-nf-call-iptables"),
		BridgeNfIp6tables: on("net.bridge.bridge-nf-call-ip6tables"),
		LiveRestore:       d.config.LiveRestore, Experimental: d.config.Experimental,
		ClusterStore: d.config.ClusterStore, ClusterAdvertise: d.config.ClusterAdvertise,
		Debug: d.config.Debug, Labels: d.config.Labels,
		DefaultAddressPools: d.config.Pools, IndexServer: "https://index.docker.io/v1/",
		Firewall: d.config.Firewall(), UserlandProxy: d.config.Proxy,
	}
	for _, c := range d.Containers.all {
		i.Containers++
		switch {
		case c.State.Status == container.Paused:
			i.ContainersPaused++
		case c.State.Running():
			i.ContainersRunning++
		default:
			i.ContainersStopped++
		}
	}
	i.Warnings = d.profileWarnings(&i)
	return i
}

// profileWarnings are what the release warns of.
func (d *Daemon) profileWarnings(i *Info) (w []string) {
	if !i.IPv4Forwarding {
		w = append(w, "WARNING: IPv4 forwarding is disabled")
	}
	if d.profile.CgroupWarning != "" {
		return append(w, d.profile.CgroupWarning)
	}
	if !i.BridgeNfIptables {
		w = append(w, "WARNING: bridge-nf-call-iptables is disabled")
	}
	if !i.BridgeNfIp6tables {
		w = append(w, "WARNING: bridge-nf-call-ip6tables is disabled")
	}
	if d.config.ClusterStore != "" || d.config.ClusterAdvertise != "" {
		w = append(w, "WARNING: node discovery and overlay networks with an external k/v store (cluster-advertise,\n"+
			"         cluster-store, cluster-store-opt) are deprecated and will be removed in a future release.")
	}
	return w
}
