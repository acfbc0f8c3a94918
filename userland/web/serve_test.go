package web

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pipe is a connection whose peer has said everything already.
type pipe struct {
	said *strings.Reader
	got  bytes.Buffer
}

func (p *pipe) Read(b []byte) (int, error)  { return p.said.Read(b) }
func (p *pipe) Write(b []byte) (int, error) { return p.got.Write(b) }

func (p *pipe) Close() error      { return nil }
func (p *pipe) CloseWrite() error { return nil }

func TestAnswersAreFramedAsGosServerFramesThem(t *testing.T) {
	const date = "Date: Mon, 05 Jan 2026 08:00:00 GMT\r\n"
	now := func() time.Time { return time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC) }
	for _, c := range []struct{ request, want string }{
		{"GET /text HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ntext"},
		{"HEAD /text HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"},
		{"GET /none HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 204 No Content\r\n" + date + "\r\n"},
		{"GET /text HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\ntext"},
		{"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"},
		{"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"},
	} {
		conn := &pipe{said: strings.NewReader(c.request)}
		Serve(conn, bufio.NewReader(conn), now, func(w *Reply, r *http.Request) {
			switch r.URL.Path {
			case "/none":
				w.WriteHeader(http.StatusNoContent)
			case "/stream":
				w.Write([]byte("ab"))
				w.FlushError()
				w.Write([]byte("c"))
			default:
				w.Write([]byte("text"))
			}
		})
		if got := conn.got.String(); got != c.want {
			t.Errorf("%q: got\n%q, want\n%q", c.request, got, c.want)
		}
	}
}
