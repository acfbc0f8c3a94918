package page

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/labs"
	"dnetsim/labs/store"
)

// tasksMessage is the message tasks, as far as tests look.
type tasksMessage struct {
	Tasks []struct {
		ID, State string
		Hints     []struct{ Text, Kind string }
	}
	Points, Of, Done int
}

func (s *served) post(t *testing.T, c *http.Client, path string, v any) (int, string) {
	t.Helper()
	b, _ := json.Marshal(v)
	r, _ := http.NewRequest("POST", s.url+path, bytes.NewReader(b))
	r.Header.Set("Origin", s.url)
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

func (s *served) get(t *testing.T, c *http.Client, path string) (int, string) {
	t.Helper()
	res, err := c.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// pupil is a browser of a learner who has joined.
func (s *served) pupil(t *testing.T, name string) *http.Client {
	t.Helper()
	c := s.browser(t, s.Links().Learners)
	if code, text := s.post(t, c, "/api/join", map[string]string{"learner": name}); code != 200 {
		t.Fatalf("join as %s: %d %s", name, code, text)
	}
	return c
}

func teach(t *testing.T, file string) (*served, *store.Store) {
	t.Helper()
	st, err := store.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := labs.Named("ping-fails")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, Options{Labs: []*labs.Lab{l}, Store: st, Class: true, Title: "Networks 1"}), st
}

// again is told everything once more, and returns the clock.
func (p *player) again() (c clockMessage) {
	p.t.Helper()
	p.mu.Lock()
	from := len(p.all)
	p.mu.Unlock()
	p.send("lang", map[string]any{"lang": "en"})
	p.until("all once more", func() bool {
		told := false
		for _, m := range p.all[from:] {
			told = told || m.T == "hello"
			if told && m.T == "clock" {
				json.Unmarshal(m.raw, &c)
				return true
			}
		}
		return false
	})
	return c
}

// A learner does a task, asks for a hint, answers wrongly; the teacher sees it and
// watches; after a restart all of it is there.
func TestAClassIsTaughtAndGoesOnAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "class.db")
	s, st := teach(t, file)
	teacher := s.browser(t, s.Links().Teacher)
	ann := s.pupil(t, "Ann")
	s.pupil(t, "Bob")
	p := s.play(t, ann, "lab=ping-fails&lang=zh")
	var hello struct {
		Lab     struct{ Title, Story string }
		Learner string
	}
	p.last("hello", &hello)
	if hello.Lab.Title != "不通的 ping" || hello.Learner != "Ann" || !strings.Contains(hello.Lab.Story, "<code>") {
		t.Errorf("hello: %+v", hello)
	}
	var topo struct {
		Topo struct{ Nodes []struct{ ID, Kind string } }
	}
	p.last("topo", &topo)
	from := ""
	for _, n := range topo.Topo.Nodes {
		if n.Kind == "container" && strings.HasPrefix(n.ID, "bdc01/") && n.ID != "bdc01/consul" {
			from = n.ID
		}
	}
	p.ask("time", map[string]any{"op": "speed", "speed": 20}, nil)
	term := p.open(from)
	p.types(term, "ping -c 1 -W 1 9.9.9.9; ping -c 1 -W 1 `ip route | sed -n 's/.*dev eth0.*src *\\(.*\\)\\.1 *$/\\1.2/p'`\r")
	var tasks tasksMessage
	p.until("the first task is done", func() bool {
		for i := len(p.all) - 1; i >= 0; i-- {
			if p.all[i].T == "tasks" {
				json.Unmarshal(p.all[i].raw, &tasks)
				return tasks.Done == 1
			}
		}
		return false
	})
	var bar struct {
		Marks []struct{ Kind, Text string }
	}
	p.last("tasks", &tasks)
	p.ask("time", map[string]any{"op": "pause"}, nil)
	p.last("bar", &bar)
	kinds := ""
	for _, m := range bar.Marks {
		kinds += m.Kind + " " + m.Text + "\n"
	}
	if !strings.Contains(kinds, "command ping -c 1 -W 1 9.9.9.9") || !strings.Contains(kinds, "checkpoint 起点\ncheckpoint ") {
		t.Errorf("the bar's marks: %s", kinds)
	}
	var hint struct{ Text, Kind string }
	p.ask("hint", map[string]any{"task": tasks.Tasks[1].ID}, &hint)
	if hint.Text == "" {
		t.Error("the hint says nothing")
	}
	p.last("tasks", &tasks)

	code, text := s.get(t, teacher, "/api/class")
	var class struct {
		Title    string
		Tasks    []struct{ ID string }
		Learners []struct {
			Learner, State, Task, Line string
			Done, Of, Hints            int
		}
		Awake int
	}
	if err := json.Unmarshal([]byte(text), &class); code != 200 || err != nil {
		t.Fatalf("%d %s", code, text)
	}
	if class.Title != "Networks 1" || len(class.Learners) != 2 || class.Awake != 1 || len(class.Tasks) != len(tasks.Tasks) {
		t.Errorf("the class: %s", text)
	}
	if a := class.Learners[0]; a.Learner != "Ann" || a.State != "work" || a.Done != 1 || a.Hints != 1 || a.Task != tasks.Tasks[1].ID || !strings.HasPrefix(a.Line, "ping") {
		t.Errorf("Ann: %+v", a)
	}
	watch := s.play(t, teacher, "lab=ping-fails&watch=Ann")
	watch.shows(term, "ping")
	if m := watch.answer("term.open", map[string]any{"place": "bdc01"}); m.OK {
		t.Error("a teacher who watches may type")
	}
	if code, text := s.post(t, teacher, "/api/say", map[string]string{"learner": "Ann", "text": "look at the rules"}); code != 200 {
		t.Errorf("say: %d %s", code, text)
	}
	p.until("the teacher's word", func() bool {
		for _, m := range p.all {
			if m.T == "say" && strings.Contains(string(m.raw), "look at the rules") {
				return true
			}
		}
		return false
	})

	p.ws.CloseNow()
	x := s.known("Ann", "ping-fails")
	for x.Status().Viewers > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	now := watch.again()
	time.Sleep(200 * time.Millisecond)
	later := watch.again()
	if now.Now == 0 || later.Now != now.Now {
		t.Errorf("time goes on while only the teacher looks: %+v, %+v", now, later)
	}
	s.Close()
	st.Close()
	again, st := teach(t, file)
	defer st.Close()
	defer again.Close()
	q := again.play(t, transplant(t, ann, s.url, again.url), "lab=ping-fails&lang=en")
	var resumed tasksMessage
	q.last("tasks", &resumed)
	if resumed.Done != 1 || resumed.Points != tasks.Points || len(resumed.Tasks[1].Hints) != 1 {
		t.Errorf("after the restart: %+v, before: %+v", resumed, tasks)
	}
	q.shows(term, "1 packets transmitted")
	q.ws.CloseNow()
	third := again.browser(t, again.Links().Teacher)
	for _, x := range again.all() {
		for x.Status().Viewers > 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	again.sleepers()
	look := again.play(t, third, "lab=ping-fails&watch=Ann")
	look.shows(term, "1 packets transmitted")
	if ws, _, err := again.dial(third, "lab=ping-fails&watch=Nobody", nil); err == nil {
		ws.CloseNow()
		t.Error("a learner who was never there is watched")
	}
	again.stopLargest()
	look.until("the world is stopped", func() bool {
		return strings.Contains(string(look.all[len(look.all)-1].raw), "too much memory")
	})
	code, text = again.get(t, transplant(t, ann, s.url, again.url), "/record.json?lab=ping-fails")
	if r, err := labs.ReadRecord(strings.NewReader(text)); code != 200 || err != nil || r.Learner != "Ann" || len(r.Acts) != 2 || len(r.Log) == 0 {
		t.Errorf("the record: %d %v %.300s", code, err, text)
	} else if l, err := labs.Named("ping-fails"); err != nil {
		t.Error(err)
	} else if m, err := l.Grade(r, cli.Program); err != nil || m.Points != resumed.Points || m.Done != 1 || m.Hints != 1 {
		t.Errorf("graded: %+v %v, the page said %+v", m, err, resumed)
	}
	if code, text = again.get(t, again.browser(t, again.Links().Teacher), "/records.zip?lab=ping-fails"); code != 200 || !strings.Contains(text, "001-ping-fails-Ann.json") {
		t.Errorf("the records: %d %.100q", code, text)
	}
	code, text = again.get(t, again.browser(t, again.Links().Teacher), "/results.csv")
	if code != 200 || !strings.Contains(text, "Ann,ping-fails,") {
		t.Errorf("results: %d %s", code, text)
	}
}

// transplant gives a browser's cookies to another server's address.
func transplant(t *testing.T, c *http.Client, from, to string) *http.Client {
	t.Helper()
	a, _ := http.NewRequest("GET", from, nil)
	b, _ := http.NewRequest("GET", to, nil)
	port := func(u string) string { return u[strings.LastIndex(u, ":")+1:] }
	for _, k := range c.Jar.Cookies(a.URL) {
		k.Name = strings.Replace(k.Name, port(from), port(to), 1)
		c.Jar.SetCookies(b.URL, []*http.Cookie{k})
	}
	return c
}
