package modes

import (
	"io"
	"time"
)

// LogEntry is a line (or a piece of one) that a container wrote, as json-file
// keeps it.
type LogEntry struct {
	Stream byte // 1 stdout, 2 stderr
	Time   time.Time
	Line   []byte // with its newline, if it had one
}

// LogOptions are those of `docker logs`.
type LogOptions struct {
	Stdout, Stderr bool
	Follow         bool
	Since, Until   time.Time // zero: no limit
	Tail           int       // lines from the end; below zero: all
}

// LogReader gives the log lines of a container.
type LogReader struct {
	// Tty says that the container has a terminal, whose output is one stream.
	Tty bool

	c      *Container
	o      LogOptions
	queue  []LogEntry
	next   int // of the log's lines, those it dropped included
	closed bool
}

// Logs opens a container's log.
func (cs *Containers) Logs(ref string, o LogOptions) (*LogReader, error) {
	c, err := cs.Get(ref)
	if err != nil {
		return nil, err
	}
	if !o.Stdout && !o.Stderr {
		return nil, errf(ErrInvalid, "You must choose at least one stream")
	}
	r := &LogReader{Tty: c.Config.Tty, c: c, o: o, next: c.run.log.gone + len(c.run.log.entries)}
	for _, e := range c.run.log.entries {
		if r.passes(e) {
			r.queue = append(r.queue, e)
		}
	}
	if o.Tail >= 0 && len(r.queue) > o.Tail {
		r.queue = r.queue[len(r.queue)-o.Tail:]
	}
	return r, nil
}

func (r *LogReader) passes(e LogEntry) bool {
	switch {
	case e.Stream == 1 && !r.o.Stdout || e.Stream == 2 && !r.o.Stderr:
		return false
	case !r.o.Since.IsZero() && e.Time.Before(r.o.Since):
		return false
	case !r.o.Until.IsZero() && e.Time.After(r.o.Until):
		return false
	}
	return true
}

// Next is the next line; io.EOF after the last one. When following it blocks
// until the container writes or ends.
func (r *LogReader) Next() (LogEntry, error) {
	l := r.c.run.log
	for {
		if len(r.queue) > 0 {
			e := r.queue[0]
			r.queue = r.queue[1:]
			return e, nil
		}
		if r.closed || !r.o.Follow {
			return LogEntry{}, io.EOF
		}
		for _, e := range l.entries[max(0, r.next-l.gone):] {
			if r.passes(e) {
				r.queue = append(r.queue, e)
			}
		}
		r.next = l.gone + len(l.entries)
		if len(r.queue) > 0 {
			continue
		}
		if !r.c.State.Running() {
			return LogEntry{}, io.EOF
		}
		if err := l.grown.Wait(l.loop); err != nil {
			return LogEntry{}, err
		}
	}
}

// Close ends the reading.
func (r *LogReader) Close() {
	r.closed = true
	r.c.run.log.grown.Broadcast()
}
