package engine

import (
	"encoding/binary"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes"
	"dnetsim/sim"

	"github.com/docker/docker/api/types/events"
)

func (s *Server) streamRoutes() {
	kind := func(k Kind) func(url.Values) Kind { return func(url.Values) Kind { return k } }
	s.handleKind("POST /containers/{id}/attach", kind(Attach), (*call).containerAttach)
	s.handleKind("POST /exec/{id}/start", kind(ExecStart), (*call).execStart)
	s.handleKind("POST /containers/{id}/wait", kind(Wait), (*call).containerWait)
	s.handleKind("GET /containers/{id}/logs", func(q url.Values) Kind {
		if boolean(q, "follow") {
			return Follow
		}
		return Plain
	}, (*call).containerLogs)
	s.handleKind("GET /containers/{id}/stats", func(q url.Values) Kind {
		if streamed(q) {
			return Follow
		}
		return Plain
	}, (*call).containerStats)
	s.handleKind("GET /events", kind(Follow), (*call).events)
}

// stream begins a streamed answer: the headers go out at once, because clients
// wait for them before they send their next request.
func (c *call) stream(contentType string) {
	c.sent = true
	if !c.job.dead {
		c.w.Header().Set("Content-Type", contentType)
		c.w.WriteHeader(http.StatusOK)
	}
	c.job.Streaming = true
	c.flush()
}

// hijack takes the connection over for raw streams. What the client sends from
// now on arrives in feed.
func (c *call) hijack(feed *Feed, tty bool) (net.Conn, error) {
	conn, rw, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		return nil, err
	}
	c.sent = true
	var early []byte
	if n := rw.Reader.Buffered(); n > 0 {
		early, _ = rw.Reader.Peek(n)
		early = append([]byte(nil), early...)
	}
	c.job.Conn = conn
	c.d.Attach(c.job, conn, early, feed)
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
	if c.r.Header.Get("Upgrade") != "" {
		head = "HTTP/1.1 101 UPGRADED\r\nContent-Type: " + streamType(c, tty) + "\r\n" +
			"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
	}
	write := func(b []byte) error { _, err := conn.Write(b); return err }
	if p, ok := conn.(interface{ WriteThenRest([]byte) error }); ok && !takesAll(c.r) {
		write = p.WriteThenRest
	}
	if err := write([]byte(head)); err != nil {
		conn.Close()
		return nil, err
	}
	c.job.Streaming = true
	c.job.report()
	return conn, nil
}

// streamType is the media type of a container's output.
func streamType(c *call, tty bool) string {
	if !tty && c.since(42) {
		return "application/vnd.docker.multiplexed-stream"
	}
	return "application/vnd.docker.raw-stream"
}

// frame puts the header of the multiplexed stream before a chunk.
func frame(stream byte, data []byte) []byte {
	b := make([]byte, 8, 8+len(data))
	b[0] = stream
	binary.BigEndian.PutUint32(b[4:], uint32(len(data)))
	return append(b, data...)
}

// carry copies between a hijacked connection and an attachment until the
// process has ended or the job is killed.
func (c *call) carry(att *modes.Attachment, stdin bool) error {
	defer att.Close()
	c.job.Interactive = stdin
	feed := newFeed(c.s.loop)
	conn, err := c.hijack(feed, att.Tty)
	if err != nil {
		return err
	}
	defer conn.Close()
	up := c.s.loop.Go("api stdin", func(*sim.Proc) {
		for {
			b, ok := feed.next()
			if !ok {
				break
			}
			if stdin && att.Stdin != nil {
				if _, err := att.Stdin.Write(b); err != nil {
					break
				}
			}
		}
		if stdin && att.Stdin != nil {
			att.Stdin.Close()
		}
	})
	defer up.Kill()
	for {
		chunk, err := att.Next()
		if err != nil {
			break
		}
		b := chunk.Data
		if !att.Tty {
			b = frame(chunk.Stream, b)
		}
		if _, err := conn.Write(b); err != nil {
			break
		}
		c.job.report()
	}
	return nil
}

func (c *call) containerAttach() error {
	o := modes.AttachOptions{
		Stdin: boolean(c.q, "stdin"), Stdout: boolean(c.q, "stdout"), Stderr: boolean(c.q, "stderr"),
		Stream: boolean(c.q, "stream"), Logs: boolean(c.q, "logs"),
	}
	if k := c.q.Get("detachKeys"); k != "" {
		if err := checkKeys(k); err != nil {
			return err
		}
	}
	x, err := c.daemon.Containers.Get(c.job.Ref)
	if err != nil {
		return err
	}
	c.job.Container = x
	att, err := c.daemon.Containers.Attach(c.job.Ref, o)
	if err != nil {
		return err
	}
	return c.carry(att, o.Stdin)
}

