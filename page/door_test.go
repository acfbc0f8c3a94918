package page

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Who has no link, comes from another page, or is another learner gets nothing.
func TestOnlyWhoHasTheLinkComesIn(t *testing.T) {
	s := serve(t, Options{Class: true, Scenarios: []Scenario{scenario(t, "overlay-ping")}})
	stranger := s.browser(t, "")
	for _, path := range []string{"/api/labs", "/api/me", "/api/class", "/pcap?lab=overlay-ping", "/results.csv", "/ws?lab=overlay-ping"} {
		if code, text := s.get(t, stranger, path); code != http.StatusUnauthorized {
			t.Errorf("%s to a stranger: %d %s", path, code, text)
		}
	}
	for _, token := range []string{"x", "x.y", s.door.pass("cookie", visitor{teacher, ""}), strings.TrimPrefix(s.Links().Teacher, "/?token=") + "x"} {
		if code, _ := s.get(t, stranger, "/?token="+token); code != http.StatusForbidden {
			t.Errorf("the token %q is answered %d", token, code)
		}
	}
	ann, bob := s.pupil(t, "Ann"), s.pupil(t, "Bob")
	for _, path := range []string{"/api/class", "/results.csv"} {
		if code, _ := s.get(t, ann, path); code != http.StatusForbidden {
			t.Errorf("%s to a learner: %d", path, code)
		}
	}
	if code, _ := s.post(t, ann, "/api/say", map[string]string{"learner": "Bob", "text": "x"}); code != http.StatusForbidden {
		t.Errorf("a learner speaks as the teacher: %d", code)
	}
	if code, _ := s.post(t, s.browser(t, s.Links().Learners), "/api/join", map[string]string{"learner": "Ann"}); code != http.StatusConflict {
		t.Errorf("another joins as Ann: %d", code)
	}
	for _, name := range []string{"", "../x", strings.Repeat("a", 65), "a\x00b"} {
		if code, _ := s.post(t, s.browser(t, s.Links().Learners), "/api/join", map[string]string{"learner": name}); code != http.StatusBadRequest {
			t.Errorf("%q joins: %d", name, code)
		}
	}

	refused := func(c *http.Client, query, origin string) {
		t.Helper()
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		if ws, res, err := s.dial(c, query, h); err == nil {
			ws.CloseNow()
			t.Errorf("%s from %q: connected", query, origin)
		} else if res == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("%s from %q: %v", query, origin, err)
		}
	}
	refused(ann, "lab=overlay-ping", "http://elsewhere.example")
	refused(ann, "lab=overlay-ping", "")
	refused(ann, "lab=overlay-ping", "null")
	refused(bob, "lab=overlay-ping&watch=Ann", s.url)
	refused(s.browser(t, s.Links().Learners), "lab=overlay-ping", s.url)
	refused(s.browser(t, s.Links().Teacher), "lab=overlay-ping", s.url)

	a, b := s.play(t, ann, "lab=overlay-ping"), s.play(t, bob, "lab=overlay-ping")
	term := a.open("bdc01")
	a.types(term, "touch /root/of-ann; ls /root\r")
	a.shows(term, "of-ann\r\n")
	other := b.open("bdc01")
	b.types(other, "ls /root; echo IS''IT\r")
	b.shows(other, "ISIT\r\n")
	b.mu.Lock()
	if strings.Contains(b.shown[other], "of-ann") {
		t.Error("Bob sees Ann's file")
	}
	b.mu.Unlock()
}

func TestAnswersToTheBrowserAreStrict(t *testing.T) {
	s := serve(t, Options{})
	c := s.browser(t, s.Links().Owner)
	res, err := c.Get(s.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if got := res.Header.Get(name); !strings.HasPrefix(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, k := range c.Jar.Cookies(res.Request.URL) {
		if !strings.HasPrefix(k.Name, "dnetsim") {
			t.Errorf("cookie %v", k)
		}
	}
	for _, path := range []string{"/../server.go", "/%2e%2e/server.go", "/..%2f..%2fgo.mod", "/.keep", "/web/dist/.keep", "/etc/passwd", "/index.html/../../door.go"} {
		r, _ := http.NewRequest("GET", s.url, nil)
		r.URL.Opaque = path
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusBadRequest && !(res.StatusCode == http.StatusOK && res.Request.URL.Path == "/") {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	r, _ := http.NewRequest("GET", s.url+"/", nil)
	r.Host = "rebound.example"
	if res, err = c.Do(r); err != nil || res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another name: %v %v", res.Status, err)
	}
	r, _ = http.NewRequest("POST", s.url+"/api/join", strings.NewReader("{}"))
	r.Header.Set("Origin", "http://elsewhere.example")
	if res, err = c.Do(r); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("another page's form: %v %v", res.Status, err)
	}
}

// What is too large, too much or nonsense ends one connection at most, and who does not
// read holds nobody up.
func TestConnectionsHaveLimits(t *testing.T) {
	s := serve(t, Options{})
	c := s.browser(t, s.Links().Owner)
	p := s.play(t, c, "lab=overlay-ping")
	big := s.play(t, c, "lab=overlay-ping")
	big.ws.Write(context.Background(), websocket.MessageText, []byte(`{"do":"term.keys","data":"`+strings.Repeat("x", mostMessage)+`"}`))
	select {
	case <-big.ended:
	case <-time.After(patience):
		t.Error("an oversized message does not end the connection")
	}
	p.ws.Write(context.Background(), websocket.MessageText, []byte("nonsense"))
	p.until("a word about nonsense", func() bool {
		for _, m := range p.all {
			if m.T == "say" && strings.Contains(string(m.raw), "no request") {
				return true
			}
		}
		return false
	})
	for _, do := range []string{"rm -rf", "", "answer", "hint", "checkpoint"} {
		if m := p.answer(do, nil); m.OK {
			t.Errorf("%q is answered", do)
		}
	}
	for _, with := range []map[string]any{{"op": "speed", "speed": -1}, {"op": "speed"}, {"op": "x"}, {"op": "back"}, {"op": "back", "at": -5}} {
		if m := p.answer("time", with); m.OK {
			t.Errorf("time %v is allowed", with)
		}
	}
	if m := p.answer("term.open", map[string]any{"place": "../../etc"}); m.OK {
		t.Error("a terminal nowhere")
	}
	for range 40 {
		if m := p.answer("term.open", map[string]any{"place": "bdc01"}); !m.OK {
			if !strings.Contains(m.Error, "terminals are open") {
				t.Error(m.Error)
			}
			break
		}
	}
	p.mu.Lock()
	n := 0
	for _, m := range p.all {
		if m.T == "reply" && m.OK {
			n++
		}
	}
	p.mu.Unlock()
	if n > 16 {
		t.Errorf("%d terminals", n)
	}

	// A page that does not read: another goes on working.
	deaf, _, err := s.dial(c, "lab=overlay-ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.CloseNow()
	p.ask("time", map[string]any{"op": "speed", "speed": 100}, nil)
	p.types(1, "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; i=$((i+1)); done; echo EN''D\r")
	p.shows(1, "END\r\n")
	more := []*player{}
	for range 20 {
		if ws, _, err := s.dial(c, "lab=overlay-ping", nil); err == nil {
			more = append(more, nil)
			defer ws.CloseNow()
		}
	}
	if len(more) > mostConns {
		t.Errorf("%d connections of one user", len(more))
	}
}
