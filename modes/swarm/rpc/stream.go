package rpc

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"dnetsim/sim"
)

// Stream is one call on a connection: messages until its end.
type Stream struct {
	c    *Conn
	id   uint32
	in   []json.RawMessage
	end  *Status // nil while it goes on
	last Status  // what end is
	news sim.Cond
	proc *sim.Proc // who answers it
}

func sortedIDs(m map[uint32]*Stream) []uint32 { return slices.Sorted(maps.Keys(m)) }

func (s *Stream) finish(code Code, desc string) {
	if s.end != nil {
		return
	}
	s.last = Status{code, desc}
	s.end = &s.last
	delete(s.c.streams, s.id)
	s.news.Broadcast()
	if s.proc != nil && s.proc != s.c.loop.Current() {
		s.proc.Interrupt()
	}
}

// Stream begins a call whose answer is a stream of messages.
func (c *Conn) Stream(method string, req any) (*Stream, error) {
	return c.start(packet{Method: method, Body: body(req)})
}

func (c *Conn) start(p packet) (*Stream, error) {
	if c.err != nil {
		return nil, c.err
	}
	c.next++
	s := &Stream{c: c, id: c.next}
	c.streams[s.id] = s
	c.send(s.id, msgRequest, p)
	return s, nil
}

// Forward has another manager answer a call, and passes its answers on.
func (c *Conn) Forward(r *Request) (any, error) {
	s, err := c.start(packet{Method: r.Method, Body: r.Body, For: r.Peer, From: r.From})
	if err != nil {
		return nil, err
	}
	defer s.Cancel()
	var last json.RawMessage
	for {
		var raw json.RawMessage
		if err := s.Recv(&raw, 0); err != nil {
			if s.end != nil && s.end.Code == OK {
				return last, nil
			}
			return nil, err
		}
		if s.end == nil {
			r.Send(raw)
			continue
		}
		if len(s.in) > 0 {
			r.Send(raw)
		} else {
			last = raw
		}
	}
}

// Recv waits for the next message and reads it into v, which may be nil. The end of
// the stream is its status.
func (s *Stream) Recv(v any, end Deadline) error {
	for len(s.in) == 0 {
		if s.end != nil {
			return s.end
		}
		switch err := s.news.WaitFor(s.c.loop, end.left(s.c.loop)); {
		case errors.Is(err, sim.ErrTimeout):
			return ErrDeadline
		case err != nil:
			return err
		}
	}
	b := s.in[0]
	s.in = s.in[1:]
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		s.c.fail(errMalformed)
		return statusOf(errMalformed)
	}
	return nil
}

// Cancel ends a stream that nobody reads any more.
func (s *Stream) Cancel() {
	if s.end == nil {
		s.c.send(s.id, msgCancel, packet{})
		s.finish(Unknown, "context canceled")
	}
}

// Call makes a call and reads its answer into out, which may be nil.
func (c *Conn) Call(method string, req, out any, end Deadline) error {
	s, err := c.Stream(method, req)
	if err != nil {
		return err
	}
	defer s.Cancel() // also when the process is killed
	var raw json.RawMessage
	for {
		switch err := s.Recv(&raw, end); {
		case err == nil:
			continue
		case s.end == nil:
			return err
		case s.end.Code != OK:
			return s.end
		}
		break
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		c.fail(errMalformed)
		return statusOf(errMalformed)
	}
	return nil
}
