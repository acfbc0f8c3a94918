package engine

import (
	"encoding/json"
	"fmt"
	"net"
	"sort"
	"strconv"
	"time"

	"dnetsim/modes"
)

// The structs of this file have the fields of API 1.41 in its order, because
// docker inspect prints the JSON as it came: key order, nulls and absent fields
// are visible.

// portBinding is one way to a published port.
type portBinding struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

type portMap map[string][]portBinding

// config is the part of a container that does not depend on its host.
type config struct {
	Hostname        string
	Domainname      string
	User            string
	AttachStdin     bool
	AttachStdout    bool
	AttachStderr    bool
	ExposedPorts    map[string]struct{} `json:",omitempty"`
	Tty             bool
	OpenStdin       bool
	StdinOnce       bool
	Env             []string
	Cmd             words
	Healthcheck     json.RawMessage `json:",omitempty"`
	ArgsEscaped     bool            `json:",omitempty"`
	Image           string
	Volumes         map[string]struct{}
	WorkingDir      string
	Entrypoint      words
	NetworkDisabled bool   `json:",omitempty"`
	MacAddress      string `json:",omitempty"`
	OnBuild         []string
	Labels          map[string]string
	StopSignal      string `json:",omitempty"`
	StopTimeout     *int   `json:",omitempty"`
	Shell           words  `json:",omitempty"`
}

// words is a list that may also be given as one string.
type words []string

// UnmarshalJSON accepts both forms.
func (w *words) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || string(b) == "null" {
		return nil
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil {
		var one string
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		list = []string{one}
	}
	*w = list
	return nil
}

type logConfig struct {
	Type   string
	Config map[string]string
}

type restartPolicy struct {
	Name              string
	MaximumRetryCount int
}

// hostConfig is how a container depends on its host.
type hostConfig struct {
	Binds           []string
	ContainerIDFile string
	LogConfig       logConfig
	NetworkMode     string
	PortBindings    portMap
	RestartPolicy   restartPolicy
	AutoRemove      bool
	VolumeDriver    string
	VolumesFrom     []string
	CapAdd          words
	CapDrop         words
	CgroupnsMode    string
	DNS             []string `json:"Dns"`
	DNSOptions      []string `json:"DnsOptions"`
	DNSSearch       []string `json:"DnsSearch"`
	ExtraHosts      []string
	GroupAdd        []string
	IpcMode         string
	Cgroup          string
	Links           []string
	OomScoreAdj     int
	PidMode         string
	Privileged      bool
	PublishAllPorts bool
	ReadonlyRootfs  bool
	SecurityOpt     []string
	StorageOpt      map[string]string `json:",omitempty"`
	Tmpfs           map[string]string `json:",omitempty"`
	UTSMode         string
	UsernsMode      string
	ShmSize         int64
	Sysctls         map[string]string `json:",omitempty"`
	Runtime         string            `json:",omitempty"`
	ConsoleSize     [2]uint
	Isolation       string
	resources
	Mounts        []json.RawMessage `json:",omitempty"`
	MaskedPaths   []string
	ReadonlyPaths []string
	Init          *bool `json:",omitempty"`
}

