package campaign

import (
	"regexp"
	"slices"
	"strings"
)

// shrink makes a world smaller for as long as it still fails: first without its
// steps (delta debugging, Zeller and Hildebrandt 2002), then without its hosts
// and cables, then with shorter lines. fails is asked for one candidate after
// the other, tries times at most. The end stays or goes as a whole: what it does
// not remove was not left over.
func shrink(w *World, tries int, fails func(*World) bool) *World {
	s := &shrinker{best: w, left: tries, fails: fails}
	s.take(func(c *World) { c.End = nil })
	for changed := true; changed && s.left > 0; {
		changed = s.steps()
		changed = s.parts() || changed
		changed = s.lines() || changed
	}
	return s.best
}

type shrinker struct {
	best  *World
	left  int // tries
	fails func(*World) bool
}

// take makes the change if the world fails with it, too.
func (s *shrinker) take(change func(*World)) bool {
	if s.left <= 0 {
		return false
	}
	s.left--
	c := *s.best
	c.Steps, c.Setup, c.End = slices.Clone(c.Steps), slices.Clone(c.Setup), slices.Clone(c.End)
	change(&c)
	if !s.fails(&c) {
		return false
	}
	s.best = &c
	return true
}

// steps takes away runs of steps, large ones first.
func (s *shrinker) steps() bool {
	changed := false
	for size := max(1, len(s.best.Steps)/2); ; size /= 2 {
		for from := 0; from < len(s.best.Steps); {
			to := min(from+size, len(s.best.Steps))
			if s.take(func(c *World) { c.Steps = slices.Delete(c.Steps, from, to) }) {
				changed = true
				continue
			}
			from = to
		}
		if size <= 1 {
			return changed
		}
	}
}

// parts takes away hosts, routers, sites, LANs and the setup.
func (s *shrinker) parts() bool {
	changed := false
	for _, h := range slices.Backward(s.best.Hosts) {
		if len(s.best.Hosts) > 1 && s.take(func(c *World) { *c = *c.without(h.Name) }) {
			changed = true
		}
	}
	for _, field := range []func(*World) *[]Part{
		func(c *World) *[]Part { return &c.Internet }, func(c *World) *[]Part { return &c.Routers }, func(c *World) *[]Part { return &c.LANs },
	} {
		for i := len(*field(s.best)) - 1; i >= 0; i-- {
			changed = s.take(func(c *World) { *field(c) = slices.Delete(slices.Clone(*field(c)), i, i+1) }) || changed
		}
	}
	for i := len(s.best.Setup) - 1; i >= 0; i-- {
		changed = s.take(func(c *World) { c.Setup = slices.Delete(c.Setup, i, i+1) }) || changed
	}
	return changed
}

var (
	joint   = regexp.MustCompile(` & |; `)
	options = regexp.MustCompile(` -(-[a-z-]+ [^ "]+|[a-z] [^ "]+|[a-z]+=[^ "]+)`)
	daemon  = regexp.MustCompile(`, daemon: \{.*\}\}$`)
)

// lines takes away parts of lines: one of several commands, an option.
func (s *shrinker) lines() bool {
	changed := false
	for i := 0; i < len(s.best.Steps); i++ {
		for _, text := range shorter(s.best.Steps[i].Text) {
			if s.take(func(c *World) { c.Steps[i].Text = text }) {
				changed = true
				i--
				break
			}
		}
	}
	for i, h := range s.best.Hosts {
		if !daemon.MatchString(h.Text) {
			continue
		}
		plain := daemon.ReplaceAllString(h.Text, "}")
		changed = s.take(func(c *World) { c.Hosts = slices.Clone(c.Hosts); c.Hosts[i].Text = plain }) || changed
	}
	return changed
}

// shorter are the texts of a step with one part less.
func shorter(text string) []string {
	start := strings.Index(text, "$ ")
	if start < 0 {
		return nil
	}
	var out []string
	head, line := text[:start+2], text[start+2:]
	for _, at := range joint.FindAllStringIndex(line, -1) {
		begin := 0
		if before := joint.FindAllStringIndex(line[:at[0]], -1); len(before) > 0 {
			begin = before[len(before)-1][1]
		}
		out = append(out, head+line[:begin]+line[at[1]:])
	}
	for _, at := range options.FindAllStringIndex(line, -1) {
		out = append(out, head+line[:at[0]]+line[at[1]:])
	}
	return out
}
