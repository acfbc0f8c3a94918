package modes

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/sim"
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
		return errUnavailable
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
func (u *unit) Log() []userland.LogLine { return u.d.Journal.lines }

// Journal is what dockerd writes to its standard error, for journalctl.
type Journal struct {
	loop  *sim.Loop
	wall  func() time.Time   // the host's
	pid   func() int         // dockerd's
	lines []userland.LogLine // the last ones
	count int                // lines ever
}

// Lines are what is kept of it, the oldest first.
func (j *Journal) Lines() []userland.LogLine { return j.lines }

// Error writes an error into the daemon's log: what its API says of a call.
func (j *Journal) Error(text string) { j.write("error", text) }

// write writes a line as logrus does: time, level, message, then pairs.
func (j *Journal) write(level, msg string, pairs ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "time=%q level=%s msg=%q", j.wall().Format("2006-01-02T15:04:05.000000000Z"), level, msg)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, " %s=%s", pairs[i], quoteIfNeeded(pairs[i+1]))
	}
	j.raw(b.String())
}

// quoteIfNeeded quotes a value with other characters than logrus takes as they
// are.
func quoteIfNeeded(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._/@^+", r)
	}
	if s == "" || strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) >= 0 {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// keptLines is how many lines of dockerd the journal keeps. journald's bound is
// in bytes, a tenth of the disk (SystemMaxUse, journald.conf(5)); this disk is
// memory.
const keptLines = 3000

func (j *Journal) raw(text string) {
	j.count++
	j.lines = keepLast(append(j.lines, userland.LogLine{
		At: j.wall(), After: j.loop.Now(), Unit: fmt.Sprintf("dockerd[%d]", j.pid()), Text: text, N: j.count,
	}), keptLines)
}

// keepLast drops the oldest of a list that has grown past n, an eighth more
// than it must, so that a drop pays for many additions.
func keepLast[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	return append(make([]T, 0, n+1), list[len(list)-n+n/8:]...)
}
