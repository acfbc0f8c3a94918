// Package logs is the log of a container as json-file keeps it, and its readers.
package logs

import (
	"bytes"
	"io"
	"slices"
	"time"

	"dnetsim/sim"
)

// Entry is a line (or a piece of one) that a container wrote, as json-file
// keeps it.
type Entry struct {
	Stream byte // 1 stdout, 2 stderr
	Time   time.Time
	Line   []byte // with its newline, if it had one
}

// Options are those of `docker logs`.
type Options struct {
	Stdout, Stderr bool
	Follow         bool
	Since, Until   time.Time // zero: no limit
	Tail           int       // lines from the end; below zero: all
}

// Reader gives the log lines of a container.
type Reader struct {
	// Tty says that the container has a terminal, whose output is one stream.
	Tty bool

	log    *Log
	runs   func() bool // whether the container does
	o      Options
	queue  []Entry
	next   int // of the log's lines, those it dropped included
	closed bool
}

// Open opens the log. It is followed as long as runs reports that the container
// does.
func (l *Log) Open(o Options, tty bool, runs func() bool) *Reader {
	r := &Reader{Tty: tty, log: l, runs: runs, o: o, next: l.gone + len(l.Entries)}
	for _, e := range l.Entries {
		if r.passes(e) {
			r.queue = append(r.queue, e)
		}
	}
	if o.Tail >= 0 && len(r.queue) > o.Tail {
		r.queue = r.queue[len(r.queue)-o.Tail:]
	}
	return r
}

func (r *Reader) passes(e Entry) bool {
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
func (r *Reader) Next() (Entry, error) {
	l := r.log
	for {
		if len(r.queue) > 0 {
			e := r.queue[0]
			r.queue = r.queue[1:]
			return e, nil
		}
		if r.closed || !r.o.Follow {
			return Entry{}, io.EOF
		}
		for _, e := range l.Entries[max(0, r.next-l.gone):] {
			if r.passes(e) {
				r.queue = append(r.queue, e)
			}
		}
		r.next = l.gone + len(l.Entries)
		if len(r.queue) > 0 {
			continue
		}
		if !r.runs() {
			return Entry{}, io.EOF
		}
		if err := l.grown.Wait(l.loop); err != nil {
			return Entry{}, err
		}
	}
}

// Close ends the reading.
func (r *Reader) Close() {
	r.closed = true
	r.log.Wake()
}

// maxLogLine is where json-file cuts a line that does not end.
const maxLogLine = 16 << 10

// maxLog is how many bytes of lines are kept for docker logs. json-file without
// max-size fills the disk instead; this disk is memory.
const maxLog = 8 << 20

// Log is what json-file keeps of a container.
type Log struct {
	loop    *sim.Loop
	wall    func() time.Time // the host's
	Entries []Entry          // the last ones
	size    int              // of their lines, in bytes, with logOverhead each
	gone    int              // how many there were before them
	part    [3][]byte
	since   [3]time.Time
	grown   sim.Cond
}

// New is the log of a container on a host with that wall clock.
func New(l *sim.Loop, wall func() time.Time) *Log {
	return &Log{loop: l, wall: wall}
}

// Wake has who follows the log look again: the container has ended.
func (l *Log) Wake() { l.grown.Broadcast() }

// Write notes what the container wrote to a stream, 1 or 2.
func (l *Log) Write(n byte, b []byte) {
	for len(b) > 0 {
		if len(l.part[n]) == 0 {
			l.since[n] = l.wall()
		}
		i := bytes.IndexByte(b, '\n')
		take := i + 1
		if i < 0 {
			take = len(b)
		}
		if room := maxLogLine - len(l.part[n]); take > room {
			take = room
		}
		l.part[n] = append(l.part[n], b[:take]...)
		b = b[take:]
		if p := l.part[n]; p[len(p)-1] == '\n' || len(p) >= maxLogLine {
			l.cut(n)
		}
	}
}

func (l *Log) cut(n byte) {
	if len(l.part[n]) == 0 {
		return
	}
	l.Entries = append(l.Entries, Entry{Stream: n, Time: l.since[n], Line: l.part[n]})
	if l.size += logOverhead + len(l.part[n]); l.size > maxLog {
		l.rotate()
	}
	l.part[n] = nil
	l.grown.Broadcast()
}

// logOverhead is about what json-file writes around a line.
const logOverhead = 64

// rotate drops the older half, as json-file's max-size with two files does.
func (l *Log) rotate() {
	n := 0
	for ; l.size > maxLog/2; n++ {
		l.size -= logOverhead + len(l.Entries[n].Line)
	}
	l.Entries, l.gone = slices.Clone(l.Entries[n:]), l.gone+n
}

// Flush ends the lines that have no end yet: the process is gone.
func (l *Log) Flush() {
	l.cut(1)
	l.cut(2)
	l.grown.Broadcast()
}
