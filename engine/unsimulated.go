package engine

import (
	"slices"

	"dnetsim/modes/swarm/object"
	"dnetsim/stack"

	"github.com/docker/docker/api/types/container"
)

// unsimulated is what a request to create a container can ask for and the model does
// nothing for, by docker run's option. Whoever uses one is told.
var unsimulated = []struct {
	flag string
	used func(c *container.Config, h *container.HostConfig) bool
}{
	{"blkio-weight", func(_ *container.Config, h *container.HostConfig) bool { return h.BlkioWeight != 0 }},
	{"blkio-weight-device", func(_ *container.Config, h *container.HostConfig) bool { return len(h.BlkioWeightDevice) > 0 }},
	{"cgroup-parent", func(_ *container.Config, h *container.HostConfig) bool { return h.CgroupParent != "" }},
	{"cgroupns", func(_ *container.Config, h *container.HostConfig) bool { return h.CgroupnsMode == "private" }},
	{"cpu-count", func(_ *container.Config, h *container.HostConfig) bool { return h.CPUCount != 0 }},
	{"cpu-percent", func(_ *container.Config, h *container.HostConfig) bool { return h.CPUPercent != 0 }},
	{"cpu-period", func(_ *container.Config, h *container.HostConfig) bool { return h.CPUPeriod != 0 }},
	{"cpu-quota", func(_ *container.Config, h *container.HostConfig) bool { return h.CPUQuota != 0 }},
	{"cpu-rt-period", func(_ *container.Config, h *container.HostConfig) bool { return h.CPURealtimePeriod != 0 }},
	{"cpu-rt-runtime", func(_ *container.Config, h *container.HostConfig) bool { return h.CPURealtimeRuntime != 0 }},
	{"cpu-shares", func(_ *container.Config, h *container.HostConfig) bool { return h.CPUShares != 0 }},
	{"cpus", func(_ *container.Config, h *container.HostConfig) bool { return h.NanoCPUs != 0 }},
	{"cpuset-cpus", func(_ *container.Config, h *container.HostConfig) bool { return h.CpusetCpus != "" }},
	{"cpuset-mems", func(_ *container.Config, h *container.HostConfig) bool { return h.CpusetMems != "" }},
	{"device", func(_ *container.Config, h *container.HostConfig) bool { return len(h.Devices) > 0 }},
	{"device-cgroup-rule", func(_ *container.Config, h *container.HostConfig) bool { return len(h.DeviceCgroupRules) > 0 }},
	{"device-read-bps", func(_ *container.Config, h *container.HostConfig) bool { return len(h.BlkioDeviceReadBps) > 0 }},
	{"device-read-iops", func(_ *container.Config, h *container.HostConfig) bool { return len(h.BlkioDeviceReadIOps) > 0 }},
	{"device-write-bps", func(_ *container.Config, h *container.HostConfig) bool { return len(h.BlkioDeviceWriteBps) > 0 }},
	{"device-write-iops", func(_ *container.Config, h *container.HostConfig) bool { return len(h.BlkioDeviceWriteIOps) > 0 }},
	{"gpus", func(_ *container.Config, h *container.HostConfig) bool { return len(h.DeviceRequests) > 0 }},
	{"io-maxbandwidth", func(_ *container.Config, h *container.HostConfig) bool { return h.IOMaximumBandwidth != 0 }},
	{"io-maxiops", func(_ *container.Config, h *container.HostConfig) bool { return h.IOMaximumIOps != 0 }},
	{"ipc", func(_ *container.Config, h *container.HostConfig) bool { return h.IpcMode != "private" }},
	{"isolation", func(_ *container.Config, h *container.HostConfig) bool {
		return h.Isolation != "" && h.Isolation != "default"
	}},
	{"kernel-memory", func(_ *container.Config, h *container.HostConfig) bool { return h.KernelMemory != 0 }},
	{"log-driver", func(_ *container.Config, h *container.HostConfig) bool {
		return h.LogConfig.Type != "json-file" && h.LogConfig.Type != "none"
	}},
	{"log-opt", func(_ *container.Config, h *container.HostConfig) bool { return len(h.LogConfig.Config) > 0 }},
	{"memory", func(_ *container.Config, h *container.HostConfig) bool { return h.Memory != 0 }},
	{"memory-reservation", func(_ *container.Config, h *container.HostConfig) bool { return h.MemoryReservation != 0 }},
	{"memory-swap", func(_ *container.Config, h *container.HostConfig) bool {
		return h.MemorySwap != 0 && h.MemorySwap != 2*h.Memory
	}},
	{"memory-swappiness", func(_ *container.Config, h *container.HostConfig) bool { return h.MemorySwappiness != nil }},
	{"oom-kill-disable", func(_ *container.Config, h *container.HostConfig) bool {
		return h.OomKillDisable != nil && *h.OomKillDisable
	}},
	{"oom-score-adj", func(_ *container.Config, h *container.HostConfig) bool { return h.OomScoreAdj != 0 }},
	{"pid", func(_ *container.Config, h *container.HostConfig) bool { return h.PidMode != "" }},
	{"pids-limit", func(_ *container.Config, h *container.HostConfig) bool { return h.PidsLimit != nil }},
	{"runtime", func(_ *container.Config, h *container.HostConfig) bool { return h.Runtime != "runc" }},
	{"security-opt", func(_ *container.Config, h *container.HostConfig) bool { return len(h.SecurityOpt) > 0 }},
	{"storage-opt", func(_ *container.Config, h *container.HostConfig) bool { return len(h.StorageOpt) > 0 }},
	{"ulimit", func(_ *container.Config, h *container.HostConfig) bool { return len(h.Ulimits) > 0 }},
	{"userns", func(_ *container.Config, h *container.HostConfig) bool { return h.UsernsMode != "" }},
	{"volume-driver", func(_ *container.Config, h *container.HostConfig) bool { return h.VolumeDriver != "" }},
}

