package cli

import (
	"errors"
	"strings"

	"dnetsim/sim"
)

// chunk is a piece of output.
type chunk struct {
	err  bool
	data []byte
}

// write brings output of the command line to the process's streams. It blocks
// as long as they do, in virtual time.
func (s *session) write(stderr bool, b []byte) (int, error) {
	s.jitter()
	n, err := 0, error(errEnded)
	s.do(func() {
		if !stderr {
			s.printed++
			s.lines += strings.Count(string(b), "\n")
		}
		if s.plan.keep {
			s.saved = append(s.saved, chunk{stderr, append([]byte(nil), b...)})
			n, err = len(b), nil
			return
		}
		n, err = s.emit(stderr, b)
	})
	return n, err
}

// finished reports whether the command line came to its end by itself.
func (s *session) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exited
}

// kept is the output that was kept back, standard output in one piece where lines
// of it are changed. What answers a shell that completes is sorted.
func (s *session) kept() []chunk {
	if !s.plan.complete && !s.plan.client {
		return s.saved
	}
	var words chunk
	var rest []chunk
	for _, c := range s.saved {
		if c.err {
			rest = append(rest, c)
		} else {
			words.data = append(words.data, c.data...)
		}
	}
	if s.plan.complete {
		words.data = sortCompletions(words.data)
	}
	return append([]chunk{words}, rest...)
}

// emit writes on the process, again after a signal that was caught meanwhile.
func (s *session) emit(stderr bool, b []byte) (n int, err error) {
	w := s.p.Stdout
	if stderr {
		w = s.p.Stderr
	}
	whole := len(b)
	b = s.plan.filter(b)
	total := len(b)
	for len(b) > 0 {
		k, err := w.Write(b)
		b = b[k:]
		if err != nil && !errors.Is(err, sim.ErrInterrupted) {
			return min(whole, total-len(b)), err
		}
	}
	return whole, nil // what the filter made of it is none of the writer's business
}
