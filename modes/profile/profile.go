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

	// WorkerNetwork is what a worker says that is to make a network of the swarm's.
	WorkerNetwork string
	// LogDrivers are those that an engine tells a swarm's managers of.
	LogDrivers []string
}

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
