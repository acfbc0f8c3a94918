package engine

import (
	"net"
	"net/http"
	"net/url"

	"dnetsim/modes"
	"dnetsim/sim"
)

// Kind is how a request relates to time.
type Kind int

const (
	// Plain requests are answered when the model has done its work.
	Plain Kind = iota
	// Attach and ExecStart are hijacked streams that end with their process.
	Attach
	ExecStart
	// Wait answers its headers at once and its body when the container has
	// ended.
	Wait
	// Follow are logs -f, events and stats: streams that end when the client
	// has enough or the subject ends.
	Follow
)

// Job is one request on its way to the loop and back. The exported fields are
// set before it is dispatched.
type Job struct {
	Kind   Kind
	Method string
	// Path is the request's path without its version, such as
	// "/containers/web/stop".
	Path  string
	Ref   string // the {id} or {name} of the path
	Query url.Values
	// Run does the work; it is called once, as a process of the loop.
	Run func()

	// Container is set by Run as soon as it is known whom a stream belongs to.
	Container *modes.Container
	// Streaming is set by Run when the headers of a stream have been sent.
	Streaming bool
	// Interactive is set by Run for a stream on which the client may type.
	Interactive bool
	// Refused is set by Run when the answer was an error.
	Refused bool
	// Conn is the hijacked connection, nil if there is none.
	Conn net.Conn
	// Lines counts the messages of an event stream that have been sent.
	Lines int

	progress func()
	dead     bool
}

// hurries reports whether whoever sent the request waits for its end and does
// nothing else.
func (j *Job) hurries() bool {
	switch j.Kind {
	case Follow:
		return false
	case Wait:
		return j.Container != nil && !j.Container.Config.OpenStdin
	}
	return !j.Interactive
}

// report is called by Run, on the loop, each time it has sent something.
func (j *Job) report() {
	if j.progress != nil {
		j.progress()
	}
}

// OnProgress sets what report calls; dispatchers use it.
func (j *Job) OnProgress(fn func()) { j.progress = fn }

// Abandon tells the job, on the loop, that nobody waits for its answer any more:
// what it writes from now on is dropped.
func (j *Job) Abandon() { j.dead = true }

// Dispatcher brings jobs to the loop.
type Dispatcher interface {
	// Do makes the loop run job.Run and returns when that is over or nobody
	// wants the answer any more. It is called on the connection's goroutine.
	Do(r *http.Request, job *Job)
	// Attach makes what the client sends on a hijacked connection arrive in
	// feed, beginning with what came early. It is called on the loop by the
	// job's process, before the client is told that it may send.
	Attach(job *Job, conn net.Conn, early []byte, feed *Feed)
}

// Feed is a queue of what a client sent on a hijacked connection, read in
// virtual time.
type Feed struct {
	loop *sim.Loop
	q    [][]byte
	eof  bool
	cond sim.Cond
}

// newFeed returns an empty feed.
func newFeed(l *sim.Loop) *Feed { return &Feed{loop: l} }

// Put appends data, or ends the feed; it is called on the loop.
func (f *Feed) Put(b []byte, eof bool) {
	if len(b) > 0 {
		f.q = append(f.q, b)
	}
	if eof {
		f.eof = true
	}
	f.cond.Broadcast()
}

// next blocks for the next piece; ok is false at the end.
func (f *Feed) next() (b []byte, ok bool) {
	for len(f.q) == 0 {
		if f.eof {
			return nil, false
		}
		if err := f.cond.Wait(f.loop); err != nil {
			return nil, false
		}
	}
	b, f.q = f.q[0], f.q[1:]
	return b, true
}