// containerWait answers its headers at once: docker run sends start only then.
func (c *call) containerWait() error {
	x, err := c.daemon.Containers.Get(c.job.Ref)
	if err != nil {
		return err
	}
	c.job.Container = x
	w, err := c.daemon.Containers.Wait(c.job.Ref, c.q.Get("condition"))
	if err != nil {
		return err
	}
	defer w.Close()
	c.stream("application/json")
	res, err := w.Result()
	if err != nil {
		return err
	}
	type failure struct{ Message string }
	out := struct {
		Error      *failure
		StatusCode int
	}{StatusCode: res.ExitCode}
	if res.Error != "" {
		out.Error = &failure{res.Error}
	}
	c.write(encode(out))
	c.flush()
	return nil
}

// logTime is RFC 3339 with all nine digits.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

func (c *call) containerLogs() error {
	o := modes.LogOptions{
		Stdout: boolean(c.q, "stdout"), Stderr: boolean(c.q, "stderr"), Follow: boolean(c.q, "follow"), Tail: -1,
	}
	if !o.Stdout && !o.Stderr {
		return invalid("Bad parameters: you must choose at least one stream")
	}
	var err error
	if o.Since, err = instant(c.q.Get("since")); err != nil {
		return err
	}
	if o.Until, err = instant(c.q.Get("until")); err != nil {
		return err
	}
	if t := c.q.Get("tail"); t != "" && t != "all" {
		if n, err := strconv.Atoi(t); err == nil && n >= 0 {
			o.Tail = n
		}
	}
	if c.job.Container, err = c.daemon.Containers.Get(c.job.Ref); err != nil {
		return err
	}
	r, err := c.daemon.Containers.Logs(c.job.Ref, o)
	if err != nil {
		return err
	}
	defer r.Close()
	c.stream(streamType(c, r.Tty))
	stamps := boolean(c.q, "timestamps")
	for {
		e, err := r.Next()
		if err != nil {
			return nil
		}
		line := e.Line
		if stamps {
			line = append([]byte(e.Time.UTC().Format(logTime)+" "), line...)
		}
		if !r.Tty {
			line = frame(e.Stream, line)
		}
		c.write(line)
		if o.Follow {
			c.flush()
		}
	}
}

func (c *call) events() error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	o := modes.EventOptions{Filters: f}
	if o.Since, err = instant(c.q.Get("since")); err != nil {
		return err
	}
	if o.Until, err = instant(c.q.Get("until")); err != nil {
		return err
	}
	if c.q.Get("since") == "0" { // all there are; logs take it for none
		o.Since = time.Unix(0, 0)
	}
	if !o.Since.IsZero() && !o.Until.IsZero() && o.Until.Before(o.Since) {
		return invalid("`since` time (%d) cannot be after `until` time (%d)", o.Since.Unix(), o.Until.Unix())
	}
	s := c.daemon.Events.Open(o)
	defer s.Close()
	c.stream("application/json")
	for {
		e, err := s.Next()
		if err != nil {
			return nil
		}
		m := events.Message{
			Type: e.Type, Action: e.Action, Actor: events.Actor{ID: e.ID, Attributes: labels(e.Attributes)}, Scope: e.Scope,
			Time: e.Time.Unix(), TimeNano: e.Time.UnixNano(),
		}
		if e.Type == "container" || e.Type == "image" {
			m.Status, m.ID, m.From = e.Action, e.ID, e.From
		}
		c.write(encode(m))
		c.job.Lines++
		c.flush()
	}
}

// checkKeys refuses a detach key sequence that dockerd would.
func checkKeys(keys string) error {
	for key := range strings.SplitSeq(keys, ",") {
		ok := len(key) == 1
		if control, is := strings.CutPrefix(key, "ctrl-"); is && len(control) == 1 {
			b := control[0]
			ok = b >= 'a' && b <= 'z' || strings.IndexByte(`@[\]^_`, b) >= 0
		}
		if !ok {
			return invalid("Invalid detach keys (%s) provided: Unknown character: '%s'", keys, key)
		}
	}
	return nil
}
