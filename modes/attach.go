package modes

import (
	"io"

	"dnetsim/sim"
)

// Chunk is a piece of output of a container or exec.
type Chunk struct {
	Stream byte // 1 stdout, 2 stderr
	Data   []byte
}

// AttachOptions says which streams an attachment carries.
type AttachOptions struct {
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

// all reads what is written until the end, and keeps so many bytes of it.
func (a *Attachment) all(most int) (string, error) {
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

// Attach joins a container's streams, whether it runs already or not.
func (cs *Containers) Attach(ref string, o AttachOptions) (*Attachment, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	switch c.State.Status {
	case Paused:
		return nil, errf(ErrConflict, "container %s is paused, unpause the container before attach", ref)
	case Restarting:
		return nil, errf(ErrConflict, "container %s is restarting, wait until the container is running", ref)
	}
	k := c.run.streams.attach(o.Stdout, o.Stderr)
	if o.Logs {
		for _, e := range c.run.log.entries {
			if e.Stream == 1 && o.Stdout || e.Stream == 2 && o.Stderr {
				k.out.put(Chunk{e.Stream, e.Line})
			}
		}
	}
	a := &Attachment{Tty: c.Config.Tty, out: k.out, leave: func() { c.run.streams.detach(k) }}
	if !o.Stream {
		c.run.streams.detach(k)
		k.out.close()
		return a, nil
	}
	if o.Stdin {
		a.Stdin = c.run.input(c)
	}
	cs.d.containerEvent(c, "attach")
	return a, nil
}
