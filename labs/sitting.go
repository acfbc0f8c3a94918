package labs

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
	"dnetsim/userland"
)

// Sitting is a learner at work: a world, and how far the tasks are. One goroutine
// owns it, as with its world.
type Sitting struct {
	variant *Variant
	lab     *Lab
	world   *replay.World
	start   time.Duration  // when the learner came in
	past    []replay.Input // the inputs of before the last going back
	shared  int            // how many of the world's inputs are of before it, too
	acts    []Act
	ran     []program
	stirred int           // grows when the world may have changed
	stirAt  time.Duration // when that was last
	cheered int           // grows when somebody has reached something
	heard   int           // programs up to here have been thought about
	entered int           // and inputs
	places  map[string]bool
	seen    map[string]*sight
	dead    *deadEnd // the world is in it
	deadAt  int      // stirred, when dead ends were last looked for
}

// sight is what was last seen of a task.
type sight struct {
	stirred int // what it was then; 0: never looked
	cheered int // likewise
	cheers  int // looks for that, since something stirred
	// after is when the last look was, counted from stirAt, and gap the time from the
	// one before it.
	after, gap time.Duration
	holds      []bool
	heard      int // programs that were compared with its checks
}

// maxRan bounds what is remembered of the programs that were run.
const maxRan = 10_000

// stand makes the world again with a log, as it was at a time; 0 is the start.
func (s *Sitting) stand(log []replay.Input, at time.Duration) error {
	var ran []program
	o := s.variant.World
	built := o.Built
	o.Built = func(l *scenarios.Lab) {
		l.Ran(func(p *userland.Process, status int) {
			if len(ran) < maxRan {
				ran = append(ran, byHand(p, status, l.Loop.Now())...)
				s.ran = ran
			}
		})
		if built != nil {
			built(l)
		}
	}
	w, err := o.Replay(log, at)
	if err != nil {
		return err
	}
	if w.Failed() != "" {
		w.Close()
		return fmt.Errorf("lab %s: the setup fails: %s", s.lab.Name, w.Failed())
	}
	if s.world != nil {
		s.world.Close()
	}
	s.world, s.ran, s.heard, s.entered = w, ran, len(ran), w.Inputs()
	s.seen, s.places = map[string]*sight{}, map[string]bool{}
	for _, p := range ran {
		s.places[p.place] = true
	}
	s.stirred++
	s.stirAt = w.Now()
	if s.start == 0 {
		s.start = w.Now()
	}
	return nil
}

// byHand is what was run at a terminal when a program has ended there: it, and what
// docker exec ran in a container without a terminal.
func byHand(p *userland.Process, status int, at time.Duration) (out []program) {
	if p.TTY == nil || len(p.Args) == 0 {
		return nil
	}
	words := slices.Clone(p.Args)
	words[0] = path.Base(words[0])
	line := strings.Join(words, " ")
	out = append(out, program{at, p.Machine.Name, line, status, changes(line)})
	if len(words) < 4 || words[0] != "docker" || words[1] != "exec" {
		return out
	}
	rest := words[2:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if slices.Contains([]string{"-e", "--env", "-u", "--user", "-w", "--workdir"}, rest[0]) && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) > 1 {
		line := strings.Join(rest[1:], " ")
		script := strings.TrimPrefix(line, "sh -c ")
		out[0].changes = changes(line)
		out = append(out, program{at: at, place: p.Machine.Name + "/" + rest[0], line: script, status: status})
	}
	return out
}

// World is what the learner works in. After [Sitting.Back] it is another one.
func (s *Sitting) World() *replay.World { return s.world }

// Lab is the lab with the learner's values.
func (s *Sitting) Lab() *Lab { return s.lab }

// Close ends the world.
func (s *Sitting) Close() { s.world.Close() }

// log is all inputs, those of branches that were left among them.
func (s *Sitting) log() []replay.Input {
	return append(slices.Clip(s.past), s.world.Log()[s.shared:]...)
}

// Record is all that is needed to make the sitting again.
func (s *Sitting) Record() Record {
	return Record{Learner: s.variant.Learner, Lab: s.lab.Name, Start: s.start, At: s.world.Now(), Log: s.log(), Acts: slices.Clone(s.acts)}
}

