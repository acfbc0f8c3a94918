package engine

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"dnetsim/modes"
)

func (s *Server) systemRoutes() {
	s.handle("HEAD /_ping", (*call).ping)
	s.handle("GET /_ping", (*call).ping)
	s.handle("GET /version", (*call).version)
	s.handle("GET /info", (*call).info)
	s.handle("GET /system/df", (*call).diskUsage)
	s.handle("GET /volumes", (*call).volumeList)
	s.handle("POST /volumes/prune", (*call).volumesPrune)
	s.handle("GET /volumes/{id}", (*call).volumeMissing)
	s.handle("DELETE /volumes/{id}", (*call).volumeMissing)
	s.handle("GET /plugins", (*call).plugins)
	s.handle("GET /plugins/{id...}", (*call).pluginMissing)
	for _, noun := range []string{"services", "tasks", "nodes", "secrets", "configs", "swarm"} {
		s.handle("GET /"+noun, (*call).notManager)
		s.handle("GET /"+noun+"/{id...}", (*call).notManager)
	}
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

type component struct {
	Name    string
	Version string
	Details map[string]string
}

func (c *call) version() error {
	v := c.daemon.Version()
	part := func(name, ver, commit string) component {
		return component{name, ver, map[string]string{"GitCommit": commit}}
	}
	out := struct {
		Platform      struct{ Name string }
		Components    []component
		Version       string
		APIVersion    string `json:"ApiVersion"`
		MinAPIVersion string
		GitCommit     string
		GoVersion     string
		Os            string
		Arch          string
		KernelVersion string
		BuildTime     string
	}{
		Version: v.Version, APIVersion: v.APIVersion, MinAPIVersion: v.MinAPIVersion, GitCommit: v.GitCommit,
		GoVersion: v.GoVersion, Os: v.Os, Arch: v.Arch, KernelVersion: v.KernelVersion, BuildTime: v.BuildTime,
	}
	out.Components = []component{
		{"Engine", v.Version, map[string]string{
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

type commit struct{ ID, Expected string }

func (c *call) info() error {
	i, v := c.daemon.Info(), c.daemon.Version()
	type pool struct {
		Base string
		Size int
	}
	var pools []pool
	for _, p := range i.DefaultAddressPools {
		pools = append(pools, pool{p.Base, p.Size})
	}
	type runtime struct {
		Path string `json:"path"`
	}
	type index struct {
		Name     string
		Mirrors  []string
		Secure   bool
		Official bool
	}
	out := struct {
		ID                 string
		Containers         int
		ContainersRunning  int
		ContainersPaused   int
		ContainersStopped  int
		Images             int
		Driver             string
		DriverStatus       [][2]string
		SystemStatus       [][2]string `json:",omitempty"`
		Plugins            map[string][]string
		MemoryLimit        bool
		SwapLimit          bool
		KernelMemory       bool
		KernelMemoryTCP    bool
		CPUCfsPeriod       bool `json:"CpuCfsPeriod"`
		CPUCfsQuota        bool `json:"CpuCfsQuota"`
		CPUShares          bool
		CPUSet             bool
		PidsLimit          bool
		IPv4Forwarding     bool
		BridgeNfIptables   bool
		BridgeNfIP6tables  bool `json:"BridgeNfIp6tables"`
		Debug              bool
		NFd                int
		OomKillDisable     bool
		NGoroutines        int
		SystemTime         string
		LoggingDriver      string
		CgroupDriver       string
		CgroupVersion      string `json:",omitempty"`
		NEventsListener    int
		KernelVersion      string
		OperatingSystem    string
		OSVersion          string
		OSType             string
		Architecture       string
		IndexServerAddress string
		RegistryConfig     map[string]any
		NCPU               int
		MemTotal           int64
		GenericResources   []string
		DockerRootDir      string
		HTTPProxy          string `json:"HttpProxy"`
		HTTPSProxy         string `json:"HttpsProxy"`
		NoProxy            string
		Name               string
		Labels             []string
		ExperimentalBuild  bool
		ServerVersion      string
		ClusterStore       string `json:",omitempty"`
		ClusterAdvertise   string `json:",omitempty"`
		Runtimes           map[string]runtime
		DefaultRuntime     string
		Swarm              struct {
			NodeID           string
			NodeAddr         string
			LocalNodeState   string
			ControlAvailable bool
			Error            string
			RemoteManagers   []string
		}
		LiveRestoreEnabled  bool
		Isolation           string
		InitBinary          string
		ContainerdCommit    commit
		RuncCommit          commit
		InitCommit          commit
		SecurityOptions     []string
		DefaultAddressPools []pool `json:",omitempty"`
		Warnings            []string
	}{
		ID: i.ID, Containers: i.Containers, ContainersRunning: i.ContainersRunning,
		ContainersPaused: i.ContainersPaused, ContainersStopped: i.ContainersStopped, Images: i.Images,
		Driver: "overlay2",
		DriverStatus: [][2]string{{"Backing Filesystem", "extfs"}, {"Supports d_type", "true"},
			{"Native Overlay Diff", "true"}, {"userxattr", "false"}},
		Plugins: map[string][]string{
			"Volume":        {"local"},
			"Network":       {"bridge", "host", "ipvlan", "macvlan", "null", "overlay"},
			"Authorization": nil,
			"Log": {"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local",
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
		DockerRootDir: "/var/lib/docker", Name: i.Name, Labels: []string{},
		ExperimentalBuild: i.Experimental, ServerVersion: i.ServerVersion,
		ClusterStore: i.ClusterStore, ClusterAdvertise: i.ClusterAdvertise,
		RegistryConfig: map[string]any{
			"AllowNondistributableArtifactsCIDRs":     []string{},
			"AllowNondistributableArtifactsHostnames": []string{},
			"InsecureRegistryCIDRs":                   []string{"127.0.0.0/8"},
			"IndexConfigs": map[string]index{
				"docker.io": {"docker.io", []string{}, true, true},
			},
			"Mirrors": []string{},
		},
		Runtimes: map[string]runtime{
			"io.containerd.runc.v2": {"runc"}, "io.containerd.runtime.v1.linux": {"runc"}, "runc": {"runc"},
		},
		DefaultRuntime: "runc", LiveRestoreEnabled: i.LiveRestore, InitBinary: "docker-init",
		ContainerdCommit:    commit{v.Containerd.GitCommit, v.Containerd.GitCommit},
		RuncCommit:          commit{v.Runc.GitCommit, v.Runc.GitCommit},
		InitCommit:          commit{strings.TrimSpace(v.Init.GitCommit), strings.TrimSpace(v.Init.GitCommit)},
		SecurityOptions:     []string{"name=seccomp,profile=default"},
		DefaultAddressPools: pools, Warnings: i.Warnings,
	}
	out.Swarm.LocalNodeState = "inactive"
	return c.json(http.StatusOK, out)
}

// diskUsage knows images only: containers write nothing that would count.
func (c *call) diskUsage() error {
	is, err := c.daemon.Images(nil)
	if err != nil {
		return err
	}
	images, total := []imageSummary{}, int64(0)
	for _, i := range is {
		images = append(images, imageSummary{
			Created: i.Created.Unix(), ID: i.ID, Labels: i.Labels, RepoDigests: i.RepoDigests,
			RepoTags: i.RepoTags, Size: i.Size, VirtualSize: i.Size,
		})
		total += i.Size
	}
	return c.json(http.StatusOK, map[string]any{
		"LayersSize": total, "Images": images, "Containers": []int{}, "Volumes": []int{}, "BuildCache": []int{},
		"BuilderSize": 0,
	})
}

func (c *call) volumeList() error {
	return c.json(http.StatusOK, struct {
		Volumes  []struct{}
		Warnings []string
	}{Volumes: []struct{}{}})
}

func (c *call) volumesPrune() error {
	return c.json(http.StatusOK, struct {
		VolumesDeleted []string
		SpaceReclaimed uint64
	}{})
}

func (c *call) volumeMissing() error {
	return &modes.Error{Kind: modes.ErrNotFound, Msg: "get " + c.job.Ref + ": no such volume"}
}

func (c *call) pluginMissing() error {
	name := strings.TrimSuffix(c.job.Ref, "/json")
	return &modes.Error{Kind: modes.ErrNotFound, Msg: fmt.Sprintf("plugin %q not found", name)}
}

// notManager is what an engine says that is in no swarm.
func (c *call) notManager() error {
	return &modes.Error{Kind: modes.ErrUnavailable, Msg: `This node is not a swarm manager. Use "docker swarm init" ` +
		`or "docker swarm join" to connect this node to swarm and try again.`}
}

func (c *call) plugins() error { return c.json(http.StatusOK, []struct{}{}) }

func (c *call) buildPrune() error {
	return c.json(http.StatusOK, struct {
		CachesDeleted  []string
		SpaceReclaimed uint64
	}{})
}
