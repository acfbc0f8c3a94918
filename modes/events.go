package modes

import "time"

// Event is one entry of `docker events`.
type Event struct {
	Time       time.Time
	Type       string // "container", "network", "image", "daemon"
	Action     string // "create", "start", "exec_start: sh", …
	ID         string
	Attributes map[string]string
	Scope      string // "local"
	From       string // image, for containers
}

// EventOptions are those of `docker events`.
type EventOptions struct {
	Since, Until time.Time // zero: none
	Filters      Filters
}
