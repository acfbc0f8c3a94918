package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

// Request is one request that was read.
type Request struct {
	line, method, target, version string
	headers                       []Header
}

func (r Request) header(name string) string {
	for _, h := range r.headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// ReadRequest reads the head of a request and skips its body.
func ReadRequest(in *bufio.Reader) (Request, bool) {
	var r Request
	line, err := in.ReadString('\n')
	if err != nil {
		return r, false
	}
	r.line = strings.TrimRight(line, "\r\n")
	f := strings.Fields(r.line)
	if len(f) >= 2 {
		r.method, r.target = f[0], f[1]
	}
	if len(f) >= 3 {
		r.version = f[2]
	}
	for {
		line, err := in.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if err != nil || line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		r.headers = append(r.headers, Header{name, strings.TrimSpace(value)})
	}
	if n, err := strconv.Atoi(r.header("Content-Length")); err == nil && n >= 0 && n <= 1<<30 {
		io.CopyN(io.Discard, in, int64(n))
	}
	return r, true
}

// NextRequest reads the next request of a connection, as Go's HTTP server does:
// what is no request is answered with 400. ok is false when there is no more.
func NextRequest(in *bufio.Reader, out io.Writer) (r *http.Request, ok bool) {
	r, err := http.ReadRequest(in)
	if err == nil {
		return r, true
	}
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF || userland.Interrupted(err) || userland.TimedOut(err) || errors.As(err, new(stack.Errno)):
		// The connection is over.
	case strings.Contains(err.Error(), "unsupported transfer encoding"):
		io.WriteString(out, "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nUnsupported transfer encoding")
	default:
		io.WriteString(out, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request")
	}
	return nil, false
}
