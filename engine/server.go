package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"dnetsim/modes"
	"dnetsim/modes/profile"
	"dnetsim/sim"
)

// maxBody limits what a request may carry: enough for any configuration.
const maxBody = 8 << 20

// maxArchive limits archives of files and images.
const maxArchive = 64 << 20

// carriesFiles reports whether a request's body is an archive.
func carriesFiles(r *http.Request) bool {
	p, _ := unversioned(r.URL.Path)
	return p == "/build" || p == "/images/load" || p == "/images/create" || strings.HasSuffix(p, "/archive")
}

// Server answers the Engine API of one daemon. It is an [http.Handler]; the
// dispatcher comes with the request's context ([WithDispatcher]).
type Server struct {
	loop   *sim.Loop
	daemon *modes.Daemon
	mux    *http.ServeMux
	once   sync.Once
	ver    profile.Version
	form   form
}

// NewServer returns the API of a daemon.
func NewServer(loop *sim.Loop, d *modes.Daemon) *Server {
	s := &Server{loop: loop, daemon: d, mux: http.NewServeMux(), form: formOf(d.Profile())}
	s.routes()
	d.ServeAPI(s.Serve)
	return s
}

// Loop is the loop that the daemon lives on.
func (s *Server) Loop() *sim.Loop { return s.loop }

// Daemon is the daemon behind the API.
func (s *Server) Daemon() *modes.Daemon { return s.daemon }

// Version is what the daemon says of itself; it does not change in its life.
func (s *Server) Version() profile.Version {
	s.once.Do(func() { s.ver = s.daemon.Version() })
	return s.ver
}

type dispatcherKey struct{}

// WithDispatcher returns a context whose requests go to d.
func WithDispatcher(ctx context.Context, d Dispatcher) context.Context {
	return context.WithValue(ctx, dispatcherKey{}, d)
}

// call is one request while it is served. All methods but those of ServeHTTP
// run on the loop.
type call struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	d      Dispatcher
	job    *Job
	q      url.Values
	body   []byte
	sent   bool
	daemon *modes.Daemon
}

// handler answers a call, or returns an error to be written as one.
type handler func(c *call) error

func (s *Server) routes() {
	s.systemRoutes()
	s.containerRoutes()
	s.streamRoutes()
	s.networkRoutes()
	s.imageRoutes()
	s.volumeRoutes()
	s.archiveRoutes()
	s.swarmRoutes()
	s.serviceRoutes()
	s.serviceLogRoutes()
}

// handle registers a handler for "METHOD /path".
func (s *Server) handle(pattern string, h handler) {
	s.handleKind(pattern, func(url.Values) Kind { return Plain }, h)
}

func (s *Server) handleKind(pattern string, kind func(url.Values) Kind, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		d, _ := r.Context().Value(dispatcherKey{}).(Dispatcher)
		if d == nil {
			writeError(w, http.StatusInternalServerError, "no dispatcher")
			return
		}
		q, err := parameters(r)
		if err != nil {
			writeError(w, http.StatusBadRequest, err.Error())
			return
		}
		limit := int64(maxBody)
		if carriesFiles(r) {
			limit = maxArchive
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
		if err != nil {
			writeError(w, http.StatusBadRequest, err.Error())
			return
		}
		if int64(len(body)) > limit {
			writeError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body of the request is larger than %d MB: dnetsim takes no more", limit>>20))
			return
		}
		ref := r.PathValue("id")
		c := &call{s: s, w: w, r: r, d: d, q: q, body: body, daemon: s.daemon}
		c.job = &Job{Kind: kind(q), Method: r.Method, Path: r.URL.Path, Ref: ref, Query: q}
		c.job.Run = func() {
			s.daemon.AwaitStart()
			if err := h(c); err != nil {
				c.fail(err)
			}
		}
		d.Do(r, c.job)
	})
}

// parameters are those of the query and, as dockerd has it, of a form body.
func parameters(r *http.Request) (url.Values, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		return r.Form, nil
	}
	return url.ParseQuery(r.URL.RawQuery)
}

