package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const upScenario = `name: up
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
hosts:
  h1: {address: 10.0.0.11}
  h2: {address: 10.0.0.12}
setup:
  - h1$ docker run -d --name web busybox sleep 100000
  - wait: 90s
`

// words is what a lab prints, as it comes.
type words struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// upLabTest is a lab that a test has up.
type upLabTest struct {
	t        *testing.T
	dir      string
	env      func(string) string
	out, err *words
	stop     context.CancelCauseFunc
	code     chan int
}

// bring brings a scenario up in a folder.
func bring(t *testing.T, text, dir string, args ...string) *upLabTest {
	t.Helper()
	return bringIn(t, t.TempDir(), text, dir, args...)
}

// bringIn does so for a user with a runtime folder.
func bringIn(t *testing.T, runtime, text, dir string, args ...string) *upLabTest {
	t.Helper()
	env := func(k string) string { return map[string]string{"XDG_RUNTIME_DIR": runtime}[k] }
	ctx, cancel := context.WithCancelCause(context.Background())
	u := &upLabTest{t: t, dir: dir, env: env, out: &words{}, err: &words{}, stop: cancel, code: make(chan int, 1)}
	term := &terminal{in: strings.NewReader(text), out: u.out, err: u.err, env: env}
	go func() { u.code <- execute(ctx, term, append([]string{"up", "-", "--dir", dir}, args...)) }()
	for !strings.Contains(u.err.String(), "is up;") {
		select {
		case code := <-u.code:
			t.Fatalf("ended with %d: %s", code, u.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return u
}

// end is Ctrl-C.
func (u *upLabTest) end() int {
	u.stop(errors.New("interrupted"))
	return <-u.code
}

// client is an HTTP client of a host's socket.
func (u *upLabTest) client(host string) *http.Client {
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(u.dir, host+".sock"))
	}}
	u.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// ask sends one request and returns the status and the body.
func ask(t *testing.T, c *http.Client, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://docker"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, string(text)
}

// shortDir is a folder whose sockets' paths fit.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "up")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestUpServesEveryHostToItsUserAndCleansUp(t *testing.T) {
	dir := filepath.Join(shortDir(t), "run")
	u := bring(t, upScenario, dir)
	want := "export DOCKER_HOST=unix://" + dir + "/h1.sock\nexport DOCKER_HOST=unix://" + dir + "/h2.sock\n"
	if u.out.String() != want {
		t.Errorf("got %q, want %q", u.out, want)
	}
	for _, h := range []string{"h1", "h2"} {
		info, err := os.Stat(filepath.Join(dir, h+".sock"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", h, info, err)
		}
		if _, text := ask(t, u.client(h), "GET", "/info", ""); !strings.Contains(text, `"Name":"`+h+`"`) {
			t.Errorf("%s: %s", h, text)
		}
	}
	if code, _, errs := call(t, upScenario, nil, "up", "-", "--dir", dir); code != exitUsage || !strings.Contains(errs, "a lab is up there already") {
		t.Errorf("a second one: %d %s", code, errs)
	}
	if code := u.end(); code != exitOK {
		t.Errorf("ended with %d: %s", code, u.err)
	}
	if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUpTakesTheFolderOfALabThatDied(t *testing.T) {
	dir := shortDir(t)
	for _, name := range []string{"h1.sock", controlName} {
		ln, err := net.Listen("unix", filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		ln.(*net.UnixListener).SetUnlinkOnClose(false)
		ln.Close()
	}
	u := bring(t, upScenario, dir)
	if status, _ := ask(t, u.client("h1"), "GET", "/_ping", ""); status != 200 {
		t.Errorf("status %d", status)
	}
	u.end()
	// What is no socket is somebody's file.
	if err := os.WriteFile(filepath.Join(dir, "h1.sock"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, upScenario, nil, "up", "-", "--dir", dir); code != exitUsage || !strings.Contains(errs, "no socket") {
		t.Errorf("%d %s", code, errs)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "h1.sock")); string(text) != "mine" {
		t.Error("the file is gone")
	}
}

func TestDownEndsALab(t *testing.T) {
	dir := shortDir(t)
	u := bring(t, upScenario, dir)
	if code, _, errs := call(t, "", nil, "down", dir); code != exitOK || !strings.Contains(errs, "up is down") {
		t.Errorf("%d %s", code, errs)
	}
	if code := <-u.code; code != exitOK {
		t.Errorf("the lab ended with %d: %s", code, u.err)
	}
	if code, _, errs := call(t, "", nil, "down", dir); code != exitUsage || !strings.Contains(errs, "no lab is up") {
		t.Errorf("%d %s", code, errs)
	}
}

// What ran in the setup, ages and times are the real world's.
func TestClocksOfALabThatIsUpShowTheRealTime(t *testing.T) {
	u := bring(t, upScenario, shortDir(t))
	defer u.end()
	c := u.client("h1")
	var list []struct {
		Created int64
		Status  string
	}
	_, text := ask(t, c, "GET", "/containers/json", "")
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v %s", err, text)
	}
	if age := time.Since(time.Unix(list[0].Created, 0)); age < 80*time.Second || age > 10*time.Minute {
		t.Errorf("age %v, want 90 s and a little", age)
	}
	var info struct{ SystemTime time.Time }
	_, text = ask(t, c, "GET", "/info", "")
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		t.Fatal(err)
	}
	if off := time.Since(info.SystemTime).Abs(); off > time.Minute {
		t.Errorf("the clock is off by %v", off)
	}
	if status, text := ask(t, c, "GET", "/events?since=0&until="+time.Now().Format(time.RFC3339), ""); status != 200 {
		t.Errorf("%d %s", status, text)
	}
}

func TestSpeedMaxJumpsOverWhatAClientWaitsFor(t *testing.T) {
	u := bring(t, upScenario, shortDir(t), "--speed", "max")
	defer u.end()
	c := u.client("h1")
	_, text := ask(t, c, "POST", "/containers/create", `{"Image":"busybox","Cmd":["sleep","36000"]}`)
	var made struct{ ID string }
	json.Unmarshal([]byte(text), &made)
	ask(t, c, "POST", "/containers/"+made.ID+"/start", "")
	if status, text := ask(t, c, "POST", "/containers/"+made.ID+"/wait", ""); status != 200 || !strings.Contains(text, `"StatusCode":0`) {
		t.Errorf("%d %s", status, text)
	}
}

func TestTCPIsForClientsOnThisMachine(t *testing.T) {
	for _, c := range []struct{ tcp, says string }{
		{"h1=0.0.0.0:0", "needs --tls-verify"}, {"h1=10.1.2.3:2375", "needs --tls-verify"}, {"h1=:2375", "needs --tls-verify"},
		{"h9=127.0.0.1:0", "no host"}, {"127.0.0.1:0", "write HOST="}, {"h1=127.0.0.1", "write HOST="},
	} {
		if code, _, errs := call(t, upScenario, nil, "up", "-", "--dir", shortDir(t), "--tcp", c.tcp); code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%s: %d %s", c.tcp, code, errs)
		}
	}
	u := bring(t, upScenario, shortDir(t), "--tcp", "h2=127.0.0.1:0")
	defer u.end()
	at := regexp.MustCompile(`tcp://(\S+) # h2`).FindStringSubmatch(u.out.String())
	if at == nil {
		t.Fatal(u.out)
	}
	for _, c := range []struct {
		host, origin string
		status       int
	}{{"", "", 200}, {"localhost:1", "", 200}, {"evil.example", "", 403}, {"10.1.2.3", "", 403}, {"", "http://evil.example", 403}} {
		r, _ := http.NewRequest("GET", "http://"+at[1]+"/_ping", nil)
		if c.host != "" {
			r.Host = c.host
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("Host %q, Origin %q: %d, want %d", c.host, c.origin, res.StatusCode, c.status)
		}
	}
}

