package swarm

import (
	"net/netip"
	"time"

	"dnetsim/modes/errdefs"
	"dnetsim/modes/network"
	"dnetsim/modes/swarm/agent"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/raft"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
	"dnetsim/stack"
)

// joinTime is how long a join may take until the caller is sent away; it goes on.
// requestTime is how long the managers may take for anything else.
const (
	joinTime    = 20 * time.Second
	requestTime = 20 * time.Second
)

// Options are what a node needs of its engine.
type Options struct {
	Loop   *sim.Loop
	Wall   func() time.Time
	Stream func(name string) *sim.Rand
	Log    func(level, msg string, pairs ...string)
	NS     func() *stack.Namespace
	Net    func() rpc.Sockets // dockerd's
	Agent  *network.Agent     // of its network controller
	// Describe is the machine and the engine.
	Describe func() object.NodeDescription
	// Run is who runs the container of a task.
	Run func(*object.Task, agent.Dependencies) agent.Controller
	// Containers removes the containers of all tasks, and takes the others out of the
	// cluster's networks: the node leaves.
	Containers func()
	// Event is told what has happened to an object of the swarm: its kind, "create",
	// "update" or "remove", its identifier, its name and what has changed.
	Event func(kind, action, id string, attributes map[string]string)
	// Write and Remove are of the folder /var/lib/docker/swarm; a name ends with "/" for
	// all below it. Has reports whether there is such a file.
	Write  func(name string, b []byte)
	Remove func(name string)
	Has    func(name string) bool
	Read   func(name string) ([]byte, error)
	// Provide makes a file of the folder whose content is asked for when somebody reads it.
	Provide func(name string, read func() []byte)
	// Crash ends dockerd at once: systemd starts it again.
	Crash func()
	// Managed are the names of interfaces that the engine has made.
	Managed func(name string) bool
	// DefaultAdvertise is swarm-default-advertise-addr.
	// UpdatesSpec says that a new swarm is given its specification by an update, as
	// everybody who watches the swarm is told.
	UpdatesSpec      bool
	DefaultAdvertise func() string
	// IPv6 says that this node as the leader gives out subnets of IPv6.
	IPv6 bool
	// PoolsGoOn says that it cuts subnets behind the last one, not the lowest that is free.
	PoolsGoOn bool
	// EarlyLog says that its parts log as of 20.10.
	EarlyLog bool
	// TLSWords is how the refusal of a peer's certificate begins.
	TLSWords string
}

// Node is a host's part in a swarm, or its lack of one.
type Node struct {
	Options
	disk *disk
	life *life
	up   bool // dockerd runs
}

// disk is what outlives dockerd.
type disk struct {
	Listen    netip.AddrPort
	Advertise string // "10.0.0.11:2377", "" if it follows from the way to a manager
	Local     netip.Addr
	DataPath  netip.Addr
	Remotes   []remote
	Joins     *join // a join that has not succeeded yet
	Cert      object.Certificate
	Root      object.RootCA
	Raft      *raft.Disk
	Force     bool
	Port      uint32 // of the data path
	Key       string // that unlocks the manager, "" without autolock
	Locked    string // the key that it waits for, "" if it waits for none
}

type remote struct{ Node, Addr string }

type join struct {
	Token, Availability string
}

// New is of no swarm.
func New(o Options) *Node { return &Node{Options: o} }

// The states of a node as `docker info` has them.
const (
	Inactive = "inactive"
	Pending  = "pending"
	Running  = "active"
	Failed   = "error"
	Locked   = "locked"
)

// The refusals that depend on what the node is.
var (
	errExists  = errdefs.New(errdefs.KindUnavailable, `This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.`)
	errNone    = errdefs.New(errdefs.KindUnavailable, "This node is not part of a swarm")
	errTimeout = errdefs.New(errdefs.KindUnavailable, `Timeout was reached before node joined. The attempt to join the swarm will continue in the background. Use the "docker info" command to see the current swarm status of your node.`)
	errLocked  = errdefs.New(errdefs.KindUnavailable, `Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.`)
	errManager = errdefs.New(errdefs.KindUnavailable, `This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`)
	errWorker  = errdefs.New(errdefs.KindUnavailable, `This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.`)
)

