package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// raw sends bytes to a host's socket and returns what comes back within a moment.
func (u *upLabTest) raw(text string) string {
	u.t.Helper()
	c, err := net.Dial("unix", filepath.Join(u.dir, "h1.sock"))
	if err != nil {
		u.t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, text)
	c.(*net.UnixConn).CloseWrite()
	c.SetReadDeadline(time.Now().Add(patienceOfTests))
	b, _ := io.ReadAll(c)
	return string(b)
}

// What clients do wrong is answered with a status and stops nobody else.
func TestWrongRequestsAreAnsweredAndStopNobody(t *testing.T) {
	u := bring(t, upScenario, shortDir(t))
	defer u.end()
	c := u.client("h1")
	for _, x := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/containers/create", "{", 400},
		{"POST", "/containers/create", `{"Image":5}`, 400},
		{"POST", "/containers/create", `{"Image":"busybox","HostConfig":[]}`, 400},
		{"POST", "/containers/create?name=..%2f..%2fetc", `{"Image":"busybox"}`, 400},
		{"POST", "/networks/create", `{"Name":["a"]}`, 400},
		{"POST", "/volumes/create", `{"Name":"../../etc"}`, 400},
		{"GET", "/containers/json?filters=%7B", "", 400},
		{"GET", "/containers/json?limit=many", "", 400},
		{"GET", "/containers/..%2f..%2fetc%2fpasswd/json", "", 404},
		{"GET", "/nosuch", "", 501},
		{"PATCH", "/containers/web/json", "", 501},
		{"POST", "/containers/create", `{"Image":"` + strings.Repeat("x", 9<<20) + `"}`, 413},
		{"POST", "/containers/create", strings.Repeat(`{"a":`, 200_000), 400},
	} {
		if status, text := ask(t, c, x.method, x.path, x.body); status != x.status {
			t.Errorf("%s %s: %d, want %d: %.200s", x.method, x.path, status, x.status, text)
		}
	}
	for _, text := range []string{"\x00\xff\x16\x03\x01", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"} {
		if got := u.raw(text); got != "" && !strings.HasPrefix(got, "HTTP/1.") {
			t.Errorf("%q: %q", text, got)
		}
	}
	if status, _ := ask(t, c, "GET", "/_ping", ""); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

// Clients that hang in a stream, that never read, or that are many, leave the
// others alone.
func TestClientsThatHangLeaveTheOthersAlone(t *testing.T) {
	u := bring(t, upScenario, shortDir(t))
	defer u.end()
	c := u.client("h1")
	hold := func(text string) {
		conn, err := net.Dial("unix", filepath.Join(u.dir, "h1.sock"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, text)
	}
	for i := range 200 {
		hold(fmt.Sprintf("GET /containers/web%d/js", i)) // half a request
	}
	for range 20 {
		hold("POST /containers/web/attach?stream=1&stdout=1&stdin=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		hold("GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
	}
	// One that never reads what an exec writes without end is cut off.
	_, text := ask(t, c, "POST", "/containers/web/exec", `{"Cmd":["sh","-c","while :; do echo 0123456789012345678901234567890123456789; sleep 0.001; done"],"AttachStdout":true}`)
	id, _, _ := strings.Cut(strings.TrimPrefix(text, `{"Id":"`), `"`)
	hold("POST /exec/" + id + "/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	for range 20 {
		if status, text := ask(t, c, "GET", "/containers/web/json", ""); status != 200 || !strings.Contains(text, `"Running":true`) {
			t.Fatalf("%d %s", status, text)
		}
	}
}
