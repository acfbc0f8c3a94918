package seat

import (
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"dnetsim/labs"
	"dnetsim/page/packets"
	"dnetsim/scenarios"
	"dnetsim/sim"
)

// desk is what a seat knows of the lab that is worked at.
type desk struct {
	seat    *Seat
	glanced time.Time // when was last looked which tasks are done
	rested  time.Time // when may be looked again, after a look that was dear
	looking bool      // on another goroutine
	kept    time.Time
	unkept  bool // something has happened since
	task    string
	since   time.Time
	status  deskStatus
	marks   map[string][]mark // checkpoints by language, until they change
}

// deskStatus is what the teacher sees, as it was when it last changed.
type deskStatus struct {
	task, says  string
	done, hints int
	dead        bool
}

// How often is looked which tasks are done, and how soon is kept what was typed.
const (
	lookEvery  = time.Second
	lookShare  = 10               // of a processor's time, a learner's looks take one part in that many
	lookRest   = 10 * time.Second // at most, after a look that was dear
	keepWithin = 250 * time.Millisecond
	keepTime   = 10 * time.Second // that time has passed
)

// tasks is the message of that name.
type tasks struct {
	T string `json:"t"`
	labs.Progress
}

// sit makes the learner's world from the record.
func (d *desk) sit() {
	s := d.seat
	s.drop()
	v := *s.config.Variant
	v.World.Built = s.listen
	sitting, err := v.Resume(s.rest.record)
	if err != nil {
		s.fails(err)
		return
	}
	s.sitting = sitting
	s.begin(sitting.World())
	s.desk.progressed()
}

// listen records the packets of a world whose setup has run.
func (s *Seat) listen(l *scenarios.Lab) {
	if w := s.config.Limits.Work; w > 0 {
		l.Loop.SetBudget(w)
	}
	s.rec = packets.Record(l.Loop, s.config.Limits.Packets)
}

// look looks which tasks are done by now, on another goroutine, and puts away what has
// happened; it says when to come again.
func (d *desk) look() time.Duration {
	s := d.seat
	if s.sitting == nil || s.err != nil {
		return time.Hour
	}
	wait := time.Hour
	if s.desk.unkept {
		if wait = keepWithin - time.Since(s.desk.kept); wait <= 0 {
			s.desk.keep(false)
			wait = time.Hour
		}
	}
	if s.desk.looking || s.players == 0 || s.goal != nil {
		return wait
	}
	if left := max(lookEvery-time.Since(s.desk.glanced), time.Until(s.desk.rested)); left > 0 {
		return min(wait, left)
	}
	s.desk.glanced = time.Now()
	job := s.sitting.Glance()
	if job == nil {
		return min(wait, lookEvery)
	}
	s.desk.looking = true
	of := s.sitting
	go func() {
		var spent time.Duration
		found, err := inTurn(d, func() labs.Found {
			began := time.Now()
			defer func() { spent = time.Since(began) }()
			return job()
		})
		s.do(func() {
			s.desk.rested = time.Now().Add(min((lookShare-1)*spent, lookRest))
			if err != nil {
				s.desk.looking = false
				s.teller.all(say{"say", "error", "the tasks could not be looked at: " + err.Error()})
				return
			}
			s.desk.take(of, found)
		})
	}()
	return wait
}

// inTurn runs a job on copies when it is its turn. A panic in a copy is an error.
func inTurn[T any](d *desk, job func() T) (out T, err error) {
	d.seat.config.Asking <- struct{}{}
	defer func() {
		<-d.seat.config.Asking
		if r := recover(); r != nil {
			err = sim.Caught(nil, r)
		}
	}()
	return job(), nil
}

// take takes over what a look found.
func (d *desk) take(of *labs.Sitting, found labs.Found) {
	s := d.seat
	s.desk.looking = false
	if s.sitting != of {
		return
	}
	changed, err := s.sitting.Take(found)
	if err != nil {
		s.teller.all(say{"say", "error", "the tasks could not be looked at: " + err.Error()})
	}
	if changed {
		s.desk.progressed()
	}
}

// progressed puts a change of the progress away, and tells it then.
func (d *desk) progressed() {
	s := d.seat
	s.desk.keep(true)
	d.marks = nil
	for _, v := range s.viewers {
		s.desk.tasks(v)
	}
	s.desk.read(s.sitting)
	s.publish()
}

// tasks tells a viewer how far the tasks are.
func (d *desk) tasks(v *viewer) {
	s := d.seat
	if s.sitting != nil {
		v.Send(marshal(tasks{"tasks", s.sitting.Progress(v.lang)}))
	}
}

// keep puts the record away: before it returns, or soon.
func (d *desk) keep(now bool) {
	s := d.seat
	if s.sitting == nil || s.config.Keep == nil || !now && !s.desk.unkept {
		return
	}
	s.desk.unkept, s.desk.kept = false, time.Now()
	s.config.Keep(s.sitting.Record(), now)
}