// State is the node's, and what is wrong if it is [Failed].
func (n *Node) State() (string, string) {
	switch l := n.life; {
	case l == nil && n.disk != nil && n.disk.Locked != "":
		return Locked, ""
	case l == nil && n.disk != nil && n.up:
		return Failed, "the node's agent does not run"
	case l == nil:
		return Inactive, ""
	case l.err != nil:
		return Failed, l.err.Error()
	case !l.ready:
		return Pending, ""
	}
	return Running, ""
}

// NotManager is why the node cannot answer for the swarm, nil if it can.
func (n *Node) NotManager() error {
	l := n.life
	switch {
	case n.disk != nil && n.disk.Locked != "" && l == nil:
		return errLocked
	case n.disk == nil || l == nil:
		return errManager
	case !l.ready && l.manager == nil && n.disk.Cert.NodeID == "":
		return errManager
	case l.manager == nil:
		return errWorker
	case l.local == nil:
		return errManager
	}
	return nil
}

// InitRequest is the request of `docker swarm init`.
type InitRequest struct {
	ListenAddr, AdvertiseAddr, DataPathAddr string
	DataPathPort                            uint32
	ForceNewCluster                         bool
	Spec                                    object.ClusterSpec
	AutoLockManagers                        bool
	Availability                            string
	DefaultAddrPool                         []string
	SubnetSize                              uint32
}

// JoinRequest is the request of `docker swarm join`.
type JoinRequest struct {
	ListenAddr, AdvertiseAddr, DataPathAddr string
	RemoteAddrs                             []string
	JoinToken                               string
	Availability                            string
}

// Start is called when dockerd has come up: a node of a swarm goes on being one.
func (n *Node) Start() {
	n.up = true
	if d := n.found(); d != nil && (n.disk == nil || n.differs(d)) {
		n.disk = d
	}
	if n.disk == nil {
		return
	}
	if !n.Has("docker-state.json") {
		n.disk = nil // somebody has removed the folder
		return
	}
	if n.disk.Raft != nil && n.disk.Locked != "" {
		return
	}
	n.begin()
}

// Stop is called when dockerd ends in order, Kill when it has gone. What is on the disk
// stays.
func (n *Node) Stop() {
	n.up = false
	if n.life != nil {
		n.life.end()
		n.life = nil
		n.Agent.Stop()
	}
	if d := n.disk; d != nil && d.Raft != nil && d.Joins == nil {
		d.lock()
	}
}

// Kill is described at Stop.
func (n *Node) Kill() {
	n.up = false
	if l := n.life; l != nil {
		if l.manager != nil {
			l.manager.Log = func(string, string, ...string) {} // it has no time to say anything
		}
		l.end()
		n.life = nil
	}
}

// Control asks the managers for something, by a method of package control.
func (n *Node) Control(method string, req, out any) error {
	if err := n.NotManager(); err != nil {
		return err
	}
	return n.life.local.Call(method, req, out, rpc.In(n.Loop, requestTime))
}

// Logs asks the managers for logs of tasks, and gives each line to emit until there are no
// more; an error of emit ends it.
func (n *Node) Logs(q message.Subscribe, emit func(message.LogLine) error) error {
	if err := n.NotManager(); err != nil {
		return err
	}
	s, err := n.life.local.Stream(message.SubscribeLogs, q)
	if err != nil {
		return err
	}
	defer s.Cancel()
	for {
		var m message.LogLines
		if err := s.Recv(&m, 0); err != nil {
			if rpc.CodeOf(err) == rpc.OK {
				return nil
			}
			return err
		}
		for _, l := range m.Lines {
			if err := emit(l); err != nil {
				return err
			}
		}
	}
}

// KindOf is the class of what Control ends with, as the API has it.
func KindOf(err error) errdefs.Kind {
	switch rpc.CodeOf(err) {
	case rpc.NotFound:
		return errdefs.KindNotFound
	case rpc.InvalidArgument:
		return errdefs.KindInvalid
	case rpc.AlreadyExists:
		return errdefs.KindConflict
	case rpc.PermissionDenied:
		return errdefs.KindForbidden
	case rpc.Unavailable:
		return errdefs.KindUnavailable
	case rpc.Unimplemented:
		return errdefs.KindNotImplemented
	}
	return errdefs.KindOf(err)
}
