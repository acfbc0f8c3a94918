package modes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/calls"
	"dnetsim/modes/config"
	"dnetsim/userland"
)

// unit is the service "docker" that systemctl and journalctl know.
type unit struct{ d *Daemon }

// Start, Stop and Restart do what the daemon does; systemctl prints the error
// of a unit that does not come up.
func (u *unit) Start() error   { return u.d.Start() }
func (u *unit) Stop() error    { return u.d.Stop() }
func (u *unit) Restart() error { return u.d.Restart() }

// Reload is the unit's ExecReload: a SIGHUP for dockerd.
func (u *unit) Reload() error {
	if u.d.proc == nil {
		return calls.ErrUnavailable
	}
	u.d.proc.Signal(userland.SIGHUP)
	return nil
}

// Status is the state in systemd's words.
func (u *unit) Status() string {
	switch {
	case u.d.running:
		return "active (running)"
	case u.d.returns && u.d.panicked:
		return "activating (auto-restart) (Result: exit-code)"
	case u.d.returns:
		return "activating (auto-restart)"
	case u.d.failed:
		return "failed"
	}
	return "inactive (dead)"
}

// Description is what docker.service says that it is.
func (u *unit) Description() string { return "Docker Application Container Engine" }

// Since is when the daemon came up, went down or failed.
func (u *unit) Since() time.Time { return u.d.since }

// MainPID is the process of dockerd.
func (u *unit) MainPID() int {
	if !u.d.running {
		return 0
	}
	return u.d.pid
}

// Log is the daemon's standard error.
func (u *unit) Log() []userland.LogLine { return u.d.Journal.Lines() }

// dockerdProgram is dockerd as a command. It tells its version, checks a configuration
// where the release can, and is refused as the real one is while the daemon runs: that
// is systemd's, and a second one is not simulated.
func dockerdProgram(d *Daemon) userland.Program {
	return func(p *userland.Process) int {
		v, validate := d.Version(), false
		unknown := func(flag string) int {
			p.Errorf("Status: unknown flag: %s\nSee 'dockerd --help'., Code: 125\n", flag)
			return 1
		}
		for i := 1; i < len(p.Args); i++ {
			name, _, _ := strings.Cut(p.Args[i], "=")
			switch {
			case name == "-v" || name == "--version":
				p.Printf("Docker version %s, build %s\n", v.Version, v.GitCommit)
				return 0
			case name == "--help":
				dockerdUsage(p)
				return 0
			case name == "--validate" && d.profile.DockerdValidates:
				validate = true
			case !strings.HasPrefix(name, "-"):
				p.Errorf("\"dockerd\" accepts no argument(s).\nSee 'dockerd --help'.\n\nUsage:  dockerd [OPTIONS]\n\nA self-sufficient runtime for containers.\n")
				return 1
			case name == "--config-file":
				at := strings.TrimPrefix(p.Args[i], "--config-file=")
				if at == name && i+1 < len(p.Args) {
					i++
					at = p.Args[i]
				}
				if at != config.Path {
					p.Errorf("dnetsim does not simulate dockerd --config-file=%s: the file is %s\n", at, config.Path)
					return 1
				}
			case !slices.Contains(dockerdFlags(), name):
				return unknown(name)
			case name == p.Args[i] && i+1 < len(p.Args) && !strings.HasPrefix(p.Args[i+1], "-"):
				i++
			}
		}
		_, err := config.Read(d.host.FS(), d.spec.Flags, d.profile)
		switch {
		case err != nil:
			p.Errorf("%v\n", err)
			return 1
		case validate:
			p.Errorf("configuration OK\n")
			return 0
		case d.proc == nil:
			p.Errorf("dnetsim does not simulate a dockerd that is started by hand: systemctl start docker, with the options in %s\n", config.Path)
			return 1
		}
		p.Errorf("%s", firstLine(p))
		if d.profile.DockerdValidates {
			p.Errorf("failed to start daemon, ensure docker is not running or delete /var%s: process with PID %d is still running\n", pidPath, d.pid)
		} else {
			p.Errorf("failed to start daemon: pid file found, ensure docker is not running or delete /var%s\n", pidPath)
		}
		return 1
	}
}

// firstLine is what dockerd logs at its start: to a terminal as people read it.
func firstLine(p *userland.Process) string {
	at := p.Wall().UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
	if userland.IsTTY(p.Stderr) {
		return fmt.Sprintf("\x1b[36mINFO\x1b[0m[%s] %-44s \n", at, "Starting up")
	}
	return fmt.Sprintf("time=%q level=info msg=\"Starting up\"\n", at)
}

// singular are the keys of daemon.json whose option has another name.
var singular = map[string]string{
	"authorization-plugins": "authorization-plugin", "cluster-store-opts": "cluster-store-opt", "default-address-pools": "default-address-pool",
	"default-ulimits": "default-ulimit", "dns-opts": "dns-opt", "exec-opts": "exec-opt", "hosts": "host", "insecure-registries": "insecure-registry",
	"labels": "label", "log-opts": "log-opt", "registry-mirrors": "registry-mirror", "runtimes": "add-runtime", "storage-opts": "storage-opt",
	"node-generic-resources": "node-generic-resource",
}

// dockerdFlags are dockerd's options: daemon.json has a key for each, and a few more
// are for the command line only.
func dockerdFlags() []string {
	flags := []string{"--config-file", "--help", "--version", "-D", "-G", "-H", "-b", "-g", "-l", "-p", "-s"}
	for _, k := range config.Keys() {
		if name := singular[k]; name != "" {
			k = name
		}
		flags = append(flags, "--"+k)
	}
	slices.Sort(flags)
	return slices.Compact(flags)
}

func dockerdUsage(p *userland.Process) {
	p.Printf("\nUsage:  dockerd [OPTIONS]\n\nA self-sufficient runtime for containers.\n\nOptions:\n")
	for _, f := range dockerdFlags() {
		if strings.HasPrefix(f, "--") {
			p.Printf("      %s\n", f)
		}
	}
}
