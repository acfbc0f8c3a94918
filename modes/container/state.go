package container

import (
	"time"

	"dnetsim/modes/health"
	"dnetsim/modes/nat"
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
	Ports    map[nat.Port][]nat.PortBinding
	Networks map[string]*EndpointSettings // by network name
}
