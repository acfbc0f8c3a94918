// Package control answers what users ask of a swarm: its nodes, networks, services,
// tasks, secrets, configs and itself. A request that cannot be granted is refused before
// anything has changed, in swarmkit's words.
//
// The leader answers; every other manager forwards.
package control

import (
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// Prefix begins the names of all methods, which only managers may call.
const Prefix = "/docker.swarmkit.v1.Control/"

// The methods. A list answers all objects of a kind, the oldest first.
const (
	GetCluster    = Prefix + "GetCluster"
	UpdateCluster = Prefix + "UpdateCluster"
	ListNodes     = Prefix + "ListNodes"
	UpdateNode    = Prefix + "UpdateNode"
	RemoveNode    = Prefix + "RemoveNode"
	ListNetworks  = Prefix + "ListNetworks"
	CreateNetwork = Prefix + "CreateNetwork"
	RemoveNetwork = Prefix + "RemoveNetwork"
	ListServices  = Prefix + "ListServices"
	CreateService = Prefix + "CreateService"
	UpdateService = Prefix + "UpdateService"
	RemoveService = Prefix + "RemoveService"
	ListTasks     = Prefix + "ListTasks"
	ListSecrets   = Prefix + "ListSecrets"
	CreateSecret  = Prefix + "CreateSecret"
	UpdateSecret  = Prefix + "UpdateSecret"
	RemoveSecret  = Prefix + "RemoveSecret"
	ListConfigs   = Prefix + "ListConfigs"
	CreateConfig  = Prefix + "CreateConfig"
	UpdateConfig  = Prefix + "UpdateConfig"
	RemoveConfig  = Prefix + "RemoveConfig"
)

// Raft is what a manager's part in the log is asked about.
type Raft interface {
	Members() []raft.Member
	// Status is a node's place in the log as its leader sees it now, nil if it has none.
	Status(node string) *object.ManagerStatus
}

// Config is what a server needs of its manager.
type Config struct {
	Loop  *sim.Loop
	Rand  *sim.Rand
	Wall  func() time.Time
	State *state.State
	Raft  Raft
	// Founder says that this manager has made the swarm since it started.
	Founder bool
}

// Server answers.
type Server struct{ Config }

// New is one.
func New(c Config) *Server { return &Server{c} }

// Ref names an object, by its identifier.
type Ref struct {
	ID    string
	Force bool `json:",omitempty"`
}

// Handle says who answers what.
func (s *Server) Handle(set func(string, rpc.Handler)) {
	set(GetCluster, func(*rpc.Request) (any, error) { return s.shownCluster() })
	set(UpdateCluster, s.updateCluster)
	set(ListNodes, func(*rpc.Request) (any, error) { return s.nodes(), nil })
	set(UpdateNode, s.updateNode)
	set(RemoveNode, s.removeNode)
	set(ListNetworks, func(*rpc.Request) (any, error) { return s.networks(), nil })
	set(CreateNetwork, s.createNetwork)
	set(RemoveNetwork, s.removeNetwork)
	set(ListServices, list[*object.Service](s))
	set(ListTasks, list[*object.Task](s))
	set(ListSecrets, list[*object.Secret](s))
	set(ListConfigs, list[*object.Config](s))
	set(CreateService, s.createService)
	set(UpdateService, s.updateService)
	set(RemoveService, s.removeService)
	set(CreateSecret, secrets().create(s))
	set(UpdateSecret, secrets().update(s))
	set(RemoveSecret, secrets().remove(s))
	set(CreateConfig, configs().create(s))
	set(UpdateConfig, configs().update(s))
	set(RemoveConfig, configs().remove(s))
}

func list[T object.Object](s *Server) rpc.Handler {
	return func(*rpc.Request) (any, error) { return state.All[T](s.State), nil }
}

// nodes are the swarm's, with the managers as the leader sees them now: without a quorum it
// cannot note that one is gone.
func (s *Server) nodes() (out []*object.Node) {
	for _, n := range state.All[*object.Node](s.State) {
		if is := s.Raft.Status(n.ID); (is == nil) != (n.ManagerStatus == nil) || is != nil && *is != *n.ManagerStatus {
			n = object.Clone(n)
			n.ManagerStatus = is
		}
		out = append(out, n)
	}
	return out
}

// shownCluster is the swarm as its leader tells of it: with the pools that it gives out of
// although nobody chose them, unless the leader is the swarm's founder. What a founder has
// in memory is an empty list of pools, which counts as a choice (redactClusters of
// swarmkit's control API looks for none); what comes from the log or the disk is none.
func (s *Server) shownCluster() (*object.Cluster, error) {
	c, err := s.cluster(s.State)
	if err != nil || s.Founder || len(c.DefaultAddrPool) > 0 {
		return c, err
	}
	c = object.Clone(c)
	c.DefaultAddrPool, c.SubnetSize = []string{"10.0.0.0/8"}, 24
	return c, nil
}

func (s *Server) cluster(r state.Reader) (*object.Cluster, error) {
	if c := state.Cluster(r); c != nil {
		return c, nil
	}
	return nil, rpc.Errorf(rpc.NotFound, "cluster not found")
}

// fresh refuses a change that was made from an old version.
func fresh(o object.Object, version uint64) error {
	if o.Head().Version.Index != version {
		return rpc.Errorf(rpc.Unknown, "%v", state.ErrSequence)
	}
	return nil
}
