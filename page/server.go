package page

import (
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"

	"dnetsim/labs"
	"dnetsim/labs/store"
	"dnetsim/page/seat"
	"dnetsim/scenarios"
	"dnetsim/scenarios/replay"
)

// Server is the page's HTTP server for one user, or for a class. Make one with [New].
type Server struct {
	options Options
	door    *door
	files   fs.FS
	mux     *http.ServeMux

	mu    sync.Mutex
	seats map[place]*seat.Seat
	conns map[string]int // of a learner
	ended bool

	asking chan struct{}
	over   chan struct{}
	class  *class
}

// place is a learner's in a lab.
type place struct{ learner, lab string }

// Options say what is served.
type Options struct {
	Labs      []*labs.Lab
	Scenarios []Scenario
	Docker    scenarios.Docker // of the labs' hosts
	// Store keeps what learners do; nil forgets it with the server's end.
	Store *store.Store
	// Learner is the one user's id, from which their worlds are drawn: "learner" by
	// default.
	Learner string
	// Open is the lab that the page goes to at once, "" for the list.
	Open string
	// Title is the class's, for its page.
	Title  string
	Limits seat.Limits
	// Memory is the heap, in bytes, at which worlds are put to sleep and, if that does
	// not help, the largest is stopped. 0 is no limit.
	Memory uint64
	// Class says that there are many learners, and a teacher: [Server.Links] tells how
	// each comes in. Without it there is one user, who may do everything.
	Class bool
	// Secret signs cookies and personal links; nil draws one, and what it signed is
	// worth nothing after the server's end.
	Secret []byte
	// Names are the names under which the server is reached beside IP addresses and
	// localhost.
	Names []string
}

// Scenario is one to work in without tasks.
type Scenario struct {
	Name, About string
	World       replay.Options
}

// New makes a server. What the store has of a class before is gone on with.
func New(o Options) (*Server, error) {
	class, err := newClass(o.Store)
	if err != nil {
		return nil, err
	}
	if o.Secret == nil {
		o.Secret = class.secret
	}
	s := &Server{options: o, class: class, files: assets(), mux: http.NewServeMux(), seats: map[place]*seat.Seat{}, conns: map[string]int{}, asking: make(chan struct{}, max(1, runtime.NumCPU()/2)), over: make(chan struct{})}
	s.door = newDoor(o)
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("GET /teacher", s.index)
	s.mux.HandleFunc("GET /ws", s.socket)
	s.mux.HandleFunc("GET /api/labs", s.labs)
	s.mux.HandleFunc("GET /api/me", s.me)
	s.mux.HandleFunc("POST /api/join", s.join)
	s.mux.HandleFunc("GET /api/class", s.classroom)
	s.mux.HandleFunc("POST /api/say", s.say)
	s.mux.HandleFunc("GET /results.csv", s.results)
	s.mux.HandleFunc("GET /record.json", s.record)
	s.mux.HandleFunc("GET /records.zip", s.records)
	s.mux.HandleFunc("GET /pcap", s.pcap)
	s.mux.HandleFunc("GET /", s.file)
	go s.guard()
	return s, nil
}

// Close ends every seat.
func (s *Server) Close() {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	seats := s.seats
	s.seats = map[place]*seat.Seat{}
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, x := range seats {
		all.Go(x.Close)
	}
	all.Wait()
	close(s.over)
	s.class.close()
}

