package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// World is a scenario in parts, so that the shrinker can take some away. Every
// part is YAML text in the words of a scenario file.
type World struct {
	Seed     uint64
	LANs     []Part
	Routers  []Part
	Internet []Part
	Hosts    []Part
	Setup    []Step
	Steps    []Step
	// End removes everything that the steps may have made. It is not shrunk.
	End []Step
}

// Part is a named thing and its properties, as a flow mapping.
type Part struct{ Name, Text string }

// Step is one step.
type Step struct {
	Host string // whose it is; "" for a pause
	Text string // as a flow mapping
}

// limit is the virtual time that a world may take; the longest take half an hour.
const limit = 3 * time.Hour

// typed is a line that somebody types; how it ends is left open.
func typed(host, line string) Step {
	return Step{host, "{run: " + strconv.Quote(host+"$ "+line) + ", expect: {exit: any}}"}
}

func pause(d time.Duration) Step { return Step{"", "{wait: " + d.String() + "}"} }

func fault(host, what string) Step { return Step{host, "{fault: {" + what + "}}"} }

func repair(host, what string) Step { return Step{host, "{repair: {" + what + "}}"} }

// yaml is the world as a scenario file.
func (w *World) yaml() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "name: world %d\nseed: %d\nlimit: %s\n", w.Seed, w.Seed, limit)
	parts := func(key string, all []Part) {
		if len(all) == 0 {
			return
		}
		b.WriteString(key + ":\n")
		for _, p := range all {
			fmt.Fprintf(&b, "  %s: %s\n", p.Name, p.Text)
		}
	}
	parts("lans", w.LANs)
	parts("routers", w.Routers)
	parts("internet", w.Internet)
	parts("hosts", w.Hosts)
	b.WriteString("images:\n  web: {like: busybox, listen: [80/tcp, 7000/tcp], response: here}\n")
	steps := func(title string, all []Step) {
		b.WriteString(title)
		for _, s := range all {
			b.WriteString("  - " + s.Text + "\n")
		}
	}
	if len(w.Setup) > 0 {
		steps("setup:\n", w.Setup)
	}
	steps("steps:\n", w.Steps)
	steps("  # everything is removed again\n", w.End)
	return []byte(b.String())
}

// without is the world without a host and what is done there.
func (w *World) without(host string) *World {
	c := *w
	gone := func(s Step) bool { return s.Host == host }
	c.Hosts = slices.DeleteFunc(slices.Clone(w.Hosts), func(p Part) bool { return p.Name == host })
	c.Setup = slices.DeleteFunc(slices.Clone(w.Setup), gone)
	c.Steps = slices.DeleteFunc(slices.Clone(w.Steps), gone)
	c.End = slices.DeleteFunc(slices.Clone(w.End), gone)
	return &c
}
