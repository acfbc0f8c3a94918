package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lines hands over what is printed, line by line.
type lines struct{ out chan string }

func (l lines) Write(b []byte) (int, error) {
	for s := range strings.Lines(string(b)) {
		l.out <- strings.TrimSpace(s)
	}
	return len(b), nil
}

// served runs a command that serves a page until the test is over, and returns the
// links that it prints.
func served(t *testing.T, links int, args ...string) (found []string, end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out := lines{make(chan string, 16)}
	code := make(chan int, 1)
	go func() {
		term := &terminal{in: strings.NewReader(""), out: out, err: io.Discard, env: func(string) string { return "" }}
		code <- execute(ctx, term, args)
	}()
	for range links {
		select {
		case s := <-out.out:
			found = append(found, s[strings.Index(s, "http://"):])
		case c := <-code:
			t.Fatalf("%v ended with %d", args, c)
		case <-time.After(patienceOfTests):
			t.Fatalf("%v prints no link", args)
		}
	}
	return found, func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(patienceOfTests):
			t.Errorf("%v does not end", args)
			return -1
		}
	}
}

func visit(t *testing.T, link, path string) (int, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	for _, u := range []string{link, link[:strings.Index(link, "/?")] + path} {
		r, err := c.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || u != link {
			return r.StatusCode, string(text)
		}
	}
	return 0, ""
}

func TestLabAndServePrintLinksThatLetIn(t *testing.T) {
	for _, name := range []string{"ping-fails", "local-modes"} {
		links, end := served(t, 1, "lab", name, "--no-browser")
		if code, text := visit(t, links[0], "/api/labs"); code != http.StatusOK || !strings.Contains(text, `"open":"`+name+`"`) {
			t.Errorf("lab %s: %d %.200s", name, code, text)
		}
		if code := end(); code != exitOK {
			t.Errorf("lab %s ends with %d", name, code)
		}
	}
	data := filepath.Join(t.TempDir(), "class")
	links, end := served(t, 2, "serve", "--listen", "127.0.0.1:0", "--data", data)
	if code, text := visit(t, links[0], "/api/class"); code != http.StatusOK || !strings.Contains(text, `"learners":[]`) {
		t.Errorf("the teacher: %d %.200s", code, text)
	}
	if code, text := visit(t, links[1], "/api/me"); code != http.StatusOK || !strings.Contains(text, `"named":false`) {
		t.Errorf("a learner: %d %.200s", code, text)
	}
	if code := end(); code != exitOK {
		t.Errorf("serve ends with %d", code)
	}
	// Its links are good after a restart.
	again, end := served(t, 2, "serve", "--listen", "127.0.0.1:0", "--data", data)
	if old := links[0][strings.Index(links[0], "/?"):]; !strings.HasSuffix(again[0], old) {
		t.Errorf("the teacher's link was %s and is %s", old, again[0])
	}
	end()
	for _, args := range [][]string{{"lab", "nosuch"}, {"lab", "ping-fails", "--listen", "nowhere"}, {"serve", "--labs", "/no/such/folder"}, {"serve", "--memory", "1"}} {
		if code, _, errs := call(t, "", nil, args...); code != exitUsage || errs == "" {
			t.Errorf("%v: %d %s", args, code, errs)
		}
	}
}

func TestRecordWritesAPageOrADrawing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.html")
	if code, _, errs := call(t, "", nil, "record", "port-not-published", "-o", file); code != exitOK {
		t.Fatalf("%d %s", code, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `id="recording">{"v":1,"scenario":"port-not-published"`) {
		t.Errorf("%v %.300s", err, text)
	}
	for form, begins := range map[string]string{"--svg": "<svg ", "--mermaid": "flowchart LR\n"} {
		if code, out, errs := call(t, "", nil, "record", "port-not-published", form); code != exitOK || !strings.HasPrefix(out, begins) {
			t.Errorf("%s: %d %s%.100s", form, code, errs, out)
		}
	}
	if code, _, errs := call(t, "", nil, "record", "port-not-published", "-o", "/no/such/folder/x.html"); code != exitUsage || !strings.Contains(errs, "-o") {
		t.Errorf("%d %s", code, errs)
	}
}
