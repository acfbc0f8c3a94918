package engine

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/modes"
	"dnetsim/modes/health"
	"dnetsim/modes/image"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// stamp is a time as dockerd writes it; the zero time is year one.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// echo is what the API keeps with a container to give it back as it came.
type echo struct {
	asked *request56 // in the types of 1.56, nil before

	config     *container.Config
	hostConfig *container.HostConfig
}

// container is the answer to GET /containers/{id}/json. size is nil if
// nobody asked.
func (form41) container(c *modes.Container, _ *image.Image, size *sizes) any {
	out := &types.ContainerJSON{ContainerJSONBase: &types.ContainerJSONBase{
		ID: c.ID, Created: stamp(c.Created), Path: c.Path, Args: list(c.Args), State: stateOf(c.State),
		Image: c.Image, Name: "/" + c.Name, RestartCount: c.RestartCount, Driver: "overlay2",
		Platform: "linux", HostConfig: hostConfigOf(c), GraphDriver: graphOf(c),
	}, Mounts: []types.MountPoint{}, Config: configOf(c), NetworkSettings: settingsOf(c)}
	if len(c.ExecIDs) > 0 {
		out.ExecIDs = c.ExecIDs
	}
	if !c.State.StartedAt.IsZero() {
		out.ResolvConfPath = c.File("resolv.conf")
		out.HostnamePath = c.File("hostname")
		out.HostsPath = c.File("hosts")
		out.LogPath = c.File(c.ID + "-json.log")
	}
	if size != nil {
		out.SizeRw, out.SizeRootFs = &size.written, &size.root
	}
	for _, m := range c.Mounts {
		if !m.Option {
			out.Mounts = append(out.Mounts, mountPoint(m))
		}
	}
	return out
}

// list makes an empty list of nil.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

func stateOf(s modes.State) *types.ContainerState {
	return &types.ContainerState{
		Status: string(s.Status), Running: s.Running(), Paused: s.Status == modes.Paused,
		Restarting: s.Status == modes.Restarting, OOMKilled: s.OOMKilled, Dead: s.Status == modes.Dead,
		Pid: s.Pid, ExitCode: s.ExitCode, Error: s.Error,
		StartedAt: stamp(s.StartedAt), FinishedAt: stamp(s.FinishedAt), Health: healthOf(s.Health),
	}
}

func healthOf(h *health.State) *types.Health {
	if h == nil {
		return nil
	}
	out := &types.Health{Status: h.Status, FailingStreak: h.FailingStreak, Log: []*types.HealthcheckResult{}}
	for _, r := range h.Log {
		out.Log = append(out.Log, &types.HealthcheckResult{Start: r.Start.UTC(), End: r.End.UTC(), ExitCode: r.ExitCode, Output: r.Output})
	}
	return out
}

func echoOf(c *modes.Container) *echo {
	e, _ := c.Opaque.(*echo)
	if e == nil {
		e = &echo{config: &container.Config{}, hostConfig: described(c)}
		normalise(e.hostConfig, nil)
	}
	return e
}

func hostConfigOf(c *modes.Container) *container.HostConfig {
	h := *echoOf(c).hostConfig
	h.NetworkMode = container.NetworkMode(c.HostConfig.NetworkMode)
	h.Links = c.Links()
	h.RestartPolicy = container.RestartPolicy{Name: c.HostConfig.RestartPolicy.Name, MaximumRetryCount: c.HostConfig.RestartPolicy.MaximumRetryCount}
	return &h
}

func configOf(c *modes.Container) *container.Config {
	out := *echoOf(c).config
	m := &c.Config
	out.Hostname, out.Domainname, out.User = m.Hostname, m.Domainname, m.User
	out.AttachStdin, out.AttachStdout, out.AttachStderr = m.AttachStdin, m.AttachStdout, m.AttachStderr
	out.Tty, out.OpenStdin, out.StdinOnce = m.Tty, m.OpenStdin, m.StdinOnce
	out.Env, out.Cmd, out.Entrypoint = m.Env, m.Cmd, m.Entrypoint
	out.Image, out.WorkingDir = m.Image, m.WorkingDir
	out.MacAddress, out.StopSignal = m.MacAddress, m.StopSignal
	out.Labels = labels(m.Labels)
	out.ExposedPorts = nil
	for p := range m.ExposedPorts {
		if out.ExposedPorts == nil {
			out.ExposedPorts = nat.PortSet{}
		}
		out.ExposedPorts[nat.Port(p.String())] = struct{}{}
	}
	for _, l := range []*[]string{&out.Env, (*[]string)(&out.Cmd), (*[]string)(&out.Entrypoint), &out.OnBuild} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	if len(out.Volumes) == 0 {
		out.Volumes = nil
	}
	return &out
}

