package nginx

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$(\{\w+\}|\w+)`) })

// variables are nginx's own ones.
func variables() map[string]func(q *request) string {
	return map[string]func(q *request) string{
		"args":                func(q *request) string { return q.args },
		"query_string":        func(q *request) string { return q.args },
		"body_bytes_sent":     func(q *request) string { return strconv.Itoa(q.sent) },
		"bytes_sent":          func(q *request) string { return strconv.Itoa(q.sent + q.headSent) },
		"connection":          func(q *request) string { return strconv.Itoa(q.conn.number) },
		"connection_requests": func(q *request) string { return strconv.Itoa(q.conn.requests) },
		"content_length":      func(q *request) string { return q.r.Header("Content-Length") },
		"content_type":        func(q *request) string { return q.r.Header("Content-Type") },
		"document_root":       func(q *request) string { return q.root() },
		"document_uri":        func(q *request) string { return q.uri },
		"uri":                 func(q *request) string { return q.uri },
		"host":                func(q *request) string { return q.host() },
		"hostname":            func(q *request) string { return q.p.Machine.Hostname() },
		"https":               func(*request) string { return "" },
		"is_args": func(q *request) string {
			if q.args == "" {
				return ""
			}
			return "?"
		},
		"msec":          func(q *request) string { return fmt.Sprintf("%.3f", float64(q.p.Wall().UnixMilli())/1000) },
		"nginx_version": func(*request) string { return Version },
		"pid":           func(q *request) string { return strconv.Itoa(q.p.PID) },
		"proxy_host":    func(q *request) string { return q.proxyHost },
		"proxy_port":    func(q *request) string { return q.proxyPort },
		"proxy_add_x_forwarded_for": func(q *request) string {
			if v := q.r.Header("X-Forwarded-For"); v != "" {
				return v + ", " + q.peer().Addr().String()
			}
			return q.peer().Addr().String()
		},
		"realpath_root":          func(q *request) string { return q.root() },
		"remote_addr":            func(q *request) string { return q.peer().Addr().String() },
		"remote_port":            func(q *request) string { return strconv.Itoa(int(q.peer().Port())) },
		"remote_user":            func(*request) string { return "" },
		"request":                func(q *request) string { return q.r.Line },
		"request_method":         func(q *request) string { return q.r.Method },
		"request_filename":       func(q *request) string { return q.file(q.uri) },
		"request_length":         func(q *request) string { return strconv.Itoa(q.length) },
		"request_time":           func(q *request) string { return seconds(q.p.Loop().Now() - q.began) },
		"request_uri":            func(q *request) string { return q.r.Target },
		"request_id":             func(q *request) string { return fmt.Sprintf("%032x", q.conn.number<<20|q.conn.requests) },
		"scheme":                 func(*request) string { return "http" },
		"server_addr":            func(q *request) string { return q.conn.tcp.LocalAddr().Addr().Unmap().String() },
		"server_port":            func(q *request) string { return strconv.Itoa(int(q.conn.tcp.LocalAddr().Port())) },
		"server_name":            func(q *request) string { return q.server.name() },
		"server_protocol":        func(q *request) string { return q.r.Version },
		"status":                 func(q *request) string { return fmt.Sprintf("%03d", q.status) },
		"time_local":             func(q *request) string { return q.p.Wall().Format("02/Jan/2006:15:04:05 -0700") },
		"time_iso8601":           func(q *request) string { return q.p.Wall().Format("2006-01-02T15:04:05-07:00") },
		"upstream_addr":          func(q *request) string { return strings.Join(q.upstreamAddrs, ", ") },
		"upstream_status":        func(q *request) string { return strings.Join(q.upstreamStatus, ", ") },
		"upstream_response_time": func(q *request) string { return strings.Join(q.upstreamTimes, ", ") },
	}
}

// families are the beginnings of variables that hold a header, an argument or a
// cookie of the request.
var families = []string{"http_", "arg_", "cookie_", "sent_http_", "upstream_http_"}

// checkVariables refuses a variable that there is not.
func checkVariables(d *directive, c *config, texts ...string) error {
	known := variables()
	for _, text := range texts {
		for _, m := range variable().FindAllString(text, -1) {
			name := strings.Trim(m, "${}")
			_, own := known[name]
			_, set := c.formats["$"+name]
			if own || set || named(name) {
				continue
			}
			return d.fail("unknown %q variable", name)
		}
	}
	return nil
}

func named(name string) bool {
	if _, err := strconv.Atoi(name); err == nil {
		return true // a capture
	}
	for _, f := range families {
		if strings.HasPrefix(name, f) {
			return true
		}
	}
	return false
}

// expand puts the variables' values in.
func (q *request) expand(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	return variable().ReplaceAllStringFunc(text, func(m string) string { return q.variable(strings.Trim(m, "${}")) })
}

func (q *request) variable(name string) string {
	if n, err := strconv.Atoi(name); err == nil {
		if n < len(q.captures) {
			return q.captures[n]
		}
		return ""
	}
	if v, ok := q.set[name]; ok {
		return v
	}
	if f, ok := q.conn.w.variables[name]; ok {
		return f(q)
	}
	header := func(prefix string) string {
		return strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-")
	}
	switch {
	case strings.HasPrefix(name, "http_"):
		return q.r.Header(header("http_"))
	case strings.HasPrefix(name, "sent_http_"):
		return find(q.sentHeaders, header("sent_http_"))
	case strings.HasPrefix(name, "upstream_http_"):
		return find(q.upstreamHeaders, header("upstream_http_"))
	case strings.HasPrefix(name, "arg_"):
		for _, kv := range strings.Split(q.args, "&") {
			if k, v, _ := strings.Cut(kv, "="); strings.EqualFold(k, name[len("arg_"):]) {
				return v
			}
		}
	case strings.HasPrefix(name, "cookie_"):
		for _, kv := range strings.Split(q.r.Header("Cookie"), ";") {
			if k, v, _ := strings.Cut(strings.TrimSpace(kv), "="); k == name[len("cookie_"):] {
				return v
			}
		}
	}
	return ""
}

func find(fields []field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func seconds(d duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// unescapeURI is a target's path as locations are compared with it: decoded, with
// dots and double slashes taken out.
func unescapeURI(target string) (string, bool) {
	if u, err := url.Parse(target); err == nil && u.IsAbs() {
		target = u.RequestURI()
	}
	text, err := url.PathUnescape(target)
	if err != nil || !strings.HasPrefix(text, "/") {
		return "", false
	}
	var out []string
	parts := strings.Split(text, "/")[1:]
	for i, p := range parts {
		last := i == len(parts)-1
		switch {
		case p == "..":
			if len(out) == 0 {
				return "", false
			}
			out = out[:len(out)-1]
			if last {
				out = append(out, "")
			}
		case p == "." || p == "" && !last:
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, p)
		}
	}
	return "/" + strings.Join(out, "/"), true
}
