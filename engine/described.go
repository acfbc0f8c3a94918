package engine

import (
	"encoding/json"
	"os"

	"dnetsim/modes"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"
	api "github.com/moby/moby/api/types/container"
)

// described is the host's side of a container that no request has made, as a swarm's
// tasks are: what the daemon knows of it.
func described(c *modes.Container) *container.HostConfig {
	m := &c.HostConfig
	h := &container.HostConfig{
		CapAdd: m.CapAdd, CapDrop: m.CapDrop, DNS: m.DNS, DNSOptions: m.DNSOptions, DNSSearch: m.DNSSearch, ExtraHosts: m.ExtraHosts,
		Privileged: m.Privileged, Sysctls: m.Sysctls, ShmSize: m.ShmSize, ReadonlyRootfs: m.ReadonlyRootfs, Init: m.Init,
	}
	h.GroupAdd, h.SecurityOpt, h.OomScoreAdj, h.MemorySwappiness = m.GroupAdd, m.SecurityOpt, m.OomScoreAdj, m.MemorySwappiness
	h.LogConfig, h.Isolation, h.MemorySwap = container.LogConfig{Type: m.LogDriver, Config: m.LogOptions}, container.Isolation(m.Isolation), m.MemorySwap
	if b, err := json.Marshal(m.Ulimits); err == nil { // their type is of a module of its own
		json.Unmarshal(b, &h.Ulimits) //nolint:errcheck // it has the same names
	}
	h.Memory, h.NanoCPUs = m.Memory, m.CPUQuota*cpuPeriod
	if m.PidsLimit != 0 {
		h.PidsLimit = &m.PidsLimit
	}
	for _, v := range m.Mounts {
		x := mount.Mount{Type: mount.Type(v.Type), Source: v.Source, Target: v.Destination, ReadOnly: v.ReadOnly}
		optionsOf(&v, &x)
		h.Mounts = append(h.Mounts, x)
	}
	for p, all := range m.PortBindings {
		if h.PortBindings == nil {
			h.PortBindings = nat.PortMap{}
		}
		for _, b := range all {
			h.PortBindings[nat.Port(p.String())] = append(h.PortBindings[nat.Port(p.String())], nat.PortBinding{HostIP: b.HostIP, HostPort: b.HostPort})
		}
	}
	return h
}

// optionsOf is what a mount was asked for beside its two ends.
func optionsOf(v *modes.Mount, to *mount.Mount) {
	switch v.Type {
	case "volume":
		to.Source = v.Name
		if v.Driver != "" || len(v.Labels)+len(v.Options) > 0 || v.NoCopy {
			to.VolumeOptions = &mount.VolumeOptions{NoCopy: v.NoCopy, Labels: v.Labels}
			if v.Driver != "" || len(v.Options) > 0 {
				to.VolumeOptions.DriverConfig = &mount.Driver{Name: v.Driver, Options: v.Options}
			}
		}
	case "tmpfs":
		if v.Size != 0 || v.FileMode != 0 {
			to.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: v.Size, Mode: os.FileMode(v.FileMode)}
		}
	case "bind":
		if v.Propagation != "" {
			to.BindOptions = &mount.BindOptions{Propagation: mount.Propagation(v.Propagation)}
		}
	}
}

// cpuPeriod is how much of a processor, in billionths, a quota of one microsecond is in a
// period of 100 ms.
const cpuPeriod = 10_000

// described56 is that in the types of 1.56, which have the same JSON.
func described56(c *modes.Container) *api.HostConfig {
	h := &api.HostConfig{}
	if b, err := json.Marshal(described(c)); err == nil {
		json.Unmarshal(b, h) //nolint:errcheck // it is of the engine's own making
	}
	return h
}
