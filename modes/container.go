package modes

import (
	"dnetsim/modes/container"
	"dnetsim/modes/filters"
	"dnetsim/modes/volume"
	"dnetsim/userland"
)

// Mount is a volume, a bind or a tmpfs.
type Mount = volume.Mount

// Container is one container: its description, and what it has beyond that while
// the daemon has it.
type Container struct {
	container.Container
	run *runtime
}

// ListOptions says which containers List gives.
type ListOptions struct {
	All     bool
	Limit   int // 0 is no limit; implies All
	Filters filters.Args
}

// RemoveOptions are those of `docker rm`.
type RemoveOptions struct {
	Force   bool // kill it if it runs
	Link    bool // remove the link, not the container
	Volumes bool
}

// Top is the answer of `docker top`.
type Top struct {
	Titles    []string
	Processes [][]string
}

// FS is the container's tree of files.
func (c *Container) FS() *userland.FS { return c.run.fs }
