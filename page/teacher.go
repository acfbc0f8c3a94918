package page

import (
	"archive/zip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"dnetsim/labs"
	"dnetsim/page/seat"
)

// stuck is how long somebody is at a task before the teacher is told so.
const stuck = 6 * time.Minute

// both is a text in the languages of the page.
func both(of func(lang string) string) map[string]string {
	return map[string]string{labs.English: of(labs.English), labs.Chinese: of(labs.Chinese)}
}

// entry is a lab in the page's list.
type entry struct {
	Name    string            `json:"name"`
	Title   map[string]string `json:"title"`
	Summary map[string]string `json:"summary"`
	Minutes int               `json:"minutes"`
	Level   int               `json:"level"`
	Langs   []string          `json:"langs"`
	State   string            `json:"state"` // new, doing, done
	Done    int               `json:"done"`
	Of      int               `json:"of"`
	At      int64             `json:"at,omitempty"` // the virtual time that the learner has come to, in microseconds
}

// list is what there is to a learner.
func (s *Server) list(learner string) []entry {
	out := []entry{}
	for _, l := range s.options.Labs {
		e := entry{Name: l.Name, Title: both(l.Title), Summary: both(l.Summary), Minutes: l.Minutes, Level: l.Level, Langs: l.Languages(), State: "new", Of: l.Tasks()}
		if r, ok := s.class.record(place{learner, l.Name}); ok {
			e.State, e.Done, e.At = "doing", l.MarkOf(r).Done, r.At.Microseconds()
			if e.Done == e.Of {
				e.State = "done"
			}
		}
		out = append(out, e)
	}
	for _, x := range s.options.Scenarios {
		e := entry{Name: x.Name, Title: both(func(string) string { return x.Name }), Summary: both(func(string) string { return x.About }), Level: 1, Langs: []string{labs.English, labs.Chinese}, State: "new"}
		if s.known(learner, x.Name) != nil {
			e.State = "doing"
		}
		out = append(out, e)
	}
	return out
}

// find is a lab by its name.
func (s *Server) find(name string) *labs.Lab {
	k := slices.IndexFunc(s.options.Labs, func(l *labs.Lab) bool { return l.Name == name })
	if k < 0 {
		return nil
	}
	return s.options.Labs[k]
}

// config is that of a learner's seat in a lab or a scenario.
func (s *Server) config(learner, lab string) (seat.Config, error) {
	if l := s.find(lab); l != nil {
		v, err := l.For(learner)
		if err != nil {
			return seat.Config{}, err
		}
		v.World.Docker = s.options.Docker
		r, ok := s.class.record(place{learner, lab})
		if !ok {
			r = labs.Record{Learner: learner, Lab: l.Name}
		}
		return seat.Config{Scenario: v.Lab.Scenario().Name, Learner: learner, Variant: v, Record: r, Keep: s.class.keep}, nil
	}
	for _, x := range s.options.Scenarios {
		if x.Name == lab {
			return seat.Config{Scenario: x.Name, Learner: learner, World: x.World}, nil
		}
	}
	return seat.Config{}, fmt.Errorf("there is no lab %q here", clip(lab, 60))
}

// pupil is a learner in the teacher's list.
type pupil struct {
	Learner string `json:"learner"`
	State   string `json:"state"` // work, stuck, dead, done, asleep, off
	Task    string `json:"task"`
	Done    int    `json:"done"`
	Of      int    `json:"of"`
	Since   int    `json:"since"` // seconds at the task
	Hints   int    `json:"hints"`
	Line    string `json:"line"`
	Says    string `json:"says,omitempty"`
	Memory  int    `json:"memory,omitempty"` // of packets, in bytes
	Link    string `json:"link"`             // the learner's own, for who has lost it
}

// classroom is who is where.
func (s *Server) classroom(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.allowed(w, r, teacher); !ok {
		return
	}
	l := s.find(s.lab(r))
	if l == nil && len(s.options.Labs) > 0 {
		l = s.options.Labs[0]
	}
	if l == nil {
		http.Error(w, "there is no lab", http.StatusNotFound)
		return
	}
	out := struct {
		Title    string           `json:"title"`
		Lab      string           `json:"lab"`
		Labs     []entry          `json:"labs"`
		Langs    []string         `json:"langs"`
		Tasks    []map[string]any `json:"tasks"`
		Learners []pupil          `json:"learners"`
		Awake    int              `json:"awake"`
		Memory   uint64           `json:"memory"`
	}{Title: s.options.Title, Lab: l.Name, Labs: s.list(""), Langs: l.Languages(), Tasks: []map[string]any{}, Learners: []pupil{}, Memory: heap()}
	en, zh := l.TaskTitles(labs.English), l.TaskTitles(labs.Chinese)
	for i := range en {
		out.Tasks = append(out.Tasks, map[string]any{"id": en[i].ID, "title": map[string]string{labs.English: en[i].Title, labs.Chinese: zh[i].Title}})
	}
	for _, name := range s.class.learners() {
		p, awake := s.pupil(l, name)
		out.Learners = append(out.Learners, p)
		if awake {
			out.Awake++
		}
	}
	answer(w, out)
}

