package modes

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"dnetsim/modes/calls"
	"dnetsim/modes/events"
	"dnetsim/modes/nat"
	"dnetsim/modes/swarm"
	"dnetsim/modes/swarm/agent"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
	"dnetsim/stack"
)

// swarmDir is where dockerd keeps what it knows of its swarm.
const swarmDir = "/var/lib/docker/swarm/"

// Swarm is the daemon's part in a swarm, as the API has it. Its calls may let virtual time
// pass, and end when dockerd does.
type Swarm struct {
	d    *Daemon
	node *swarm.Node
}

// What the API says of a swarm; it is described where it is declared.
type (
	InitSwarm = swarm.InitRequest
	JoinSwarm = swarm.JoinRequest
	SwarmInfo = swarm.Info
	SwarmView = swarm.View
	// SwarmNetwork is a network as a swarm's managers have it.
	SwarmNetwork = object.Network
)

func newSwarm(d *Daemon) *Swarm {
	s := &Swarm{d: d}
	fs := d.host.FS()
	s.node = swarm.New(swarm.Options{
		Loop: d.loop, Wall: d.Wall, Stream: func(name string) *sim.Rand { return d.ids.Stream("swarm", name) },
		Log: s.log, NS: d.ns, Net: func() rpc.Sockets { return d.face.Opener(d.ns()) }, Agent: &d.net.Agent,
		Describe: s.describe, Run: s.run, Containers: s.leaveNetworks,
		Write: func(name string, b []byte) {
			fs.MkdirAll(path.Dir(swarmDir+name), 0o700)
			fs.WriteFile(swarmDir+name, b, 0o600)
		},
		Event: func(kind, action, id string, a map[string]string) {
			d.Events.Add(events.Event{Type: kind, Action: action, ID: id, Attributes: a, Scope: "swarm"})
		},
		Provide: func(name string, read func() []byte) {
			fs.MkdirAll(path.Dir(swarmDir+name), 0o700)
			fs.Synthetic(swarmDir+name, read, nil)
			fs.Chmod(swarmDir+name, 0o600)
		},
		Crash:   d.crash,
		Remove:  func(name string) { fs.RemoveAll(strings.TrimSuffix(swarmDir+name, "/")) },
		Has:     func(name string) bool { _, err := fs.Stat(swarmDir + name); return err == nil },
		Read:    func(name string) ([]byte, error) { return fs.ReadFile(swarmDir + name) },
		Managed: func(name string) bool { return engineInterface(d, name) }, DefaultAdvertise: func() string { return d.config.DefaultAdvertise },
		IPv6: d.profile.SwarmIPv6, PoolsGoOn: d.profile.SwarmPoolsGoOn, EarlyLog: !d.profile.LaterGossip, TLSWords: d.profile.TLSWords,
		UpdatesSpec: d.profile.LaterGossip,
	})
	return s
}

// log writes what a part of the swarm says, in the release's words.
func (s *Swarm) log(level, msg string, pairs ...string) {
	said := make([]string, len(pairs))
	for i, p := range pairs {
		said[i] = s.d.profile.SaySwarm(p)
	}
	s.d.Journal.Write(level, s.d.profile.SaySwarm(msg), said...)
}

// engineInterface reports whether an interface of the host is one of the engine's.
func engineInterface(d *Daemon, name string) bool {
	i := d.ns().Interface(name)
	if i == nil {
		return false
	}
	if i.Kind() == stack.KindVeth {
		return true
	}
	for _, n := range d.net.Networks {
		if br, _ := d.net.Bridges.Bridge(n.ID); n.Driver == "bridge" && br == name {
			return true
		}
	}
	return false
}

// describe is what the node says of itself.
func (s *Swarm) describe() object.NodeDescription {
	i := s.d.Info()
	out := object.NodeDescription{Hostname: i.Name, Platform: object.Platform{Architecture: i.Architecture, OS: "linux"}}
	out.Resources = object.Resources{NanoCPUs: int64(i.NCPU) * 1e9, MemoryBytes: i.MemTotal}
	out.Engine.EngineVersion = i.ServerVersion
	for _, l := range i.Labels {
		k, v, _ := strings.Cut(l, "=")
		if out.Engine.Labels == nil {
			out.Engine.Labels = map[string]string{}
		}
		out.Engine.Labels[k] = v
	}
	add := func(kind string, names ...string) {
		for _, n := range names {
			out.Engine.Plugins = append(out.Engine.Plugins, object.Plugin{Type: kind, Name: n})
		}
	}
	add("Log", s.d.profile.LogDrivers...)
	add("Network", "bridge", "host", "ipvlan", "macvlan", "null", "overlay")
	add("Volume", "local")
	return out
}

