package cli

import (
	"errors"
	"io"
	"sync"

	"dnetsim/sim"
)

// input is standard input on its way to the command line: a process of the loop
// reads it, in virtual time, when the command line asks for it.
type input struct {
	cond   sync.Cond // of the session's mu
	wanted bool      // the command line blocks in Read
	closed bool      // it will not read again
	data   []byte    // handed over
	eof    bool
	// fresh is what the reader has read and the pump has not handed over. It
	// belongs to the loop, as busy does: the reader blocks in a read.
	fresh []byte
	ended bool
	busy  bool
}

// stdin is the command line's end.
type stdin struct{ s *session }

// Read blocks until the process of the loop has read something.
func (f stdin) Read(b []byte) (int, error) {
	s := f.s
	s.jitter()
	defer s.jitter()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.in.data) == 0 {
		if s.in.eof || s.in.closed || s.over {
			return 0, io.EOF
		}
		s.in.wanted = true
		s.poke()
		s.in.cond.Wait()
	}
	n := copy(b, s.in.data)
	s.in.data = s.in.data[n:]
	return n, nil
}

// Close ends a Read that blocks.
func (f stdin) Close() error {
	f.s.mu.Lock()
	f.s.in.closed, f.s.in.wanted = true, false
	f.s.in.cond.Broadcast()
	f.s.mu.Unlock()
	f.s.poke()
	return nil
}

// serveInput hands over what was read, or lets the reader read. The caller
// holds mu; it is called at quiet points only.
func (s *session) serveInput() {
	if !s.in.wanted {
		return
	}
	if !s.in.busy && len(s.in.fresh) == 0 && !s.in.ended {
		s.in.busy = true
		if s.reader == nil {
			s.p.Go(func() {
				s.reader = s.loop.Current()
				s.readInput()
			})
		} else {
			s.asked.Broadcast()
		}
	}
}

// handOver gives the command line what the reader has read; it reports whether
// there was anything. The caller holds mu.
func (s *session) handOver() bool {
	if !s.in.wanted || (len(s.in.fresh) == 0 && !s.in.ended) {
		return false
	}
	s.in.data, s.in.fresh = s.in.fresh, nil
	s.in.eof = s.in.ended && len(s.in.data) == 0
	s.in.wanted = false
	s.in.cond.Broadcast()
	return true
}

// readInput is the reader: one read for each time that it is asked.
func (s *session) readInput() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.p.Stdin.Read(buf)
		if errors.Is(err, sim.ErrInterrupted) {
			err = nil
		}
		s.in.fresh = append([]byte(nil), buf[:n]...)
		s.in.ended = err != nil
		if n == 0 && err == nil {
			continue
		}
		s.in.busy = false
		s.cond.Broadcast()
		if err != nil {
			return
		}
		for !s.in.busy {
			s.asked.Wait(s.loop)
		}
	}
}
