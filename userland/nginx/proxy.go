package nginx

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/web"
)

// pass is where proxy_pass passes requests on to.
type pass struct {
	written  string
	host     string // "web:8080"
	uri      string // "" when the URL has none
	variable bool
	group    *upstream
}

func setProxyPass(r *reader, d *directive, s *scope) error {
	if s.location.pass != nil {
		return d.fail("\"proxy_pass\" directive is duplicate")
	}
	to := &pass{written: d.args[0]}
	s.location.pass = to
	if strings.Contains(to.written, "$") {
		to.variable = true
		return checkVariables(d, r.conf, to.written)
	}
	if err := to.read(to.written); err != nil {
		return d.fail("%v", err)
	}
	if to.uri != "" && (s.location.re != nil || s.location.modifier == "@") {
		return d.fail("\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, or inside \"limit_except\" block")
	}
	if to.group = r.conf.upstream(to.host); to.group == nil {
		_, port, ok := hostPort(to.host, 80)
		if !ok {
			return d.fail("invalid port in upstream %q", to.host)
		}
		to.group = &upstream{name: to.host, port: port, d: d}
		r.conf.upstreams = append(r.conf.upstreams, to.group)
	}
	return nil
}

// read takes a URL apart.
func (t *pass) read(text string) error {
	rest, ok := strings.CutPrefix(text, "http://")
	switch {
	case strings.HasPrefix(text, "https://"):
		return emerg("https to an upstream is not simulated")
	case !ok:
		return emerg("invalid URL prefix")
	}
	at := strings.IndexAny(rest, "/?")
	if at < 0 {
		at = len(rest)
	}
	t.host, t.uri = rest[:at], rest[at:]
	if t.host == "" {
		return emerg(fmt.Sprintf("no host in upstream %q", rest))
	}
	return nil
}

func setProxyHeader(r *reader, d *directive, s *scope) error {
	s.settings.proxyHeaders = append(s.settings.proxyHeaders, field{name: d.args[0], value: d.args[1]})
	return checkVariables(d, r.conf, d.args[1])
}

func setProxyVersion(_ *reader, d *directive, s *scope) error {
	if s.settings.proxyVersion = d.args[0]; d.args[0] != "1.0" && d.args[0] != "1.1" {
		return d.fail("invalid value %q", d.args[0])
	}
	return nil
}

func setProxyRedirect(_ *reader, d *directive, s *scope) error {
	s.settings.proxyRedirect = d.args
	if len(d.args) == 1 && d.args[0] != "off" && d.args[0] != "default" {
		return d.fail("invalid parameter %q", d.args[0])
	}
	return nil
}

func setNextUpstream(_ *reader, d *directive, s *scope) error {
	s.settings.nextUpstream = d.args
	for _, a := range d.args {
		if !contains(strings.Fields("error timeout invalid_header http_500 http_502 http_503 http_504 http_403 http_404 http_429 non_idempotent off updating"), a) {
			return d.fail("invalid value %q", a)
		}
	}
	return nil
}

// proxy passes the request on, to the group's servers in turn until one answers.
func (q *request) proxy() {
	to, err := q.target()
	if err != nil {
		q.complain("error", "%v", err)
		q.answer(502, "")
		return
	}
	tried := map[*peer]bool{}
	status := 502
	for len(tried) < len(to.group.peers) {
		x := to.group.pick(tried, q.peer().Addr(), q.p.Loop().Now())
		if x == nil {
			break
		}
		tried[x] = true
		var again bool
		x.busy++
		status, again = q.attempt(to, x)
		x.busy--
		if status == 0 {
			return
		}
		if !again {
			q.answer(status, "")
			return
		}
	}
	if len(tried) == 0 || len(tried) < len(to.group.peers) && status == 502 {
		q.upstreamAddrs = append(q.upstreamAddrs, to.group.name)
		q.complainOf(to.url(q, to.group.name), "error", "no live upstreams while connecting to upstream")
	}
	q.answer(status, "")
}

