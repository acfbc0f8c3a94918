// Package profile is what differs from one release of the engine to another: its
// version, what its calls cost, and named choices of behaviour. A host has one
// profile; whoever behaves differently asks it for the choice by its name, never
// for the release. It owns no behaviour.
package profile

import "time"

// Profile is one release of the engine.
type Profile struct {
	// Name is what a scenario calls it.
	Name    string
	Version Version
	Cost    Costs
	Client  Client
	// LaterGossip says that libnetwork's part in a swarm logs as of 29.
	LaterGossip bool

	// SwarmWords are the sentences of a swarm's log that the release has in other words.
	SwarmWords func() []Wording
	// SwarmPools says that a swarm's address pools are shown although nobody chose them.
	SwarmPools bool
	// SwarmIPv6 says that a swarm's managers give out subnets of IPv6, which its nodes then
	// cannot set up; else none is given out.
	SwarmIPv6 bool
	// SwarmPoolsGoOn says that a swarm's managers cut the next subnet behind the last one,
	// not the lowest that is free.
	SwarmPoolsGoOn bool
	// TLSWords is how the refusal of another's certificate begins: Go's TLS as of 1.20.
	TLSWords string
	// WorkerNetwork is what a worker says that is to make a network of the swarm's.
	WorkerNetwork string
	// LogDrivers are those that an engine tells a swarm's managers of.
	LogDrivers []string
	// Firewall is how the bridge driver programs iptables.
	Firewall Firewall
	// RandomMACs says that bridges and endpoints have random addresses; else the
	// second half is random, or the endpoint's IPv4 address.
	RandomMACs bool
	// InternalNoGateway says that containers of an internal network have no way out,
	// not even to their host.
	InternalNoGateway bool
	// BridgeMTU says that a network's MTU is its bridge's, too.
	BridgeMTU bool
	// BindFirst says that the engine takes a port of the host itself before it
	// publishes it, one for all of the host's addresses.
	BindFirst bool
	// ProxyArgs are arguments of docker-proxy behind those that say from where to where.
	ProxyArgs []string
	// Binaries is the folder of the engine's programs.
	Binaries string
	// WayOutByFamily says that a container's way out is chosen for IPv4 and IPv6 each,
	// by priority.
	WayOutByFamily bool
	// PlugAtOnce says that a container's namespace is there when its networks are
	// joined, so that each is plugged in as it is: the default one, then by name.
	PlugAtOnce bool
	// DescribedDNS says that resolv.conf tells what it was made of, and that the
	// embedded server asks the host's servers in the host's namespace.
	DescribedDNS bool
	// LoopbackIPv6 says that lo has ::1 in every container, and IPv6 is switched off
	// for interfaces only.
	LoopbackIPv6 bool
	// Hosts is the beginning of a container's hosts file.
	Hosts string
	// ULAPools says that networks with IPv6 take their subnets of a unique local
	// address block of the host's own, and that predefined pools are given out from the
	// lowest one on.
	ULAPools bool
	// StrictSettings says that networks and endpoints are checked for what was asked
	// before anything is made, that several mistakes are told at once, and that what
	// inspect shows is what came of it. It is also when the words of refusals changed.
	StrictSettings bool
	// GatewayModes says that the bridge driver has gateway modes, and the options
	// that came with them.
	GatewayModes bool
	// BornInside says that the container's end of a veth pair is made in its
	// namespace, and takes no index of the host's.
	BornInside bool

	// CollectsNamespaces says that the files of namespaces that are gone are removed once a
	// minute, not at once.
	CollectsNamespaces bool
	// DockerdValidates says that dockerd has --validate, and names the process that runs
	// in its place when it is started a second time.
	DockerdValidates bool

	// Words are what the release says instead of 20.10's refusals, nil if it is 20.10.
	Words func() []Wording
	// SetUpNetworking is how refusals to start a container begin that are its network's.
	SetUpNetworking string
	// LinkVariables says that a link gives the container environment variables.
	LinkVariables bool
	// LinkWarning is what a link on the default network is warned of with, "" not at all.
	LinkWarning string
	// MissingCommand is the exit status of an exec whose command is not there.
	MissingCommand int
	// StartInterval says that health checks have a start interval, KeepsLateOutput that
	// what a probe has printed that took too long is kept.
	StartInterval, KeepsLateOutput bool
	// Advertises says that containers tell their neighbours of their addresses.
	Advertises bool
	// DieDuration says that the event of a container's end tells how long it ran.
	DieDuration bool
	// DieLast says that that event comes when the container has left its networks.
	DieLast bool
	// SharedParents says that networks of macvlan and ipvlan may have the same parent.
	SharedParents bool
	// JoinLines says that the engine logs which endpoint is a container's way out.
	JoinLines bool
	// LongHostname refuses hostnames that the kernel would not take.
	LongHostname bool

	// NoKeys are keys of daemon.json that other releases take and this one does not.
	NoKeys []string
	// IP6Tables is the option's default.
	IP6Tables bool
	// MaskedPaths are what containers do not see of /proc and /sys.
	MaskedPaths []string
	// APIFields says that what the API could not do is logged in fields, under the
	// router's own name of the path.
	APIFields bool
	// MaskedOptions are mount options of the empty directories over those of them that
	// are directories, SortedMounts that what an engine mounts into a container is
	// mounted in the order of its paths.
	MaskedOptions string
	SortedMounts  bool
	// ContainerdStore says that images and containers are containerd's snapshots, not
	// directories of a graph driver.
	ContainerdStore bool
	// UUIDs says that an engine's own id is a UUID.
	UUIDs bool
	// CgroupWarning is what docker info warns of on a host with cgroup v1, "" for
	// nothing; who warns of it no longer looks at the bridge's netfilter hooks.
	CgroupWarning string
}

