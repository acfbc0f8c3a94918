package page

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/labs"
	"dnetsim/labs/store"
)

// servedElsewhere says to this test's binary that it is to serve a class.
const servedElsewhere = "DNETSIM_TEST_CLASS"

// TestMain serves a class in a process of its own if the environment says so.
func TestMain(m *testing.M) {
	if file := os.Getenv(servedElsewhere); file != "" {
		elsewhere(file)
		return
	}
	os.Exit(m.Run())
}

// elsewhere serves until it is killed; it prints its address and links as JSON.
func elsewhere(file string) {
	st, err := store.Open(file)
	if err != nil {
		panic(err)
	}
	l, err := labs.Named("ping-fails")
	if err != nil {
		panic(err)
	}
	s, err := New(Options{Labs: []*labs.Lab{l}, Store: st, Class: true, Docker: cli.Program})
	if err != nil {
		panic(err)
	}
	ln := listenHere()
	json.NewEncoder(os.Stdout).Encode(map[string]string{"url": "http://" + ln.Addr().String(), "learners": s.Links().Learners})
	s.Serve(ln)
}

// process is a server in a process of its own.
type process struct {
	cmd *exec.Cmd
	*served
	learners string
}

func begin(t *testing.T, file string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), servedElsewhere+"="+file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var at struct{ URL, Learners string }
	if err := json.Unmarshal(line, &at); err != nil {
		t.Fatal(err)
	}
	return &process{cmd, &served{url: at.URL}, at.Learners}
}

// What a page was told is there after kill -9, and what was typed a moment before, too.
func TestKillLosesNobodysProgress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "class.db")
	s := begin(t, file)
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, Timeout: patience}
	if r, err := c.Get(s.url + s.learners); err != nil || r.StatusCode != 200 {
		t.Fatal(r, err)
	}
	if code, text := s.post(t, c, "/api/join", map[string]string{"learner": "Ann"}); code != 200 {
		t.Fatal(text)
	}
	p := s.play(t, c, "lab=ping-fails")
	var tasks tasksMessage
	p.last("tasks", &tasks)
	p.ask("time", map[string]any{"op": "speed", "speed": 10}, nil)
	term := p.open("bdc01")
	p.types(term, "ping -c 1 -W 1 10.255.255.254 > /dev/null; echo FIR''ST\r")
	p.shows(term, "FIRST\r\n")
	task := tasks.Tasks[0].ID
	p.ask("hint", map[string]any{"task": task}, nil)
	p.last("tasks", &tasks)
	hints := len(tasks.Tasks[0].Hints)
	s.cmd.Process.Kill() // told, and killed
	s.cmd.Wait()

	again := begin(t, file)
	q := again.play(t, transplant(t, c, s.url, again.url), "lab=ping-fails")
	var later tasksMessage
	q.last("tasks", &later)
	if hints == 0 || len(later.Tasks[0].Hints) != hints || later.Points != tasks.Points {
		t.Errorf("after the kill: %+v, before: %+v", later, tasks)
	}
	q.shows(term, "FIRST\r\n")
	q.types(term, "echo it goes''on\r")
	q.shows(term, "it goeson\r\n")
	q.keeps(file, "echo it goes''on", term)
	again.cmd.Process.Kill()
	again.cmd.Wait()

	third := begin(t, file)
	r := third.play(t, transplant(t, c, again.url, third.url), "lab=ping-fails")
	r.shows(term, "it goeson\r\n")
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(r.shown[term], "FIRST\r\n") {
		t.Errorf("the terminal shows %q", r.shown[term])
	}
}

// keeps waits until a text that was typed is in a store's file to stay. It is there before
// the file's two heads say so (bbolt's meta pages); another key has them written again.
func (p *player) keeps(file, text string, term int) {
	p.t.Helper()
	heads := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		if !bytes.Contains(b, []byte(text)) {
			continue
		}
		switch now := string(b[:2*os.Getpagesize()]); heads {
		case "":
			heads = now
			p.types(term, " ")
		case now:
		default:
			return
		}
	}
	p.t.Fatalf("%q is not in %s", text, file)
}