// unsimulatedInService is that of a service's tasks, by the option of docker service create.
var unsimulatedInService = []struct {
	flag string
	used func(t *object.TaskSpec) bool
}{
	{"isolation", func(t *object.TaskSpec) bool {
		return t.ContainerSpec.Isolation != "" && t.ContainerSpec.Isolation != "default"
	}},
	{"limit-cpu", func(t *object.TaskSpec) bool { return limitsOf(t).NanoCPUs != 0 }},
	{"limit-memory", func(t *object.TaskSpec) bool { return limitsOf(t).MemoryBytes != 0 }},
	{"limit-pids", func(t *object.TaskSpec) bool { return limitsOf(t).Pids != 0 }},
	{"log-driver", func(t *object.TaskSpec) bool {
		return t.LogDriver != nil && !slices.Contains([]string{"", "json-file", "none"}, t.LogDriver.Name)
	}},
	{"log-opt", func(t *object.TaskSpec) bool { return t.LogDriver != nil && len(t.LogDriver.Options) > 0 }},
	{"memory-swap", func(t *object.TaskSpec) bool { return t.Resources != nil && t.Resources.SwapBytes != nil }},
	{"memory-swappiness", func(t *object.TaskSpec) bool { return t.Resources != nil && t.Resources.MemorySwappiness != nil }},
	{"oom-score-adj", func(t *object.TaskSpec) bool { return t.ContainerSpec.OomScoreAdj != 0 }},
	{"ulimit", func(t *object.TaskSpec) bool { return len(t.ContainerSpec.Ulimits) > 0 }},
}

func limitsOf(t *object.TaskSpec) object.Limit {
	if t.Resources == nil || t.Resources.Limits == nil {
		return object.Limit{}
	}
	return *t.Resources.Limits
}

// notSimulatedInService are the warnings that a service deserves.
func notSimulatedInService(s *object.ServiceSpec) (warnings []string) {
	t := &s.TaskTemplate
	if t.ContainerSpec == nil {
		return nil
	}
	for _, x := range unsimulatedInService {
		if x.used(t) {
			warnings = append(warnings, "dnetsim does not simulate --"+x.flag+": it has no effect")
		}
	}
	return append(warnings, idleSysctls(t.ContainerSpec.Sysctls)...)
}

// idleSysctls are the warnings about sysctls that do nothing.
func idleSysctls(all map[string]string) (warnings []string) {
	for _, key := range sorted(all) {
		if !stack.SysctlActs(key) {
			warnings = append(warnings, "dnetsim does not simulate --sysctl "+key+": it has no effect")
		}
	}
	return warnings
}

// notSimulated are the warnings that a request deserves.
func (r *createRequest) notSimulated() (warnings []string) {
	for _, x := range unsimulated {
		if x.used(&r.Config, r.HostConfig) {
			warnings = append(warnings, "dnetsim does not simulate --"+x.flag+": it has no effect")
		}
	}
	return append(warnings, idleSysctls(r.HostConfig.Sysctls)...)
}
