package labs

import (
	"strconv"
	"strings"
)

// Mark is what a sitting is worth.
type Mark struct {
	Points, Of int
	Done       int // tasks
	Hints      int // taken
	Wrong      int // answers
	Tasks      []TaskMark
}

// TaskMark is what a task is worth.
type TaskMark struct {
	Task   string
	Done   bool
	Points int // got
	Lost   int // by hints and wrong answers, at most the task's points
	Hints  int
	Wrong  int
}

// A question's first wrong answer costs nothing, each more costs two points: what is
// to be chosen from a few must not be had by trying.
const (
	freeTries = 1
	wrongCost = 2
)

// mark counts acts that are true.
func (l *Lab) mark(acts []Act) Mark {
	m := Mark{Of: l.Points()}
	for _, t := range l.tasks {
		x := TaskMark{Task: t.id}
		for _, a := range acts {
			if a.Task != t.id {
				continue
			}
			switch {
			case a.Kind == Done:
				x.Done = true
			case a.Kind == Hinted && !x.Done && a.Hint >= 0 && a.Hint < len(t.hints):
				x.Hints++
				x.Lost += t.hints[a.Hint].cost
			case a.Kind == Answered && !a.Right && !x.Done:
				if x.Wrong++; x.Wrong > freeTries {
					x.Lost += wrongCost
				}
			}
		}
		if x.Lost = min(x.Lost, t.points); x.Done {
			x.Points = t.points - x.Lost
			m.Done++
		}
		m.Points, m.Hints, m.Wrong = m.Points+x.Points, m.Hints+x.Hints, m.Wrong+x.Wrong
		m.Tasks = append(m.Tasks, x)
	}
	return m
}

// Mark is what the sitting is worth so far; [Grade] of its record says the same.
func (s *Sitting) Mark() Mark { return s.lab.mark(s.acts) }

// MarkOf is what a record says that it is worth. Whether it is true, [Grade] finds out.
func (l *Lab) MarkOf(r Record) Mark { return l.mark(r.Acts) }

// Row is a learner's mark for a table.
type Row struct {
	Learner string
	Mark    Mark
}

// Table is marks as the rows of a spreadsheet, with their head: for each learner the
// points, and those of each task. A cell that a spreadsheet would compute is a text.
func (l *Lab) Table(rows []Row) [][]string {
	first := []string{"learner", "lab", "points", "of", "done", "hints", "wrong"}
	for _, t := range l.tasks {
		first = append(first, t.id)
	}
	out := [][]string{first}
	for _, r := range rows {
		m := r.Mark
		row := []string{r.Learner, l.Name}
		if strings.HasPrefix(strings.TrimLeft(r.Learner, " \t\r\n"), "=") || strings.ContainsAny(r.Learner[:min(1, len(r.Learner))], "+-@\t\r") {
			row[0] = "'" + r.Learner
		}
		for _, n := range []int{m.Points, m.Of, m.Done, m.Hints, m.Wrong} {
			row = append(row, strconv.Itoa(n))
		}
		for _, t := range m.Tasks {
			row = append(row, strconv.Itoa(t.Points))
		}
		out = append(out, row)
	}
	return out
}
