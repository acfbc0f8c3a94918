package consul

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland/web"
)

// idleLimit ends connections whose peer is gone without a word; the keep-alive
// probes of a real server would find out.
const idleLimit = 30 * time.Minute

// Limits of a blocking query.
const (
	defaultWait = 5 * time.Minute
	maximumWait = 10 * time.Minute
	jitterPart  = 16 // up to 1/16 of the wait is added, so that not all return at once
)

// request is one request with its answer in the making.
type request struct {
	a      *agent
	method string
	path   string
	query  url.Values
	body   []byte
	header http.Header // of the answer
	status int
}

// serve answers the requests of a connection.
func (a *agent) serve(conn *stack.TCPConn) {
	conn.SetReadTimeout(idleLimit)
	web.Serve(conn, bufio.NewReader(conn), a.p.Wall, func(w *web.Reply, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxValue+1))
		io.Copy(io.Discard, r.Body)
		if err != nil {
			w.Abort()
			return
		}
		a.p.Sleep(0) // a paused machine answers nothing
		q := &request{a: a, method: r.Method, path: r.URL.Path, query: r.URL.Query(), body: body, header: w.Header(), status: 200}
		if q.method == "HEAD" {
			q.method = "GET"
		}
		out := q.answer()
		q.header.Set("Vary", "Accept-Encoding")
		w.WriteHeader(q.status)
		w.Write(out)
	})
}

// fail is an answer that is an error's text.
func (q *request) fail(status int, text string) []byte {
	q.status = status
	return []byte(text)
}

// json encodes an answer as consul does: on one line, or with four spaces if
// asked to be pretty.
func (q *request) json(v any) []byte {
	q.header.Set("Content-Type", "application/json")
	if q.query.Has("pretty") || q.a.cfg.dev {
		out, _ := json.MarshalIndent(v, "", "    ")
		return append(out, '\n')
	}
	out, _ := json.Marshal(v)
	return out
}

// allow refuses other methods than these.
func (q *request) allow(methods ...string) []byte {
	for _, m := range methods {
		if q.method == m {
			return nil
		}
	}
	q.header.Set("Allow", strings.Join(methods, ","))
	return q.fail(http.StatusMethodNotAllowed, "method "+q.method+" not allowed")
}

// answer finds the handler of a path. Without a leader nothing of the store can
// be read or written.
func (q *request) answer() []byte {
	p := q.path
	switch {
	case p == "/":
		return q.root()
	case strings.HasPrefix(p, "/ui/"):
		return q.ui()
	case p == "/v1/status/leader":
		return q.statusLeader()
	case p == "/v1/status/peers":
		return q.statusPeers()
	case strings.HasPrefix(p, "/v1/agent/"):
		return q.agentPath(strings.TrimPrefix(p, "/v1/agent/"))
	}
	handle := map[string]func(string) []byte{
		"kv": q.kv, "session": q.sessionPath, "catalog": q.catalog, "health": q.health,
	}
	room, rest, _ := strings.Cut(strings.TrimPrefix(p, "/v1/"), "/")
	fn := handle[room]
	if !strings.HasPrefix(p, "/v1/") || fn == nil {
		return q.fail(404, "")
	}
	if dc := q.query.Get("dc"); dc != "" && dc != q.a.cfg.dc {
		return q.fail(500, "No path to datacenter")
	}
	switch {
	case !q.a.cfg.server:
		return q.fail(500, "No known Consul servers")
	case !q.a.leader:
		return q.fail(500, "No cluster leader")
	}
	return fn(rest)
}

// meta sets the headers of a read.
func (q *request) meta(index uint64) {
	q.header["X-Consul-Index"] = []string{strconv.FormatUint(max(index, 1), 10)}
	q.header["X-Consul-Knownleader"] = []string{strconv.FormatBool(q.a.leader)}
	q.header["X-Consul-Lastcontact"] = []string{"0"}
}

// blocking runs a read; with ?index it runs it again until its index is beyond
// that or the wait is over. It reports false after answering a bad request.
func (q *request) blocking(on subject, read func() uint64) ([]byte, bool) {
	var index uint64
	wait := defaultWait
	if v := q.query.Get("wait"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			return q.fail(400, "Invalid wait time"), false
		}
		wait = d
	}
	if v := q.query.Get("index"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			return q.fail(400, "Invalid index"), false
		}
		index = n
	}
	if wait <= 0 {
		wait = defaultWait
	}
	wait = min(wait, maximumWait)
	now := read()
	if index > 0 && max(now, 1) <= index {
		loop := q.a.p.Loop()
		end := loop.Now() + wait + time.Duration(q.a.rand.Int64N(int64(wait/jitterPart)+1))
		for max(now, 1) <= index && loop.Now() < end {
			if q.a.st.wait(on, end-loop.Now()) != nil {
				break
			}
			now = read()
		}
		now = read()
	}
	q.meta(now)
	return nil, true
}
