// Package streams carries what a container or an exec reads and writes between
// it, its log and the clients that are attached.
package streams

import (
	"io"
	"slices"

	"dnetsim/modes/logs"
	"dnetsim/sim"
	"dnetsim/userland"
)

// Streams carries what a container or exec writes: to its log, and to those
// who are attached.
type Streams struct {
	loop  *sim.Loop
	log   *logs.Log // nil for an exec
	sinks []*sink
}

type sink struct {
	out            *outbox
	stdout, stderr bool
}

// streamWriter is one of the two output streams as a process writes it.
type streamWriter struct {
	s *Streams
	n byte
}

// New are those of one process; log is nil for an exec.
func New(l *sim.Loop, log *logs.Log) *Streams { return &Streams{loop: l, log: log} }

// Writer is where the process writes: stream 1 or 2.
// Write gives what was written to stream n, 1 or 2, to the log and to who is attached.
func (s *Streams) Writer(n byte) io.Writer { return streamWriter{s, n} }

// Write never blocks: the daemon reads as fast as the container writes.
func (w streamWriter) Write(b []byte) (int, error) {
	w.s.Write(w.n, b)
	return len(b), nil
}

func (s *Streams) Write(n byte, b []byte) {
	if len(b) == 0 {
		return
	}
	data := append([]byte(nil), b...)
	if s.log != nil {
		s.log.Write(n, data)
	}
	for _, k := range s.sinks {
		if n == 1 && k.stdout || n == 2 && k.stderr {
			k.out.put(Chunk{n, data})
		}
	}
}

func (s *Streams) attach(stdout, stderr bool) *sink {
	k := &sink{newOutbox(s.loop), stdout, stderr}
	s.sinks = append(s.sinks, k)
	return k
}

// Open joins the streams of a process, whether it runs already or not.
func (s *Streams) Open(o Options, tty bool) *Attachment {
	k := s.attach(o.Stdout, o.Stderr)
	if o.Logs && s.log != nil {
		for _, e := range s.log.Entries {
			if e.Stream == 1 && o.Stdout || e.Stream == 2 && o.Stderr {
				k.out.put(Chunk{e.Stream, e.Line})
			}
		}
	}
	if !o.Stream {
		s.detach(k)
		k.out.close()
	}
	return &Attachment{Tty: tty, out: k.out, leave: func() { s.detach(k) }}
}

func (s *Streams) detach(k *sink) {
	for i, x := range s.sinks {
		if x == k {
			s.sinks = slices.Concat(s.sinks[:i], s.sinks[i+1:])
			return
		}
	}
}

// End closes everybody's stream: the process is gone.
func (s *Streams) End() {
	if s.log != nil {
		s.log.Flush()
	}
	for _, k := range s.sinks {
		k.out.close()
	}
	s.sinks = nil
}

// Chunk is a piece of output of a container or exec.
type Chunk struct {
	Stream byte // 1 stdout, 2 stderr
	Data   []byte
}

// Options says which streams an attachment carries.
type Options struct {
	Stdin, Stdout, Stderr bool
	Stream                bool // follow from now on
	Logs                  bool // give what was logged before first
}

// Attachment is a client's end of the streams of a container or exec. Its
// methods are called from processes of the loop.
type Attachment struct {
	// Stdin is nil unless asked for and open. Closing it half-closes the
	// attachment: the process reads end of file (unless it has a TTY).
	Stdin io.WriteCloser
	// Tty says that the output is the raw stream of a terminal.
	Tty bool

	out   *outbox
	leave func()
}

// Next blocks until there is output and returns it; io.EOF when the process
// has ended and everything was read, or the attachment was closed.
func (a *Attachment) Next() (Chunk, error) { return a.out.next() }

// Close detaches: the process goes on.
func (a *Attachment) Close() {
	a.out.close()
	if a.leave != nil {
		a.leave()
	}
}

// ReadAll reads what is written until the end, and keeps so many bytes of it.
func (a *Attachment) ReadAll(most int) (string, error) {
	var out []byte
	for {
		k, err := a.Next()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return string(out), err
		}
		if room := most - len(out); len(k.Data) > room {
			k.Data = k.Data[:room]
		}
		out = append(out, k.Data...)
	}
}

// outbox is a queue of chunks that one process reads. It is not bounded: the
// daemon copies output as fast as it comes.
type outbox struct {
	loop   *sim.Loop
	q      []Chunk
	closed bool
	cond   sim.Cond
}

func newOutbox(l *sim.Loop) *outbox { return &outbox{loop: l} }

func (o *outbox) put(c Chunk) {
	if o.closed || len(c.Data) == 0 {
		return
	}
	o.q = append(o.q, c)
	o.cond.Broadcast()
}

func (o *outbox) close() {
	o.closed = true
	o.cond.Broadcast()
}

func (o *outbox) next() (Chunk, error) {
	for len(o.q) == 0 {
		if o.closed {
			return Chunk{}, io.EOF
		}
		if err := o.cond.Wait(o.loop); err != nil {
			return Chunk{}, err
		}
	}
	c := o.q[0]
	o.q = o.q[1:]
	return c, nil
}

// ttyInput types on a terminal; a client that leaves does not end it.
type ttyInput struct{ t *userland.TTY }

// TypeOn is an attached client's way to a terminal.
func TypeOn(t *userland.TTY) io.WriteCloser { return ttyInput{t} }

// WriteTo is one to a pipe; once says that the client is the only one, and ends it.
func WriteTo(w *userland.PipeWriter, once bool) io.WriteCloser { return &pipeInput{w, once} }

func (i ttyInput) Write(b []byte) (int, error) {
	i.t.Input(b)
	return len(b), nil
}

func (i ttyInput) Close() error { return nil }

// pipeInput writes to a pipe, and ends it if the container reads from one
// client only.
type pipeInput struct {
	w    *userland.PipeWriter
	once bool
}

func (i *pipeInput) Write(b []byte) (int, error) { return i.w.Write(b) }

func (i *pipeInput) Close() error {
	if i.once {
		return i.w.Close()
	}
	return nil
}
