package modes

import (
	"dnetsim/modes/image"
	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// HostSpec says what a host is made of.
type HostSpec struct {
	// Name is the host's stable name, from which its random streams derive,
	// and its first hostname.
	Name string
	// Machine is the machine to use; if nil, one is made of NS and Programs.
	Machine  *userland.Machine
	NS       *stack.Namespace
	Programs []map[string]userland.Program
	// Registry is where images come from; nil is [image.DefaultRegistry].
	Registry *image.Registry
	// Images are those already pulled; nil is busybox and yyh/centos6.9:v1.0.
	Images []string
	// DaemonJSON is the content of /etc/docker/daemon.json; "" writes none.
	DaemonJSON string
	// Flags are dockerd's options on its command line, in daemon.json's form:
	// {"userland-proxy": false}. "" is none.
	Flags string
	// Engine is the name of the engine's profile ([profile.Names]); "" is the default one.
	Engine string
}

// Host is a machine with a Docker daemon.
type Host struct {
	*userland.Machine
	// Daemon is the host's dockerd; it does not run until it is started.
	Daemon *Daemon

	// While the power is off: what PowerOn brings back.
	off, wasRunning bool
	cables          []*stack.Interface
	routes          []stack.Route
}

// NewHost returns a host whose daemon is installed and not started.
func NewHost(loop *sim.Loop, spec HostSpec) *Host {
	m := spec.Machine
	if m == nil {
		m = userland.NewMachine(loop, spec.Name, spec.NS)
		m.Shell = shell.Sh(shell.HostSh)
		m.Install(spec.Programs...)
	}
	h := &Host{Machine: m}
	m.FS().MkdirAll("/etc/docker", 0o755)
	if spec.DaemonJSON != "" {
		m.FS().WriteFile("/etc/docker/daemon.json", []byte(spec.DaemonJSON), 0o644)
	}
	h.Daemon = newDaemon(h, spec)
	m.Services["docker"] = &unit{d: h.Daemon}
	m.Install(map[string]userland.Program{"dockerd": dockerdProgram(h.Daemon)})
	h.findNamespaces()
	return h
}

// findNamespaces lets nsenter on the host find the namespaces of containers by
// PID and by the files in /var/run/docker/netns.
func (h *Host) findNamespaces() {
	before := h.Netns
	h.Netns = func(ref string) (*stack.Namespace, bool) {
		if ns, ok := h.Daemon.net.Namespace(ref); ok {
			return ns, true
		}
		if before == nil {
			return nil, false
		}
		return before(ref)
	}
}