// Firewall is a way to program iptables.
type Firewall int

// The ways.
const (
	// Stages keeps networks apart by DOCKER-ISOLATION-STAGE-1 and -2.
	Stages Firewall = iota
	// ForwardChains has DOCKER-FORWARD and the chains behind it: each bridge drops
	// what nobody has let in.
	ForwardChains
)

// Client is the docker command line that is installed beside the engine.
type Client struct {
	Version, Go, Build, Date string
	// Older says that it words and lays out as the clients of API 1.41 do.
	Older bool
}

// Version is what `docker version` shows of the server.
type Version struct {
	Version, APIVersion, MinAPIVersion, GitCommit, GoVersion, Os, Arch, KernelVersion, BuildTime string
	Experimental                                                                                 bool
	Containerd, Runc, Init                                                                       ComponentVersion
}

// ComponentVersion is the version of one of the engine's helpers.
type ComponentVersion struct{ Version, GitCommit string }

// Costs is how long the daemon takes, in virtual time. The medians are those
// of the captures (ground-truth/timing), split over the calls of one command;
// the steps of dockerd's own start and end are those of its log.
type Costs struct {
	Create, Stop, Reap, Remove, Exec, Kill, Rename               time.Duration
	Start, Launch                                                time.Duration // before and after a container gets its networks
	OverlayJoin                                                  time.Duration // a namespace of its own, a tunnel, and a store that writes to disk
	NetworkCreate, NetworkRemove, Connect                        time.Duration
	Disconnect, Layer                                            time.Duration
	DaemonStart, DaemonInit, DaemonLoad, DaemonReady, DaemonStop time.Duration
}

// Names are the profiles that there are, the default first.
var Names = []string{"20.10", "29"}

// Of is the profile of a name; "" is the default one. It is nil for a name that
// nobody has.
func Of(name string) *Profile {
	for _, p := range []*Profile{&engine2010, &engine29} {
		if p.Name == name || name == "" {
			return p
		}
	}
	return nil
}
