package userland

import "time"

// LogLine is one line of a service's journal.
type LogLine struct {
	// At is the machine's wall clock.
	At time.Time
	// After is the time since the start of the run, by which lines of several
	// units are put in order: a clock that is set does not change it.
	After time.Duration
	// Unit is the identifier that journalctl prints before the text, such as
	// "dockerd[612]".
	Unit string
	Text string
	// N counts the lines of the service from 1, those it no longer keeps
	// included, as journald's cursor does.
	N int
}

// Service is a unit that systemctl and journalctl know, such as docker.
type Service interface {
	Start() error
	Stop() error
	Restart() error
	// Status is the unit's state in systemd's words: "active (running)",
	// "inactive (dead)", "activating (auto-restart)" of one that was killed, "failed".
	Status() string
	// Since is when it came into this state by its host's clock; the zero time
	// means never.
	Since() time.Time
	// MainPID is its process, 0 while there is none.
	MainPID() int
	// Log is its last lines. How many it keeps is bounded, as a journal is.
	Log() []LogLine
}
