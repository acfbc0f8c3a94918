package serf

import (
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dnetsim/modes/memberlist"
	"dnetsim/sim"
)

// internalPrefix marks the queries that agents answer themselves.
const internalPrefix = "_serf_"

// queriesAt is what is remembered of one Lamport time.
type queriesAt struct {
	ltime uint64
	ids   []uint32
}

// Query is a question that reached this member.
type Query struct {
	Name     string
	Payload  []byte
	LTime    uint64
	a        *Agent
	id       uint32
	to       netip.AddrPort
	deadline time.Duration
	answered bool
}

// Respond answers the member that asked, once. It does not block.
func (q *Query) Respond(payload []byte) error {
	switch {
	case q.answered:
		return fmt.Errorf("response already sent")
	case q.a.loop.Now() > q.deadline:
		return fmt.Errorf("response is past the deadline")
	case q.a.list.Down():
		return fmt.Errorf("shutdown")
	}
	m := responseMsg{ltime: q.LTime, id: q.id, from: q.a.cfg.NodeName, payload: payload}
	raw := m.encode()
	if len(raw) > querySizeLimit {
		return fmt.Errorf("response exceeds limit of %d bytes", querySizeLimit)
	}
	if err := q.a.list.SendTo(q.to, raw); err != nil {
		return err
	}
	q.answered = true
	return nil
}

// NodeResponse is one member's answer.
type NodeResponse struct {
	From    string
	Payload []byte
}

// Response collects the answers to a query until its time is over.
type Response struct {
	loop   *sim.Loop
	id     uint32
	seen   map[string]bool
	ready  []NodeResponse
	closed bool
	cond   sim.Cond
}

// Next blocks the running process for the next answer, up to limit (below zero:
// until the query ends). It returns sim.ErrTimeout after that, io.EOF when the
// query has ended.
func (r *Response) Next(limit time.Duration) (NodeResponse, error) {
	end := r.loop.Now() + limit
	for len(r.ready) == 0 {
		if r.closed {
			return NodeResponse{}, io.EOF
		}
		left := time.Duration(-1)
		if limit >= 0 {
			if left = end - r.loop.Now(); left <= 0 {
				return NodeResponse{}, sim.ErrTimeout
			}
		}
		if err := r.cond.WaitFor(r.loop, left); err != nil && err != sim.ErrTimeout {
			return NodeResponse{}, err
		}
	}
	n := r.ready[0]
	r.ready = r.ready[1:]
	return n, nil
}

func (r *Response) close() {
	r.closed = true
	r.cond.Broadcast()
}

// defaultQueryTimeout is how long a query runs if nothing else is said: 3.2 s
// in small clusters.
func (a *Agent) defaultQueryTimeout() time.Duration {
	return memberlist.GossipInterval * queryTimeoutMult * time.Duration(math.Ceil(math.Log10(float64(len(a.members)+1))))
}

// Query asks every member, ourselves included. A timeout of zero is the
// default. It does not block; the answers come through the response.
func (a *Agent) Query(name string, payload []byte, timeout time.Duration) (*Response, error) {
	if a.list.Down() {
		return nil, fmt.Errorf("shutdown")
	}
	if timeout == 0 {
		timeout = a.defaultQueryTimeout()
	}
	m := queryMsg{
		ltime: uint64(a.queryClock), id: uint32(a.rng.Int32N(math.MaxInt32)), addr: a.list.Addr().Addr().AsSlice(), port: a.list.Addr().Port(),
		source: a.cfg.NodeName, timeout: timeout, name: name, payload: payload,
	}
	raw := m.encode()
	if len(raw) > querySizeLimit {
		return nil, fmt.Errorf("query exceeds limit of %d bytes", querySizeLimit)
	}
	r := &Response{loop: a.loop, id: m.id, seen: make(map[string]bool)}
	a.running[m.ltime] = r
	a.loop.After(timeout, func() {
		if a.running[m.ltime] == r {
			delete(a.running, m.ltime)
		}
		r.close()
	})
	a.query(&m)
	a.queryQueue.Add(raw, "", nil)
	a.list.Wake()
	return r, nil
}

// query takes in a query and reports whether to spread it.
func (a *Agent) query(m *queryMsg) bool {
	a.queryClock.witness(m.ltime)
	now, n := uint64(a.queryClock), uint64(len(a.queries))
	if now > n && m.ltime < now-n {
		a.logf("WARN", "serf: received old query %s from time %d (current: %d)", m.name, m.ltime, now)
		return false
	}
	at := &a.queries[m.ltime%n]
	if at.ltime != m.ltime {
		*at = queriesAt{ltime: m.ltime}
	}
	if slices.Contains(at.ids, m.id) {
		return false
	}
	at.ids = append(at.ids, m.id)
	again := m.flags&queryNoBroadcast == 0
	to := addrOf(m.addr, m.port)
	if m.flags&queryAck != 0 {
		ack := responseMsg{ltime: m.ltime, id: m.id, from: a.cfg.NodeName, flags: queryAck}
		if err := a.list.SendTo(to, ack.encode()); err != nil {
			a.logf("ERR", "serf: failed to send ack: %v", err)
		}
	}
	q := &Query{Name: m.name, Payload: m.payload, LTime: m.ltime, a: a, id: m.id, to: to, deadline: a.loop.Now() + m.timeout}
	if strings.HasPrefix(m.name, internalPrefix) {
		a.internal(q)
	} else {
		a.tell(Event{Type: EventQuery, LTime: m.ltime, Query: q})
	}
	return again
}

// responded takes in an answer.
func (a *Agent) responded(m *responseMsg) {
	r := a.running[m.ltime]
	switch {
	case r == nil:
		a.logf("WARN", "serf: reply for non-running query (LTime: %d, ID: %d) From: %s", m.ltime, m.id, m.from)
	case r.id != m.id:
		a.logf("WARN", "serf: query reply ID mismatch (Local: %d, Response: %d)", r.id, m.id)
	case r.closed || m.flags&queryAck != 0 || r.seen[m.from]:
	default:
		r.seen[m.from] = true
		r.ready = append(r.ready, NodeResponse{m.from, m.payload})
		r.cond.Signal()
	}
}

// runningQueries are the queries whose time is not over, oldest first.
func (a *Agent) runningQueries() []*Response {
	var times []uint64
	for t := range a.running {
		times = append(times, t)
	}
	slices.Sort(times)
	var out []*Response
	for _, t := range times {
		out = append(out, a.running[t])
	}
	return out
}
