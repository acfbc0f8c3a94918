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
// clock is away from the simulated host's, and if its second changes before the command is over,
// the command runs again: the run's bytes do not depend on the machine's clock.
// The guard, which only ever ends a run that is stuck, is here for the same
// reason.

// patience is how long, in real time, the command line may compute without
// asking for anything.
const patience = 2 * time.Minute

// guard ends a wait in real time for a command line that never comes back.
type guard struct{ timer *time.Timer }

func newGuard() *guard { return &guard{time.NewTimer(patience)} }

func (g *guard) stop() { g.timer.Stop() }

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

// shift moves instants of a simulated host's clock to the machine's and back.
type shift struct {
	used    bool
	real    int64 // the machine's second at the first use
	virtual int64 // the host's second
	moved   [][2]string
}

// instant moves one instant, in seconds.
func (c *shift) instant(sec int64) int64 {
	if !c.used {
		c.used, c.real = true, time.Now().Unix()
	}
	at := c.real - (c.virtual - sec)
	then, now := time.Unix(sec, 0).UTC(), time.Unix(at, 0)
	c.moved = append(c.moved,
		[2]string{now.String(), then.String()},
		[2]string{now.Format(time.RFC3339), then.Format(time.RFC3339)})
	return at
}

func (c *shift) containers(list []container.Summary) {
	for i := range list {
		list[i].Created = c.instant(list[i].Created)
	}
}

func (c *shift) images(list []image.Summary) {
	for i := range list {
		list[i].Created = c.instant(list[i].Created)
	}
}

func (c *shift) history(list []image.HistoryResponseItem) {
	for i := range list {
		list[i].Created = c.instant(list[i].Created)
	}
}

// stale reports whether the machine's second has changed since the instants
// were moved, so that an age may be off by one.
func (c *shift) stale() bool { return c.used && time.Now().Unix() != c.real }

// back writes the host's instants where the moved ones were printed in full.
func (c *shift) back(b []byte) []byte {
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

// names remembers a set of networks that docker prints in the order of a map;
// back writes each order as the sorted one. More than five are left alone.
func (c *shift) names(set []string) {
	if len(set) < 2 || len(set) > 5 {
		return
	}
	slices.Sort(set)
	want := join(set)
	permute(slices.Clone(set), 0, func(p []string) {
		if got := join(p); got != want {
			c.moved = append(c.moved, [2]string{got, want})
		}
	})
}

func permute(l []string, i int, fn func([]string)) {
	if i == len(l) {
		fn(l)
		return
	}
	for k := i; k < len(l); k++ {
		l[i], l[k] = l[k], l[i]
		permute(l, i+1, fn)
		l[i], l[k] = l[k], l[i]
	}
}
