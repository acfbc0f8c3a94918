package page

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"dnetsim/page/seat"

	"github.com/coder/websocket"
)

// The limits of connections.
const (
	mostConns    = 8 // of one learner
	mostMessage  = 256 << 10
	mostWaiting  = 4 << 20 // bytes that a slow reader has not taken
	mostRequests = 100     // a second, on average
	burst        = 400
	alive        = 25 * time.Second // between two pings
)

// conn is one page's connection. It implements seat.Viewer.
type conn struct {
	ws      *websocket.Conn
	watches bool
	cancel  context.CancelFunc

	mu      sync.Mutex
	queue   [][]byte
	waiting int
	more    chan struct{}
	slow    bool
}

// Watches reports whether it only looks.
func (c *conn) Watches() bool { return c.watches }

// Send puts a message into the queue; who does not read is let go.
func (c *conn) Send(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.slow {
		return
	}
	if c.waiting+len(b) > mostWaiting && len(c.queue) > 8 {
		c.slow, c.queue = true, nil
		c.cancel()
		return
	}
	c.queue = append(c.queue, b)
	c.waiting += len(b)
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// take is what waits.
func (c *conn) take() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.queue
	c.queue, c.waiting = nil, 0
	return q
}

// write sends what waits, and looks now and then whether the page is still there.
func (c *conn) write(ctx context.Context) {
	defer c.cancel()
	ping := time.NewTicker(alive)
	defer ping.Stop()
	for {
		for _, b := range c.take() {
			one, done := context.WithTimeout(ctx, 20*time.Second)
			err := c.ws.Write(one, websocket.MessageText, b)
			done()
			if err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-c.more:
		case <-ping.C:
			one, done := context.WithTimeout(ctx, 20*time.Second)
			err := c.ws.Ping(one)
			done()
			if err != nil {
				return
			}
		}
	}
}

// socket is a page's connection to a seat.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	who, ok := s.allowed(w, r, owner, learner, teacher)
	if !ok {
		return
	}
	if !sameOrigin(r) {
		http.Error(w, "only the page itself may connect", http.StatusForbidden)
		return
	}
	watch := r.URL.Query().Get("watch")
	switch {
	case who.role == teacher && watch == "", who.role != teacher && watch != "":
		http.Error(w, "only a teacher watches, and only watches", http.StatusForbidden)
		return
	case who.role == learner && who.learner == "":
		http.Error(w, "join first", http.StatusForbidden)
		return
	case watch != "":
		who.learner = watch
	}
	var x *seat.Seat
	var err error
	if watch != "" {
		if x = s.watched(watch, s.lab(r)); x == nil {
			http.Error(w, "that learner is not there", http.StatusNotFound)
			return
		}
	} else if x, err = s.seat(who.learner, s.lab(r)); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if !s.enter(who) {
		http.Error(w, "too many pages are open: close one", http.StatusTooManyRequests)
		return
	}
	defer s.leave(who)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{OriginPatterns: []string{r.Host}})
	if err != nil {
		return // it has been answered
	}
	ws.SetReadLimit(mostMessage)
	ctx, cancel := context.WithCancel(r.Context())
	c := &conn{ws: ws, watches: watch != "", cancel: cancel, more: make(chan struct{}, 1)}
	defer cancel()
	go c.write(ctx)
	x.Join(c, r.URL.Query().Get("lang"))
	c.read(ctx, x)
	x.Leave(c)
	c.mu.Lock()
	slow := c.slow
	c.mu.Unlock()
	if slow {
		ws.Close(websocket.StatusPolicyViolation, "the page does not read what it is told")
		return
	}
	ws.Close(websocket.StatusNormalClosure, "")
}

// watched is a learner's seat for the teacher: one that is there, or, after a restart,
// what was kept of it.
func (s *Server) watched(learner, lab string) *seat.Seat {
	if x := s.known(learner, lab); x != nil {
		return x
	}
	if _, ok := s.class.record(place{learner, lab}); !ok {
		return nil
	}
	x, err := s.seat(learner, lab)
	if err != nil {
		return nil
	}
	return x
}

// read hands the page's requests to the seat until the connection ends.
func (c *conn) read(ctx context.Context, x *seat.Seat) {
	defer c.cancel()
	tokens, last := float64(burst), time.Now()
	for {
		_, b, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		now := time.Now()
		tokens = min(tokens+now.Sub(last).Seconds()*mostRequests, burst)
		last = now
		if tokens--; tokens < 0 {
			time.Sleep(time.Second / mostRequests)
		}
		var r seat.Request
		if err := json.Unmarshal(b, &r); err != nil {
			c.Send([]byte(`{"t":"say","level":"error","text":"that message is no request"}`))
			continue
		}
		x.Ask(c, r)
	}
}

// enter counts a connection, if there may be one more.
func (s *Server) enter(v visitor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := string(v.role) + " " + v.learner
	if s.conns[who] >= mostConns {
		return false
	}
	s.conns[who]++
	return true
}

func (s *Server) leave(v visitor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := string(v.role) + " " + v.learner
	if s.conns[who]--; s.conns[who] <= 0 {
		delete(s.conns, who)
	}
}

// Links are the tokens that let people in: of the user, or of a class.
type Links struct{ Owner, Teacher, Learners string }

// Links are the server's, as paths.
func (s *Server) Links() Links {
	link := func(v visitor) string { return "/?token=" + s.door.token(v) }
	if !s.options.Class {
		name := s.options.Learner
		if name == "" {
			name = "learner"
		}
		return Links{Owner: link(visitor{owner, name})}
	}
	return Links{Teacher: link(visitor{teacher, ""}), Learners: link(visitor{learner, ""})}
}
