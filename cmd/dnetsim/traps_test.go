package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// trapLab is a lab in which clients fall into what a server of the Engine API can get
// wrong. Each trap is one that real clients have fallen into.
type trapLab struct {
	*upLabTest
	c *http.Client
}

// made creates a container (and starts it) and returns its ID.
func (l *trapLab) made(t *testing.T, name, body string, start bool) string {
	t.Helper()
	status, text := ask(t, l.c, "POST", "/containers/create?name="+name, body)
	var made struct{ ID string }
	if json.Unmarshal([]byte(text), &made); status != 201 {
		t.Fatalf("create %s: %d %s", name, status, text)
	}
	if start {
		if status, text := ask(t, l.c, "POST", "/containers/"+name+"/start", ""); status != 204 {
			t.Fatalf("start %s: %d %s", name, status, text)
		}
	}
	return made.ID
}

// state is a container's, as inspect has it.
func (l *trapLab) state(t *testing.T, name string) (s struct {
	Status   string
	Running  bool
	ExitCode int
}) {
	t.Helper()
	var x struct{ State any }
	x.State = &s
	_, text := ask(t, l.c, "GET", "/containers/"+name+"/json", "")
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		t.Fatal(text)
	}
	return s
}

// hijack sends a request whose connection becomes a stream.
func (l *trapLab) hijack(t *testing.T, path, body string, upgrade bool) (net.Conn, *http.Response, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("unix", filepath.Join(l.dir, "h1.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	more := ""
	if upgrade {
		more = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
	}
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", path, more, len(body), body)
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, res, in
}

// exec makes an exec and returns its ID.
func (l *trapLab) exec(t *testing.T, container, body string) string {
	t.Helper()
	status, text := ask(t, l.c, "POST", "/containers/"+container+"/exec", body)
	var made struct{ ID string }
	if json.Unmarshal([]byte(text), &made); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	return made.ID
}

// patienceOfTests is how long anything may take on a machine that is busy.
const patienceOfTests = 5 * time.Minute

// eventually waits for something that a process of the lab does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patienceOfTests); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come true", what)
		}
	}
}

func TestTrapsOfTheEngineAPI(t *testing.T) {
	u := bring(t, upScenario, shortDir(t), "--speed", "10")
	defer u.end()
	l := &trapLab{u, u.client("h1")}
	for _, trap := range []struct {
		name string
		try  func(*testing.T, *trapLab)
	}{
		{"1 wait answers its head at once", trapWaitHead},
		{"2 output comes after the answer", trapOutput},
		{"3 filters in both encodings", trapFilters},
		{"4 booleans in all spellings", trapBooleans},
		{"5 signals that are ignored kill nobody", trapSignals},
		{"6 streams are framed, and raw with a terminal", trapFraming},
		{"7 half-close ends stdin and not the answer", trapHalfClose},
		{"8 the exit code is there when the stream ends", trapExitCode},
		{"9 wait for removal, die before destroy", trapRemoved},
		{"10 a detached terminal does not end its process", trapDetach},
		{"11 a resize comes at any time and twice", trapResize},
		{"12 inspect gives IDs as IDs and nothing more", trapInspect},
		{"13 null, zero and empty as dockerd has them", trapNull},
		{"14 lists are lists", trapLists},
		{"15 a name is there once", trapTwice},
	} {
		t.Run(trap.name, func(t *testing.T) { trap.try(t, l) })
	}
}

func trapWaitHead(t *testing.T, l *trapLab) {
	l.made(t, "t1", `{"Image":"busybox","Cmd":["true"]}`, false)
	// The head must come before the container is started, or docker run never starts it.
	_, res, in := l.hijack(t, "/containers/t1/wait?condition=next-exit", "", false)
	if res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
	ask(t, l.c, "POST", "/containers/t1/start", "")
	var body struct{ StatusCode int }
	res.Body = io.NopCloser(in)
	text, _ := in.ReadString('}')
	if _, after, ok := strings.Cut(text, "{"); !ok || json.Unmarshal([]byte("{"+after), &body) != nil && !strings.Contains(text, "StatusCode") {
		t.Errorf("body %q", text)
	}
}

