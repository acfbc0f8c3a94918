package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/container"
	"dnetsim/modes/image"
	"dnetsim/modes/volume"

	"github.com/moby/moby/api/types/blkiodev"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/storage"
)

// request56 is the body of POST /containers/create in the types of API 1.56.
type request56 struct {
	api.Config
	HostConfig       *api.HostConfig
	NetworkingConfig *network.NetworkingConfig
}

// asked keeps the request in its own types, for inspect, and takes from it what
// API 1.41 did not know.
func (form56) asked(c *call, m *modes.CreateContainer) error {
	r := &request56{}
	if err := c.decode(r); err != nil {
		return err
	}
	if r.HostConfig == nil {
		r.HostConfig = &api.HostConfig{}
	}
	for _, k := range slices.Sorted(maps.Keys(m.HostConfig.Sysctls)) {
		if p := strings.SplitN(k, ".", 5); len(p) == 5 && p[0] == "net" && strings.HasPrefix(p[3], "eth") && !container.IsHostMode(m.HostConfig.NetworkMode) && !container.IsJoinMode(m.HostConfig.NetworkMode) {
			return &modes.Error{Kind: modes.ErrInvalid, Msg: fmt.Sprintf("interface specific sysctl setting %q must be supplied using driver option 'com.docker.network.endpoint.sysctls'", k)}
		}
	}
	h := r.HostConfig
	if h.IpcMode == "" && c.before(40) {
		h.IpcMode = "shareable" // what clients of that time expect
	}
	switch {
	case reflect.DeepEqual(r.Config, api.Config{}):
		return invalid("config cannot be empty in order to create a container")
	case !h.IpcMode.Valid():
		return invalid("invalid IPC mode: %v", h.IpcMode)
	case !h.PidMode.Valid():
		return invalid("invalid PID mode: %v", h.PidMode)
	case !h.UTSMode.Valid():
		return invalid("invalid UTS mode: %v", h.UTSMode)
	}
	if _, empty := h.Annotations[""]; empty {
		return invalid("invalid Annotations: the empty string is not permitted as an annotation key")
	}
	if h.CPUShares < 0 {
		return invalid("invalid CPU shares (%d): value must be a positive integer", h.CPUShares)
	}
	m.HostConfig.Annotations, m.HostConfig.Console, m.HostConfig.Umask = h.Annotations, console(c), h.Umask
	if r.Healthcheck != nil && m.Config.Healthcheck != nil {
		m.Config.Healthcheck.StartInterval = r.Healthcheck.StartInterval
	}
	if c.before(44) && len(m.Endpoints) > 1 {
		return invalid("Container cannot be created with multiple network endpoints: %s", strings.Join(slices.Sorted(maps.Keys(m.Endpoints)), ", "))
	}
	for _, x := range h.Mounts {
		at := slices.IndexFunc(m.HostConfig.Mounts, func(v volume.Mount) bool { return v.Destination == x.Target })
		if at < 0 {
			continue
		}
		if o := x.VolumeOptions; o != nil {
			m.HostConfig.Mounts[at].Subpath = o.Subpath
		}
		if o := x.TmpfsOptions; o != nil {
			m.HostConfig.Mounts[at].Exec = slices.ContainsFunc(o.Options, func(w []string) bool { return slices.Equal(w, []string{"exec"}) })
		}
		if o := x.BindOptions; o != nil && o.CreateMountpoint {
			m.HostConfig.Mounts[at].MustExist = false
		}
	}
	normalise56(h, c.daemon.Profile().MaskedPaths)
	m.Opaque.(*echo).asked = r
	if container.IsDefaultMode(m.HostConfig.NetworkMode) {
		m.HostConfig.NetworkMode = "bridge"
		if e, ok := m.Endpoints["default"]; ok {
			delete(m.Endpoints, "default")
			m.Endpoints["bridge"] = e
		}
	}
	if r.NetworkingConfig != nil {
		for name, e := range r.NetworkingConfig.EndpointsConfig {
			if x := m.Endpoints[name]; x != nil && e != nil {
				x.GwPriority = e.GwPriority
			}
		}
	}
	return nil
}

