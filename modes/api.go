package modes

import (
	"dnetsim/modes/container"
	"dnetsim/modes/events"
	"dnetsim/modes/filters"
	"dnetsim/modes/logs"
	"dnetsim/modes/nat"
	"dnetsim/modes/network"
	"dnetsim/modes/streams"
	"dnetsim/userland"
)

// What the API says of containers; it is described where it is declared.
type (
	Description      = container.Container
	CreateContainer  = container.Create
	Config           = container.Config
	HostConfig       = container.HostConfig
	RestartPolicy    = container.RestartPolicy
	EndpointSettings = container.EndpointSettings
	EndpointIPAM     = container.EndpointIPAM
	NetworkSettings  = container.NetworkSettings
	State            = container.State

	AttachOptions = streams.Options
	Attachment    = streams.Attachment
	EventOptions  = events.Options
	Filters       = filters.Args
	LogOptions    = logs.Options
)

// What the API says of networks, and what there is of them.
type (
	CreateNetwork   = network.Create
	Network         = network.Network
	Subnet          = network.Subnet
	IPAM            = network.IPAM
	IPAMConfig      = network.IPAMConfig
	NetworkHolding  = network.Holding
	EndpointHolding = network.EndpointHolding
	PoolHolding     = network.PoolHolding
	BoundPort       = network.BoundPort
	Cluster         = network.View
)

// Port is a port of a container, PortBinding a way to it.
type (
	Port        = nat.Port
	PortBinding = nat.PortBinding
)

// ParsePort reads "80/tcp" or "80", which is TCP.
func ParsePort(s string) (Port, error) { return nat.ParsePort(s) }

// ParseSignal reads a signal by number or name, as dockerd does.
func ParseSignal(s string) (userland.Signal, error) { return container.ParseSignal(s) }

// The states of a container.
const (
	Created    = container.Created
	Running    = container.Running
	Paused     = container.Paused
	Restarting = container.Restarting
	Removing   = container.Removing
	Dead       = container.Dead
)