// The first output of an exec comes a little after the answer, for clients that
// would lose it (docker-py).
func trapOutput(t *testing.T, l *trapLab) {
	id := l.exec(t, "web", `{"Cmd":["echo","hello"],"AttachStdout":true}`)
	c, err := net.Dial("unix", filepath.Join(l.dir, "h1.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "POST /exec/"+id+"/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}")
	first := make([]byte, 4096)
	n, err := c.Read(first)
	if err != nil || !bytes.HasPrefix(first, []byte("HTTP/1.1 101 UPGRADED\r\n")) || !bytes.HasSuffix(first[:n], []byte("\r\n\r\n")) {
		t.Errorf("the first piece is %q %v, want the answer alone", first[:n], err)
	}
	rest, _ := io.ReadAll(c)
	if string(rest) != "\x01\x00\x00\x00\x00\x00\x00\x06hello\n" {
		t.Errorf("then %q", rest)
	}
}

func trapFilters(t *testing.T, l *trapLab) {
	l.made(t, "t3a", `{"Image":"busybox","Labels":{"a":"b"}}`, false)
	l.made(t, "t3b", `{"Image":"busybox","Labels":{"a":"c"}}`, false)
	for _, f := range []string{`{"label":{"a=b":true}}`, `{"label":["a=b"]}`} {
		_, text := ask(t, l.c, "GET", "/containers/json?all=1&filters="+url.QueryEscape(f), "")
		if strings.Count(text, `"Id"`) != 1 || !strings.Contains(text, "/t3a") {
			t.Errorf("%s: %s", f, text)
		}
	}
	for _, f := range []string{`{"label":`, `[]`, `{"label":1}`} {
		if status, text := ask(t, l.c, "GET", "/containers/json?all=1&filters="+url.QueryEscape(f), ""); status != 400 {
			t.Errorf("%s: %d %s", f, status, text)
		}
	}
}

func trapBooleans(t *testing.T, l *trapLab) {
	for word, yes := range map[string]bool{"1": true, "true": true, "True": true, "yes": true, "0": false, "false": false, "False": false, "no": false, "none": false, "": false} {
		l.made(t, "t4", `{"Image":"busybox","Cmd":["sleep","1000"]}`, true)
		status, text := ask(t, l.c, "DELETE", "/containers/t4?force="+word, "")
		if gone := status == 204; gone != yes {
			t.Errorf("force=%s: %d %s", word, status, text)
		}
		ask(t, l.c, "DELETE", "/containers/t4?force=1", "")
	}
}

func trapSignals(t *testing.T, l *trapLab) {
	l.made(t, "t5", `{"Image":"busybox","Cmd":["sleep","1000"]}`, true)
	for _, s := range []string{"WINCH", "CONT", "URG", "SIGWINCH", "28", "CHLD"} {
		if status, text := ask(t, l.c, "POST", "/containers/t5/kill?signal="+s, ""); status != 204 {
			t.Errorf("%s: %d %s", s, status, text)
		}
	}
	ask(t, l.c, "GET", "/containers/t5/top", "")
	if s := l.state(t, "t5"); !s.Running {
		t.Errorf("it is %s", s.Status)
	}
	ask(t, l.c, "POST", "/containers/t5/kill?signal=KILL", "")
	eventually(t, "its end", func() bool { return !l.state(t, "t5").Running })
}

func trapFraming(t *testing.T, l *trapLab) {
	for _, c := range []struct {
		tty, upgrade bool
		status       int
		kind, output string
	}{
		// API 1.41 has one content type for both; the multiplexed one is 1.42's.
		{false, true, 101, "application/vnd.docker.raw-stream", "\x01\x00\x00\x00\x00\x00\x00\x04out\n\x02\x00\x00\x00\x00\x00\x00\x04err\n"},
		{true, true, 101, "application/vnd.docker.raw-stream", "out\r\nerr\r\n"},
		{false, false, 200, "application/vnd.docker.raw-stream", "\x01\x00\x00\x00\x00\x00\x00\x04out\n\x02\x00\x00\x00\x00\x00\x00\x04err\n"},
	} {
		id := l.exec(t, "web", fmt.Sprintf(`{"Cmd":["sh","-c","echo out; echo err >&2"],"AttachStdout":true,"AttachStderr":true,"Tty":%v}`, c.tty))
		_, res, in := l.hijack(t, "/exec/"+id+"/start", fmt.Sprintf(`{"Tty":%v}`, c.tty), c.upgrade)
		got, err := io.ReadAll(in)
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.kind || string(got) != c.output || err != nil {
			t.Errorf("tty %v, upgrade %v: %s %s %q %v", c.tty, c.upgrade, res.Status, res.Header.Get("Content-Type"), got, err)
		}
		if up := res.Header.Get("Upgrade"); c.upgrade && (up != "tcp" || res.Header.Get("Connection") != "Upgrade") {
			t.Errorf("Upgrade: %q, Connection: %q", up, res.Header.Get("Connection"))
		}
	}
	l.made(t, "t6", `{"Image":"busybox","Cmd":["echo","logged"]}`, true)
	eventually(t, "its end", func() bool { return l.state(t, "t6").Status == "exited" })
	if _, text := ask(t, l.c, "GET", "/containers/t6/logs?stdout=1", ""); text != "\x01\x00\x00\x00\x00\x00\x00\x07logged\n" {
		t.Errorf("logs: %q", text)
	}
}

// payload is what multiplexed frames carry.
func payload(b []byte) string {
	var out bytes.Buffer
	for len(b) >= 8 {
		n := int(binary.BigEndian.Uint32(b[4:]))
		if len(b) < 8+n {
			break
		}
		out.Write(b[8 : 8+n])
		b = b[8+n:]
	}
	return out.String()
}

func trapHalfClose(t *testing.T, l *trapLab) {
	id := l.exec(t, "web", `{"Cmd":["sh","-c","wc -c; sleep 1; echo done"],"AttachStdin":true,"AttachStdout":true}`)
	c, _, in := l.hijack(t, "/exec/"+id+"/start", `{}`, true)
	io.WriteString(c, "one\ntwo")
	c.(*net.UnixConn).CloseWrite()
	got, err := io.ReadAll(in)
	if words := strings.Fields(payload(got)); strings.Join(words, " ") != "7 done" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	l.made(t, "t7", `{"Image":"busybox","Cmd":["cat"],"OpenStdin":true,"StdinOnce":true,"AttachStdin":true,"AttachStdout":true}`, false)
	c, _, in = l.hijack(t, "/containers/t7/attach?stream=1&stdin=1&stdout=1", "", true)
	ask(t, l.c, "POST", "/containers/t7/start", "")
	io.WriteString(c, "one\ntwo")
	c.(*net.UnixConn).CloseWrite()
	if got, err := io.ReadAll(in); payload(got) != "one\ntwo" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

func trapExitCode(t *testing.T, l *trapLab) {
	for range 5 {
		id := l.exec(t, "web", `{"Cmd":["sh","-c","exit 7"],"AttachStdout":true}`)
		_, _, in := l.hijack(t, "/exec/"+id+"/start", `{}`, true)
		io.ReadAll(in)
		var x struct {
			ExitCode *int
			Running  bool
		}
		_, text := ask(t, l.c, "GET", "/exec/"+id+"/json", "")
		if json.Unmarshal([]byte(text), &x); x.Running || x.ExitCode == nil || *x.ExitCode != 7 {
			t.Errorf("%s", text)
		}
	}
}

func trapRemoved(t *testing.T, l *trapLab) {
	l.made(t, "t9", `{"Image":"busybox","Cmd":["sleep","1"],"HostConfig":{"AutoRemove":true}}`, false)
	_, _, in := l.hijack(t, "/containers/t9/wait?condition=removed", "", false)
	ask(t, l.c, "POST", "/containers/t9/start", "")
	if text, err := in.ReadString('}'); !strings.Contains(text, `"StatusCode":0`) {
		t.Errorf("%q %v", text, err)
	}
	if status, text := ask(t, l.c, "GET", "/containers/t9/json", ""); status != 404 {
		t.Errorf("after the wait for its removal: %d %s", status, text)
	}
	_, text := ask(t, l.c, "GET", "/info", "")
	var info struct{ SystemTime time.Time } // the host's clock hurries
	json.Unmarshal([]byte(text), &info)
	_, text = ask(t, l.c, "GET", fmt.Sprintf(`/events?since=0&until=%d&filters={"container":["t9"]}`, info.SystemTime.Unix()+1), "")
	die, destroy := strings.Index(text, `"Action":"die"`), strings.Index(text, `"Action":"destroy"`)
	if die < 0 || destroy < die {
		t.Errorf("die at %d, destroy at %d of %s", die, destroy, text)
	}
}

func trapDetach(t *testing.T, l *trapLab) {
	l.made(t, "t10", `{"Image":"busybox","Cmd":["sh"],"Tty":true,"OpenStdin":true}`, true)
	for _, leave := range []func(net.Conn){
		func(c net.Conn) { c.Close() },                      // docker has seen the keys itself
		func(c net.Conn) { io.WriteString(c, "\x10\x11") },  // others leave it to the daemon
		func(c net.Conn) { c.(*net.UnixConn).CloseWrite() }, // standard input has ended
	} {
		c, _, in := l.hijack(t, "/containers/t10/attach?stream=1&stdin=1&stdout=1", "", true)
		other, _, otherIn := l.hijack(t, "/containers/t10/attach?stream=1&stdin=1&stdout=1", "", true)
		io.WriteString(c, "echo a$((1+1))b\n")
		for _, r := range []*bufio.Reader{in, otherIn} {
			for line := ""; !strings.Contains(line, "a2b"); {
				var err error
				if line, err = r.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
		}
		leave(c)
		other.Close()
	}
	if s := l.state(t, "t10"); !s.Running {
		t.Errorf("it is %s", s.Status)
	}
	if status, text := ask(t, l.c, "POST", "/containers/t10/attach?stream=1&detachKeys=ctrl-nosuch", ""); status != 400 {
		t.Errorf("keys that are none: %d %s", status, text)
	}
}

func trapResize(t *testing.T, l *trapLab) {
	l.made(t, "t11", `{"Image":"busybox","Cmd":["sh","-c","read x; stty size"],"Tty":true,"OpenStdin":true}`, false)
	c, _, in := l.hijack(t, "/containers/t11/attach?stream=1&stdin=1&stdout=1", "", true)
	resize := func() { ask(t, l.c, "POST", "/containers/t11/resize?h=30&w=99", "") }
	resize() // before it runs: dockerd refuses that, and clients go on
	ask(t, l.c, "POST", "/containers/t11/start", "")
	for range 2 {
		if status, text := ask(t, l.c, "POST", "/containers/t11/resize?h=30&w=99", ""); status != 200 {
			t.Errorf("%d %s", status, text)
		}
	}
	io.WriteString(c, "\n")
	if got, _ := io.ReadAll(in); !strings.Contains(string(got), "30 99") {
		t.Errorf("%q", got)
	}
}

func trapInspect(t *testing.T, l *trapLab) {
	_, text := ask(t, l.c, "POST", "/networks/create", `{"Name":"t12","Driver":"bridge","IPAM":{"Driver":"","Config":[{"Subnet":"172.29.0.0/24"}]},"Labels":{"x":"y"}}`)
	var made struct{ ID string }
	json.Unmarshal([]byte(text), &made)
	l.made(t, "t12c", `{"Image":"busybox","Cmd":["sleep","1000"],"HostConfig":{"NetworkMode":"t12"}}`, true)
	var x struct {
		NetworkSettings struct {
			Networks map[string]struct{ NetworkID string }
		}
	}
	_, text = ask(t, l.c, "GET", "/containers/t12c/json", "")
	if json.Unmarshal([]byte(text), &x); made.ID == "" || x.NetworkSettings.Networks["t12"].NetworkID != made.ID {
		t.Errorf("NetworkID %q, want %q", x.NetworkSettings.Networks["t12"].NetworkID, made.ID)
	}
	var n struct {
		Options, Labels map[string]string
		IPAM            struct {
			Driver string
			Config []map[string]string
		}
	}
	_, text = ask(t, l.c, "GET", "/networks/t12", "")
	json.Unmarshal([]byte(text), &n)
	if len(n.Options) != 0 || len(n.Labels) != 1 || n.IPAM.Driver != "default" || len(n.IPAM.Config) != 1 || n.IPAM.Config[0]["Subnet"] != "172.29.0.0/24" {
		t.Errorf("%s", text)
	}
}

func trapNull(t *testing.T, l *trapLab) {
	_, text := ask(t, l.c, "GET", "/containers/web/json", "")
	var x struct {
		Created    string
		State      struct{ StartedAt, FinishedAt string }
		HostConfig map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"MemorySwappiness": "null", "CgroupnsMode": `"private"`, "LogConfig": `{"Type":"json-file","Config":{}}`} {
		if got := string(x.HostConfig[key]); got != want && !(key == "CgroupnsMode" && got == `"host"`) {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	for _, at := range []string{x.Created, x.State.StartedAt, x.State.FinishedAt} {
		if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
			t.Error(err)
		}
	}
	if x.State.FinishedAt != "0001-01-01T00:00:00Z" {
		t.Errorf("FinishedAt %s", x.State.FinishedAt)
	}
}

func trapLists(t *testing.T, l *trapLab) {
	for path, want := range map[string]string{
		`/containers/json?filters={"name":["nosuch"]}`: "[]", `/networks?filters={"name":["nosuch"]}`: "[]",
		`/images/json?filters={"reference":["nosuch"]}`: "[]",
	} {
		if status, text := ask(t, l.c, "GET", path, ""); status != 200 || strings.TrimSpace(text) != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	var list []struct{ Names []string }
	status, text := ask(t, l.c, "GET", "/containers/json?all=1&limit=-1", "")
	if json.Unmarshal([]byte(text), &list); status != 200 || len(list) == 0 {
		t.Fatalf("%d %s", status, text)
	}
	for _, c := range list {
		if len(c.Names) == 0 || !strings.HasPrefix(c.Names[0], "/") {
			t.Errorf("names %v", c.Names)
		}
	}
}

func trapTwice(t *testing.T, l *trapLab) {
	l.made(t, "t15", `{"Image":"busybox"}`, false)
	if status, text := ask(t, l.c, "POST", "/containers/create?name=t15", `{"Image":"busybox"}`); status != 409 {
		t.Errorf("a second container: %d %s", status, text)
	}
	for i, want := range []int{201, 409, 409} {
		// Before API 1.44 CheckDuplicate decided; dockerd's own tests send it.
		if status, text := ask(t, l.c, "POST", "/networks/create", `{"Name":"t15n","CheckDuplicate":true}`); status != want {
			t.Errorf("network %d: %d %s", i, status, text)
		}
	}
}
