package userland

import "time"

// LogLine is one line of a service's journal.
type LogLine struct {
	// At is virtual wall time.
	At time.Time
	// Unit is the identifier that journalctl prints before the text, such as
	// "dockerd[612]".
	Unit string
	Text string
}

// Service is a unit that systemctl and journalctl know, such as docker.
type Service interface {
	Start() error
	Stop() error
	Restart() error
	// Status is the unit's state in systemd's words: "active (running)",
	// "inactive (dead)", "failed".
	Status() string
	Log() []LogLine
}