// call makes a call that the API waits for.
func (s *Swarm) call(fn func() error) error {
	if err := s.d.available(); err != nil {
		return err
	}
	end, err := s.d.calls.Begin()
	if err != nil {
		return err
	}
	defer end()
	err = fn()
	var st *rpc.Status
	switch {
	case err == nil:
		return nil
	case s.d.calls.Gone(), errors.Is(err, sim.ErrInterrupted):
		return calls.ErrGone
	case errors.As(err, &st):
		return errf(swarm.KindOf(err), "%v", err)
	}
	return err
}

// Init begins a swarm and answers this node's identifier.
func (s *Swarm) Init(r swarm.InitRequest) (id string, err error) {
	err = s.call(func() error {
		if s.d.config.ClusterStore != "" || s.d.config.ClusterAdvertise != "" {
			return errf(ErrSystem, "--cluster-store and --cluster-advertise daemon configurations are incompatible with swarm mode")
		}
		if s.d.config.LiveRestore {
			return errf(ErrSystem, "--live-restore daemon configuration is incompatible with swarm mode")
		}
		if s.d.config.Firewall() == "nftables" {
			return errf(ErrSystem, "--firewall-backend=nftables is incompatible with swarm mode")
		}
		id, err = s.node.Init(r)
		return err
	})
	return id, err
}

// Join makes the node one of a swarm's.
func (s *Swarm) Join(r swarm.JoinRequest) error {
	return s.call(func() error {
		if s.d.config.ClusterStore != "" || s.d.config.ClusterAdvertise != "" {
			return errf(ErrSystem, "--cluster-store and --cluster-advertise daemon configurations are incompatible with swarm mode")
		}
		if s.d.config.LiveRestore {
			return errf(ErrSystem, "--live-restore daemon configuration is incompatible with swarm mode")
		}
		if s.d.config.Firewall() == "nftables" {
			return errf(ErrSystem, "--firewall-backend=nftables is incompatible with swarm mode")
		}
		return s.node.Join(r)
	})
}

// Leave makes the node one of no swarm; a manager does so only by force.
func (s *Swarm) Leave(force bool) error { return s.call(func() error { return s.node.Leave(force) }) }

// Unlock gives a manager that waits for it the key.
func (s *Swarm) Unlock(key string) error { return s.call(func() error { return s.node.Unlock(key) }) }

// UnlockKey is the key that unlocks the swarm's managers, "" without autolock.
func (s *Swarm) UnlockKey() (key string, err error) {
	err = s.call(func() error { key, err = s.node.UnlockKey(); return err })
	return key, err
}

// Info is the Swarm part of `docker info`.
func (s *Swarm) Info() (i swarm.Info) {
	s.call(func() error { i = s.node.Info(); return nil })
	return i
}

// Ask asks the managers, by a method of package control.
func (s *Swarm) Ask(method string, req, out any) error {
	return s.call(func() error { return s.node.Control(method, req, out) })
}

// Logs gives each line of the logs of a swarm's tasks to emit.
func (s *Swarm) Logs(q message.Subscribe, emit func(message.LogLine) error) error {
	return s.call(func() error { return s.node.Logs(q, emit) })
}

// Mesh are the ports of the host that services have published on every node.
func (s *Swarm) Mesh() []nat.Port { return s.d.net.Agent.Mesh() }

// AwaitMesh blocks the running process until they change.
func (s *Swarm) AwaitMesh() error { return s.d.net.Agent.AwaitMesh() }

// run is who runs a task's container.
func (s *Swarm) run(t *object.Task, deps agent.Dependencies) agent.Controller {
	return &taskContainer{d: s.d, task: t, deps: deps}
}

// leaveNetworks takes containers out of a swarm that the node leaves: those of tasks go,
// the others lose the swarm's networks.
func (s *Swarm) leaveNetworks() {
	d := s.d
	for _, c := range append([]*Container(nil), d.Containers.all...) {
		if c.Managed {
			d.Containers.discard(c)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
			n, err := d.net.Find(name)
			if err != nil || !n.Dynamic() {
				continue
			}
			if err := d.Networks.disconnect(c, n); err != nil {
				d.Journal.Write("warning", "Failed to disconnect container "+c.Name+" from swarm network "+n.Name+" on cluster leave: "+err.Error())
			}
			delete(c.NetworkSettings.Networks, n.Name)
		}
	}
	s.leaveBalancers()
	for _, n := range append([]*Network(nil), d.net.Networks...) {
		if n.Dynamic() {
			d.net.Agent.RemoveManaged(n.ID)
		}
	}
}

// leaveBalancers writes that a node that leaves finds its own endpoint in each attachable
// network and takes it for a container's.
func (s *Swarm) leaveBalancers() {
	for _, n := range s.d.net.Networks {
		if s.d.profile.LaterGossip && n.Dynamic() && n.Attachable {
			s.d.Journal.Write("warning", fmt.Sprintf("Failed to disconnect container lb-%s from swarm network %s on cluster leave: endpoint lb-%s not found", n.Name, n.Name, n.Name))
		}
	}
}
