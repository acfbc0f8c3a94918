package web

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Request is one request that was read.
type Request struct {
	Line                    string // as it came
	Method, Target, Version string // empty if the line has no such word
	headers                 []Header
}

// Header is the first value of a header.
func (r Request) Header(name string) string {
	for _, h := range r.headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Headers are all of them, in the order in which they came.
func (r Request) Headers() []Header { return r.headers }

// ReadHead reads the head of a request; ok is false when there is none.
func ReadHead(in *bufio.Reader) (r Request, ok bool) {
	line, err := in.ReadString('\n')
	if err != nil {
		return r, false
	}
	r.Line = strings.TrimRight(line, "\r\n")
	f := strings.Fields(r.Line)
	if len(f) >= 2 {
		r.Method, r.Target = f[0], f[1]
	}
	if len(f) >= 3 {
		r.Version = f[2]
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
	return r, true
}

// readRequest reads the head of a request and skips its body.
func readRequest(in *bufio.Reader) (r Request, ok bool) {
	r, ok = ReadHead(in)
	if n, err := strconv.Atoi(r.Header("Content-Length")); err == nil && n >= 0 && n <= 1<<30 {
		io.CopyN(io.Discard, in, int64(n))
	}
	return r, ok
}
