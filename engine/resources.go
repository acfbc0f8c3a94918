package engine

import (
	"dnetsim/modes"

	"github.com/docker/docker/api/types/container"
)

// updateResources changes the limits of a container that a request names, as the
// UpdateContainer of moby's container package does; inspect shows them, and the files of
// its cgroups.
func updateResources(x *modes.Container, r *container.Resources) error {
	h := &echoOf(x).hostConfig.Resources
	if r.Memory != 0 && r.Memory > h.MemorySwap && r.MemorySwap == 0 && h.MemorySwap != 0 {
		return &modes.Error{Kind: modes.ErrConflict, Msg: "Cannot update container " + x.ID +
			": Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"}
	}
	for _, f := range []struct{ to, from *int64 }{
		{&h.CPUShares, &r.CPUShares}, {&h.NanoCPUs, &r.NanoCPUs}, {&h.CPUPeriod, &r.CPUPeriod}, {&h.CPUQuota, &r.CPUQuota},
		{&h.Memory, &r.Memory}, {&h.MemorySwap, &r.MemorySwap}, {&h.MemoryReservation, &r.MemoryReservation},
		{&h.KernelMemory, &r.KernelMemory}, {&h.CPURealtimePeriod, &r.CPURealtimePeriod}, {&h.CPURealtimeRuntime, &r.CPURealtimeRuntime},
	} {
		if *f.from != 0 {
			*f.to = *f.from
		}
	}
	if r.BlkioWeight != 0 {
		h.BlkioWeight = r.BlkioWeight
	}
	if r.CpusetCpus != "" {
		h.CpusetCpus = r.CpusetCpus
	}
	if r.CpusetMems != "" {
		h.CpusetMems = r.CpusetMems
	}
	if r.PidsLimit != nil {
		n := max(*r.PidsLimit, 0) // 0 is no limit
		h.PidsLimit = &n
	}
	limits(x, h)
	return nil
}

// limits tells the model what the cgroups of a container limit.
func limits(x *modes.Container, r *container.Resources) {
	c := &x.HostConfig
	c.Memory, c.MemorySwap, c.CPUQuota, c.PidsLimit = r.Memory, r.MemorySwap, r.CPUQuota, 0
	if r.PidsLimit != nil {
		c.PidsLimit = *r.PidsLimit
	}
}
