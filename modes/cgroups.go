package modes

import (
	"strconv"

	"dnetsim/userland"
)

// unlimited is what the kernel shows for a memory limit that there is not: the largest
// number of pages, in bytes.
const unlimited = 0x7ffffffffffff000

// mountCgroups lays down the files in which a container reads its own limits, by version 1
// of cgroups.
func (c *Container) mountCgroups(fs *userland.FS) {
	userland.FillLater(fs, "/sys/fs/cgroup", 7, c.cgroupFiles)
}

func (c *Container) cgroupFiles(fs *userland.FS) {
	number := func(none string, n *int64) func() []byte {
		return func() []byte {
			if *n <= 0 {
				return []byte(none + "\n")
			}
			return []byte(strconv.FormatInt(*n, 10) + "\n")
		}
	}
	h, most := &c.HostConfig, strconv.FormatInt(unlimited, 10)
	fs.Synthetic("/sys/fs/cgroup/memory/memory.limit_in_bytes", number(most, &h.Memory), nil)
	fs.Synthetic("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", number(most, &h.MemorySwap), nil)
	fs.Synthetic("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", number("-1", &h.CPUQuota), nil)
	fs.Synthetic("/sys/fs/cgroup/pids/pids.max", number("max", &h.PidsLimit), nil)
}
