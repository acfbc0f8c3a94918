package modes

import (
	"time"

	"dnetsim/modes/health"
	"dnetsim/modes/nat"
	"dnetsim/modes/volume"
	"dnetsim/userland"
)

// Status is the state of a container in one word.
type Status string

// The states of a container.
const (
	Created    Status = "created"
	Running    Status = "running"
	Paused     Status = "paused"
	Restarting Status = "restarting"
	Removing   Status = "removing"
	Exited     Status = "exited"
	Dead       Status = "dead"
)

// State is what `docker inspect` shows as State.
type State struct {
	Status     Status
	Pid        int // on the host; 0 if not running
	ExitCode   int
	OOMKilled  bool
	Error      string        // why the last start did not work
	StartedAt  time.Time     // zero: never
	FinishedAt time.Time     // zero: never
	Health     *health.State // nil without a health check
}

// Running reports whether PID 1 lives (a paused container runs too).
func (s State) Running() bool {
	return s.Status == Running || s.Status == Paused || s.Status == Restarting
}

// NetworkSettings is what `docker inspect` shows as NetworkSettings. The
// addresses at its top level are those of the default bridge network, which
// are also in Networks.
type NetworkSettings struct {
	SandboxID  string
	SandboxKey string // /var/run/docker/netns/…
	// Ports has every exposed port; those not published have no binding.
	Ports    map[Port][]PortBinding
	Networks map[string]*EndpointSettings // by network name
}

// Mount is a volume, a bind or a tmpfs.
type Mount = volume.Mount

// Container is one container. Its exported fields are what inspect shows; they
// are read on the loop and changed only by this package.
type Container struct {
	ID              string // 64 hexadecimal digits
	Name            string // without the slash
	Created         time.Time
	Path            string
	Args            []string
	State           State
	Image           string // image id, "sha256:…"
	Config          Config
	HostConfig      HostConfig
	NetworkSettings NetworkSettings
	Mounts          []Mount
	RestartCount    int
	ExecIDs         []string
	LayerID         string // of the overlay2 graph driver
	Opaque          any    // as given in CreateContainer

	run *runtime
}

// ShortID is the first 12 digits of the id.
func (c *Container) ShortID() string { return c.ID[:12] }

// publications are the ports that it wants to be published, in order.
func (c *Container) publications() ([]nat.Request, error) {
	return nat.Requests(c.Config.ExposedPorts, c.HostConfig.PortBindings, c.HostConfig.PublishAllPorts)
}

// File is the path on the host of one of the files that Docker keeps for a
// container: "hosts", "hostname", "resolv.conf", "ID-json.log".
func (c *Container) File(name string) string {
	return "/var/lib/docker/containers/" + c.ID + "/" + name
}

// ListOptions says which containers List gives.
type ListOptions struct {
	All     bool
	Limit   int // 0 is no limit; implies All
	Filters Filters
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
