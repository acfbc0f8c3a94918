package traffic

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"

	"dnetsim/stack"
	"dnetsim/userland"
)

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
