package labs

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"dnetsim/scenarios/replay"
)

// A look costs a copy of the world, which is a replay of all that happened in it. So
// nothing is looked at until somebody has run what may change something, then only
// the checks of tasks that can be worked at, and again only those that may take their
// time.

// Found is what a look found.
type Found struct {
	moment moment
	tasks  []finding
	dead   *deadEnd
	looked bool // for dead ends
	err    error
}

// finding is what was found of a task.
type finding struct {
	task  *task
	holds []bool
	all   bool
	stir  int
}

// Look looks which tasks are done by now, if anything can have changed since the last
// look, and reports whether something has. A world that came down is an error.
func (s *Sitting) Look() (changed bool, err error) {
	for range len(s.lab.tasks) + 1 {
		job := s.Glance()
		if job == nil {
			return changed, nil
		}
		now, err := s.Take(job())
		if err != nil {
			return changed, err
		}
		changed = changed || now
	}
	return changed, nil
}

// Glance is the part of a look that is cheap. It returns the rest, which makes copies
// of the world and may run on another goroutine, or nil if nothing can have changed;
// what the rest returns is for [Sitting.Take].
func (s *Sitting) Glance() func() Found {
	if s.stir(); s.world.Inputs() == 0 {
		return nil // it is as it was made, and a lab begins unsolved
	}
	var due []finding
	for _, t := range s.lab.tasks {
		if len(t.checks) > 0 && !s.done(t.id) && !s.locked(t) && s.due(t) {
			due = append(due, finding{task: t, stir: s.stirred})
		}
	}
	dead := len(s.lab.deadEnds) > 0 && s.deadAt != s.stirred
	if len(due) == 0 && !dead {
		return nil
	}
	m, lab := s.moment(), s.lab
	if s.deadAt = s.stirred; !dead {
		lab = nil
	}
	return func() Found { return m.look(due, lab) }
}

// due reports whether a task is to be looked at, and counts the look.
func (s *Sitting) due(t *task) bool {
	x := s.seen[t.id]
	if x == nil {
		x = &sight{holds: make([]bool, len(t.checks))}
		s.seen[t.id] = x
	}
	if x.stirred != s.stirred {
		x.stirred, x.after, x.gap, x.cheers, x.cheered = s.stirred, 0, time.Second, 0, s.cheered
		return true
	}
	within := time.Duration(0)
	for i := range t.checks {
		c := &t.checks[i]
		switch {
		case x.holds[i]:
		case c.line != nil && c.run(s.ran[x.heard:]):
			return true // which costs nothing if the others hold no more than before
		case c.line == nil:
			within = max(within, c.within)
		}
	}
	x.heard = len(s.ran)
	if within > 0 && x.cheered != s.cheered && x.cheers < mostCheers {
		x.cheered = s.cheered
		x.cheers++
		return true
	}
	at := min(x.after+x.gap, within) // 1, 3, 7, 15, 30, 45 seconds, and so on
	if x.after >= within || s.world.Now() < s.stirAt+at {
		return false
	}
	x.after, x.gap = at, min(2*x.gap, 15*time.Second)
	return true
}

// mostCheers is how often a look is due because somebody reached something, until
// something changes again.
const mostCheers = 3

// reaches are programs whose success says that something has come through.
var reaches = strings.Fields("ping curl wget nc nslookup dig")

// stir notices what may have changed the world since the last time: a program that
// may change something has ended, the first one has run in a container, something was
// written into a file, or a program goes on in the foreground for longer.
func (s *Sitting) stir() {
	stirred := func(at time.Duration) {
		s.stirred++
		s.stirAt = at
	}
	for ; s.heard < len(s.ran); s.heard++ {
		p := s.ran[s.heard]
		if p.changes || !s.places[p.place] && strings.Contains(p.place, "/") {
			stirred(p.at)
		}
		if name, _, _ := strings.Cut(p.line, " "); p.status == 0 && slices.Contains(reaches, name) {
			s.cheered++
		}
		s.places[p.place] = true
	}
	n := s.world.Inputs()
	if n == s.entered {
		return
	}
	log := s.world.Log()[s.entered:]
	last := log[len(log)-1]
	switch now := s.world.Now(); {
	case !slices.ContainsFunc(log, entersLine):
	case last.Terminal == 0 || s.world.Ended(last.Terminal) || atPrompt(s.world.Shown(last.Terminal)):
		if slices.ContainsFunc(log, redirects) {
			stirred(now)
		}
	case now <= last.At+stillRuns:
		return // let us see whether it ends
	default:
		stirred(now)
	}
	s.entered = n
}

