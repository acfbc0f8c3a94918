package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
)

// Header is one header line.
type Header struct{ Name, Value string }

// Response is the head of an answer, with its lines as they came, and a
// reader of its body.
type Response struct {
	Lines  []string // status line first, without line ends
	Status int
	Reason string
	Length int64 // of the body, -1 if unknown
	Body   io.Reader
}

// Header is the first value of a header.
func (r *Response) Header(name string) string {
	for _, l := range r.Lines[1:] {
		if n, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// SetHeader replaces a header of that name, removes it for an empty value, or
// adds it.
func SetHeader(hs []Header, h Header) []Header {
	for i := range hs {
		if strings.EqualFold(hs[i].Name, h.Name) {
			if h.Value == "" {
				return slices.Concat(hs[:i], hs[i+1:])
			}
			hs[i].Value = h.Value
			return hs
		}
	}
	if h.Value == "" {
		return hs
	}
	return append(hs, h)
}

// GoAgent is what Go's client calls itself.
const GoAgent = "Go-http-client/1.1"

// RequestText is a request as it goes over the wire.
func RequestText(method, path, version string, headers []Header, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\n", method, path, version)
	for _, h := range headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	b.WriteString("\r\n" + body)
	return b.String()
}

// ErrEmptyReply is a connection that was closed without a byte.
var ErrEmptyReply = errors.New("empty reply from server")

// ErrNotHTTP is an answer that is none.
var ErrNotHTTP = errors.New("not an HTTP answer")

// ReadResponse reads the head of an answer to a request with that method.
func ReadResponse(r *bufio.Reader, method string) (*Response, error) {
	resp := &Response{Length: -1}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			if len(resp.Lines) == 0 && line == "" && err == io.EOF {
				return nil, ErrEmptyReply
			}
			if err == io.EOF {
				err = ErrNotHTTP
			}
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if len(resp.Lines) == 0 && !strings.HasPrefix(line, "HTTP/") {
			return nil, ErrNotHTTP
		}
		resp.Lines = append(resp.Lines, line)
	}
	if len(resp.Lines) == 0 {
		return nil, ErrNotHTTP
	}
	f := strings.SplitN(resp.Lines[0], " ", 3)
	if len(f) > 1 {
		resp.Status, _ = strconv.Atoi(f[1])
	}
	if len(f) > 2 {
		resp.Reason = f[2]
	}
	resp.frame(r, method)
	return resp, nil
}

// frame finds where the body ends.
func (r *Response) frame(in *bufio.Reader, method string) {
	if n, err := strconv.ParseInt(r.Header("Content-Length"), 10, 64); err == nil && n >= 0 {
		r.Length = n
	}
	switch {
	case method == "HEAD" || r.Status == 204 || r.Status == 304 || r.Status/100 == 1:
		r.Body = strings.NewReader("")
	case strings.EqualFold(r.Header("Transfer-Encoding"), "chunked"):
		r.Length = -1
		r.Body = httputil.NewChunkedReader(in)
	case r.Length >= 0:
		r.Body = io.LimitReader(in, r.Length)
	default:
		r.Body = in
	}
}
