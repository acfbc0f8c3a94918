package nginx

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"

	"dnetsim/userland/web"
)

// reply is an answer before it goes out.
type reply struct {
	status   int
	reason   string // "": the code's own
	kind     string // Content-Type
	length   int64  // of stream, -1 if it is not known
	modified string
	location string
	headers  []field
	body     []byte
	stream   io.Reader // instead of body
}

// reasons are nginx's words where they are not Go's.
var reasons = map[int]string{
	302: "Moved Temporarily", 405: "Not Allowed", 408: "Request Time-out", 413: "Request Entity Too Large", 414: "Request-URI Too Large",
	416: "Requested Range Not Satisfiable", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out",
}

func reason(status int) string {
	if r, ok := reasons[status]; ok {
		return r
	}
	return http.StatusText(status)
}

// serverName is the Server header.
func (q *request) serverName() string {
	if !*q.settings().tokens {
		return "nginx"
	}
	return "nginx/" + Version
}

// answer ends a request with a status and a text; without a text an error has its
// page.
func (q *request) answer(status int, text string) {
	switch {
	case status == 444:
		q.last, q.status = true, 444
		return
	case text == "" && status >= 300 && q.errorPage(status):
		return
	case text == "" && status >= 300:
		q.finish(status)
		return
	}
	q.send(&reply{status: status, kind: q.contentType(q.uri), body: []byte(text)})
}

// finish sends the built-in page of an error.
func (q *request) finish(status int) {
	page := strings.ReplaceAll(fmt.Sprintf("<html>\n<head><title>%[1]d %[2]s</title></head>\n<body>\n<center><h1>%[1]d %[2]s</h1></center>\n<hr><center>%[3]s</center>\n</body>\n</html>\n",
		status, reason(status), q.serverName()), "\n", "\r\n")
	q.send(&reply{status: status, kind: "text/html", body: []byte(page)})
}

// errorPage goes where error_page says for a status.
func (q *request) errorPage(status int) bool {
	if q.as != 0 {
		return false
	}
	for _, e := range q.settings().errorPages {
		for _, code := range e.codes {
			if code != status {
				continue
			}
			uri := q.expand(e.uri)
			if strings.Contains(uri, "://") {
				q.redirect(302, uri)
				return true
			}
			switch q.as = status; {
			case e.as > 0:
				q.as = e.as
			case e.as < 0:
				q.as = -1
			}
			if q.r.Method != "HEAD" {
				q.r.Method = "GET"
			}
			q.redirectWithin(uri)
			return true
		}
	}
	return false
}

// redirect sends the client elsewhere. A place on this server is told with the
// name that the client used and the port that the server listens at: what a
// published port is called outside, it cannot know.
func (q *request) redirect(status int, to string) {
	page := strings.ReplaceAll(fmt.Sprintf("<html>\n<head><title>%[1]d %[2]s</title></head>\n<body>\n<center><h1>%[1]d %[2]s</h1></center>\n<hr><center>%[3]s</center>\n</body>\n</html>\n",
		status, reason(status), q.serverName()), "\n", "\r\n")
	q.send(&reply{status: status, kind: "text/html", location: to, body: []byte(page)})
}

func (q *request) absolute(location string) string {
	if !strings.HasPrefix(location, "/") {
		return location
	}
	host := q.host()
	if port := q.conn.tcp.LocalAddr().Port(); port != 80 {
		host += ":" + strconv.Itoa(int(port))
	}
	return "http://" + host + location
}

// send writes the answer.
func (q *request) send(r *reply) {
	if q.as > 0 {
		r.status, r.reason = q.as, ""
	}
	if r.reason == "" {
		r.reason = reason(r.status)
	}
	bodiless := q.r.Method == "HEAD" || r.status == 204 || r.status == 304
	if r.stream == nil {
		r.length = int64(len(r.body))
	}
	chunked := r.stream != nil && r.length < 0 && q.r.Version == "HTTP/1.1"
	if r.length < 0 && !chunked {
		q.last = true
	}
	q.status = r.status
	head := q.head(r, chunked && !bodiless)
	n, err := io.WriteString(q.conn.tcp, head)
	q.headSent = n
	if err != nil {
		q.last = true
		return
	}
	if !bodiless {
		q.sendBody(r, chunked)
	}
}

func (q *request) sendBody(r *reply, chunked bool) {
	if r.stream == nil {
		n, err := q.conn.tcp.Write(r.body)
		q.sent, q.last = n, q.last || err != nil
		return
	}
	out := io.Writer(q.conn.tcp)
	if chunked {
		out = httputil.NewChunkedWriter(out)
	}
	n, err := io.Copy(struct{ io.Writer }{out}, r.stream)
	q.sent = int(n)
	if chunked && err == nil {
		_, err = io.WriteString(q.conn.tcp, "0\r\n\r\n")
	}
	if err != nil || r.length >= 0 && n < r.length {
		q.last = true
	}
}

// head is the status line and the headers, in nginx's order.
func (q *request) head(r *reply, chunked bool) string {
	var b strings.Builder
	put := func(name, value string) {
		if value != "" {
			q.sentHeaders = append(q.sentHeaders, field{name: name, value: value})
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, r.reason)
	put("Server", q.serverName())
	put("Date", web.Date(q.p.Wall()))
	if r.status != 204 && r.status != 304 {
		put("Content-Type", r.kind)
		if r.length >= 0 {
			put("Content-Length", strconv.FormatInt(r.length, 10))
		}
	}
	put("Last-Modified", r.modified)
	if r.location != "" {
		put("Location", q.absolute(r.location))
	}
	if chunked {
		put("Transfer-Encoding", "chunked")
	}
	if q.last {
		put("Connection", "close")
	} else {
		put("Connection", "keep-alive")
	}
	for _, f := range r.headers {
		put(f.name, f.value)
	}
	for _, f := range q.settings().addHeaders {
		if f.always || addable(r.status) {
			put(f.name, q.expand(f.value))
		}
	}
	return b.String() + "\r\n"
}

// addable are the statuses whose answers get add_header's headers.
func addable(status int) bool {
	switch status {
	case 200, 201, 204, 206, 301, 302, 303, 304, 307, 308:
		return true
	}
	return false
}
