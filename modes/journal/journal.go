// Package journal is dockerd's standard error: lines as logrus writes them, kept for
// journalctl.
package journal

import (
	"fmt"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
)

// Journal is what dockerd writes to its standard error, for journalctl.
type Journal struct {
	loop  *sim.Loop
	wall  func() time.Time   // the host's
	pid   func() int         // dockerd's
	lines []userland.LogLine // the last ones
	count int                // lines ever
}

// New is one of a host with that wall clock; pid is the number of the process
// that writes.
func New(l *sim.Loop, wall func() time.Time, pid func() int) *Journal {
	return &Journal{loop: l, wall: wall, pid: pid}
}

// Lines are what is kept of it, the oldest first.
func (j *Journal) Lines() []userland.LogLine { return j.lines }

// Written is how many lines there were ever.
func (j *Journal) Written() int { return j.count }

// Error writes an error into the daemon's log: what its API says of a call.
func (j *Journal) Error(text string) { j.Write("error", text) }

// Write writes a line as logrus does: time, level, message, then pairs.
func (j *Journal) Write(level, msg string, pairs ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "time=%q level=%s msg=%q", j.wall().Format("2006-01-02T15:04:05.000000000Z"), level, msg)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, " %s=%s", pairs[i], quoteIfNeeded(pairs[i+1]))
	}
	j.Raw(b.String())
}

// quoteIfNeeded quotes a value with other characters than logrus takes as they
// are.
func quoteIfNeeded(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._/@^+", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) >= 0 {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// KeptLines is how many lines of dockerd the journal keeps. journald's bound is
// in bytes, a tenth of the disk (SystemMaxUse, journald.conf(5)); this disk is
// memory.
const KeptLines = 3000

// Raw writes a line as it is.
func (j *Journal) Raw(text string) {
	j.count++
	j.lines = keepLast(append(j.lines, userland.LogLine{
		At: j.wall(), After: j.loop.Now(), Unit: fmt.Sprintf("dockerd[%d]", j.pid()), Text: text, N: j.count,
	}), KeptLines)
}

// keepLast drops the oldest of a list that has grown past n, an eighth more
// than it must, so that a drop pays for many additions.
func keepLast[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	return append(make([]T, 0, n+1), list[len(list)-n+n/8:]...)
}
