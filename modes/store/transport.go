package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland/web"
)

// What Go's default transport does.
const (
	dialTimeout = 30 * time.Second
	idleTimeout = 90 * time.Second // an idle connection is closed after
	idlePerHost = 2                // idle connections kept
	// silence is how long an answer may take: keep-alive probes after 30 s and
	// then every 30 s, nine of them. The transport has no limit of its own.
	silence = 300 * time.Second
)

// maxAnswer is how long an answer may be, in bytes: many times what the keys of
// a large cluster are. Who listens at a store's address may be no store.
const maxAnswer = 32 << 20

var errTooLong = errors.New("the answer does not end")

// transport makes requests of one server over a namespace's TCP.
type transport struct {
	loop   *sim.Loop
	net    Dialer
	addr   string
	lookup func(string) (netip.Addr, error)
	idle   []*wire
	all    []*wire
	closed bool
}

// wire is one connection.
type wire struct {
	conn   *stack.TCPConn
	in     *bufio.Reader
	reused bool
	timer  *sim.Timer
	guard  *sim.Proc // sees the peer close an idle connection
}

// target finds the server's address.
func (t *transport) target() (netip.AddrPort, string, error) {
	if at, err := netip.ParseAddrPort(t.addr); err == nil {
		return at, t.addr, nil
	}
	host, port := t.addr, "80"
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host, port = host[:i], host[i+1:]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, "", fmt.Errorf("dial tcp: lookup tcp/%s: unknown port", port)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		at := netip.AddrPortFrom(ip, uint16(n))
		return at, at.String(), nil
	}
	if t.lookup == nil {
		return netip.AddrPort{}, "", fmt.Errorf("dial tcp: lookup %s: no such host", host)
	}
	ip, err := t.lookup(host)
	if err != nil {
		return netip.AddrPort{}, "", fmt.Errorf("dial tcp: lookup %s: %w", host, err)
	}
	at := netip.AddrPortFrom(ip, uint16(n))
	return at, at.String(), nil
}

// take gives an idle connection, the one used last, or a new one.
func (t *transport) take() (*wire, error) {
	if n := len(t.idle); n > 0 {
		w := t.idle[n-1]
		t.idle = t.idle[:n-1]
		w.rouse()
		w.in.Reset(w.conn)
		w.reused = true
		return w, nil
	}
	to, name, err := t.target()
	if err != nil {
		return nil, err
	}
	conn, err := t.net.DialTCP(netip.AddrPort{}, to, dialTimeout)
	if err != nil {
		return nil, dialError(name, err)
	}
	w := &wire{conn: conn, in: bufio.NewReader(conn)}
	w.timer = t.loop.NewTimer(func() { t.expire(w) })
	t.all = append(t.all, w)
	return w, nil
}

func without(list []*wire, w *wire) []*wire {
	for i, x := range list {
		if x == w {
			return slices.Concat(list[:i], list[i+1:])
		}
	}
	return list
}

// rouse ends the idling of a connection.
func (w *wire) rouse() {
	w.timer.Stop()
	if w.guard != nil && w.guard != w.guard.Loop().Current() {
		w.guard.Kill()
	}
	w.guard = nil
}

// drop closes a connection.
func (t *transport) drop(w *wire) {
	w.rouse()
	t.all = without(t.all, w)
	w.conn.Close()
}

// expire closes an idle connection that is over.
func (t *transport) expire(w *wire) {
	t.idle = without(t.idle, w)
	t.drop(w)
}

// keep puts a connection back.
func (t *transport) keep(w *wire) {
	if t.closed || len(t.idle) >= idlePerHost {
		t.drop(w)
		return
	}
	t.idle = append(t.idle, w)
	w.timer.Reset(idleTimeout)
	w.conn.SetReadTimeout(0)
	w.guard = t.loop.Go("idle "+t.addr, func(*sim.Proc) {
		w.in.Peek(1) // nobody speaks unasked: this is the end
		t.expire(w)
	})
}

// close ends every connection; requests under way fail.
func (t *transport) close() {
	t.closed = true
	for _, w := range append([]*wire(nil), t.all...) {
		t.drop(w)
	}
	t.idle = nil
}

// answer is an answer with its whole body.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do makes one request. Like Go's client it tries again when the server has
// closed a connection that was kept, if the request may be made twice.
func (t *transport) do(method, path string, query url.Values, body []byte) (*answer, error) {
	u := url.URL{Scheme: "http", Host: t.addr, Path: path, RawQuery: query.Encode()}
	fail := func(err error) error {
		if errors.Is(err, sim.ErrInterrupted) {
			return err
		}
		return &requestError{Op: method[:1] + strings.ToLower(method[1:]), URL: u.String(), Err: err}
	}
	for {
		if t.closed {
			return nil, errClosed
		}
		w, err := t.take()
		if err != nil {
			return nil, fail(err)
		}
		a, again, err := t.once(w, method, &u, body)
		if err == nil {
			return a, nil
		}
		if !again || !w.reused || method != http.MethodGet {
			return nil, fail(err)
		}
	}
}

// once makes the request on one connection; again tells that the server has
// not said a word.
func (t *transport) once(w *wire, method string, u *url.URL, body []byte) (a *answer, again bool, err error) {
	whole := false
	defer func() { // also when the process is killed
		if whole {
			t.keep(w)
		} else {
			t.drop(w)
		}
	}()
	w.conn.SetReadTimeout(silence)
	headers := []web.Header{{Name: "Host", Value: u.Host}, {Name: "User-Agent", Value: web.GoAgent}}
	if len(body) > 0 || method == http.MethodPut {
		headers = append(headers, web.Header{Name: "Content-Length", Value: strconv.Itoa(len(body))})
	}
	headers = append(headers, web.Header{Name: "Accept-Encoding", Value: "gzip"})
	request := web.RequestText(method, u.RequestURI(), "HTTP/1.1", headers, string(body))
	if _, err := io.WriteString(w.conn, request); err != nil {
		return nil, true, ioError("write", w.conn.LocalAddr(), w.conn.RemoteAddr(), err)
	}
	if _, err := w.in.Peek(1); err != nil {
		gone := err == io.EOF || errors.Is(err, stack.ErrConnReset)
		return nil, gone, ioError("read", w.conn.LocalAddr(), w.conn.RemoteAddr(), err)
	}
	resp, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		return nil, false, ioError("read", w.conn.LocalAddr(), w.conn.RemoteAddr(), err)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = errTooLong
	}
	if err != nil {
		return nil, false, ioError("read", w.conn.LocalAddr(), w.conn.RemoteAddr(), err)
	}
	whole = !resp.Close
	return &answer{resp.StatusCode, resp.Header, data}, false, nil
}
