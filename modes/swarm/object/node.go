package object

// Node is a machine that has joined the swarm.
type Node struct {
	ID string
	Meta
	Spec          NodeSpec
	Description   NodeDescription
	Status        NodeStatus
	ManagerStatus *ManagerStatus `json:",omitempty"`

	// What the API does not show: the certificate that was issued, and the
	// addresses of the node's load balancers by network.
	Cert        Certificate         `json:",omitzero"`
	CertState   string              `json:",omitempty"` // [CertRotate], or "" if it is issued
	Attachments []NetworkAttachment `json:",omitzero"`
	RaftID      uint64              `json:",omitzero"`
}

// Public is the node as the API shows it.
func (n *Node) Public() *Node {
	p := *n
	p.Cert, p.CertState, p.Attachments, p.RaftID = Certificate{}, "", nil, 0
	return &p
}

// Key is the object's.
func (n *Node) Key() (Kind, string) { return KindNode, n.ID }

// Title is the hostname.
func (n *Node) Title() string { return n.Description.Hostname }

// The roles of a node, and how available it is for tasks.
const (
	RoleWorker  = "worker"
	RoleManager = "manager"

	Active = "active"
	Pause  = "pause"
	Drain  = "drain"
)

// NodeSpec is what `docker node update` changes.
type NodeSpec struct {
	Annotations
	Role         string `json:",omitempty"`
	Availability string `json:",omitempty"`
}

// NodeDescription is what the node says of itself.
type NodeDescription struct {
	Hostname  string            `json:",omitempty"`
	Platform  Platform          `json:",omitempty"`
	Resources Resources         `json:",omitempty"`
	Engine    EngineDescription `json:",omitempty"`
	TLSInfo   TLSInfo           `json:",omitempty"`
}

// Platform is a machine's kind.
type Platform struct {
	Architecture string `json:",omitempty"`
	OS           string `json:",omitempty"`
}

// EngineDescription is what the node's engine can do.
type EngineDescription struct {
	EngineVersion string            `json:",omitempty"`
	Labels        map[string]string `json:",omitempty"`
	Plugins       []Plugin          `json:",omitempty"`
}

// Plugin is one thing that an engine can do.
type Plugin struct {
	Type string `json:",omitempty"`
	Name string `json:",omitempty"`
}

// The states of a node.
const (
	NodeUnknown = "unknown"
	NodeDown    = "down"
	NodeReady   = "ready"
)

// NodeStatus is the node as its managers see it.
type NodeStatus struct {
	State   string `json:",omitempty"`
	Message string `json:",omitempty"`
	Addr    string `json:",omitempty"`
}

// ManagerStatus is a manager as the leader sees it.
type ManagerStatus struct {
	Leader       bool   `json:",omitempty"`
	Reachability string `json:",omitempty"` // "reachable" or "unreachable"
	Addr         string `json:",omitempty"`
}

// Certificate is what a node shows to another.
type Certificate struct {
	NodeID string
	Role   string
	Digest string // of the root that signed it
	Serial uint64
	From   int64 // Unix seconds
	Until  int64
	// Intermediate is the certificate between this one and the root Above, both "" if
	// Digest is of a root that nodes trust.
	Intermediate string `json:",omitempty"` // PEM
	Above        string `json:",omitempty"` // digest
}

// CertRotate says that a node is to renew its certificate now.
const CertRotate = "rotate"

// Resources are numbers only: nothing is measured.
type Resources struct {
	NanoCPUs         int64             `json:",omitempty"`
	MemoryBytes      int64             `json:",omitempty"`
	GenericResources []GenericResource `json:",omitempty"`
}

// GenericResource is a resource that a user has named.
type GenericResource struct {
	NamedResourceSpec *struct {
		Kind  string `json:",omitempty"`
		Value string `json:",omitempty"`
	} `json:",omitempty"`
	DiscreteResourceSpec *struct {
		Kind  string `json:",omitempty"`
		Value int64  `json:",omitempty"`
	} `json:",omitempty"`
}