// Serve answers on a listener until it is closed.
func (s *Server) Serve(l net.Listener) error {
	l = &limited{Listener: l, free: make(chan struct{}, mostSockets)}
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	err := h.Serve(l)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ClassLimits are those of each learner in a class that nothing else is said of.
func ClassLimits(idle time.Duration) seat.Limits {
	return seat.Limits{Packets: 2 << 20, Terminals: 12, Containers: 40, Work: 0.25, Idle: idle, Gentle: true}
}

// policy is what the browser may load for the page: only what is embedded here.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if !s.door.knows(r.Host) {
		http.Error(w, "this server is not called "+clip(r.Host, 100)+": use the link that it printed", http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !sameOrigin(r) {
		http.Error(w, "only the page itself may ask that", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	}
	s.mux.ServeHTTP(w, r)
}

// clip is the beginning of a text.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// index is the page; with a token in the link whoever comes is let in first.
func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("token"); token != "" {
		who, ok := s.door.admit(token)
		if !ok {
			http.Error(w, "this link is not valid, or not any more: ask for a new one", http.StatusForbidden)
			return
		}
		if old, ok := s.door.who(r); ok && who.role == learner && who.learner == "" && old.role == learner {
			who = old // who comes again by the class's link stays who they are
		}
		s.door.mark(w, r, who)
		to := "/"
		if who.role == teacher {
			to = "/teacher"
		}
		if q := r.URL.Query(); q.Get("lab") != "" {
			q.Del("token")
			to += "?" + q.Encode()
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	s.asset(w, r, "index.html")
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	s.asset(w, r, strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/"))
}

// asset is a file of the page; there are no others.
func (s *Server) asset(w http.ResponseWriter, r *http.Request, name string) {
	b, err := fs.ReadFile(s.files, name)
	switch {
	case err != nil && name == "index.html":
		b = []byte(bare)
	case err != nil || strings.HasPrefix(path.Base(name), "."):
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not what the machine's own tables say
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".txt":
		kind = "text/plain; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	}
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.Write(b)
}

// allowed is who asks, if a role that is named may; else the answer has been given.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request, roles ...role) (visitor, bool) {
	who, ok := s.door.who(r)
	if !ok {
		http.Error(w, "come in by the link that the server printed", http.StatusUnauthorized)
		return who, false
	}
	for _, x := range roles {
		if who.role == x {
			return who, true
		}
	}
	http.Error(w, "that is not for you", http.StatusForbidden)
	return who, false
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func (s *Server) labs(w http.ResponseWriter, r *http.Request) {
	who, ok := s.allowed(w, r, owner, learner, teacher)
	if !ok {
		return
	}
	answer(w, map[string]any{"labs": s.list(who.learner), "open": s.options.Open})
}

// me says who the page is for: a learner without a name is asked for one.
func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	who, ok := s.allowed(w, r, owner, learner, teacher)
	if ok {
		answer(w, map[string]any{"role": who.role, "learner": who.learner, "named": who.role != learner || who.learner != ""})
	}
}

// seat is a learner's seat in a lab, made if there is none.
func (s *Server) seat(learner, lab string) (*seat.Seat, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, errors.New("the server is ending")
	}
	at := place{learner, lab}
	if x := s.seats[at]; x != nil {
		return x, nil
	}
	c, err := s.config(learner, lab)
	if err != nil {
		return nil, err
	}
	c.Limits, c.Asking = s.options.Limits, s.asking
	x := seat.New(c)
	s.seats[at] = x
	return x, nil
}

// known is a seat that is there already.
func (s *Server) known(learner, lab string) *seat.Seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seats[place{learner, lab}]
}

func (s *Server) pcap(w http.ResponseWriter, r *http.Request) {
	who, ok := s.allowed(w, r, owner, learner)
	if !ok {
		return
	}
	x := s.known(who.learner, s.lab(r))
	if x == nil {
		http.Error(w, "you are not in that lab", http.StatusNotFound)
		return
	}
	b, err := x.Capture(r.URL.Query().Get("filter"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-pcapng")
	w.Header().Set("Content-Disposition", `attachment; filename="dnetsim.pcapng"`)
	w.Write(b)
}

// lab is the lab that a request names, or the one that the page opens at once.
func (s *Server) lab(r *http.Request) string {
	if name := r.URL.Query().Get("lab"); name != "" {
		return name
	}
	return s.options.Open
}
