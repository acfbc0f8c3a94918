package consul

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dnetsim/sim"
	"dnetsim/userland"
)

// FuzzAPI gives a leader two requests. An answer has a status that HTTP knows
// and is JSON where it says so, no request waits for longer than a blocking
// query may, and what is written to the log can be read again as the same state.
// A line is the method, the target and the body, separated by spaces.
func FuzzAPI(f *testing.F) {
	for _, s := range []string{
		"PUT /v1/kv/a?flags=18446744073709551616&cas=-1 x\nGET /v1/kv/a?raw",                                       // flags beyond 64 bits
		"PUT /v1/kv/a?cas=0 x\nGET /v1/kv/?recurse&keys&separator=", "PUT /v1/kv/ x\nDELETE /v1/kv/?recurse&cas=1", // the empty key, everything
		"PUT /v1/kv/a?acquire=no x\nPUT /v1/kv/a?release=", "GET /v1/kv/a?index=18446744073709551615&wait=1e9h\nGET /v1/kv/a?wait=-1s&index=1", // no session, long waits
		"PUT /v1/session/create {\"TTL\":\"1ns\",\"Behavior\":\"x\",\"LockDelay\":\"-1s\",\"Node\":1}\nGET /v1/session/list",                                               // limits of a session
		"PUT /v1/session/create {\"TTL\":\"15s\",\"LockDelay\":99999999999999999999}\nPUT /v1/session/destroy/../x", "PUT /v1/session/create {}{}\nPUT /v1/session/renew/", // numbers, two objects
		"PUT /v1/agent/service/register {\"Name\":\"\",\"Port\":-1}\nGET /v1/catalog/services?pretty", "PUT /v1/catalog/register {\"Node\":null}\nGET /v1/health/state/any", // what is registered
		"HEAD /\nGET /ui/..", "GET /v1/status/leader\nGET /v1/kv/%00%ff?dc=x", "POST /v1/kv/a\nGET /v2/kv/a", // other methods, places and versions
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := sim.NewLoop(1)
		m := userland.NewMachine(l, "h", nil)
		p := m.Start(userland.ProcSpec{Args: []string{"consul"}, Program: func(p *userland.Process) int {
			a := &agent{p: p, cfg: config{server: true, dc: "dc1", node: "h", advertise: "10.0.0.1"}, st: newState(l), rand: l.Stream("consul/h"), leader: true}
			if err := a.st.open(p, "/data"); err != nil {
				t.Error(err)
			}
			for i, line := range strings.SplitN(text, "\n", 3) {
				if i < 2 {
					a.fuzz(t, line)
				}
			}
			again := newState(l)
			data, _ := p.ReadFile("/data/" + logName)
			again.replay(data)
			was, _ := a.st.list("")
			is, _ := again.list("")
			x, _ := json.Marshal(was)
			y, _ := json.Marshal(is)
			if string(x) != string(y) || len(a.st.sessions) != len(again.sessions) {
				t.Errorf("%q leaves %s and %d sessions, its log %s and %d", text, x, len(a.st.sessions), y, len(again.sessions))
			}
			return 0
		}})
		if err := l.Run(p.Done, 0); err != nil {
			t.Fatal(err)
		}
	})
}

func (a *agent) fuzz(t *testing.T, line string) {
	method, rest, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(rest, " ")
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return
	}
	q := &request{a: a, method: method, path: u.Path, query: u.Query(), body: []byte(body), header: http.Header{}, status: 200}
	began := a.p.Loop().Now()
	out := q.answer()
	if took := a.p.Loop().Now() - began; took > maximumWait+maximumWait/jitterPart+time.Second {
		t.Errorf("%q takes %v", line, took)
	}
	if http.StatusText(q.status) == "" {
		t.Errorf("%q: status %d", line, q.status)
	}
	if q.header.Get("Content-Type") == "application/json" && !json.Valid(out) {
		t.Errorf("%q answers %q", line, out)
	}
}