// redirects reports whether keys may be a line that writes into a file: the shell does
// that by itself, so no program is heard of.
func redirects(in replay.Input) bool {
	return in.Kind == replay.TypeKeys && strings.Contains(in.Data, ">")
}

var (
	escapes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]`) })
	prompt  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[$#] $`) })
)

// atPrompt reports whether a terminal shows a prompt at its end.
func atPrompt(shown []byte) bool {
	return prompt().Match(escapes().ReplaceAll(shown[max(0, len(shown)-200):], nil))
}

// stillRuns is how long a command must go on until the world is looked at for what it
// may have done already.
const stillRuns = 2 * time.Second

func entersLine(in replay.Input) bool {
	return in.Kind == replay.TypeKeys && strings.ContainsAny(in.Data, "\r\n")
}

// look looks at tasks, and for dead ends if lab is not nil, at a moment.
func (m moment) look(due []finding, lab *Lab) (f Found) {
	f = Found{moment: m, tasks: due, looked: lab != nil}
	var shared *replay.World
	defer func() {
		if shared != nil {
			shared.Close()
		}
	}()
	world := func() (*replay.World, error) {
		if shared != nil {
			return shared, nil
		}
		var err error
		shared, err = m.world()
		return shared, err
	}
	for i := range f.tasks {
		fresh := shared == nil
		if f.err = f.tasks[i].look(world, m.ran); f.err != nil {
			return f
		}
		if x := &f.tasks[i]; x.all && !fresh && needsCopy(x.task.checks) {
			x.all, f.err = m.proves(x.task) // the others' questions may have moved something
		}
	}
	if lab == nil {
		return f
	}
	for i := range lab.deadEnds {
		d := &lab.deadEnds[i]
		if len(d.when) > 0 && d.when[0].line != nil && !d.when[0].run(m.ran) {
			continue
		}
		w, err := world()
		if err != nil {
			f.err = err
			return f
		}
		in, err := holds(d.when, w, m.ran)
		if f.err = err; err != nil {
			return f
		}
		if in {
			f.dead = d
			break
		}
	}
	return f
}

// look looks at a task's checks. What comes after a program that nobody has run yet
// is left for later.
func (x *finding) look(world func() (*replay.World, error), ran []program) error {
	x.holds, x.all = make([]bool, len(x.task.checks)), true
	first := len(x.task.checks) // the first program that nobody has run
	for i := range x.task.checks {
		if c := &x.task.checks[i]; c.line != nil {
			x.holds[i] = c.run(ran)
			if !x.holds[i] && x.all {
				first, x.all = i, false
			}
		}
	}
	for i := range first {
		c := &x.task.checks[i]
		if c.line != nil {
			continue
		}
		w, err := world()
		if err != nil {
			return err
		}
		why, err := c.why(w, ran)
		if err != nil {
			return err
		}
		x.holds[i] = why == ""
		x.all = x.all && x.holds[i]
	}
	return nil
}

// proves reports whether a task's checks hold at the moment, asked of a copy of its
// own. It is what decides, here and when the record is marked again.
func (m moment) proves(t *task) (bool, error) {
	if !needsCopy(t.checks) {
		return holds(t.checks, nil, m.ran)
	}
	w, err := m.world()
	if err != nil {
		return false, err
	}
	defer w.Close()
	return holds(t.checks, w, m.ran)
}

// Take takes over what a look found, and reports whether it changed something. What
// was found before the world went back is dropped.
func (s *Sitting) Take(f Found) (changed bool, err error) {
	if f.err != nil {
		return false, f.err
	}
	if f.moment.back != s.backs() {
		return false, nil
	}
	for _, x := range f.tasks {
		seen := s.seen[x.task.id]
		if s.done(x.task.id) || seen == nil {
			continue
		}
		if !slices.Equal(seen.holds, x.holds) {
			seen.holds, changed = x.holds, true
		}
		if x.all && (x.task.answer == nil || s.answered(x.task.id)) {
			s.actAt(Act{Kind: Done, Task: x.task.id}, f.moment.at, f.moment.index)
			changed = true
		}
	}
	if f.looked && f.dead != s.dead {
		s.dead, changed = f.dead, true
	}
	return changed, nil
}