// normalise56 fills what dockerd 29 fills.
func normalise56(h *api.HostConfig, masked []string) {
	if h.LogConfig.Type == "" {
		h.LogConfig.Type = "json-file"
	}
	if h.LogConfig.Config == nil {
		h.LogConfig.Config = map[string]string{}
	}
	if h.PortBindings == nil {
		h.PortBindings = network.PortMap{}
	}
	if h.RestartPolicy.Name == "" {
		h.RestartPolicy.Name = api.RestartPolicyDisabled
	}
	if h.CgroupnsMode == "" {
		h.CgroupnsMode = "host"
	}
	if h.IpcMode == "" {
		h.IpcMode = "private"
	}
	if h.ShmSize == 0 {
		h.ShmSize = defaultShmSize
	}
	if h.Runtime == "" {
		h.Runtime = "runc"
	}
	for _, l := range []*[]string{&h.DNSOptions, &h.DNSSearch} {
		if *l == nil {
			*l = []string{}
		}
	}
	sort.Strings(h.Binds)
	if h.BlkioWeightDevice == nil {
		h.BlkioWeightDevice = []*blkiodev.WeightDevice{}
	}
	if h.Devices == nil {
		h.Devices = []api.DeviceMapping{}
	}
	for _, l := range []*[]*blkiodev.ThrottleDevice{&h.BlkioDeviceReadBps, &h.BlkioDeviceWriteBps, &h.BlkioDeviceReadIOps, &h.BlkioDeviceWriteIOps} {
		if *l == nil {
			*l = []*blkiodev.ThrottleDevice{}
		}
	}
	if h.Memory > 0 && h.MemorySwap == 0 {
		h.MemorySwap = 2 * h.Memory
	}
	if h.MemorySwappiness != nil && *h.MemorySwappiness == -1 {
		h.MemorySwappiness = nil
	}
	if h.PidsLimit != nil && *h.PidsLimit <= 0 {
		h.PidsLimit = nil
	}
	if h.OomKillDisable == nil {
		h.OomKillDisable = new(bool)
	}
	if h.MaskedPaths == nil && !h.Privileged {
		h.MaskedPaths = masked
	}
	if h.ReadonlyPaths == nil && !h.Privileged {
		h.ReadonlyPaths = modes.ReadonlyPaths
	}
}

func (form56) container(c *modes.Container, img *image.Image, size *sizes) any {
	out := &api.InspectResponse{
		ID: c.ID, Created: stamp(c.Created), Path: c.Path, Args: list(c.Args), State: state56(c.State),
		Image: c.Image, Name: "/" + c.Name, RestartCount: c.RestartCount, Driver: "overlayfs", Platform: "linux",
		HostConfig: hostConfig56(c), Mounts: []api.MountPoint{}, Config: config56(c),
		Storage:         &storage.Storage{RootFS: &storage.RootFSStorage{Snapshot: &storage.RootFSStorageSnapshot{Name: "overlayfs"}}},
		NetworkSettings: &api.NetworkSettings{SandboxID: c.NetworkSettings.SandboxID, SandboxKey: c.NetworkSettings.SandboxKey, Ports: ports56(c.NetworkSettings.Ports), Networks: endpoints56(c)},
	}
	if len(c.ExecIDs) > 0 {
		out.ExecIDs = c.ExecIDs
	}
	if !c.State.StartedAt.IsZero() {
		out.ResolvConfPath, out.HostnamePath, out.HostsPath = c.File("resolv.conf"), c.File("hostname"), c.File("hosts")
		out.LogPath = c.File(c.ID + "-json.log")
	}
	if size != nil {
		out.SizeRw, out.SizeRootFs = &size.written, &size.root
	}
	for _, m := range c.Mounts {
		if !m.Option {
			out.Mounts = append(out.Mounts, mountPoint56(m))
		}
	}
	if img != nil {
		d := descriptor(img)
		out.ImageManifestDescriptor = &d
	}
	return out
}

func endpoints56(c *modes.Container) map[string]*network.EndpointSettings {
	out := map[string]*network.EndpointSettings{}
	for name, e := range c.NetworkSettings.Networks {
		out[name] = endpoint56(e)
	}
	return out
}

func state56(s modes.State) *api.State {
	o := stateOf(s)
	out := &api.State{
		Status: api.ContainerState(o.Status), Running: o.Running, Paused: o.Paused, Restarting: o.Restarting, OOMKilled: o.OOMKilled,
		Dead: o.Dead, Pid: o.Pid, ExitCode: o.ExitCode, Error: o.Error, StartedAt: o.StartedAt, FinishedAt: o.FinishedAt,
	}
	if h := s.Health; h != nil {
		out.Health = &api.Health{Status: api.HealthStatus(h.Status), FailingStreak: h.FailingStreak, Log: []*api.HealthcheckResult{}}
		for _, r := range h.Log {
			out.Health.Log = append(out.Health.Log, &api.HealthcheckResult{Start: r.Start.UTC(), End: r.End.UTC(), ExitCode: r.ExitCode, Output: r.Output})
		}
	}
	return out
}

// asked56 is the request that a container was made of.
func asked56(c *modes.Container) *request56 {
	if e, _ := c.Opaque.(*echo); e != nil && e.asked != nil {
		return e.asked
	}
	r := &request56{HostConfig: described56(c)}
	normalise56(r.HostConfig, nil)
	return r
}

