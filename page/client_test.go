package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"time"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"

	"github.com/coder/websocket"
)

// scenario is one of the library at its end, to work in.
func scenario(t *testing.T, name string) Scenario {
	t.Helper()
	s, err := scenarios.FromLibrary(name)
	if err != nil {
		t.Fatal(err)
	}
	return Scenario{Name: s.Name, About: s.Description, World: replay.Options{Scenario: s, Docker: cli.Program, Moment: scenarios.End}}
}

// served is a server at an address of this machine.
type served struct {
	*Server
	url string
}

func serve(t *testing.T, o Options) *served {
	t.Helper()
	if o.Labs == nil && o.Scenarios == nil {
		o.Scenarios = []Scenario{scenario(t, "overlay-ping")}
	}
	o.Docker = cli.Program
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listenHere()
	go s.Serve(l)
	t.Cleanup(func() { l.Close(); s.Close() })
	return &served{s, "http://" + l.Addr().String()}
}

func listenHere() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return l
}

// browser is a client with a cookie jar.
func (s *served) browser(t *testing.T, link string) *http.Client {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, Timeout: time.Minute}
	if link != "" {
		r, err := c.Get(s.url + link)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", link, r.Status)
		}
	}
	return c
}

// message is a message from the server, as far as tests look.
type message struct {
	T     string          `json:"t"`
	ID    int             `json:"id"`
	OK    bool            `json:"ok"`
	Data  json.RawMessage `json:"data"`
	Error string          `json:"error"`
	raw   []byte
}

// player is a page that a test plays.
type player struct {
	t     *testing.T
	ws    *websocket.Conn
	mu    sync.Mutex
	all   []message
	shown map[int]string
	more  chan struct{}
	ended chan struct{}
	next  int
}

func (s *served) dial(c *http.Client, query string, header http.Header) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if header == nil {
		header = http.Header{"Origin": {s.url}}
	}
	return websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.url, "http")+"/ws?"+query, &websocket.DialOptions{HTTPClient: c, HTTPHeader: header})
}

func (s *served) play(t *testing.T, c *http.Client, query string) *player {
	t.Helper()
	ws, _, err := s.dial(c, query, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(64 << 20)
	p := &player{t: t, ws: ws, shown: map[int]string{}, more: make(chan struct{}, 1), ended: make(chan struct{})}
	t.Cleanup(func() { ws.CloseNow() })
	go p.listen()
	return p
}

func (p *player) listen() {
	defer close(p.ended)
	for {
		_, b, err := p.ws.Read(context.Background())
		if err != nil {
			return
		}
		m := message{raw: b}
		if err := json.Unmarshal(b, &m); err != nil && m.T != "out" {
			p.t.Errorf("%s: %v", b, err)
		}
		p.mu.Lock()
		switch m.T {
		case "hello":
			p.shown = map[int]string{}
		case "out":
			var o struct {
				Term int
				Data string
			}
			json.Unmarshal(b, &o)
			p.shown[o.Term] += o.Data
		}
		p.all = append(p.all, m)
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// send sends a request without waiting.
func (p *player) send(do string, with map[string]any) int {
	p.t.Helper()
	p.next++
	r := map[string]any{"id": p.next, "do": do}
	for k, v := range with {
		r[k] = v
	}
	b, _ := json.Marshal(r)
	if err := p.ws.Write(context.Background(), websocket.MessageText, b); err != nil {
		p.t.Fatal(err)
	}
	return p.next
}

// until waits for a condition on what has come so far.
func (p *player) until(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		yes := ok()
		p.mu.Unlock()
		if yes {
			return
		}
		select {
		case <-p.more:
		case <-p.ended:
			p.t.Fatalf("%s: the connection has ended", what)
		case <-deadline:
			p.mu.Lock()
			defer p.mu.Unlock()
			p.t.Fatalf("%s: never; the terminals show %v", what, p.shown)
		}
	}
}

// answer is the reply to a request.
func (p *player) answer(do string, with map[string]any) (m message) {
	p.t.Helper()
	id := p.send(do, with)
	p.until("an answer to "+do, func() bool {
		for _, x := range p.all {
			if x.T == "reply" && x.ID == id {
				m = x
				return true
			}
		}
		return false
	})
	return m
}

// ask is an answer that must be good, as data.
func (p *player) ask(do string, with map[string]any, data any) {
	p.t.Helper()
	m := p.answer(do, with)
	if !m.OK {
		p.t.Fatalf("%s %v: %s", do, with, m.Error)
	}
	if data != nil {
		if err := json.Unmarshal(m.Data, data); err != nil {
			p.t.Fatalf("%s: %v", m.Data, err)
		}
	}
}

// open opens a terminal.
func (p *player) open(place string) int {
	p.t.Helper()
	var d struct{ Term int }
	p.ask("term.open", map[string]any{"place": place, "rows": 24, "cols": 100}, &d)
	return d.Term
}

// types types keys at a terminal.
func (p *player) types(term int, keys string) {
	p.t.Helper()
	p.send("term.keys", map[string]any{"id": 0, "term": term, "data": keys})
}

// shows waits until a terminal shows a text.
func (p *player) shows(term int, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("terminal %d shows %q", term, text), func() bool { return strings.Contains(p.shown[term], text) })
}

// last is the last message of a kind, read into v.
func (p *player) last(kind string, v any) {
	p.t.Helper()
	p.until("a message "+kind, func() bool {
		for i := len(p.all) - 1; i >= 0; i-- {
			if p.all[i].T == kind {
				if err := json.Unmarshal(p.all[i].raw, v); err != nil {
					p.t.Fatal(err)
				}
				return true
			}
		}
		return false
	})
}
