package object

import "time"

// Cluster is the swarm itself; there is one, called "default".
type Cluster struct {
	ID string
	Meta
	Spec                   ClusterSpec
	TLSInfo                TLSInfo
	RootRotationInProgress bool
	DefaultAddrPool        []string
	SubnetSize             uint32
	DataPathPort           uint32
	JoinTokens             JoinTokens `json:",omitzero"`

	// What the API does not show, but the log has.
	Root      RootCA      `json:",omitzero"`
	Forced    uint64      `json:",omitzero"` // the ForceRotate that was last done
	Rotation  *Rotation   `json:",omitempty"`
	Former    []string    `json:",omitzero"` // digests of the roots before Root
	UnlockKey string      `json:",omitzero"`
	Keys      []GossipKey `json:",omitzero"`
	KeyClock  uint64      `json:",omitzero"`
	Removed   []string    `json:",omitzero"` // nodes whose certificates are void
}

// Public is the cluster as the API shows it; the tokens only to managers.
func (c *Cluster) Public() *Cluster {
	p := *c
	p.Root, p.Forced, p.Rotation, p.Former, p.UnlockKey, p.Keys, p.KeyClock, p.Removed = RootCA{}, 0, nil, nil, "", nil, 0, nil
	// An update begins with what was shown: a certificate without its key would be a wish.
	p.Spec.CAConfig.SigningCACert, p.Spec.CAConfig.SigningCAKey = "", ""
	return &p
}

// Key is the object's.
func (c *Cluster) Key() (Kind, string) { return KindCluster, c.ID }

// Title is always "default".
func (c *Cluster) Title() string { return c.Spec.Name }

// JoinTokens are the two tokens that nodes join with.
type JoinTokens struct{ Worker, Manager string }

// RootCA is the root certificate: what stands for its key is a digest.
type RootCA struct {
	Digest string // hexadecimal SHA-256 of the certificate
	PEM    string
}

// Rotation is a root that is to come. Until every node has a certificate of it, nodes trust
// the root that there is, which has signed the new one's key: Intermediate.
type Rotation struct {
	Root         RootCA
	Intermediate string // PEM
}

// GossipKey is one of the keys that gossip and encrypted overlays use.
type GossipKey struct {
	Subsystem string // "networking:gossip" or "networking:ipsec"
	Key       []byte
	Lamport   uint64
}

// TLSInfo is what the API shows of the root certificate.
type TLSInfo struct {
	TrustRoot           string `json:",omitempty"`
	CertIssuerSubject   []byte `json:",omitempty"`
	CertIssuerPublicKey []byte `json:",omitempty"`
}

// ClusterSpec is what `docker swarm update` changes.
type ClusterSpec struct {
	Annotations
	Orchestration    Orchestration
	Raft             RaftConfig
	Dispatcher       DispatcherConfig
	CAConfig         CAConfig
	TaskDefaults     TaskDefaults
	EncryptionConfig EncryptionConfig
}

// Orchestration says how many ended tasks of a slot are kept; a negative number
// keeps all.
type Orchestration struct {
	TaskHistoryRetentionLimit *int64 `json:",omitempty"`
}

// RaftConfig is in ticks of 1 s and in entries.
type RaftConfig struct {
	SnapshotInterval           uint64  `json:",omitempty"`
	KeepOldSnapshots           *uint64 `json:",omitempty"`
	LogEntriesForSlowFollowers uint64  `json:",omitempty"`
	ElectionTick               int
	HeartbeatTick              int
}

// DispatcherConfig says how often a node has to tell that it lives.
type DispatcherConfig struct {
	HeartbeatPeriod time.Duration `json:",omitempty"`
}

// CAConfig is about the nodes' certificates.
type CAConfig struct {
	NodeCertExpiry time.Duration `json:",omitempty"`
	ExternalCAs    []ExternalCA  `json:",omitempty"`
	SigningCACert  string        `json:",omitempty"`
	SigningCAKey   string        `json:",omitempty"`
	ForceRotate    uint64        `json:",omitempty"`
}

// ExternalCA signs instead of the managers.
type ExternalCA struct {
	Protocol string
	URL      string
	Options  map[string]string `json:",omitempty"`
	CACert   string
}

// TaskDefaults are for tasks whose service says nothing.
type TaskDefaults struct {
	LogDriver *Driver `json:",omitempty"`
}

// EncryptionConfig says whether a manager that restarts must be unlocked.
type EncryptionConfig struct{ AutoLockManagers bool }

// DefaultSpec is the one of a new swarm: what a request leaves out.
func DefaultSpec() ClusterSpec {
	limit, old := int64(5), uint64(0)
	return ClusterSpec{
		Annotations:   Annotations{Name: "default"},
		Orchestration: Orchestration{TaskHistoryRetentionLimit: &limit},
		Raft:          RaftConfig{SnapshotInterval: 10000, KeepOldSnapshots: &old, LogEntriesForSlowFollowers: 500, ElectionTick: 10, HeartbeatTick: 1},
		Dispatcher:    DispatcherConfig{HeartbeatPeriod: 5 * time.Second},
		CAConfig:      CAConfig{NodeCertExpiry: 90 * 24 * time.Hour},
	}
}