// pupil is how a learner is in a lab, and whether their world is awake.
func (s *Server) pupil(l *labs.Lab, name string) (p pupil, awake bool) {
	p = pupil{Learner: name, State: "off", Of: l.Tasks(), Link: "/?token=" + s.door.token(visitor{learner, name})}
	if r, ok := s.class.record(place{name, l.Name}); ok {
		m := l.MarkOf(r)
		p.Done, p.Hints = m.Done, m.Hints
		for _, t := range m.Tasks {
			if !t.Done {
				p.Task = t.Task
				break
			}
		}
	}
	if x := s.known(name, l.Name); x != nil {
		st := x.Status()
		awake = st.State != seat.Asleep
		p.Line, p.Says, p.Memory = st.Line, st.Says, st.Kept
		if st.Task != "" {
			p.Task = st.Task
		}
		if !st.Since.IsZero() {
			p.Since = int(time.Since(st.Since).Seconds())
		}
		switch {
		case st.State == seat.Over:
			p.State = "dead"
		case st.State == seat.Asleep:
			p.State = "asleep"
		case st.DeadEnd:
			p.State = "dead"
		case st.Viewers == 0:
		case time.Since(st.Since) > stuck && !st.Since.IsZero():
			p.State = "stuck"
		default:
			p.State = "work"
		}
	}
	if p.Done == p.Of && p.Of > 0 {
		p.State = "done"
	}
	return p, awake
}

// say tells a learner something, in every lab that they are in.
func (s *Server) say(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.allowed(w, r, teacher); !ok {
		return
	}
	var ask struct{ Learner, Text string }
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || strings.TrimSpace(ask.Text) == "" || len(ask.Text) > 2000 {
		http.Error(w, "write {\"learner\": NAME, \"text\": TEXT}, of 2000 bytes at most", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	var to []*seat.Seat
	for at, x := range s.seats {
		if at.learner == ask.Learner {
			to = append(to, x)
		}
	}
	s.mu.Unlock()
	if len(to) == 0 {
		http.Error(w, "that learner is not there", http.StatusNotFound)
		return
	}
	for _, x := range to {
		x.Say("info", ask.Text)
	}
	answer(w, map[string]bool{"told": true})
}

// results are everybody's marks, of all labs.
func (s *Server) results(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.allowed(w, r, teacher); !ok {
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="results.csv"`)
	out := csv.NewWriter(w)
	for _, l := range s.options.Labs {
		var rows []labs.Row
		for _, name := range s.class.learners() {
			if r, ok := s.class.record(place{name, l.Name}); ok {
				rows = append(rows, labs.Row{Learner: name, Mark: l.MarkOf(r)})
			}
		}
		if len(rows) > 0 {
			out.WriteAll(l.Table(rows))
		}
	}
	out.Flush()
}

// record is what somebody hands in: all that they have done in a lab, for dnetsim grade.
// A teacher names the learner.
func (s *Server) record(w http.ResponseWriter, r *http.Request) {
	who, ok := s.allowed(w, r, owner, learner, teacher)
	if !ok {
		return
	}
	if who.role == teacher {
		who.learner = r.URL.Query().Get("learner")
	}
	record, ok := s.class.record(place{who.learner, s.lab(r)})
	if !ok {
		http.Error(w, "there is no such record", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="`+recordName(record)+`"`)
	record.Write(w)
}

// recordName is a file's name for a record: letters, digits and hyphens.
func recordName(r labs.Record) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, s)
	}
	return plain(r.Lab) + "-" + plain(r.Learner) + ".json"
}

// records are those of everybody in a lab.
func (s *Server) records(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.allowed(w, r, teacher); !ok {
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="records.zip"`)
	out := zip.NewWriter(w)
	for i, name := range s.class.learners() {
		record, ok := s.class.record(place{name, s.lab(r)})
		if !ok {
			continue
		}
		f, err := out.Create(fmt.Sprintf("%03d-%s", i+1, recordName(record))) // two names may be written alike
		if err != nil || record.Write(f) != nil {
			return
		}
	}
	out.Close()
}

// heap is what the process has on its heap, in bytes.
func heap() uint64 {
	x := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(x)
	return x[0].Value.Uint64()
}

// guard keeps the process within its memory: worlds that nobody looks at are put to
// sleep, and if that does not help, the largest is stopped.
func (s *Server) guard() {
	if s.options.Memory == 0 {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	over := 0
	for {
		select {
		case <-s.over:
			return
		case <-tick.C:
		}
		if heap() < s.options.Memory {
			over = 0
			continue
		}
		if over++; over == 1 || over == 3 {
			s.sleepers()
		} else if over >= 5 {
			s.stopLargest()
			over = 2
		}
	}
}

// sleepers puts the worlds that nobody looks at to sleep.
func (s *Server) sleepers() {
	for _, x := range s.all() {
		if x.Status().Viewers == 0 {
			x.Sleep()
		}
	}
}

// stopLargest stops the world that holds most.
func (s *Server) stopLargest() {
	var largest *seat.Seat
	for _, x := range s.all() {
		if st := x.Status(); st.State != seat.Over && st.State != seat.Asleep && (largest == nil || st.Weight > largest.Status().Weight) {
			largest = x
		}
	}
	if largest != nil {
		largest.Stop(errors.New("it takes too much memory"))
	}
}

func (s *Server) all() (out []*seat.Seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.seats {
		out = append(out, x)
	}
	return out
}