// resources are the limits of a container; the simulation keeps and shows them.
type resources struct {
	CPUShares            int64 `json:"CpuShares"`
	Memory               int64
	NanoCPUs             int64 `json:"NanoCpus"`
	CgroupParent         string
	BlkioWeight          uint16
	BlkioWeightDevice    []json.RawMessage
	BlkioDeviceReadBps   []json.RawMessage
	BlkioDeviceWriteBps  []json.RawMessage
	BlkioDeviceReadIOps  []json.RawMessage
	BlkioDeviceWriteIOps []json.RawMessage
	CPUPeriod            int64 `json:"CpuPeriod"`
	CPUQuota             int64 `json:"CpuQuota"`
	CPURealtimePeriod    int64 `json:"CpuRealtimePeriod"`
	CPURealtimeRuntime   int64 `json:"CpuRealtimeRuntime"`
	CpusetCpus           string
	CpusetMems           string
	Devices              []json.RawMessage
	DeviceCgroupRules    []string
	DeviceRequests       []json.RawMessage
	KernelMemory         int64
	KernelMemoryTCP      int64
	MemoryReservation    int64
	MemorySwap           int64
	MemorySwappiness     *int64
	OomKillDisable       *bool
	PidsLimit            *int64
	Ulimits              []json.RawMessage
	CPUCount             int64 `json:"CpuCount"`
	CPUPercent           int64 `json:"CpuPercent"`
	IOMaximumIOps        uint64
	IOMaximumBandwidth   uint64
}

// endpointIPAM is the addresses asked for.
type endpointIPAM struct {
	IPv4Address  string   `json:",omitempty"`
	IPv6Address  string   `json:",omitempty"`
	LinkLocalIPs []string `json:",omitempty"`
}

// endpointSettings is a container's side of a network.
type endpointSettings struct {
	IPAMConfig          *endpointIPAM
	Links               []string
	Aliases             []string
	NetworkID           string
	EndpointID          string
	Gateway             string
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	MacAddress          string
	DriverOpts          map[string]string
}

// createRequest is the body of POST /containers/create.
type createRequest struct {
	config
	HostConfig       *hostConfig
	NetworkingConfig *struct {
		EndpointsConfig map[string]*endpointSettings
	}
}

const defaultShmSize = 64 << 20

// normalise fills what dockerd 20.10 fills, and writes empty lists as the
// command line of that release sends them: newer ones leave some out.
func (h *hostConfig) normalise() {
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
		h.PortBindings = portMap{}
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
	for _, l := range []*[]json.RawMessage{&h.BlkioWeightDevice, &h.Devices} {
		if *l == nil {
			*l = []json.RawMessage{}
		}
	}
	for _, l := range []*[]json.RawMessage{&h.BlkioDeviceReadBps, &h.BlkioDeviceWriteBps,
		&h.BlkioDeviceReadIOps, &h.BlkioDeviceWriteIOps, &h.DeviceRequests, &h.Ulimits} {
		if len(*l) == 0 {
			*l = nil
		}
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
		h.MaskedPaths = modes.MaskedPaths
	}
	if h.ReadonlyPaths == nil && !h.Privileged {
		h.ReadonlyPaths = modes.ReadonlyPaths
	}
}

