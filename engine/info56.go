package engine

import (
	"net/netip"

	"dnetsim/modes"
	"dnetsim/modes/profile"

	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/api/types/system"
)

func (form56) info(i modes.Info, v profile.Version, part func(any) error) (any, error) {
	runc := system.RuntimeWithStatus{Runtime: system.Runtime{Path: "runc"}}
	out := system.Info{
		ID: i.ID, Containers: i.Containers, ContainersRunning: i.ContainersRunning,
		ContainersPaused: i.ContainersPaused, ContainersStopped: i.ContainersStopped, Images: i.Images,
		Driver: "overlayfs", DriverStatus: [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}},
		Plugins: system.PluginsInfo{
			Volume:  []string{"local"},
			Network: []string{"bridge", "host", "ipvlan", "macvlan", "null", "overlay"},
			Log:     []string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "splunk", "syslog"},
		},
		MemoryLimit: true, SwapLimit: true, CPUCfsPeriod: true, CPUCfsQuota: true, CPUShares: true, CPUSet: true, PidsLimit: true,
		IPv4Forwarding: i.IPv4Forwarding, NFd: 25, OomKillDisable: true, NGoroutines: 36, Debug: i.Debug,
		SystemTime: stamp(i.SystemTime), LoggingDriver: "json-file", CgroupDriver: "cgroupfs", CgroupVersion: "1",
		KernelVersion: i.KernelVersion, OperatingSystem: i.OperatingSystem, OSVersion: i.OSVersion, OSType: "linux", Architecture: i.Architecture,
		IndexServerAddress: i.IndexServer, NCPU: i.NCPU, MemTotal: i.MemTotal,
		DockerRootDir: "/var/lib/docker", Name: i.Name, Labels: append([]string{}, i.Labels...),
		ExperimentalBuild: i.Experimental, ServerVersion: i.ServerVersion,
		RegistryConfig: &registry.ServiceConfig{
			InsecureRegistryCIDRs: []netip.Prefix{netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("127.0.0.0/8")},
			IndexConfigs: map[string]*registry.IndexInfo{
				"docker.io": {Name: "docker.io", Mirrors: []string{}, Secure: true, Official: true},
			},
			Mirrors: []string{},
		},
		Runtimes:       map[string]system.RuntimeWithStatus{"io.containerd.runc.v2": runc, "runc": runc},
		DefaultRuntime: "runc", LiveRestoreEnabled: i.LiveRestore, InitBinary: "docker-init",
		ContainerdCommit: system.Commit{ID: v.Containerd.GitCommit}, RuncCommit: system.Commit{ID: v.Runc.GitCommit}, InitCommit: system.Commit{ID: v.Init.GitCommit},
		SecurityOptions: []string{"name=seccomp,profile=builtin"},
		FirewallBackend: &system.FirewallInfo{Driver: i.Firewall},
		CDISpecDirs:     []string{"/etc/cdi", "/var/run/cdi"},
		Containerd:      &system.ContainerdInfo{Address: "/run/containerd/containerd.sock", Namespaces: system.ContainerdNamespaces{Containers: "moby", Plugins: "plugins.moby"}},
		Warnings:        i.Warnings,
	}
	for _, p := range i.DefaultAddressPools {
		out.DefaultAddressPools = append(out.DefaultAddressPools, system.NetworkAddressPool{Base: prefixOf(p.Base), Size: p.Size})
	}
	if i.UserlandProxy {
		out.FirewallBackend.Info = [][2]string{{"EnableUserlandProxy", "true"}, {"UserlandProxyPath", "/usr/bin/docker-proxy"}}
	}
	return &out, part(&out.Swarm)
}
