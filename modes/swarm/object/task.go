package object

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Task is one container of a service on one node, or the place of a container
// that a user has run in an attachable network.
type Task struct {
	ID string
	Meta
	Annotations
	Spec                TaskSpec
	ServiceID           string `json:",omitempty"`
	Slot                int    `json:",omitempty"`
	NodeID              string `json:",omitempty"`
	Status              TaskStatus
	DesiredState        TaskState           `json:",omitempty"`
	NetworksAttachments []NetworkAttachment `json:",omitempty"`
	GenericResources    []GenericResource   `json:",omitempty"`
	JobIteration        *Version            `json:",omitempty"`

	// What the API does not show: the service as the node needs it.
	SpecVersion *Version     `json:",omitzero"`
	Service     *TaskService `json:",omitzero"`
}

// Public is the task as the API shows it.
func (t *Task) Public() *Task {
	p := *t
	p.SpecVersion, p.Service = nil, nil
	return &p
}

// TaskService is what a node has to know of a task's service.
type TaskService struct {
	Name     string
	Labels   map[string]string `json:",omitempty"`
	Endpoint *Endpoint         `json:",omitempty"`
}

// ServiceLabels are those of the task's service, nil of an attachment.
func (t *Task) ServiceLabels() map[string]string {
	if t.Service == nil {
		return nil
	}
	return t.Service.Labels
}

// Key is the object's.
func (t *Task) Key() (Kind, string) { return KindTask, t.ID }

// Title is the name of the task's container.
func (t *Task) Title() string { return t.Name }

// TaskState is how far a task is; see [TaskState.Rank].
type TaskState string

// The states, in the order in which a task goes through them.
const (
	TaskNew       TaskState = "new"
	TaskAllocated TaskState = "allocated"
	TaskPending   TaskState = "pending"
	TaskAssigned  TaskState = "assigned"
	TaskAccepted  TaskState = "accepted"
	TaskPreparing TaskState = "preparing"
	TaskReady     TaskState = "ready"
	TaskStarting  TaskState = "starting"
	TaskRunning   TaskState = "running"
	TaskComplete  TaskState = "complete"
	TaskShutdown  TaskState = "shutdown"
	TaskFailed    TaskState = "failed"
	TaskRejected  TaskState = "rejected"
	TaskRemove    TaskState = "remove"
	TaskOrphaned  TaskState = "orphaned"
)

var ranks = map[TaskState]int{
	TaskNew: 0, TaskAllocated: 64, TaskPending: 64, TaskAssigned: 192, TaskAccepted: 256, TaskPreparing: 320, TaskReady: 384,
	TaskStarting: 448, TaskRunning: 512, TaskComplete: 576, TaskShutdown: 640, TaskFailed: 704, TaskRejected: 768, TaskRemove: 800, TaskOrphaned: 832,
}

// TaskStates are the names of all states, in their order.
func TaskStates() []string {
	all := slices.Sorted(maps.Keys(ranks))
	slices.SortStableFunc(all, func(a, b TaskState) int { return a.Rank() - b.Rank() })
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}

// Rank orders the states: a task never goes to a lower one.
func (s TaskState) Rank() int { return ranks[s] }

// Ended reports whether the task has come to its end.
func (s TaskState) Ended() bool { return s.Rank() > TaskRunning.Rank() }

// TaskStatus is what the node said last, or the manager before there was one.
type TaskStatus struct {
	Timestamp       time.Time
	State           TaskState        `json:",omitempty"`
	Message         string           `json:",omitempty"`
	Err             string           `json:",omitempty"`
	ContainerStatus *ContainerStatus `json:",omitempty"`
	PortStatus      PortStatus
}

// ContainerStatus is the container behind a task.
type ContainerStatus struct {
	ContainerID string
	PID         int
	ExitCode    int
}

// PortStatus are the ports that a task has on its node.
type PortStatus struct {
	Ports []Port `json:",omitempty"`
}

// TaskSpec is what a task is made of: a container or an attachment.
type TaskSpec struct {
	ContainerSpec         *ContainerSpec  `json:",omitempty"`
	PluginSpec            json.RawMessage `json:",omitempty"` // refused
	NetworkAttachmentSpec *AttachmentSpec `json:",omitempty"`
	Resources             *Requirements   `json:",omitempty"`
	RestartPolicy         *RestartPolicy  `json:",omitempty"`
	Placement             *Placement      `json:",omitempty"`
	Networks              []NetworkTarget `json:",omitempty"`
	LogDriver             *Driver         `json:",omitempty"`
	ForceUpdate           uint64
	Runtime               string `json:",omitempty"` // "container", "attachment" or "plugin"
}

// AttachmentSpec is the container that a user attaches.
type AttachmentSpec struct {
	ContainerID string
	Addresses   []string `json:",omitempty"` // asked for
}

// Requirements are numbers that the scheduler counts.
type Requirements struct {
	Limits       *Limit     `json:",omitempty"`
	Reservations *Resources `json:",omitempty"`
	// SwapBytes is beside the limit of memory, -1 without end.
	SwapBytes        *int64 `json:",omitempty"`
	MemorySwappiness *int64 `json:",omitempty"`
}

// Limit is what a task may use at most.
type Limit struct {
	NanoCPUs    int64 `json:",omitempty"`
	MemoryBytes int64 `json:",omitempty"`
	Pids        int64 `json:",omitempty"`
}

// When a task is started again.
const (
	RestartNone      = "none"
	RestartOnFailure = "on-failure"
	RestartAny       = "any"
)

// RestartPolicy is about tasks that have ended.
type RestartPolicy struct {
	Condition   string         `json:",omitempty"`
	Delay       *time.Duration `json:",omitempty"`
	MaxAttempts *uint64        `json:",omitempty"`
	Window      *time.Duration `json:",omitempty"`
}

// Placement says on which nodes tasks may run.
type Placement struct {
	Constraints []string     `json:",omitempty"`
	Preferences []Preference `json:",omitempty"`
	MaxReplicas uint64       `json:",omitempty"`
	Platforms   []Platform   `json:",omitempty"`
}

// Preference spreads tasks over the values of a label.
type Preference struct {
	Spread *struct{ SpreadDescriptor string }
}

// Live reports whether a task in this desired state is to run, or to be ready to; a job's
// task is to complete.
func (s TaskState) Live() bool { return s.Rank() <= TaskComplete.Rank() }

// OutOfDate reports whether a task is of another specification than its service now has; a
// version that differs is none, if what tasks are made of is the same.
func (t *Task) OutOfDate(s *Service) bool {
	if t.SpecVersion != nil && *t.SpecVersion == s.SpecVersion {
		return false
	}
	want := s.Spec.TaskTemplate
	if len(want.Networks) == 0 {
		want.Networks = s.Spec.Networks
	}
	have := t.Spec
	if want.LogDriver == nil {
		have.LogDriver = nil
	}
	if !sameText(want, have) {
		return true
	}
	return t.Service != nil && t.Service.Endpoint != nil && !sameText(s.Endpoint.Spec, t.Service.Endpoint.Spec)
}

func sameText(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}