// toModel translates the request for the model.
func (r *createRequest) toModel(name string) (modes.CreateContainer, error) {
	out := modes.CreateContainer{Name: name}
	c := &r.config
	out.Config = modes.Config{
		Hostname: c.Hostname, Domainname: c.Domainname, User: c.User,
		AttachStdin: c.AttachStdin, AttachStdout: c.AttachStdout, AttachStderr: c.AttachStderr,
		Tty: c.Tty, OpenStdin: c.OpenStdin, StdinOnce: c.StdinOnce, Env: c.Env, Cmd: c.Cmd,
		Entrypoint: c.Entrypoint, Image: c.Image, WorkingDir: c.WorkingDir, Labels: c.Labels,
		StopSignal: c.StopSignal, NetworkDisabled: c.NetworkDisabled, MacAddress: c.MacAddress,
	}
	if c.StopTimeout != nil {
		d := time.Duration(*c.StopTimeout) * time.Second
		out.Config.StopTimeout = &d
	}
	if len(c.ExposedPorts) > 0 {
		out.Config.ExposedPorts = map[modes.Port]bool{}
		for _, text := range sorted(c.ExposedPorts) {
			p, err := modes.ParsePort(text)
			if err != nil {
				return out, err
			}
			out.Config.ExposedPorts[p] = true
		}
	}
	h := r.HostConfig
	out.HostConfig = modes.HostConfig{
		NetworkMode: h.NetworkMode, PublishAllPorts: h.PublishAllPorts,
		RestartPolicy: modes.RestartPolicy{Name: h.RestartPolicy.Name, MaximumRetryCount: h.RestartPolicy.MaximumRetryCount},
		AutoRemove:    h.AutoRemove, DNS: h.DNS, DNSOptions: h.DNSOptions, DNSSearch: h.DNSSearch,
		ExtraHosts: h.ExtraHosts, Links: h.Links, Privileged: h.Privileged, CapAdd: h.CapAdd,
		CapDrop: h.CapDrop, Binds: h.Binds, Sysctls: h.Sysctls, PidMode: h.PidMode,
		IpcMode: h.IpcMode, UTSMode: h.UTSMode, Memory: h.Memory, ShmSize: h.ShmSize,
		ReadonlyRootfs: h.ReadonlyRootfs, MaskedPaths: h.MaskedPaths, ReadonlyPaths: h.ReadonlyPaths,
	}
	if len(h.PortBindings) > 0 {
		out.HostConfig.PortBindings = map[modes.Port][]modes.PortBinding{}
		for _, text := range sorted(h.PortBindings) {
			p, err := modes.ParsePort(text)
			if err != nil {
				return out, err
			}
			for _, b := range h.PortBindings[text] {
				if err := b.check(); err != nil {
					return out, err
				}
				out.HostConfig.PortBindings[p] = append(out.HostConfig.PortBindings[p],
					modes.PortBinding{HostIP: b.HostIP, HostPort: b.HostPort})
			}
		}
	}
	if r.NetworkingConfig != nil {
		// Newer clients send --mac-address with the endpoint only.
		if e := r.NetworkingConfig.EndpointsConfig[h.NetworkMode]; e != nil && e.MacAddress != "" && c.MacAddress == "" {
			out.Config.MacAddress, e.MacAddress = e.MacAddress, ""
		}
		for name, e := range r.NetworkingConfig.EndpointsConfig {
			if out.Endpoints == nil {
				out.Endpoints = map[string]*modes.EndpointSettings{}
			}
			out.Endpoints[name] = e.toModel()
		}
	}
	return out, nil
}

func (b portBinding) check() error {
	if b.HostIP != "" && net.ParseIP(b.HostIP) == nil {
		return invalid("invalid IP address: %s", b.HostIP)
	}
	return nil
}

func (e *endpointSettings) toModel() *modes.EndpointSettings {
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

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// portsOf is the Ports of NetworkSettings: ports without a binding are null.
func portsOf(m map[modes.Port][]modes.PortBinding) portMap {
	out := portMap{}
	for p, bs := range m {
		var list []portBinding
		for _, b := range bs {
			list = append(list, portBinding{b.HostIP, b.HostPort})
		}
		out[p.String()] = list
	}
	return out
}

// summaryPort is a port in the list of containers.
type summaryPort struct {
	IP          string `json:",omitempty"`
	PrivatePort uint16
	PublicPort  uint16 `json:",omitempty"`
	Type        string
}

func summaryPorts(m map[modes.Port][]modes.PortBinding) []summaryPort {
	out := []summaryPort{}
	for p, bs := range m {
		if len(bs) == 0 {
			out = append(out, summaryPort{PrivatePort: p.Number, Type: p.Proto})
		}
		for _, b := range bs {
			n, _ := strconv.ParseUint(b.HostPort, 10, 16)
			out = append(out, summaryPort{IP: b.HostIP, PrivatePort: p.Number, PublicPort: uint16(n), Type: p.Proto})
		}
	}
	key := func(p summaryPort) string {
		return fmt.Sprintf("%05d %s %05d %s", p.PrivatePort, p.Type, p.PublicPort, p.IP)
	}
	sort.Slice(out, func(i, k int) bool { return key(out[i]) < key(out[k]) })
	return out
}
