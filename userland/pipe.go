package userland

import (
	"io"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
)

// pipeSize is the capacity of a Linux pipe.
const pipeSize = 64 << 10

// pipe is the buffer between its two ends.
type pipe struct {
	loop             *sim.Loop
	buf              []byte
	readers, writers int
	changed          sim.Cond
}

// PipeReader is the reading end of a pipe.
type PipeReader struct {
	p       *pipe
	timeout time.Duration // of a Read, for sockets; 0: none
}

// PipeWriter is the writing end of a pipe.
type PipeWriter struct{ p *pipe }

// NewPipe returns the two ends of a pipe that holds 64 KiB and blocks in virtual
// time. Each end must be closed: readers get io.EOF when the last writer is
// gone; a writer without readers gets EPIPE, and the process that wrote dies of
// SIGPIPE unless it ignores or catches it.
func NewPipe(loop *sim.Loop) (*PipeReader, *PipeWriter) {
	p := &pipe{loop: loop, readers: 1, writers: 1}
	return &PipeReader{p: p}, &PipeWriter{p}
}

// Read blocks until there is something to read, or every writer is gone.
func (r *PipeReader) Read(b []byte) (int, error) {
	p := r.p
	checkpoint(p.loop)
	end := p.loop.Now() + r.timeout
	for len(p.buf) == 0 && p.writers > 0 && len(b) > 0 {
		var err error
		if r.timeout > 0 {
			if p.loop.Now() >= end {
				return 0, stack.ErrTimeout
			}
			err = p.changed.WaitFor(p.loop, end-p.loop.Now())
		} else {
			err = p.changed.Wait(p.loop)
		}
		if err != nil && err != sim.ErrTimeout {
			return 0, err
		}
	}
	checkpoint(p.loop)
	if len(p.buf) == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	n := copy(b, p.buf)
	copied(p.loop, n)
	if p.buf = p.buf[n:]; len(p.buf) == 0 {
		p.buf = nil
	}
	p.changed.Broadcast()
	return n, nil
}

// Close closes the reading end.
func (r *PipeReader) Close() error {
	if r.p.readers > 0 {
		r.p.readers--
	}
	r.p.changed.Broadcast()
	return nil
}

// Write blocks while the pipe is full. Outside a process it never blocks and
// lets the buffer grow, so that events of the loop can write.
func (w *PipeWriter) Write(b []byte) (int, error) {
	p, done := w.p, 0
	inside := p.loop.Current() != nil
	if inside {
		checkpoint(p.loop)
	}
	for done < len(b) {
		if p.readers <= 0 {
			if q := current(p.loop); q != nil {
				q.Signal(SIGPIPE)
			}
			return done, EPIPE
		}
		room := pipeSize - len(p.buf)
		if !inside {
			room = len(b)
		}
		if room <= 0 {
			if err := p.changed.Wait(p.loop); err != nil {
				return done, err
			}
			continue
		}
		n := min(room, len(b)-done)
		p.buf = append(p.buf, b[done:done+n]...)
		done += n
		p.changed.Broadcast()
	}
	return done, nil
}

// Close closes the writing end.
func (w *PipeWriter) Close() error {
	if w.p.writers > 0 {
		w.p.writers--
	}
	w.p.changed.Broadcast()
	return nil
}

// copied counts bytes that the running process has moved.
func copied(l *sim.Loop, n int) {
	if q := current(l); q != nil {
		q.Work(n / CopyUnit)
	}
}

// checkpoint counts a step of the running process and blocks it while its
// machine is paused.
func checkpoint(l *sim.Loop) {
	if q := current(l); q != nil {
		q.Tick()
		q.Machine.checkpoint()
	}
}
