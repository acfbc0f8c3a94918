package engine

import (
	"fmt"
	"net"
	"slices"
	"sort"
	"strconv"
	"time"

	"dnetsim/modes"
	"dnetsim/modes/health"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// The structs of the API are those of docker's own module at the release whose
// API this is (20.10, API 1.41), because docker inspect prints the JSON as it
// came: key order, nulls and absent fields are visible.

// createRequest is the body of POST /containers/create.
type createRequest struct {
	container.Config
	HostConfig       *container.HostConfig
	NetworkingConfig *network.NetworkingConfig
}

const defaultShmSize = 64 << 20

// normalise fills what dockerd 20.10 fills, and writes empty lists as the
// command line of that release sends them: newer ones leave some out.
func normalise(h *container.HostConfig, masked []string) {
	if h.LogConfig.Type == "" {
		h.LogConfig.Type = "json-file"
	}
	if h.LogConfig.Config == nil {
		h.LogConfig.Config = map[string]string{}
	}
	if h.NetworkMode == "" {
		h.NetworkMode = "default"
	}
	if h.PortBindings == nil {
		h.PortBindings = nat.PortMap{}
	}
	if h.RestartPolicy.Name == "" {
		h.RestartPolicy.Name = "no"
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
	for _, l := range []*[]string{&h.DNS, &h.DNSOptions, &h.DNSSearch} {
		if *l == nil {
			*l = []string{}
		}
	}
	for _, l := range []*[]string{&h.Binds, &h.VolumesFrom, &h.ExtraHosts, &h.GroupAdd, &h.Links,
		&h.SecurityOpt, &h.DeviceCgroupRules, (*[]string)(&h.CapAdd), (*[]string)(&h.CapDrop)} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	sort.Strings(h.Binds)
	if h.BlkioWeightDevice == nil {
		h.BlkioWeightDevice = []*blkiodev.WeightDevice{}
	}
	if h.Devices == nil {
		h.Devices = []container.DeviceMapping{}
	}
	for _, l := range []*[]*blkiodev.ThrottleDevice{&h.BlkioDeviceReadBps, &h.BlkioDeviceWriteBps, &h.BlkioDeviceReadIOps, &h.BlkioDeviceWriteIOps} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	if len(h.DeviceRequests) == 0 {
		h.DeviceRequests = nil
	}
	if len(h.Ulimits) == 0 {
		h.Ulimits = nil
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

// toModel translates the request for the model.
func (r *createRequest) toModel(name string) (modes.CreateContainer, error) {
	out := modes.CreateContainer{Name: name}
	c := &r.Config
	out.Config = modes.Config{
		Hostname: c.Hostname, Domainname: c.Domainname, User: c.User,
		AttachStdin: c.AttachStdin, AttachStdout: c.AttachStdout, AttachStderr: c.AttachStderr,
		Tty: c.Tty, OpenStdin: c.OpenStdin, StdinOnce: c.StdinOnce, Env: c.Env, Cmd: c.Cmd,
		Entrypoint: c.Entrypoint, Image: c.Image, WorkingDir: c.WorkingDir, Labels: c.Labels,
		StopSignal: c.StopSignal, NetworkDisabled: c.NetworkDisabled, MacAddress: c.MacAddress,
	}
	if x := c.Healthcheck; x != nil {
		out.Config.Healthcheck = &health.Check{Test: x.Test, Interval: x.Interval, Timeout: x.Timeout, StartPeriod: x.StartPeriod, Retries: x.Retries}
	}
	if c.StopTimeout != nil {
		d := time.Duration(*c.StopTimeout) * time.Second
		out.Config.StopTimeout = &d
	}
	if len(c.ExposedPorts) > 0 {
		out.Config.ExposedPorts = map[modes.Port]bool{}
		for _, text := range sorted(c.ExposedPorts) {
			p, err := modes.ParsePort(string(text))
			if err != nil {
				return out, err
			}
			out.Config.ExposedPorts[p] = true
		}
	}
	h := r.HostConfig
	out.HostConfig = modes.HostConfig{
		NetworkMode: string(h.NetworkMode), PublishAllPorts: h.PublishAllPorts,
		RestartPolicy: modes.RestartPolicy{Name: h.RestartPolicy.Name, MaximumRetryCount: h.RestartPolicy.MaximumRetryCount},
		AutoRemove:    h.AutoRemove, DNS: h.DNS, DNSOptions: h.DNSOptions, DNSSearch: h.DNSSearch,
		ExtraHosts: h.ExtraHosts, Links: h.Links, Privileged: h.Privileged, CapAdd: h.CapAdd,
		CapDrop: h.CapDrop, Binds: h.Binds, Sysctls: h.Sysctls, PidMode: string(h.PidMode),
		IpcMode: string(h.IpcMode), UTSMode: string(h.UTSMode), Memory: h.Memory, ShmSize: h.ShmSize,
		Init:           h.Init,
		ReadonlyRootfs: h.ReadonlyRootfs, MaskedPaths: h.MaskedPaths, ReadonlyPaths: h.ReadonlyPaths,
	}
	out.HostConfig.GroupAdd, out.HostConfig.SecurityOpt = h.GroupAdd, h.SecurityOpt
	out.HostConfig.LogDriver, out.HostConfig.LogOptions = h.LogConfig.Type, h.LogConfig.Config
	var err error
	if out.HostConfig.Mounts, err = mountsOf(c, h); err != nil {
		return out, err
	}
	out.HostConfig.VolumesFrom = h.VolumesFrom
	if len(h.PortBindings) > 0 {
		out.HostConfig.PortBindings = map[modes.Port][]modes.PortBinding{}
		for _, text := range sorted(h.PortBindings) {
			p, err := modes.ParsePort(string(text))
			if err != nil {
				return out, err
			}
			for _, b := range h.PortBindings[text] {
				if err := check(b); err != nil {
					return out, err
				}
				out.HostConfig.PortBindings[p] = append(out.HostConfig.PortBindings[p],
					modes.PortBinding{HostIP: b.HostIP, HostPort: b.HostPort})
			}
		}
	}
	if r.NetworkingConfig != nil {
		// Newer clients send --mac-address with the endpoint only.
		if e := r.NetworkingConfig.EndpointsConfig[string(h.NetworkMode)]; e != nil && e.MacAddress != "" && c.MacAddress == "" {
			out.Config.MacAddress, e.MacAddress = e.MacAddress, ""
		}
		for name, e := range r.NetworkingConfig.EndpointsConfig {
			if out.Endpoints == nil {
				out.Endpoints = map[string]*modes.EndpointSettings{}
			}
			out.Endpoints[name] = toModel(e)
		}
	}
	return out, nil
}

func check(b nat.PortBinding) error {
	if b.HostIP != "" && net.ParseIP(b.HostIP) == nil {
		return invalid("invalid IP address: %s", b.HostIP)
	}
	return nil
}

func toModel(e *network.EndpointSettings) *modes.EndpointSettings {
	if e == nil {
		return nil
	}
	m := &modes.EndpointSettings{
		Links: e.Links, Aliases: e.Aliases, DriverOpts: e.DriverOpts, MacAddress: e.MacAddress,
	}
	if i := e.IPAMConfig; i != nil {
		m.IPAMConfig = &modes.EndpointIPAM{
			IPv4Address: i.IPv4Address, IPv6Address: i.IPv6Address, LinkLocalIPs: i.LinkLocalIPs,
		}
	}
	return m
}

func sorted[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// portsOf is the Ports of NetworkSettings: ports without a binding are null.
func portsOf(m map[modes.Port][]modes.PortBinding) nat.PortMap {
	out := nat.PortMap{}
	for p, bs := range m {
		var list []nat.PortBinding
		for _, b := range bs {
			list = append(list, nat.PortBinding{HostIP: b.HostIP, HostPort: b.HostPort})
		}
		out[nat.Port(p.String())] = list
	}
	return out
}

// summaryPorts are the ports in the list of containers.
func summaryPorts(m map[modes.Port][]modes.PortBinding) []types.Port {
	out := []types.Port{}
	for p, bs := range m {
		if len(bs) == 0 {
			out = append(out, types.Port{PrivatePort: p.Number, Type: p.Proto})
		}
		for _, b := range bs {
			n, _ := strconv.ParseUint(b.HostPort, 10, 16)
			out = append(out, types.Port{IP: b.HostIP, PrivatePort: p.Number, PublicPort: uint16(n), Type: p.Proto})
		}
	}
	key := func(p types.Port) string {
		return fmt.Sprintf("%05d %s %05d %s", p.PrivatePort, p.Type, p.PublicPort, p.IP)
	}
	sort.Slice(out, func(i, k int) bool { return key(out[i]) < key(out[k]) })
	return out
}
