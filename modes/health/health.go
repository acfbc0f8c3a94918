// Package health is what makes a container healthy: the command that says so, and
// what a row of its results means. It probes nothing itself.
package health

import (
	"time"

	"dnetsim/modes/errdefs"
)

// Check is what `docker run --health-cmd` asks for. A zero duration or number
// stands for Docker's default.
type Check struct {
	Test                           []string // "CMD", argument, …; "CMD-SHELL", line; "NONE"
	Interval, Timeout, StartPeriod time.Duration
	// StartInterval is between probes in the start period, as long as the container
	// is starting, of engines since 25.0.
	StartInterval time.Duration
	Retries       int // failures in a row that make it unhealthy
}

// The words for a container's health.
const (
	Starting  = "starting"
	Healthy   = "healthy"
	Unhealthy = "unhealthy"
)

// State is what `docker inspect` shows as State.Health.
type State struct {
	Status        string
	FailingStreak int
	Log           []Result // the last maxResults
}

// Result is one probe. ExitCode is -1 if there is none.
type Result struct {
	Start, End time.Time
	ExitCode   int
	Output     string
}

// The defaults and bounds of moby, daemon/health.go.
const (
	defaultInterval      = 30 * time.Second
	defaultStartInterval = 5 * time.Second
	defaultTimeout       = 30 * time.Second
	defaultRetries       = 3
	maxResults           = 5
	shortest             = time.Millisecond

	// Grace is between SIGTERM and SIGKILL for a probe that hangs.
	Grace = 10 * time.Second
	// MaxOutput is how many bytes of a probe's output are kept.
	MaxOutput = 4096
)

func orDefault(d, or time.Duration) time.Duration {
	if d == 0 {
		return or
	}
	return d
}

// Every is the time from one probe to the next.
func (h *Check) Every() time.Duration { return orDefault(h.Interval, defaultInterval) }

// EveryOf is the time from one probe to the next of a container that has run for so
// long, for engines that have a start interval. It does not reach beyond the start period.
func (h *Check) EveryOf(s *State, age time.Duration) time.Duration {
	if s.Status != Starting || age >= h.StartPeriod {
		return h.Every()
	}
	return min(orDefault(h.StartInterval, defaultStartInterval), h.StartPeriod-age)
}

// Limit is how long a probe may take.
func (h *Check) Limit() time.Duration { return orDefault(h.Timeout, defaultTimeout) }

// Verify refuses what dockerd refuses; nil is no check.
func (h *Check) Verify() error {
	if h == nil {
		return nil
	}
	for _, x := range []struct {
		name string
		d    time.Duration
	}{{"Interval", h.Interval}, {"Timeout", h.Timeout}, {"StartPeriod", h.StartPeriod}, {"StartInterval", h.StartInterval}} {
		if x.d != 0 && x.d < shortest {
			return errdefs.Invalid("%s in Healthcheck cannot be less than %v", x.name, shortest)
		}
	}
	if h.Retries < 0 {
		return errdefs.Invalid("Retries in Healthcheck cannot be negative")
	}
	return nil
}

// Command is what to execute, nil if there is no check.
func (h *Check) Command() []string {
	if h == nil || len(h.Test) == 0 {
		return nil
	}
	switch h.Test[0] {
	case "CMD":
		return h.Test[1:]
	case "CMD-SHELL":
		return append([]string{"/bin/sh", "-c"}, h.Test[1:]...)
	}
	return nil
}

// Begin is the start of a container; its former results stay in the log.
func (s *State) Begin() { s.Status, s.FailingStreak = Starting, 0 }

// Stop ends the probing. What is not watched counts as unhealthy. Nil is no check.
func (s *State) Stop() {
	if s != nil {
		s.Status = Unhealthy
	}
}

// Is is the word that the filter health of `docker ps` knows. Nil is no check.
func (s *State) Is() string {
	if s == nil {
		return "none"
	}
	return s.Status
}

// Note moves the state as moby's handleProbeResult does: one success is healthy,
// failures count unless the container has only begun. It reports whether the status
// is another now.
func (s *State) Note(h *Check, r Result, began time.Time) bool {
	old := s.Status
	s.Log = append(s.Log, r)
	if n := len(s.Log); n > maxResults {
		s.Log = append([]Result(nil), s.Log[n-maxResults:]...)
	}
	retries := h.Retries
	if retries == 0 {
		retries = defaultRetries
	}
	switch {
	case r.ExitCode == 0:
		s.FailingStreak, s.Status = 0, Healthy
	case old == Starting && r.Start.Sub(began) < h.StartPeriod:
	default:
		if s.FailingStreak++; s.FailingStreak >= retries {
			s.Status = Unhealthy
		}
	}
	return s.Status != old
}
