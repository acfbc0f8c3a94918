package labs

import (
	"slices"
	"time"
)

// Progress is how far a sitting is, in the words of one language: the message
// "tasks" of the page. Times are microseconds of virtual time.
type Progress struct {
	Tasks       []TaskProgress `json:"tasks"`
	Points      int            `json:"points"`
	Of          int            `json:"of"`
	Done        int            `json:"done"`
	DeadEnd     string         `json:"deadEnd,omitempty"` // advice, as safe HTML
	Checkpoints []Checkpoint   `json:"checkpoints"`
}

// Checkpoint is a moment to go back to.
type Checkpoint struct {
	Name  string `json:"name"` // for [Sitting.Back]
	Title string `json:"title"`
	At    int64  `json:"at"`
}

// TaskProgress is how far a task is.
type TaskProgress struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Text     string      `json:"text"`  // safe HTML
	State    string      `json:"state"` // todo, doing, done, locked
	Points   int         `json:"points"`
	Lost     int         `json:"lost,omitempty"` // of them, by hints and wrong answers
	DoneAt   int64       `json:"doneAt,omitempty"`
	Ask      string      `json:"ask,omitempty"` // the label of the answer's field
	Answer   string      `json:"answer,omitempty"`
	Parts    []Part      `json:"parts"`
	Hints    []Hint      `json:"hints"`
	NextHint *NextHint   `json:"nextHint,omitempty"`
	Wrong    string      `json:"wrong,omitempty"` // the last wrong answer
	Needs    []TaskTitle `json:"needs,omitempty"` // what it waits for
}

// TaskTitle is a task by its name.
type TaskTitle struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// TaskTitles are the lab's tasks, in order.
func (l *Lab) TaskTitles(lang string) []TaskTitle {
	out := make([]TaskTitle, 0, len(l.tasks))
	for _, t := range l.tasks {
		out = append(out, TaskTitle{t.id, t.title.In(lang)})
	}
	return out
}

// Part is one of the things that a task is about.
type Part struct {
	Text  string `json:"text"`
	State string `json:"state"` // todo, done
}

// Hint is one that was taken.
type Hint struct {
	Text string `json:"text"` // safe HTML
	Kind string `json:"kind"` // world: computed from the learner's world; written
	Cost int    `json:"cost"`
}

// NextHint is what the next one costs, if there is one.
type NextHint struct {
	Cost int `json:"cost"`
}

const (
	todo    = "todo"
	doing   = "doing"
	isDone  = "done"
	waiting = "locked"
)

func micros(d time.Duration) int64 { return d.Microseconds() }

// Progress is how far the sitting is.
func (s *Sitting) Progress(lang string) Progress {
	m := s.Mark()
	p := Progress{Points: m.Points, Of: m.Of, Done: m.Done, Checkpoints: []Checkpoint{{startName, startWord.In(lang), micros(s.start)}}}
	if s.dead != nil {
		p.DeadEnd = html(s.dead.advice.In(lang))
	}
	for i, t := range s.lab.tasks {
		p.Tasks = append(p.Tasks, s.progress(t, lang, m.Tasks[i]))
	}
	for _, a := range s.acts {
		if t := s.lab.task(a.Task); a.Kind == Done && t != nil {
			p.Checkpoints = append(p.Checkpoints, Checkpoint{t.id, t.title.In(lang), micros(a.At)})
		}
	}
	return p
}

var startWord = Text{English: "The start", Chinese: "起点"}

func (s *Sitting) progress(t *task, lang string, m TaskMark) TaskProgress {
	p := TaskProgress{
		ID: t.id, Title: t.title.In(lang), Text: html(t.text.In(lang)), State: todo, Points: t.points, Lost: m.Lost,
		Ask: t.ask.In(lang), Parts: []Part{}, Hints: []Hint{},
	}
	for _, id := range t.needs {
		if !s.done(id) {
			p.Needs = append(p.Needs, TaskTitle{id, s.lab.task(id).title.In(lang)})
		}
	}
	seen := s.seen[t.id]
	rest := true // whether what had to change has
	for i, c := range t.checks {
		rest = rest && (c.keep || m.Done || seen != nil && seen.holds[i])
	}
	for i, c := range t.checks {
		if c.says == nil {
			continue
		}
		part := Part{c.says.In(lang), todo}
		if m.Done || seen != nil && seen.holds[i] && (!c.keep || rest) {
			part.State = isDone
		}
		p.Parts = append(p.Parts, part)
	}
	taken := 0
	for _, a := range s.acts {
		if a.Task != t.id {
			continue
		}
		switch a.Kind {
		case Done:
			p.DoneAt = micros(a.At)
		case Answered:
			if p.Wrong = a.Text; a.Right {
				p.Answer, p.Wrong = a.Text, ""
			}
		case Hinted:
			taken++
			p.Hints = append(p.Hints, t.hints[a.Hint].shown(a.Says, lang))
		}
	}
	switch {
	case m.Done:
		p.State = isDone
	case len(p.Needs) > 0:
		p.State = waiting
	case taken > 0 || p.Wrong != "" || p.Answer != "" || slices.ContainsFunc(p.Parts, func(x Part) bool { return x.State == isDone }):
		p.State = doing
	}
	if next := s.nextHint(t); p.State != isDone && p.State != waiting && next < len(t.hints) {
		p.NextHint = &NextHint{t.hints[next].cost}
	}
	return p
}

// nextHint is the number of the hint after those that were taken.
func (s *Sitting) nextHint(t *task) int {
	next := 0
	for _, a := range s.acts {
		if a.Kind == Hinted && a.Task == t.id && a.Hint >= next {
			next = a.Hint + 1
		}
	}
	return next
}

// shown is a hint as it was told.
func (h *hint) shown(says Text, lang string) Hint {
	if h.flow != nil {
		return Hint{html(says.In(lang)), "world", h.cost}
	}
	return Hint{html(h.text.In(lang)), "written", h.cost}
}
