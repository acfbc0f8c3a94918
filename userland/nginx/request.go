package nginx

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httputil"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/web"
)

// connection is one of a client's.
type connection struct {
	w        *worker
	tcp      *stack.TCPConn
	number   int
	requests int
	idle     bool // waits for the next request
}

// request is one on its way to its answer.
type request struct {
	conn   *connection
	p      *userland.Process
	r      web.Request
	body   []byte
	length int
	began  duration
	server *server
	loc    *location

	uri, args string // as rewritten
	changed   bool   // by a rewrite
	moved     bool   // so that the location is to be found again
	captures  []string
	set       map[string]string
	internal  int // redirects within
	as        int // the status that an error page's answer has

	status, sent, headSent int
	sentHeaders            []field
	last                   bool // the connection ends with the answer

	proxyHost, proxyPort                         string
	upstreamAddrs, upstreamStatus, upstreamTimes []string
	upstreamHeaders                              []field
}

func (q *request) peer() netip.AddrPort {
	at := q.conn.tcp.RemoteAddr()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// settings are those of the location, or of the server before there is one.
func (q *request) settings() *settings {
	if q.loc != nil {
		return &q.loc.settings
	}
	return &q.server.settings
}

// host is $host: the request's, without its port, or the server's name.
func (q *request) host() string {
	host := q.r.Header("Host")
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	if host == "" {
		return q.server.name()
	}
	return strings.ToLower(host)
}

func (q *request) root() string { return q.conn.w.conf.abs(q.expand(q.settings().root)) }

// file is where the content of a URI is.
func (q *request) file(uri string) string {
	if s := q.settings(); s.alias != "" {
		if q.loc != nil && q.loc.re == nil {
			uri = strings.TrimPrefix(uri, q.loc.pattern)
		} else {
			uri = ""
		}
		return q.conn.w.conf.abs(q.expand(s.alias)) + uri
	}
	return path.Clean(q.root()) + uri
}

// serve answers the requests of a connection, one after the other.
func (c *connection) serve() {
	w := c.w
	in := bufio.NewReader(c.tcp)
	keep := *w.conf.main.keepalive
	for {
		c.idle = true
		if w.quitting && c.requests > 0 {
			return
		}
		c.tcp.SetReadTimeout(max(keep, 1))
		head, ok := web.ReadHead(in)
		c.idle = false
		if !ok {
			return
		}
		c.requests++
		q := &request{conn: c, p: w.p, r: head, began: w.p.Loop().Now(), set: map[string]string{}}
		q.server = w.find(c.tcp.LocalAddr(), head.Header("Host"))
		keep = *q.server.keepalive
		q.last = keep == 0 || !persistent(head) || w.quitting
		q.take(in)
		w.log(q)
		if q.last {
			return
		}
	}
}

// persistent reports whether a client wants the connection to stay.
func persistent(r web.Request) bool {
	connection := strings.ToLower(r.Header("Connection"))
	if r.Version == "HTTP/1.1" {
		return connection != "close"
	}
	return connection == "keep-alive"
}

// take reads the request's body and answers it.
func (q *request) take(in *bufio.Reader) {
	target, args, _ := strings.Cut(q.r.Target, "?")
	uri, ok := unescapeURI(target)
	if !ok || q.r.Version == "HTTP/1.1" && q.r.Header("Host") == "" {
		q.last = true
		q.answer(400, "")
		return
	}
	if strings.EqualFold(q.r.Header("Expect"), "100-continue") {
		io.WriteString(q.conn.tcp, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	q.uri, q.args = uri, args
	for _, h := range q.r.Headers() {
		q.length += len(h.Name) + len(h.Value) + len(": \r\n")
	}
	q.length += len(q.r.Line) + len("\r\n\r\n")
	q.loc = q.server.find(uri)
	if q.readBody(in) {
		q.loc = nil
		q.process()
	}
}

// readBody reads what follows the head; one that is too large is refused.
func (q *request) readBody(in *bufio.Reader) bool {
	var body io.Reader
	most := *q.settings().maxBody
	n, err := strconv.ParseInt(q.r.Header("Content-Length"), 10, 64)
	switch {
	case strings.EqualFold(q.r.Header("Transfer-Encoding"), "chunked"):
		body = httputil.NewChunkedReader(in)
	case err == nil && n > 0:
		body = io.LimitReader(in, n)
	default:
		return true
	}
	if most == 0 {
		most = 1 << 30
	}
	if n > most {
		q.complain("error", "client intended to send too large body: %d bytes", n)
		q.last = true
		q.answer(413, "")
		return false
	}
	q.body, err = io.ReadAll(io.LimitReader(body, most+1))
	if int64(len(q.body)) > most {
		q.complain("error", "client intended to send too large chunked body: %d bytes", len(q.body))
		q.last = true
		q.answer(413, "")
		return false
	}
	return err == nil
}

// process sends the request through the server's and its location's instructions
// until there is an answer.
func (q *request) process() {
	if q.loc == nil && q.internal == 0 && run(q.server.ops, q) == answers {
		return
	}
	for range 10 {
		q.moved = false
		q.loc = q.server.find(q.uri)
		if q.loc != nil && q.loc.internal && q.internal == 0 {
			q.loc = nil
			q.answer(404, "")
			return
		}
		if q.loc == nil {
			q.content()
			return
		}
		switch v := run(q.loc.ops, q); {
		case v == answers:
			return
		case v == again || v == goOn && q.moved:
			q.internal++
			continue
		}
		q.content()
		return
	}
	q.complain("error", "rewrite or internal redirection cycle while processing %q", q.uri)
	q.answer(500, "")
}

// enter goes to a named location.
func (q *request) enter(name string) bool {
	for _, l := range q.server.locations {
		if l.modifier == "@" && l.pattern == name {
			q.loc = l
			q.internal++
			if run(l.ops, q) != answers {
				q.content()
			}
			return true
		}
	}
	q.complain("error", "could not find named location %q", "@"+name)
	q.answer(500, "")
	return true
}

// redirectWithin starts again with another URI.
func (q *request) redirectWithin(uri string) {
	q.internal++
	if q.internal > 10 {
		q.complain("error", "rewrite or internal redirection cycle while internally redirecting to %q", uri)
		q.as = 0
		q.loc = nil
		q.finish(500)
		return
	}
	if name, ok := strings.CutPrefix(uri, "@"); ok {
		q.enter(name)
		return
	}
	path, args, has := strings.Cut(uri, "?")
	if q.uri, q.changed = path, true; has {
		q.args = args
	}
	q.process()
}

// find is the location that a URI belongs to, by the rules of the location
// directive: equal, else the longest prefix unless a regular expression fits.
func (s *server) find(uri string) *location {
	l, _ := findLocation(s.locations, uri)
	return l
}

func findLocation(list []*location, uri string) (best *location, final bool) {
	for _, l := range list {
		switch {
		case l.modifier == "=" && uri == l.pattern:
			return l, true
		case plain(l) && strings.HasPrefix(uri, l.pattern) && (best == nil || len(l.pattern) > len(best.pattern)):
			best = l
		}
	}
	if best != nil {
		final = best.modifier == "^~"
		if in, inFinal := findLocation(best.nested, uri); in != nil {
			best, final = in, final || inFinal
		}
		if final {
			return best, true
		}
	}
	for _, l := range list {
		if l.re != nil && l.re.MatchString(uri) {
			if in, _ := findLocation(l.nested, uri); in != nil {
				return in, true
			}
			return l, true
		}
	}
	return best, false
}

// complain writes to the error log, with what is known of the request.
func (q *request) complain(level, format string, args ...any) {
	q.complainOf("", level, format, args...)
}

func (q *request) complainOf(upstream, level, format string, args ...any) {
	text := fmt.Sprintf("*%d %s, client: %s, server: %s, request: \"%s\"", q.conn.number, fmt.Sprintf(format, args...), q.peer().Addr(), q.server.name(), q.r.Line)
	if upstream != "" {
		text += fmt.Sprintf(", upstream: \"%s\"", upstream)
	}
	if h := q.r.Header("Host"); h != "" {
		text += fmt.Sprintf(", host: \"%s\"", h)
	}
	if h := q.r.Header("Referer"); h != "" {
		text += fmt.Sprintf(", referrer: \"%s\"", h)
	}
	errorLog(q.p, q.settings(), level, text)
}
