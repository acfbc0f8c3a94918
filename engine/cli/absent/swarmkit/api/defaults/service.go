// Package defaults has a service with everything that it does not say filled in.
// Source: swarmkit's api/defaults/service.go.
package defaults

import (
	"time"

	"github.com/gogo/protobuf/types"
	"github.com/moby/swarmkit/v2/api"
)

// Service is a service with every default.
var Service = api.ServiceSpec{
	Task: api.TaskSpec{
		Container: &api.ContainerSpec{StopGracePeriod: types.DurationProto(10 * time.Second)},
		Restart:   &api.RestartPolicy{Condition: api.RestartOnAny, Delay: types.DurationProto(5 * time.Second)},
	},
	Update:   change(),
	Rollback: change(),
}

func change() *api.UpdateConfig {
	return &api.UpdateConfig{
		FailureAction: api.UpdateConfig_PAUSE,
		Monitor:       types.DurationProto(5 * time.Second),
		Parallelism:   1,
		Order:         api.UpdateConfig_STOP_FIRST,
	}
}
