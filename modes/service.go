package modes

import (
	"time"

	"dnetsim/modes/calls"
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
	case u.d.failed:
		return "failed"
	}
	return "inactive (dead)"
}

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
