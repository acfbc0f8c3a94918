package object

import "time"

// Service is what the orchestrators make tasks of.
type Service struct {
	ID string
	Meta
	Spec          ServiceSpec
	PreviousSpec  *ServiceSpec `json:",omitempty"`
	Endpoint      Endpoint
	UpdateStatus  *UpdateStatus  `json:",omitempty"`
	ServiceStatus *ServiceStatus `json:",omitempty"` // only in answers
	JobStatus     *JobStatus     `json:",omitempty"`

	// What the API does not show: which version of the specification tasks have,
	// and that the network has nothing for it yet.
	SpecVersion     Version `json:",omitzero"`
	PreviousVersion Version `json:",omitzero"`
	Pending         bool    `json:",omitzero"`
}

// Public is the service as the API shows it.
func (s *Service) Public() *Service {
	p := *s
	p.SpecVersion, p.PreviousVersion, p.Pending = Version{}, Version{}, false
	return &p
}

// Key is the object's.
func (s *Service) Key() (Kind, string) { return KindService, s.ID }

// Title is the service's name.
func (s *Service) Title() string { return s.Spec.Name }

// ServiceSpec is what a user asks for.
type ServiceSpec struct {
	Annotations
	TaskTemplate   TaskSpec
	Mode           ServiceMode
	UpdateConfig   *UpdateConfig   `json:",omitempty"`
	RollbackConfig *UpdateConfig   `json:",omitempty"`
	Networks       []NetworkTarget `json:",omitempty"`
	EndpointSpec   *EndpointSpec   `json:",omitempty"`
}

// ServiceMode is one of four.
type ServiceMode struct {
	Replicated    *Replicated    `json:",omitempty"`
	Global        *struct{}      `json:",omitempty"`
	ReplicatedJob *ReplicatedJob `json:",omitempty"`
	GlobalJob     *struct{}      `json:",omitempty"`
}

// Replicated has a number of tasks.
type Replicated struct {
	Replicas *uint64 `json:",omitempty"`
}

// ReplicatedJob ends when enough tasks have.
type ReplicatedJob struct {
	MaxConcurrent    *uint64 `json:",omitempty"`
	TotalCompletions *uint64 `json:",omitempty"`
}

// IsJob reports whether tasks that have ended are done.
func (m *ServiceMode) IsJob() bool { return m.ReplicatedJob != nil || m.GlobalJob != nil }

// IsGlobal reports whether every node gets a task.
func (m *ServiceMode) IsGlobal() bool { return m.Global != nil || m.GlobalJob != nil }

// What an update does when a task fails, and in which order it works.
const (
	FailurePause    = "pause"
	FailureContinue = "continue"
	FailureRollback = "rollback"
	StopFirst       = "stop-first"
	StartFirst      = "start-first"
)

// UpdateConfig is how tasks are replaced.
type UpdateConfig struct {
	Parallelism     uint64
	Delay           time.Duration `json:",omitempty"`
	FailureAction   string        `json:",omitempty"`
	Monitor         time.Duration `json:",omitempty"`
	MaxFailureRatio float32
	Order           string
}

// The states of an update.
const (
	Updating          = "updating"
	Paused            = "paused"
	Completed         = "completed"
	RollbackStarted   = "rollback_started"
	RollbackPaused    = "rollback_paused"
	RollbackCompleted = "rollback_completed"
)

// UpdateStatus is how far the last update is.
type UpdateStatus struct {
	State       string     `json:",omitempty"`
	StartedAt   *time.Time `json:",omitempty"`
	CompletedAt *time.Time `json:",omitempty"`
	Message     string     `json:",omitempty"`
}

// ServiceStatus counts tasks.
type ServiceStatus struct{ RunningTasks, DesiredTasks, CompletedTasks uint64 }

// JobStatus is a job's run.
type JobStatus struct {
	JobIteration  Version
	LastExecution time.Time
}

// Endpoint is what a service has in the network.
type Endpoint struct {
	Spec       EndpointSpec
	Ports      []Port      `json:",omitempty"`
	VirtualIPs []VirtualIP `json:",omitempty"`
}

// The ways in which a service's name resolves, and those of publishing a port.
const (
	ModeVIP   = "vip"
	ModeDNSRR = "dnsrr"

	PublishIngress = "ingress"
	PublishHost    = "host"
)

// EndpointSpec is what was asked for.
type EndpointSpec struct {
	Mode  string `json:",omitempty"`
	Ports []Port `json:",omitempty"`
}

// Port is a published port.
type Port struct {
	Name          string `json:",omitempty"`
	Protocol      string `json:",omitempty"`
	TargetPort    uint32 `json:",omitempty"`
	PublishedPort uint32 `json:",omitempty"`
	PublishMode   string `json:",omitempty"`
}

// VirtualIP is a service's address in a network, with the subnet's length.
type VirtualIP struct {
	NetworkID string `json:",omitempty"`
	Addr      string `json:",omitempty"`
}
