package cli

import (
	"dnetsim/engine"
)

// quiet is the rule when virtual time may go on: the command line has asked for
// something that takes time and does nothing else, that is
//
//   - every request that it will send by itself has been admitted,
//   - at least one is being worked on, or a stream is open whose subject runs,
//   - nothing is owed in either direction: the reader of each connection has
//     taken everything and come back for more, what was read from standard
//     input has been sent on, and every message has been printed.
//
// The caller holds mu.
func (s *session) quiet() bool {
	if len(s.pending) > 0 || len(s.calls) > 0 || s.exited {
		return false
	}
	waits, working := false, false
	for _, r := range s.active {
		working = working || !r.job.Streaming
		waits = waits || s.letsTime(r)
	}
	if !waits && (s.cut || !s.prompting()) {
		return false
	}
	if s.plan.recheck && s.hijacked && s.inspections == 0 {
		return working // docker attach inspects once more before it streams
	}
	if s.plan.asksBetween && working {
		return true // its one reader waits for the answer
	}
	for _, r := range s.active {
		// The answer to a wait is not output, and its reader may have gone.
		if r.job.Streaming && r.job.Kind != engine.Wait && r.conn != nil && !r.unread() && !r.conn.Other().Idle() {
			return false
		}
	}
	for _, u := range s.ups {
		if !u.req.finished && u.req.conn.Other().Closed() {
			// It has left its stream (the detach keys): it is about to say so
			// and to exit, or to ask for something else.
			return working
		}
		if u.req.finished {
			if !u.req.unread() && !u.req.conn.Other().Idle() {
				return false // the end has not been read
			}
			continue
		}
		if !u.eof && !s.in.wanted {
			return false
		}
	}
	for _, r := range s.active {
		if r.job.Lines > s.passed || s.owed > s.lines {
			return false
		}
	}
	return true
}

// unread reports whether nobody will read what comes on a connection: the
// client attached standard input only.
func (r *request) unread() bool {
	q := r.job.Query
	return r.job.Kind == engine.Attach && q.Get("stdout") == "" && q.Get("stderr") == ""
}

// letsTime reports whether virtual time may pass while the command line waits
// for this request.
func (s *session) letsTime(r *request) bool {
	j := r.job
	if !j.Streaming || j.Kind == engine.Plain {
		return true
	}
	switch j.Kind {
	case engine.Attach:
		if !r.looked {
			r.looked, r.running = true, j.Container != nil && j.Container.State.Running()
		}
		// docker start waits for it and starts it before it listens, runs it or not.
		return r.running && s.plan.name != "start" || s.started
	case engine.Wait:
		switch s.plan.name {
		case "wait":
			return true
		case "attach":
			return s.hijacked
		}
		// docker run -d asks to be told of an end that it does not wait for.
		return s.hijacked && s.started || s.startFailed && j.Query.Get("condition") == "removed"
	case engine.Follow:
		return s.plan.name != "stats"
	}
	return true
}

// prompting reports whether the command line asks its user something: it reads
// standard input and has no stream open that would.
func (s *session) prompting() bool {
	return s.in.wanted && !s.hijacked && len(s.active) == 0
}

// ready reports whether the requests that wait may be admitted. The caller
// holds mu.
func (s *session) ready() bool {
	if len(s.pending) == 0 {
		return false
	}
	if s.plan.printsFirst && s.printed == 0 {
		for _, r := range s.pending {
			if r.job.Kind == engine.Wait {
				return false // the container's id comes first
			}
		}
	}
	if s.plan.targets == nil {
		return true
	}
	// docker stop a b c sends its requests in parallel, fifty at a time.
	want := len(s.plan.targets) - s.completed
	if s.plan.width > 0 {
		want = min(want, s.plan.width)
	}
	have := 0
	for _, r := range s.active {
		if s.plan.parallel(r.job) {
			have++
		}
	}
	for _, r := range s.pending {
		if s.plan.parallel(r.job) {
			have++
		} else {
			return true
		}
	}
	return have >= want
}