// Files go out of a container and come in as tar archives: docker cp.
func TestFilesAreCopiedOutAndIn(t *testing.T) {
	u := bring(t, upScenario, shortDir(t))
	defer u.end()
	c := u.client("h1")
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range map[string]string{"a.txt": "hello\n", "../../../outside.txt": "below\n"} {
		w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))})
		io.WriteString(w, text)
	}
	w.Close()
	if status, text := ask(t, c, "PUT", "/containers/web/archive?path=/tmp", b.String()); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	for at, want := range map[string]string{"/tmp/a.txt": "hello\n", "/tmp/outside.txt": "below\n"} {
		_, text := ask(t, c, "GET", "/containers/web/archive?path="+at, "")
		r := tar.NewReader(strings.NewReader(text))
		h, err := r.Next()
		if err != nil || h.Name != filepath.Base(at) {
			t.Fatalf("%s: %v %v", at, h, err)
		}
		if got, _ := io.ReadAll(r); string(got) != want {
			t.Errorf("%s: %q", at, got)
		}
	}
	for path, want := range map[string]int{"/nosuch": 404, "": 400} {
		if status, text := ask(t, c, "GET", "/containers/web/archive?path="+path, ""); status != want {
			t.Errorf("%q: %d %s", path, status, text)
		}
	}
	for path, body := range map[string]string{"/tmp/a.txt": b.String(), "/tmp": "no archive, but long enough to be read as one"} {
		if status, text := ask(t, c, "PUT", "/containers/web/archive?path="+path, body); status != 400 {
			t.Errorf("into %q: %d %s", path, status, text)
		}
	}
}