// target is where this request goes: with variables in proxy_pass it is known
// only now.
func (q *request) target() (*pass, error) {
	to := q.loc.pass
	if to.variable {
		to = &pass{variable: true}
		text := q.expand(q.loc.pass.written)
		if err := to.read(text); err != nil {
			return nil, fmt.Errorf("invalid URL prefix in %q", text)
		}
		host, port, ok := hostPort(to.host, 80)
		if !ok {
			return nil, fmt.Errorf("invalid port in upstream %q", to.host)
		}
		if to.group = q.conn.w.conf.upstream(to.host); to.group == nil {
			addrs, err := q.resolve(host)
			if err != nil {
				return nil, err
			}
			to.group = &upstream{name: to.host}
			to.group.add(addrs, port, peer{weight: 1})
		}
	}
	q.proxyHost, q.proxyPort = to.host, "80"
	if _, port, ok := hostPort(to.host, 80); ok {
		q.proxyPort = strconv.Itoa(int(port))
	}
	return to, nil
}

func (q *request) resolve(host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	res := q.settings().resolver
	if res == nil {
		return nil, fmt.Errorf("no resolver defined to resolve %s", host)
	}
	addrs, err := res.lookup(q.p, host)
	if err != nil {
		return nil, fmt.Errorf("%s could not be resolved (%w)", host, err)
	}
	return addrs, nil
}

// uri is what the upstream is asked for.
func (t *pass) path(q *request) string {
	switch {
	case t.uri == "" && q.changed:
		return escapePath(q.uri) + query(q.args)
	case t.uri == "":
		return q.r.Target
	case t.variable:
		return t.uri
	}
	return t.uri + escapePath(strings.TrimPrefix(q.uri, q.loc.pattern)) + query(q.args)
}

func query(args string) string {
	if args == "" {
		return ""
	}
	return "?" + args
}

func escapePath(uri string) string { return (&url.URL{Path: uri}).EscapedPath() }

func (t *pass) url(q *request, host string) string { return "http://" + host + t.path(q) }

// attempt asks one server. status is 0 when the client has its answer, otherwise
// what it gets unless another server is to be tried.
func (q *request) attempt(to *pass, x *peer) (status int, again bool) {
	q.upstreamAddrs = append(q.upstreamAddrs, x.at.String())
	began, s := q.p.Loop().Now(), q.settings()
	defer func() { q.upstreamTimes = append(q.upstreamTimes, seconds(q.p.Loop().Now()-began)) }()
	where := to.url(q, x.at.String())
	w := q.conn.w
	if w.full() {
		q.complainOf(where, "alert", "%d worker_connections are not enough while connecting to upstream", w.conf.limit)
		q.upstreamStatus = append(q.upstreamStatus, "500")
		return 500, false
	}
	w.upstreams++
	defer func() { w.upstreams-- }()
	conn, err := q.p.DialTCP(netip.AddrPort{}, x.at, *s.connect)
	if err != nil {
		return q.failed(x, where, "connecting to upstream", "connect() failed", err, true)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, q.passed(to)); err != nil {
		return q.failed(x, where, "sending request to upstream", "writev() failed", err, true)
	}
	conn.SetReadTimeout(*s.read)
	safe := q.r.Method != "POST" || contains(s.nextUpstream, "non_idempotent")
	resp, err := web.ReadResponse(bufio.NewReader(conn), q.r.Method)
	switch {
	case err == web.ErrEmptyReply || err == io.EOF:
		return q.failed(x, where, "reading response header from upstream", "", err, safe)
	case err == web.ErrNotHTTP:
		q.complainOf(where, "error", "upstream sent no valid HTTP/%s header while reading response header from upstream", s.proxyVersion)
		q.upstreamStatus = append(q.upstreamStatus, "502")
		return 502, false
	case err != nil:
		return q.failed(x, where, "reading response header from upstream", "recv() failed", err, safe)
	}
	q.upstreamStatus = append(q.upstreamStatus, strconv.Itoa(resp.Status))
	if contains(s.nextUpstream, fmt.Sprintf("http_%d", resp.Status)) && safe {
		x.fail(q.p.Loop().Now())
		return resp.Status, true
	}
	x.fails = 0
	q.relay(to, resp)
	return 0, false
}

