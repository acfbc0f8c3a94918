// Package message is what the nodes of a swarm say to each other over package rpc: the
// methods, what is asked and what is answered.
package message

import (
	"slices"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
)

// The methods, by the names of swarmkit's services.
const (
	GetRootCA        = "/docker.swarmkit.v1.CA/GetRootCACertificate"
	GetUnlockKey     = "/docker.swarmkit.v1.CA/GetUnlockKey"
	IssueCertificate = "/docker.swarmkit.v1.NodeCA/IssueNodeCertificate"

	RaftMessage = "/docker.swarmkit.v1.Raft/ProcessRaftMessage"
	RaftJoin    = "/docker.swarmkit.v1.RaftMembership/Join"
	RaftLeave   = "/docker.swarmkit.v1.RaftMembership/Leave"

	Session          = "/docker.swarmkit.v1.Dispatcher/Session"
	Heartbeat        = "/docker.swarmkit.v1.Dispatcher/Heartbeat"
	Assignments      = "/docker.swarmkit.v1.Dispatcher/Assignments"
	UpdateTaskStatus = "/docker.swarmkit.v1.Dispatcher/UpdateTaskStatus"

	AttachNetwork = "/docker.swarmkit.v1.ResourceAllocator/AttachNetwork"
	DetachNetwork = "/docker.swarmkit.v1.ResourceAllocator/DetachNetwork"

	SubscribeLogs = "/docker.swarmkit.v1.Logs/SubscribeLogs"
	PublishLogs   = "/docker.swarmkit.v1.LogBroker/PublishLogs"
	ListenLogs    = "/docker.swarmkit.v1.LogBroker/ListenSubscriptions"
)

// RootCA answers GetRootCA.
type RootCA struct{ PEM string }

// CertificateRequest asks for a certificate: with a token the first time, with the
// old certificate later.
type CertificateRequest struct {
	Token        string
	CSR          []byte
	Availability string
	Renew        bool
}

// CertificateAnswer is one.
type CertificateAnswer struct {
	Cert      object.Certificate
	Signature []byte
	UnlockKey string `json:",omitempty"`
}

// Join asks for a place among the managers.
type Join struct{ Addr string }

// Joined is the place, and who else is there.
type Joined struct {
	RaftID  uint64
	Members []raft.Member
	Removed []uint64
}

// Leave gives a manager's place up.
type Leave struct{ RaftID uint64 }

// SessionRequest begins a node's session, or goes on with one. A node whose certificate the
// root that it trusts has signed, without an intermediate, says nothing of either.
type SessionRequest struct {
	Description object.NodeDescription
	SessionID   string `json:",omitempty"`
	Addr        string `json:",omitempty"` // that other nodes are to know it by
}

// SessionMessage is what the manager has to tell.
type SessionMessage struct {
	SessionID string
	Node      *object.Node
	Managers  []Peer
	Keys      []object.GossipKey
	Root      object.RootCA
	Port      uint32 // of the data path
	UnlockKey string `json:",omitempty"` // to managers
}

// Peer is a manager that agents may call.
type Peer struct {
	Node, Addr string
	Weight     int
}

// Beat is a sign of life, and Period how soon the next one is expected.
type Beat struct{ SessionID string }

// BeatAnswer answers a Beat.
type BeatAnswer struct{ Period time.Duration }

// Assigned is what a node is to run: all of it in the first message, then the
// changes.
type Assigned struct {
	Complete bool
	Tasks    []*object.Task    `json:",omitempty"`
	Gone     []string          `json:",omitempty"` // tasks
	Secrets  []*object.Secret  `json:",omitempty"`
	Configs  []*object.Config  `json:",omitempty"`
	Networks []*object.Network `json:",omitempty"`
}

// TaskUpdate is how far a task is.
type TaskUpdate struct {
	Task   string
	Status object.TaskStatus
}

// StatusRequest carries updates.
type StatusRequest struct {
	SessionID string
	Updates   []TaskUpdate
}

// Attach asks for a container's place in a network.
type Attach struct {
	Network, Container string
	Addresses          []string `json:",omitempty"`
}

// Attached is the task that stands for the place.
type Attached struct{ Task string }

// LogSelector says whose logs: the services' tasks, the nodes' and the tasks named.
type LogSelector struct {
	Services []string `json:",omitempty"`
	Nodes    []string `json:",omitempty"`
	Tasks    []string `json:",omitempty"`
}

// Selects reports whether a task's log is among them.
func (s *LogSelector) Selects(t *object.Task) bool {
	return t.Spec.ContainerSpec != nil && (slices.Contains(s.Tasks, t.ID) || t.ServiceID != "" && slices.Contains(s.Services, t.ServiceID) ||
		t.NodeID != "" && slices.Contains(s.Nodes, t.NodeID))
}

// LogOptions are those of `docker service logs`.
type LogOptions struct {
	Stdout, Stderr bool
	Follow         bool
	Tail           int       // lines from the end of each task's; below zero: all
	Since          time.Time `json:",omitzero"`
}

// Subscribe asks for logs; the answer is a stream of [LogLines].
type Subscribe struct {
	Selector LogSelector
	Options  LogOptions
}

// Subscription is what a node is told of one: it begins, or it is over.
type Subscription struct {
	ID    string
	Close bool `json:",omitempty"`
	Subscribe
}

// LogLine is a line of a task's log.
type LogLine struct {
	Service, Node, Task string
	Time                time.Time
	Stream              byte // 1 stdout, 2 stderr
	Data                []byte
}

// LogLines is what a node publishes for a subscription, and whether that is all. Err is
// why there is no more.
type LogLines struct {
	Subscription string    `json:",omitempty"`
	Lines        []LogLine `json:",omitempty"`
	Close        bool      `json:",omitempty"`
	Err          string    `json:",omitempty"`
}