// actAt keeps an act of an earlier moment of this branch: before those that came
// after it.
func (s *Sitting) actAt(a Act, at time.Duration, index int) {
	a.At, a.Index = at, index
	i := len(s.acts)
	for i > 0 && s.acts[i-1].Index > index && s.acts[i-1].Kind != WentBack {
		i--
	}
	s.acts = slices.Insert(s.acts, i, a)
}

// inputs is the length of the whole log.
func (s *Sitting) inputs() int { return len(s.past) + s.world.Inputs() - s.shared }

// done reports whether a task is.
func (s *Sitting) done(id string) bool {
	return slices.ContainsFunc(s.acts, func(a Act) bool { return a.Kind == Done && a.Task == id })
}

// answered reports whether a task's question has had its right answer.
func (s *Sitting) answered(id string) bool {
	return slices.ContainsFunc(s.acts, func(a Act) bool { return a.Kind == Answered && a.Task == id && a.Right })
}

// locked reports whether a task waits for another.
func (s *Sitting) locked(t *task) bool {
	return slices.ContainsFunc(t.needs, func(id string) bool { return !s.done(id) })
}

// open is the task of that name, if it can be worked at.
func (s *Sitting) open(id string) (*task, error) {
	t := s.lab.task(id)
	switch {
	case t == nil:
		return nil, fmt.Errorf("there is no task %q", id)
	case s.locked(t):
		return nil, fmt.Errorf("task %s waits for another", id)
	}
	return t, nil
}

// copy is the world once more, as it is now.
func (s *Sitting) copy() (*replay.World, error) { return s.moment().world() }

// moment is a moment of a branch, from which a copy is made.
type moment struct {
	options replay.Options
	log     []replay.Input
	at      time.Duration
	index   int // of the whole log
	back    int // how often the world had gone back
	ran     []program
}

func (s *Sitting) moment() moment {
	return moment{s.variant.World, s.world.Log(), s.world.Now(), s.inputs(), s.backs(), slices.Clip(s.ran)}
}

// backs is how often the world has gone back.
func (s *Sitting) backs() (n int) {
	for _, a := range s.acts {
		if a.Kind == WentBack {
			n++
		}
	}
	return n
}

func (m moment) world() (*replay.World, error) {
	m.options.Built = nil
	return m.options.Replay(m.log, m.at)
}

// Back goes back to a checkpoint: "start", or the moment when a task was done. What
// was done stays done.
func (s *Sitting) Back(checkpoint string) error {
	to, log, at := toStart, []replay.Input(nil), time.Duration(0)
	if checkpoint != startName {
		to = slices.IndexFunc(s.acts, func(a Act) bool { return a.Kind == Done && a.Task == checkpoint })
		if to < 0 {
			return fmt.Errorf("there is no checkpoint %q", checkpoint)
		}
		r := s.Record()
		b, err := r.branch(to)
		if err != nil {
			return err
		}
		log, at = b.log, s.acts[to].At
	}
	return s.goBack(Act{Kind: WentBack, To: to}, log, at)
}

// BackTo goes back to a virtual time that this world has seen. What was done stays
// done.
func (s *Sitting) BackTo(at time.Duration) error {
	if at < 0 || at > s.world.Now() {
		return fmt.Errorf("the world has not been at %v: it is at %v", at, s.world.Now())
	}
	return s.goBack(Act{Kind: WentBack, To: toTime, When: at}, before(s.world.Log(), at), at)
}

func (s *Sitting) goBack(act Act, log []replay.Input, at time.Duration) error {
	if s.backs() >= maxBacks {
		return fmt.Errorf("the world went back %d times: that is enough", maxBacks)
	}
	index, now, all := s.inputs(), s.world.Now(), s.log()
	if err := s.stand(log, at); err != nil {
		return err
	}
	s.actAt(act, now, index)
	s.past, s.shared, s.dead = all, len(log), nil
	return nil
}

// startName is the checkpoint that is always there.
const startName = "start"
