package engine

import (
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
	{"group-add", func(_ *container.Config, h *container.HostConfig) bool { return len(h.GroupAdd) > 0 }},
	{"io-maxbandwidth", func(_ *container.Config, h *container.HostConfig) bool { return h.IOMaximumBandwidth != 0 }},
	{"io-maxiops", func(_ *container.Config, h *container.HostConfig) bool { return h.IOMaximumIOps != 0 }},
	{"ipc", func(_ *container.Config, h *container.HostConfig) bool { return h.IpcMode != "private" }},
	{"isolation", func(_ *container.Config, h *container.HostConfig) bool {
		return h.Isolation != "" && h.Isolation != "default"
	}},
	{"kernel-memory", func(_ *container.Config, h *container.HostConfig) bool { return h.KernelMemory != 0 }},
	{"log-driver", func(_ *container.Config, h *container.HostConfig) bool { return h.LogConfig.Type != "json-file" }},
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
	{"read-only", func(_ *container.Config, h *container.HostConfig) bool { return h.ReadonlyRootfs }},
	{"runtime", func(_ *container.Config, h *container.HostConfig) bool { return h.Runtime != "runc" }},
	{"security-opt", func(_ *container.Config, h *container.HostConfig) bool { return len(h.SecurityOpt) > 0 }},
	{"storage-opt", func(_ *container.Config, h *container.HostConfig) bool { return len(h.StorageOpt) > 0 }},
	{"ulimit", func(_ *container.Config, h *container.HostConfig) bool { return len(h.Ulimits) > 0 }},
	{"userns", func(_ *container.Config, h *container.HostConfig) bool { return h.UsernsMode != "" }},
	{"volume-driver", func(_ *container.Config, h *container.HostConfig) bool { return h.VolumeDriver != "" }},
}

// notSimulated are the warnings that a request deserves.
func (r *createRequest) notSimulated() (warnings []string) {
	for _, x := range unsimulated {
		if x.used(&r.Config, r.HostConfig) {
			warnings = append(warnings, "dnetsim does not simulate --"+x.flag+": it has no effect")
		}
	}
	for _, key := range sorted(r.HostConfig.Sysctls) {
		if !stack.SysctlActs(key) {
			warnings = append(warnings, "dnetsim does not simulate --sysctl "+key+": it has no effect")
		}
	}
	return warnings
}