// ServeHTTP serves /vX.Y/… of any version and the same without a version.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.Version()
	h := w.Header()
	h.Set("Api-Version", v.APIVersion)
	h.Set("Docker-Experimental", "false")
	h.Set("Ostype", "linux")
	h.Set("Server", "Docker/"+v.Version+" (linux)")
	if p, ok := unversioned(r.URL.Path); ok {
		r2 := *r
		u := *r.URL
		u.Path, u.RawPath = p, ""
		r2.URL = &u
		r = &r2
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.refuse(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// unversioned cuts /vN.N from a path.
func unversioned(p string) (string, bool) {
	rest, ok := strings.CutPrefix(p, "/v")
	if !ok {
		return p, false
	}
	i := strings.IndexByte(rest, '/')
	if i < 1 || strings.Trim(rest[:i], "0123456789.") != "" {
		return p, false
	}
	return rest[i:], true
}

// refuse answers what is not simulated.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotImplemented,
		fmt.Sprintf("dnetsim does not simulate %s %s", r.Method, r.URL.Path))
}

func writeError(w http.ResponseWriter, status int, msg string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeBody(w, struct {
		Message string `json:"message"`
	}{strings.TrimSpace(msg)})
}

// writeBody writes v as dockerd does: one line, HTML left alone.
func writeBody(w io.Writer, v any) {
	w.Write(encode(v))
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null\n")
	}
	return b.Bytes()
}

// Write and flush drop what nobody waits for any more.
func (c *call) write(b []byte) {
	if !c.job.dead {
		c.w.Write(b)
	}
}

func (c *call) flush() {
	if c.job.dead {
		return
	}
	http.NewResponseController(c.w).Flush()
	c.job.report()
}

// json answers with a status and a body.
func (c *call) json(status int, v any) error {
	if c.job.dead {
		return nil
	}
	c.sent = true
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	c.write(encode(v))
	return nil
}

// done answers with a status and no body.
func (c *call) done(status int) error {
	if !c.job.dead {
		c.sent = true
		c.w.WriteHeader(status)
	}
	return nil
}

// fail answers with an error, unless an answer has begun.
func (c *call) fail(err error) {
	status := statusOf(err)
	c.job.Refused = status != http.StatusNotModified
	logFailure(c, status, err)
	if c.sent || c.job.dead {
		return
	}
	if status == http.StatusNotModified {
		c.w.WriteHeader(status)
		return
	}
	writeError(c.w, status, c.daemon.Profile().Say(err.Error()))
}

// decode reads the JSON body into v.
func (c *call) decode(v any) error {
	if t := c.r.Header.Get("Content-Type"); len(c.body) > 0 || t != "" {
		if kind, _, _ := mime.ParseMediaType(t); kind != "application/json" {
			return invalid("Content-Type specified (%s) must be 'application/json'", t)
		}
	}
	if len(bytes.TrimSpace(c.body)) == 0 {
		return invalid("EOF")
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return invalid("%s", err.Error())
	}
	return nil
}

func invalid(format string, args ...any) error {
	return &modes.Error{Kind: modes.ErrInvalid, Msg: fmt.Sprintf(format, args...)}
}

// statusOf is the status code of the class of an error.
func statusOf(err error) int {
	if errors.Is(err, sim.ErrInterrupted) {
		return http.StatusInternalServerError
	}
	if status := statusOfRPC(err); status != 0 {
		return status
	}
	switch modes.KindOf(err) {
	case modes.ErrNotFound:
		return http.StatusNotFound
	case modes.ErrConflict:
		return http.StatusConflict
	case modes.ErrInvalid:
		return http.StatusBadRequest
	case modes.ErrForbidden:
		return http.StatusForbidden
	case modes.ErrUnavailable:
		return http.StatusServiceUnavailable
	case modes.ErrNotModified:
		return http.StatusNotModified
	case modes.ErrNotImplemented:
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError
}
