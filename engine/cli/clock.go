package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
)

// This file is the one place of the package that looks at the real clock.
// docker's formatters print ages ("5 minutes ago") as the difference between
// time.Now and an instant that the daemon sent, and there is no way to give
// them another clock. So the instants of lists are moved by what the machine's
// clock is away from the simulated host's; and if its second changes before
// they are printed, the same answers are moved and printed again, without a
// word to the daemon: neither the bytes nor the world depend on the machine's
// clock. The guard, which only ever ends a run that is stuck, is here for the
// same reason.

// patience is how long, in real time, the command line may compute without
// asking for anything.
const patience = 2 * time.Minute

// guard ends a wait in real time for a command line that never comes back.
type guard struct{ timer *time.Timer }

func newGuard() *guard { return &guard{time.NewTimer(patience)} }

func (g *guard) stop() { g.timer.Stop() }

// over reports whether its time has run out.
func (g *guard) over() bool {
	select {
	case <-g.timer.C:
		return true
	default:
		return false
	}
}

func (g *guard) wait(wake <-chan struct{}) bool {
	select {
	case <-wake:
		return true
	default:
	}
	g.timer.Reset(patience)
	select {
	case <-wake:
		return true
	case <-g.timer.C:
		return false
	}
}

// second is the machine's.
func second() int64 { return time.Now().Unix() }

// clockOffset moves instants of a simulated host's clock to the machine's and back.
type clockOffset struct {
	used    bool
	second  func() int64
	real    int64 // the machine's second at the first use
	virtual int64 // the host's second
	moved   [][2]string
	// told is what the daemon answered to who prints instants, as it came and in
	// its order; next is the one that is asked for next. In the first
	// formatting it is always len(told).
	told []told
	next int
}

// told is an answer, or a refusal.
type told struct {
	answer any
	err    error
}

// again prepares for another formatting of the same answers.
func (c *clockOffset) again() { *c = clockOffset{virtual: c.virtual, second: c.second, told: c.told} }

// answer asks the daemon, or returns what it said the last time.
func answer[T any](c *clockOffset, ask func() (T, error)) (T, error) {
	if c.next == len(c.told) {
		v, err := ask()
		c.told = append(c.told, told{v, err})
	}
	c.next++
	was := c.told[c.next-1]
	return was.answer.(T), was.err
}

// instant moves one instant, in seconds.
func (c *clockOffset) instant(sec int64) int64 {
	if !c.used {
		c.used, c.real = true, c.second()
	}
	at := c.real - (c.virtual - sec)
	then, now := time.Unix(sec, 0).UTC(), time.Unix(at, 0)
	c.moved = append(c.moved,
		[2]string{now.String(), then.String()},
		[2]string{now.Format(time.RFC3339), then.Format(time.RFC3339)})
	return at
}

// move moves an instant that is set.
func (c *clockOffset) move(t *time.Time) {
	if !t.IsZero() {
		*t = time.Unix(c.instant(t.Unix()), 0).UTC()
	}
}

// containers are the ones that docker is to print.
func (c *clockOffset) containers(list []container.Summary) []container.Summary {
	list = slices.Clone(list)
	for i := range list {
		list[i].Created = c.instant(list[i].Created)
	}
	return list
}

// images are the ones that docker is to print.
func (c *clockOffset) images(list []image.Summary) []image.Summary {
	list = slices.Clone(list)
	for i := range list {
		list[i].Created = c.instant(list[i].Created)
	}
	return list
}

// history is the one that docker is to print.
func (c *clockOffset) history(list []image.HistoryResponseItem) []image.HistoryResponseItem {
	list = slices.Clone(list)
	for i := range list {
		list[i].Created = c.instant(list[i].Created)
	}
	return list
}

// stale reports whether the machine's second has changed since the instants
// were moved, so that an age may be off by one.
func (c *clockOffset) stale() bool { return c.used && c.second() != c.real }

// back writes the host's instants where the moved ones were printed in full.
func (c *clockOffset) back(b []byte) []byte {
	text := string(b)
	for _, m := range c.moved {
		text = strings.ReplaceAll(text, m[0], m[1])
	}
	return []byte(text)
}

// utc rewrites the instant at the beginning of a line of docker events, which
// is printed in the machine's time zone.
func utc(b []byte) []byte {
	stamp, rest, ok := strings.Cut(string(b), " ")
	if t, err := time.Parse(time.RFC3339Nano, stamp); ok && err == nil {
		return []byte(t.UTC().Format("2006-01-02T15:04:05.000000000Z07:00") + " " + rest)
	}
	return b
}