func labels(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// graphOf names the directories of the overlay2 driver.
func graphOf(c *modes.Container) types.GraphDriverData {
	l := c.Layers()
	return types.GraphDriverData{
		Data: map[string]string{
			"LowerDir": l.Init + ":" + l.Image, "MergedDir": l.Merged, "UpperDir": l.Upper, "WorkDir": l.Work,
		},
		Name: "overlay2",
	}
}

func settingsOf(c *modes.Container) *types.NetworkSettings {
	n := &c.NetworkSettings
	out := &types.NetworkSettings{Networks: map[string]*network.EndpointSettings{}}
	out.SandboxID, out.SandboxKey, out.Ports = n.SandboxID, n.SandboxKey, portsOf(n.Ports)
	for name, e := range n.Networks {
		out.Networks[name] = endpointOf(e)
	}
	if e := n.Networks["bridge"]; e != nil {
		out.EndpointID, out.Gateway, out.IPAddress, out.IPPrefixLen = e.EndpointID, e.Gateway, e.IPAddress, e.IPPrefixLen
		out.IPv6Gateway, out.GlobalIPv6Address, out.GlobalIPv6PrefixLen = e.IPv6Gateway, e.GlobalIPv6Address, e.GlobalIPv6PrefixLen
		out.MacAddress = e.MacAddress
	}
	return out
}

func endpointOf(e *modes.EndpointSettings) *network.EndpointSettings {
	out := &network.EndpointSettings{
		Links: e.Links, Aliases: e.Aliases, NetworkID: e.NetworkID, EndpointID: e.EndpointID,
		Gateway: e.Gateway, IPAddress: e.IPAddress, IPPrefixLen: e.IPPrefixLen,
		IPv6Gateway: e.IPv6Gateway, GlobalIPv6Address: e.GlobalIPv6Address,
		GlobalIPv6PrefixLen: e.GlobalIPv6PrefixLen, MacAddress: e.MacAddress, DriverOpts: e.DriverOpts,
	}
	if i := e.IPAMConfig; i != nil {
		out.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: i.IPv4Address, IPv6Address: i.IPv6Address, LinkLocalIPs: i.LinkLocalIPs}
	}
	return out
}

// summary is what one entry of GET /containers/json is written from.
type summary struct {
	*modes.Container
	names []string
	now   time.Time
	image *image.Image // nil if it is gone
	size  sizes        // 0 if nobody asked
	// health says that the client knows of health in lists, since API 1.52.
	health bool
}

func (form41) summary(s summary) any {
	c := s.Container
	out := &types.Container{
		ID: c.ID, Names: s.names, Image: c.Config.Image, ImageID: c.Image,
		Command: command(c), Created: c.Created.Unix(), Ports: summaryPorts(c.NetworkSettings.Ports),
		Labels: labels(c.Config.Labels), State: string(c.State.Status), Status: status(c.State, s.now), SizeRw: s.size.written, SizeRootFs: s.size.root,
		Mounts: []types.MountPoint{},
	}
	for _, m := range c.Mounts {
		if !m.Option {
			out.Mounts = append(out.Mounts, mountPoint(m))
		}
	}
	if !c.State.Running() {
		out.Ports = []types.Port{}
	}
	out.HostConfig.NetworkMode = c.HostConfig.NetworkMode
	out.NetworkSettings = &types.SummaryNetworkSettings{Networks: map[string]*network.EndpointSettings{}}
	for name, e := range c.NetworkSettings.Networks {
		out.NetworkSettings.Networks[name] = endpointOf(e)
	}
	return out
}

// command is the COMMAND column before docker cuts it: arguments with a blank
// are quoted.
func command(c *modes.Container) string {
	if len(c.Args) == 0 {
		return c.Path
	}
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		if strings.Contains(a, " ") {
			a = "'" + a + "'"
		}
		args[i] = a
	}
	return c.Path + " " + strings.Join(args, " ")
}

// status is the STATUS column, in dockerd's words.
func status(s modes.State, now time.Time) string {
	up := human(now.Sub(s.StartedAt))
	switch s.Status {
	case modes.Paused:
		return "Up " + up + " (Paused)"
	case modes.Restarting:
		return fmt.Sprintf("Restarting (%d) %s ago", s.ExitCode, human(now.Sub(s.FinishedAt)))
	case modes.Running:
		switch {
		case s.Health == nil:
			return "Up " + up
		case s.Health.Status == health.Starting:
			return "Up " + up + " (health: starting)"
		}
		return "Up " + up + " (" + s.Health.Status + ")"
	case modes.Removing:
		return "Removal In Progress"
	case modes.Dead:
		return "Dead"
	case modes.Created:
		return "Created"
	}
	if s.FinishedAt.IsZero() {
		return "Created"
	}
	return fmt.Sprintf("Exited (%d) %s ago", s.ExitCode, human(now.Sub(s.FinishedAt)))
}
