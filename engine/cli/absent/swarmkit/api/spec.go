// Package api has what docker's command line asks of swarmkit's: the parts of a service's
// specification that have defaults. Source: swarmkit's api/types.proto and api/specs.proto.
package api

import (
	"time"

	"github.com/gogo/protobuf/types"
)

// ServiceSpec is what a service shall be.
type ServiceSpec struct {
	Task             TaskSpec
	Update, Rollback *UpdateConfig
}

// TaskSpec is what each task of a service shall be.
type TaskSpec struct {
	Container *ContainerSpec
	Restart   *RestartPolicy
}

// GetContainer is what the container of a task shall be.
func (t TaskSpec) GetContainer() *ContainerSpec { return t.Container }

// ContainerSpec is what a container shall be.
type ContainerSpec struct {
	// StopGracePeriod is the time between the signals that stop a container.
	StopGracePeriod *types.Duration
}

// RestartPolicy says which tasks are started again, and when.
type RestartPolicy struct {
	Condition     RestartPolicy_RestartCondition
	Delay, Window *types.Duration // Window is nil where there is none
	MaxAttempts   uint64          // 0: no limit
}

// RestartPolicy_RestartCondition says which ends of a task make another one.
type RestartPolicy_RestartCondition int32

// The conditions, with swarmkit's numbers.
const (
	RestartOnNone RestartPolicy_RestartCondition = iota
	RestartOnFailure
	RestartOnAny
)

// UpdateConfig says how tasks are exchanged for new ones.
type UpdateConfig struct {
	Parallelism     uint64 // tasks at a time
	Delay           time.Duration
	FailureAction   UpdateConfig_FailureAction
	Monitor         *types.Duration
	MaxFailureRatio float32 // 0 to 1
	Order           UpdateConfig_UpdateOrder
}

// UpdateConfig_FailureAction says what follows from an update that fails.
type UpdateConfig_FailureAction int32

// The actions, with swarmkit's numbers.
const (
	UpdateConfig_PAUSE UpdateConfig_FailureAction = iota
	UpdateConfig_CONTINUE
	UpdateConfig_ROLLBACK
)

// UpdateConfig_FailureAction_name has the names of the actions.
var UpdateConfig_FailureAction_name = map[int32]string{0: "PAUSE", 1: "CONTINUE", 2: "ROLLBACK"}

// UpdateConfig_UpdateOrder says whether the old task stops first.
type UpdateConfig_UpdateOrder int32

// The orders, with swarmkit's numbers.
const (
	UpdateConfig_STOP_FIRST UpdateConfig_UpdateOrder = iota
	UpdateConfig_START_FIRST
)