// answered, hint and checkpoint are about tasks.
func (d *desk) answered(v *viewer, r Request) {
	x := d.seat.sitting
	job, err := x.Trying(r.Task, r.Text)
	d.aside(v, r, job, err, func(told labs.Told) (any, error) {
		right, says, err := x.Judge(told, v.lang)
		return map[string]any{"right": right, "says": says}, err
	})
}

func (d *desk) hint(v *viewer, r Request) {
	x := d.seat.sitting
	job, err := x.Asking(r.Task)
	d.aside(v, r, job, err, func(told labs.Told) (any, error) { return x.Tell(told, v.lang) })
}

// aside finds something about a task in copies, while the learner goes on, and answers
// when it is known.
func (d *desk) aside(v *viewer, r Request, job func() labs.Told, err error, finish func(labs.Told) (any, error)) {
	s := d.seat
	if err == nil && s.asked >= mostAsked {
		err = fmt.Errorf("%d questions are being answered: wait for one of them", s.asked)
	}
	if err != nil {
		s.answer(v, r, nil, err)
		return
	}
	s.asked++
	of := s.sitting
	go func() {
		told, err := inTurn(d, job)
		s.do(func() {
			s.asked--
			var data any
			switch {
			case err != nil:
			case s.sitting != of:
				err = errors.New("the world is another one by now: ask once more")
			default:
				data, err = finish(told)
			}
			if err == nil {
				s.desk.glanced = time.Time{}
				s.desk.progressed()
			}
			if s.viewers[v.Viewer] == v {
				s.answer(v, r, data, err)
			}
		})
	}()
}

// checkpoint goes back to one, or with a time to that.
func (d *desk) checkpoint(back func(*labs.Sitting) error) error {
	s := d.seat
	end := max(s.end, s.world.Now())
	s.cancel()
	m := s.teller.clockMessage()
	m.State = string(Busy)
	s.teller.all(m)
	if err := back(s.sitting); err != nil {
		return err
	}
	s.state, s.err = Paused, nil
	s.begin(s.sitting.World())
	s.end = end
	s.desk.progressed()
	for _, v := range s.viewers {
		s.teller.welcome(v)
	}
	return s.err
}

// backTo goes back to a time in a lab.
func (d *desk) backTo(at time.Duration) error {
	s := d.seat
	if s.sitting == nil {
		return s.why()
	}
	if at > s.world.Now() || at < 0 {
		return fmt.Errorf("it is %v, and back goes only to what was before", s.world.Now())
	}
	return s.desk.checkpoint(func(x *labs.Sitting) error { return x.BackTo(at) })
}

// read keeps what the teacher sees of a sitting.
func (d *desk) read(x *labs.Sitting) {
	p := x.Progress(labs.English)
	m := x.Mark()
	d.status = deskStatus{done: m.Done, hints: m.Hints, dead: p.DeadEnd != ""}
	for _, t := range p.Tasks {
		if t.State == "todo" || t.State == "doing" {
			d.status.task = t.ID
			if t.Wrong != "" {
				d.status.says = "answered " + strconv.Quote(t.Wrong) + ", which is wrong"
			}
			break
		}
	}
	if p.DeadEnd != "" {
		d.status.says = plain(p.DeadEnd)
	}
	if d.status.task != d.task || d.since.IsZero() {
		d.task, d.since = d.status.task, time.Now()
	}
}

// plain is the text of safe HTML.
func plain(s string) string {
	var b strings.Builder
	within := false
	for _, r := range s {
		switch {
		case r == '<':
			within = true
		case r == '>':
			within = false
		case !within:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(html.UnescapeString(b.String()))
}

// checkpoints are the marks of the time bar to go back to.
func (d *desk) checkpoints(lang string) []mark {
	if d.seat.sitting == nil {
		return nil
	}
	if list, known := d.marks[lang]; known {
		return list
	}
	if d.marks == nil {
		d.marks = map[string][]mark{}
	}
	list := []mark{}
	for _, c := range d.seat.sitting.Progress(lang).Checkpoints {
		list = append(list, mark{c.At, c.Title, "checkpoint"})
	}
	d.marks[lang] = list
	return list
}

// describe adds that to a seat's status.
func (d *desk) describe(st *Status) {
	st.Task, st.Since, st.Done, st.Hints, st.DeadEnd, st.Says = d.status.task, d.since, d.status.done, d.status.hints, d.status.dead, d.status.says
}

// story is what the page says of the lab, in a language.
func (d *desk) story(lang string) *Story {
	s := d.seat
	if s.sitting == nil {
		return nil
	}
	l := s.sitting.Lab()
	return &Story{Name: l.Name, Title: l.Title(lang), Minutes: l.Minutes, Level: l.Level, Story: l.Story(lang), Langs: l.Languages()}
}
