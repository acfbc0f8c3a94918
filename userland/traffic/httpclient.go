package traffic

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// webURL is a URL that a client can fetch.
type webURL struct {
	scheme string
	host   string // a name or an address without brackets
	port   uint16
	path   string // with the query
	// explicit is true when the URL named the port.
	explicit bool
}

var errURL = errors.New("malformed URL")

// parseWebURL reads a URL; without a scheme it is http.
func parseWebURL(text string) (webURL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return webURL{}, errURL
	}
	w := webURL{scheme: strings.ToLower(u.Scheme), host: u.Hostname(), path: u.RequestURI(), port: 80}
	if w.scheme == "https" {
		w.port = 443
	}
	if p := u.Port(); p != "" {
		n, ok := number(p, 1, 65535)
		if !ok {
			return webURL{}, errURL
		}
		w.port, w.explicit = uint16(n), true
	}
	return w, nil
}

// hostPort is the value of the Host header.
func (w webURL) hostPort() string {
	host := w.bracketed()
	if (w.scheme == "http" && w.port == 80) || (w.scheme == "https" && w.port == 443) {
		return host
	}
	return host + ":" + strconv.Itoa(int(w.port))
}

func (w webURL) bracketed() string {
	if strings.Contains(w.host, ":") {
		return "[" + w.host + "]"
	}
	return w.host
}

// String is the URL in full.
func (w webURL) String() string { return w.scheme + "://" + w.hostPort() + w.path }

// follow is the URL that a Location header names.
func (w webURL) follow(location string) (webURL, error) {
	if strings.HasPrefix(location, "/") {
		w.path = location
		return w, nil
	}
	return parseWebURL(location)
}

// fileName is what wget and curl -O save the URL as.
func (w webURL) fileName(fallback string) string {
	path, _, _ := strings.Cut(w.path, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	if name == "" {
		return fallback
	}
	return name
}

// httpHeader is one header line.
type httpHeader struct{ name, value string }

// httpResponse is the head of an answer, with its lines as they came, and a
// reader of its body.
type httpResponse struct {
	lines  []string // status line first, without line ends
	status int
	reason string
	length int64 // of the body, -1 if unknown
	body   io.Reader
}

// header is the first value of a header.
func (r *httpResponse) header(name string) string {
	for _, l := range r.lines[1:] {
		if n, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// requestText is a request as it goes over the wire.
func requestText(method, path, version string, headers []httpHeader, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\n", method, path, version)
	for _, h := range headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	b.WriteString("\r\n" + body)
	return b.String()
}

// errEmptyReply is a connection that was closed without a byte.
var errEmptyReply = errors.New("empty reply from server")

// errNotHTTP is an answer that is none.
var errNotHTTP = errors.New("not an HTTP answer")

// readResponse reads the head of an answer to a request with that method.
func readResponse(r *bufio.Reader, method string) (*httpResponse, error) {
	resp := &httpResponse{length: -1}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			if len(resp.lines) == 0 && line == "" && err == io.EOF {
				return nil, errEmptyReply
			}
			if err == io.EOF {
				err = errNotHTTP
			}
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if len(resp.lines) == 0 && !strings.HasPrefix(line, "HTTP/") {
			return nil, errNotHTTP
		}
		resp.lines = append(resp.lines, line)
	}
	if len(resp.lines) == 0 {
		return nil, errNotHTTP
	}
	f := strings.SplitN(resp.lines[0], " ", 3)
	if len(f) > 1 {
		resp.status, _ = strconv.Atoi(f[1])
	}
	if len(f) > 2 {
		resp.reason = f[2]
	}
	resp.frame(r, method)
	return resp, nil
}

// frame finds where the body ends.
func (r *httpResponse) frame(in *bufio.Reader, method string) {
	if n, err := strconv.ParseInt(r.header("Content-Length"), 10, 64); err == nil && n >= 0 {
		r.length = n
	}
	switch {
	case method == "HEAD" || r.status == 204 || r.status == 304 || r.status/100 == 1:
		r.body = strings.NewReader("")
	case strings.EqualFold(r.header("Transfer-Encoding"), "chunked"):
		r.length = -1
		r.body = httputil.NewChunkedReader(in)
	case r.length >= 0:
		r.body = io.LimitReader(in, r.length)
	default:
		r.body = in
	}
}

// dialFirst connects to the addresses in turn and returns the first connection
// that comes about, or the last error.
func dialFirst(p *userland.Process, addrs []netip.Addr, port uint16, timeout time.Duration, each func(netip.AddrPort)) (*stack.TCPConn, error) {
	var last error = stack.ErrNetUnreachable
	end := p.Loop().Now() + timeout
	for _, a := range addrs {
		to := netip.AddrPortFrom(a, port)
		if each != nil {
			each(to)
		}
		left := time.Duration(0)
		if timeout > 0 {
			if left = end - p.Loop().Now(); left <= 0 {
				return nil, stack.ErrTimeout
			}
		}
		conn, err := p.DialTCP(netip.AddrPort{}, to, left)
		if err == nil {
			return conn, nil
		}
		last = err
		if userland.Interrupted(err) {
			break
		}
	}
	return nil, last
}

// deadlineReader makes every read of a connection end at one virtual time.
type deadlineReader struct {
	p    *userland.Process
	conn io.Reader     // a TCP connection or a Unix socket
	end  time.Duration // 0: none
}

// Read implements io.Reader.
func (d *deadlineReader) Read(b []byte) (int, error) {
	if d.end > 0 {
		left := d.end - d.p.Loop().Now()
		if left <= 0 {
			return 0, stack.ErrTimeout
		}
		if c, ok := d.conn.(interface{ SetReadTimeout(time.Duration) }); ok {
			c.SetReadTimeout(left)
		}
	}
	return d.conn.Read(b)
}