func (x *peer) fail(now duration) {
	if now-x.failed > x.failTimeout {
		x.fails = 0
	}
	x.fails++
	x.failed = now
}

// failed tells the error log what went wrong with a server.
func (q *request) failed(x *peer, where, doing, what string, err error, safe bool) (status int, again bool) {
	s := q.settings()
	x.fail(q.p.Loop().Now())
	status, why := 502, "error"
	switch {
	case what == "":
		q.complainOf(where, "error", "upstream prematurely closed connection while %s", doing)
	case userland.TimedOut(err) || err == stack.ErrConnTimedOut:
		status, why = 504, "timeout"
		q.complainOf(where, "error", "upstream timed out (110: Connection timed out) while %s", doing)
	default:
		q.complainOf(where, "error", "%s (%s) while %s", what, errnoText(err), doing)
	}
	q.upstreamStatus = append(q.upstreamStatus, strconv.Itoa(status))
	return status, safe && contains(s.nextUpstream, why)
}

// ownHeaders are those that nginx sets itself towards an upstream, or leaves out.
var ownHeaders = []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Keep-Alive", "Expect", "Upgrade"}

// passed is the request as the upstream gets it.
func (q *request) passed(to *pass) string {
	s := q.settings()
	var hs []web.Header
	said := append([]string(nil), ownHeaders...)
	for _, f := range s.proxyHeaders {
		said = append(said, f.name)
		if v := q.expand(f.value); v != "" {
			hs = append(hs, web.Header{Name: f.name, Value: v})
		}
	}
	for _, f := range []field{{name: "Host", value: to.host}, {name: "Connection", value: "close"}} {
		if !hasField(s.proxyHeaders, f.name) {
			hs = append(hs, web.Header{Name: f.name, Value: f.value})
		}
	}
	if len(q.body) > 0 || q.r.Header("Content-Length") != "" {
		hs = append(hs, web.Header{Name: "Content-Length", Value: strconv.Itoa(len(q.body))})
	}
	for _, h := range q.r.Headers() {
		if !containsFold(said, h.Name) {
			hs = append(hs, h)
		}
	}
	return web.RequestText(q.r.Method, to.path(q), "HTTP/"+s.proxyVersion, hs, string(q.body))
}

func hasField(fields []field, name string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// relay sends the upstream's answer to the client.
func (q *request) relay(to *pass, resp *web.Response) {
	q.upstreamHeaders = nil
	out := &reply{status: resp.Status, reason: resp.Reason, length: resp.Length}
	for _, l := range resp.Lines[1:] {
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			continue
		}
		f := field{name: name, value: strings.TrimSpace(value)}
		q.upstreamHeaders = append(q.upstreamHeaders, f)
		switch strings.ToLower(name) {
		case "content-type":
			out.kind = f.value
		case "location":
			out.location = q.rewritten(to, f.value)
		case "last-modified":
			out.modified = f.value
		case "server", "date", "connection", "keep-alive", "transfer-encoding", "content-length", "x-pad",
			"x-accel-expires", "x-accel-redirect", "x-accel-limit-rate", "x-accel-buffering", "x-accel-charset":
		default:
			out.headers = append(out.headers, f)
		}
	}
	if *q.settings().intercept && resp.Status >= 300 {
		q.answer(resp.Status, "")
		return
	}
	out.stream = resp.Body
	q.send(out)
}

// rewritten is a Location header after proxy_redirect.
func (q *request) rewritten(to *pass, location string) string {
	rule := q.settings().proxyRedirect
	from, by := "http://"+to.host+to.uri, q.loc.pattern
	switch {
	case rule[0] == "off" || rule[0] == "default" && to.variable:
		return location
	case len(rule) == 2:
		from, by = q.expand(rule[0]), q.expand(rule[1])
	case to.uri == "":
		from, by = from+"/", "/"
	}
	if rest, ok := strings.CutPrefix(location, from); ok {
		return by + rest
	}
	return location
}
