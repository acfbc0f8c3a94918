// Package container describes a container: what it was made from, what inspect
// shows of it, and which requests are refused for what they say by themselves. What it
// does while it runs is in package modes.
package container

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/modes/nat"
	"dnetsim/modes/volume"
)

// Container is one container as inspect shows it: what it is made of, what it has
// and how it is. It is read on the loop and changed only by the daemon.
type Container struct {
	ID              string // 64 hexadecimal digits
	Name            string // without the slash
	Created         time.Time
	Path            string
	Args            []string
	State           State
	Image           string // image id, "sha256:…"
	Config          Config
	HostConfig      HostConfig
	NetworkSettings NetworkSettings
	Mounts          []volume.Mount
	RestartCount    int
	ExecIDs         []string
	Opaque          any // as given in the request

	// Anonymous: Docker made its name up, and nobody finds it by that.
	Anonymous bool
	// Managed: it is of a task of a swarm's service, which has its networks from there.
	Managed bool
	// Service is what the task is of, nil unless the container is managed.
	Service *Service
}

// Service is what a task's container has of its service: its names and addresses, by
// network id, and its published ports.
type Service struct {
	ID, Name string
	Aliases  map[string][]string
	Virtual  map[string]netip.Addr // missing: names stand for the tasks (dnsrr)
	Ports    []ServicePort         // those that every node publishes
}

// ServicePort is a published port of a service.
type ServicePort struct {
	Name              string
	Protocol          int // 0 TCP, 1 UDP, 2 SCTP
	Target, Published int
}

// String is the port as network inspect shows it.
func (p ServicePort) String() string {
	return fmt.Sprintf("Target: %d, Publish: %d", p.Target, p.Published)
}

// ShortID is the first 12 digits of the id.
func (c *Container) ShortID() string { return c.ID[:12] }

// Publications are the ports that it wants to be published, in order.
func (c *Container) Publications() ([]nat.Request, error) {
	return nat.Requests(c.Config.ExposedPorts, c.HostConfig.PortBindings, c.HostConfig.PublishAllPorts)
}

// File is the path on the host of one of the files that Docker keeps for a
// container: "hosts", "hostname", "resolv.conf", "ID-json.log".
func (c *Container) File(name string) string {
	return "/var/lib/docker/containers/" + c.ID + "/" + name
}
