package engine

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/profile"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/registry"
)

func (s *Server) systemRoutes() {
	s.handle("HEAD /_ping", (*call).ping)
	s.handle("GET /_ping", (*call).ping)
	s.handle("GET /version", (*call).version)
	s.handle("GET /info", (*call).info)
	s.handle("GET /plugins", (*call).plugins)
	s.handle("GET /plugins/{id...}", (*call).pluginMissing)
	s.handle("POST /build/prune", (*call).buildPrune)
}

func (c *call) ping() error {
	h := c.w.Header()
	h.Set("Builder-Version", "")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	c.sent = true
	if c.r.Method == http.MethodHead {
		h.Set("Content-Length", "0")
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	io.WriteString(c.w, "OK")
	return nil
}

func (c *call) version() error {
	v := c.daemon.Version()
	part := func(name, ver, commit string) types.ComponentVersion {
		return types.ComponentVersion{Name: name, Version: ver, Details: map[string]string{"GitCommit": commit}}
	}
	out := types.Version{
		Version: v.Version, APIVersion: v.APIVersion, MinAPIVersion: v.MinAPIVersion, GitCommit: v.GitCommit,
		GoVersion: v.GoVersion, Os: v.Os, Arch: v.Arch, KernelVersion: v.KernelVersion, BuildTime: v.BuildTime,
	}
	out.Components = []types.ComponentVersion{
		{Name: "Engine", Version: v.Version, Details: map[string]string{
			"ApiVersion": v.APIVersion, "Arch": v.Arch, "BuildTime": v.BuildTime, "Experimental": "false",
			"GitCommit": v.GitCommit, "GoVersion": v.GoVersion, "KernelVersion": v.KernelVersion,
			"MinAPIVersion": v.MinAPIVersion, "Os": v.Os,
		}},
		part("containerd", v.Containerd.Version, v.Containerd.GitCommit),
		part("runc", v.Runc.Version, v.Runc.GitCommit),
		part("docker-init", v.Init.Version, v.Init.GitCommit),
	}
	return c.json(http.StatusOK, out)
}

func (c *call) info() error {
	out, err := c.s.form.info(c.daemon.Info(), c.daemon.Version(), func(to any) error { return swarmPart(c, to) })
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, out)
}

func (form41) info(i modes.Info, v profile.Version, part func(any) error) (any, error) {
	var pools []types.NetworkAddressPool
	for _, p := range i.DefaultAddressPools {
		pools = append(pools, types.NetworkAddressPool{Base: p.Base, Size: p.Size})
	}
	runc := types.Runtime{Path: "runc"}
	out := types.Info{
		ID: i.ID, Containers: i.Containers, ContainersRunning: i.ContainersRunning,
		ContainersPaused: i.ContainersPaused, ContainersStopped: i.ContainersStopped, Images: i.Images,
		Driver: "overlay2",
		DriverStatus: [][2]string{{"Backing Filesystem", "extfs"}, {"Supports d_type", "true"},
			{"Native Overlay Diff", "true"}, {"userxattr", "false"}},
		Plugins: types.PluginsInfo{
			Volume:  []string{"local"},
			Network: []string{"bridge", "host", "ipvlan", "macvlan", "null", "overlay"},
			Log: []string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local",
				"logentries", "splunk", "syslog"},
		},
		MemoryLimit: true, SwapLimit: true, KernelMemory: true, KernelMemoryTCP: true,
		CPUCfsPeriod: true, CPUCfsQuota: true, CPUShares: true, CPUSet: true, PidsLimit: true,
		IPv4Forwarding: i.IPv4Forwarding, BridgeNfIptables: i.BridgeNfIptables,
		BridgeNfIP6tables: i.BridgeNfIp6tables, NFd: 25, OomKillDisable: true, NGoroutines: 36,
		SystemTime: stamp(i.SystemTime), LoggingDriver: "json-file", CgroupDriver: "cgroupfs",
		CgroupVersion: "1", KernelVersion: i.KernelVersion, OperatingSystem: i.OperatingSystem,
		OSVersion: i.OSVersion, OSType: "linux", Architecture: i.Architecture,
		IndexServerAddress: i.IndexServer, NCPU: i.NCPU, MemTotal: i.MemTotal,
		DockerRootDir: "/var/lib/docker", Name: i.Name, Labels: append([]string{}, i.Labels...), Debug: i.Debug,
		ExperimentalBuild: i.Experimental, ServerVersion: i.ServerVersion,
		ClusterStore: i.ClusterStore, ClusterAdvertise: i.ClusterAdvertise,
		RegistryConfig: &registry.ServiceConfig{
			AllowNondistributableArtifactsCIDRs:     []*registry.NetIPNet{},
			AllowNondistributableArtifactsHostnames: []string{},
			InsecureRegistryCIDRs:                   []*registry.NetIPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}},
			IndexConfigs: map[string]*registry.IndexInfo{
				"docker.io": {Name: "docker.io", Mirrors: []string{}, Secure: true, Official: true},
			},
			Mirrors: []string{},
		},
		Runtimes: map[string]types.Runtime{
			"io.containerd.runc.v2": runc, "io.containerd.runtime.v1.linux": runc, "runc": runc,
		},
		DefaultRuntime: "runc", LiveRestoreEnabled: i.LiveRestore, InitBinary: "docker-init",
		ContainerdCommit:    types.Commit{ID: v.Containerd.GitCommit, Expected: v.Containerd.GitCommit},
		RuncCommit:          types.Commit{ID: v.Runc.GitCommit, Expected: v.Runc.GitCommit},
		InitCommit:          types.Commit{ID: strings.TrimSpace(v.Init.GitCommit), Expected: strings.TrimSpace(v.Init.GitCommit)},
		SecurityOptions:     []string{"name=seccomp,profile=default"},
		DefaultAddressPools: pools, Warnings: i.Warnings,
	}
	return &out, part(&out.Swarm)
}

func (c *call) pluginMissing() error {
	name := strings.TrimSuffix(c.job.Ref, "/json")
	return &modes.Error{Kind: modes.ErrNotFound, Msg: fmt.Sprintf("plugin %q not found", name)}
}

func (c *call) plugins() error { return c.json(http.StatusOK, []struct{}{}) }

func (c *call) buildPrune() error {
	return c.json(http.StatusOK, types.BuildCachePruneReport{})
}
