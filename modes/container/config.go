package container

import (
	"net/netip"
	"time"

	"dnetsim/modes/health"
	"dnetsim/modes/nat"
	"dnetsim/modes/volume"
	"dnetsim/userland"
)

// Config is what a container is made of, apart from the host it runs on.
type Config struct {
	Hostname, Domainname                    string
	User                                    string
	AttachStdin, AttachStdout, AttachStderr bool
	Tty, OpenStdin, StdinOnce               bool
	ExposedPorts                            map[nat.Port]bool
	Env                                     []string
	Cmd, Entrypoint                         []string
	Image                                   string // as the user named it
	WorkingDir                              string
	Labels                                  map[string]string
	StopSignal                              string         // "" is SIGTERM
	StopTimeout                             *time.Duration // nil is 10 s
	NetworkDisabled                         bool
	MacAddress                              string
	Healthcheck                             *health.Check // nil: none
}

// RestartPolicy says what happens when PID 1 ends.
type RestartPolicy struct {
	Name              string // "", "no", "always", "unless-stopped", "on-failure"
	MaximumRetryCount int
}

// HostConfig is how a container depends on its host.
type HostConfig struct {
	NetworkMode     string // "default", "bridge", "host", "none", "container:X", or a network
	PortBindings    map[nat.Port][]nat.PortBinding
	PublishAllPorts bool
	RestartPolicy   RestartPolicy
	AutoRemove      bool
	DNS             []string
	DNSOptions      []string
	DNSSearch       []string
	ExtraHosts      []string // "name:address"
	Links           []string // "container:alias"
	Privileged      bool
	CapAdd, CapDrop []string
	Binds           []string // -v as it was typed
	Mounts          []volume.Mount
	VolumesFrom     []string // containers, each with :ro or :rw if it says so
	Sysctls         map[string]string
	PidMode         string
	IpcMode         string
	UTSMode         string
	Memory          int64 // bytes; 0: no limit, as the next three
	MemorySwap      int64 // bytes, memory included; -1: no limit
	CPUQuota        int64 // µs in a period; -1: no limit
	PidsLimit       int64
	ShmSize         int64
	ReadonlyRootfs  bool
	// Annotations are notes for the runtime, which does nothing with them here.
	Annotations map[string]string
	Console     userland.Winsize // of the terminal when it begins; zero: nobody says
	Umask       *uint32          // of the container's processes; nil is 0022
	Init        *bool            // docker-init is PID 1; nil leaves it to dockerd's own option
	GroupAdd    []string         // groups of the container's processes beside their user's
	LogDriver   string           // "" is json-file, which is what every driver but "none" is here
	LogOptions  map[string]string
	SecurityOpt []string
	// What inspect shows, and nothing here does.
	Ulimits          []Ulimit
	OomScoreAdj      int
	MemorySwappiness *int64
	Isolation        string
	// MaskedPaths and ReadonlyPaths replace the defaults; nil does not.
	MaskedPaths, ReadonlyPaths []string
}

// Ulimit is one limit of setrlimit(2); -1 is none.
type Ulimit struct {
	Name       string
	Soft, Hard int64
}

// EndpointIPAM is the addresses asked for with --ip and --ip6.
type EndpointIPAM struct {
	IPv4Address  string
	IPv6Address  string
	LinkLocalIPs []string
}

// EndpointSettings is a container's side of one network: what was asked for
// (the first block) and what it has while the container runs.
type EndpointSettings struct {
	IPAMConfig *EndpointIPAM // nil if nothing was asked for
	Links      []string
	Aliases    []string
	DriverOpts map[string]string
	MacAddress string

	NetworkID           string
	EndpointID          string
	Gateway             string
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	DNSNames            []string // by which the endpoint is found, of releases that show them

	// GwPriority: of a container's networks the one with the highest is its way out.
	GwPriority int

	WantMAC string // what MacAddress was asked to be
	// Given: the addresses of IPAMConfig are the cluster's choice, and are given back
	// with the container's place in the network.
	Given bool
}

// Create is the request of `docker create`.
type Create struct {
	Name       string // "" draws one
	Config     Config
	HostConfig HostConfig
	// Endpoints is the NetworkingConfig: at most one network here in 20.10.
	Endpoints map[string]*EndpointSettings
	// Service is what a swarm's task is of, which may be in several networks; nil for a
	// user's container.
	Service *Service
	// Opaque is kept with the container and given back untouched, for a caller
	// that must echo a request field by field.
	Opaque any
}

// Clear forgets what an endpoint had while the container ran.
func (es *EndpointSettings) Clear() {
	es.EndpointID, es.Gateway, es.IPAddress, es.IPPrefixLen = "", "", "", 0
	es.IPv6Gateway, es.GlobalIPv6Address, es.GlobalIPv6PrefixLen = "", "", 0
	es.MacAddress = es.WantMAC
	if es.Given {
		es.IPAMConfig, es.Given = nil, false
	}
}

// Place gives the endpoint the addresses of its place in a network of the cluster's.
func (es *EndpointSettings) Place(all []netip.Prefix) {
	if len(all) == 0 {
		return
	}
	was := es.IPAMConfig
	es.Given = was == nil || was.IPv4Address == "" && was.IPv6Address == "" && len(was.LinkLocalIPs) == 0
	own := &EndpointIPAM{}
	for _, p := range all {
		if p.Addr().Is4() {
			own.IPv4Address = p.Addr().String()
		} else {
			own.IPv6Address = p.Addr().String()
		}
	}
	es.IPAMConfig = own
}

// JoinFailed leaves what 20.10 leaves of an endpoint that could not join a
// running container: its addresses, for which inspect has no gateway.
func (es *EndpointSettings) JoinFailed(starting bool) {
	if starting {
		es.Clear()
		return
	}
	es.Gateway, es.IPv6Gateway = "", ""
}
