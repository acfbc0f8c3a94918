package modes

import (
	"bytes"
	"slices"
	"time"

	"dnetsim/sim"
)

// streams carries what a container or exec writes: to its log, and to those
// who are attached.
type streams struct {
	loop  *sim.Loop
	log   *containerLog // nil for an exec
	sinks []*sink
}

type sink struct {
	out            *outbox
	stdout, stderr bool
}

// streamWriter is one of the two output streams as a process writes it.
type streamWriter struct {
	s *streams
	n byte
}

// Write never blocks: the daemon reads as fast as the container writes.
func (w streamWriter) Write(b []byte) (int, error) {
	w.s.write(w.n, b)
	return len(b), nil
}

func (s *streams) write(n byte, b []byte) {
	if len(b) == 0 {
		return
	}
	data := append([]byte(nil), b...)
	if s.log != nil {
		s.log.write(n, data)
	}
	for _, k := range s.sinks {
		if n == 1 && k.stdout || n == 2 && k.stderr {
			k.out.put(Chunk{n, data})
		}
	}
}

func (s *streams) attach(stdout, stderr bool) *sink {
	k := &sink{newOutbox(s.loop), stdout, stderr}
	s.sinks = append(s.sinks, k)
	return k
}

func (s *streams) detach(k *sink) {
	for i, x := range s.sinks {
		if x == k {
			s.sinks = slices.Concat(s.sinks[:i], s.sinks[i+1:])
			return
		}
	}
}

// end closes everybody's stream: the process is gone.
func (s *streams) end() {
	if s.log != nil {
		s.log.flush()
	}
	for _, k := range s.sinks {
		k.out.close()
	}
	s.sinks = nil
}

// maxLogLine is where json-file cuts a line that does not end.
const maxLogLine = 16 << 10

// maxLog is how many bytes of lines are kept for docker logs. json-file without
// max-size fills the disk instead; this disk is memory.
const maxLog = 8 << 20

// containerLog is what json-file keeps of a container.
type containerLog struct {
	loop    *sim.Loop
	wall    func() time.Time // the host's
	entries []LogEntry       // the last ones
	size    int              // of their lines, in bytes, with logOverhead each
	gone    int              // how many there were before them
	part    [3][]byte
	since   [3]time.Time
	grown   sim.Cond
}

func (l *containerLog) write(n byte, b []byte) {
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

func (l *containerLog) cut(n byte) {
	if len(l.part[n]) == 0 {
		return
	}
	l.entries = append(l.entries, LogEntry{Stream: n, Time: l.since[n], Line: l.part[n]})
	if l.size += logOverhead + len(l.part[n]); l.size > maxLog {
		l.rotate()
	}
	l.part[n] = nil
	l.grown.Broadcast()
}

// logOverhead is about what json-file writes around a line.
const logOverhead = 64

// rotate drops the older half, as json-file's max-size with two files does.
func (l *containerLog) rotate() {
	n := 0
	for ; l.size > maxLog/2; n++ {
		l.size -= logOverhead + len(l.entries[n].Line)
	}
	l.entries, l.gone = slices.Clone(l.entries[n:]), l.gone+n
}

func (l *containerLog) flush() {
	l.cut(1)
	l.cut(2)
	l.grown.Broadcast()
}