func hostConfig56(c *modes.Container) *api.HostConfig {
	h := *asked56(c).HostConfig
	h.NetworkMode = api.NetworkMode(c.HostConfig.NetworkMode)
	h.Links = c.Links()
	h.RestartPolicy = api.RestartPolicy{Name: api.RestartPolicyMode(c.HostConfig.RestartPolicy.Name), MaximumRetryCount: c.HostConfig.RestartPolicy.MaximumRetryCount}
	if now := echoOf(c).hostConfig; now != nil { // docker update
		h.Memory, h.MemorySwap, h.MemoryReservation, h.NanoCPUs, h.CPUShares = now.Memory, now.MemorySwap, now.MemoryReservation, now.NanoCPUs, now.CPUShares
		h.CPUPeriod, h.CPUQuota, h.CpusetCpus, h.CpusetMems, h.PidsLimit = now.CPUPeriod, now.CPUQuota, now.CpusetCpus, now.CpusetMems, now.PidsLimit
	}
	return &h
}

func config56(c *modes.Container) *api.Config {
	out := asked56(c).Config
	m := &c.Config
	out.Hostname, out.Domainname, out.User = m.Hostname, m.Domainname, m.User
	out.AttachStdin, out.AttachStdout, out.AttachStderr = m.AttachStdin, m.AttachStdout, m.AttachStderr
	out.Tty, out.OpenStdin, out.StdinOnce = m.Tty, m.OpenStdin, m.StdinOnce
	out.Env, out.Cmd, out.Entrypoint = m.Env, m.Cmd, m.Entrypoint
	out.Image, out.WorkingDir, out.StopSignal = m.Image, m.WorkingDir, m.StopSignal
	out.Labels = labels(m.Labels)
	out.ExposedPorts = nil
	for p := range m.ExposedPorts {
		if q, err := network.ParsePort(p.String()); err == nil {
			if out.ExposedPorts == nil {
				out.ExposedPorts = network.PortSet{}
			}
			out.ExposedPorts[q] = struct{}{}
		}
	}
	for _, l := range []*[]string{&out.Env, &out.Cmd, &out.Entrypoint, &out.OnBuild} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	if len(out.Volumes) == 0 {
		out.Volumes = nil
	}
	return &out
}

// ports56 is the Ports of NetworkSettings: ports without a binding are null.
func ports56(m map[modes.Port][]modes.PortBinding) network.PortMap {
	out := network.PortMap{}
	for p, bs := range m {
		q, err := network.ParsePort(p.String())
		if err != nil {
			continue
		}
		var list []network.PortBinding
		for _, b := range bs {
			list = append(list, network.PortBinding{HostIP: addrOf(b.HostIP), HostPort: b.HostPort})
		}
		out[q] = list
	}
	return out
}

func mountPoint56(m volume.Mount) api.MountPoint {
	o := mountPoint(m)
	return api.MountPoint{
		Type: mount.Type(o.Type), Name: o.Name, Source: o.Source, Destination: o.Destination, Driver: o.Driver, Mode: o.Mode, RW: o.RW,
		Propagation: mount.Propagation(o.Propagation),
	}
}

// summary is one entry of GET /containers/json.
func (form56) summary(s summary) any {
	c := s.Container
	out := &api.Summary{
		ID: c.ID, Names: s.names, Image: c.Config.Image, ImageID: c.Image, Command: command(c), Created: c.Created.Unix(),
		Ports: []api.PortSummary{}, Labels: labels(c.Config.Labels), State: api.ContainerState(c.State.Status), Status: status(c.State, s.now),
		SizeRw: s.size.written, SizeRootFs: s.size.root, Mounts: []api.MountPoint{},
	}
	if s.image != nil {
		d := descriptor(s.image)
		out.ImageManifestDescriptor = &d
	}
	if c.State.Running() {
		for _, p := range summaryPorts(c.NetworkSettings.Ports) {
			if p.IP != "" && p.PublicPort == 0 {
				continue // routed: nobody listens for it
			}
			out.Ports = append(out.Ports, api.PortSummary{IP: addrOf(p.IP), PrivatePort: p.PrivatePort, PublicPort: p.PublicPort, Type: p.Type})
		}
	}
	for _, m := range c.Mounts {
		if !m.Option {
			out.Mounts = append(out.Mounts, mountPoint56(m))
		}
	}
	out.HostConfig.NetworkMode, out.HostConfig.Annotations = c.HostConfig.NetworkMode, c.HostConfig.Annotations
	if h := c.State.Health; h != nil && s.health {
		out.Health = &api.HealthSummary{Status: api.HealthStatus(h.Status), FailingStreak: h.FailingStreak}
	}
	out.NetworkSettings = &api.NetworkSettingsSummary{Networks: endpoints56(c)}
	return out
}
