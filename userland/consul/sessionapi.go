package consul

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// shortDelay tells seconds from nanoseconds in a lock-delay that is a number.
const shortDelay = 1000

// sessionPath is /v1/session/….
func (q *request) sessionPath(rest string) []byte {
	verb, id, _ := strings.Cut(rest, "/")
	st := q.a.st
	switch verb {
	case "create":
		if bad := q.allow("PUT"); bad != nil {
			return bad
		}
		return q.sessionCreate()
	case "destroy", "renew":
		if bad := q.allow("PUT"); bad != nil {
			return bad
		}
		if id == "" {
			return q.fail(400, "Missing session")
		}
		if verb == "destroy" {
			st.destroy(id)
			return q.json(true)
		}
		s := st.session(id)
		if s == nil {
			return q.fail(404, fmt.Sprintf("Session id '%s' not found", id))
		}
		st.renew(s)
		return q.json([]*session{s})
	case "info", "list", "node":
		if bad := q.allow("GET"); bad != nil {
			return bad
		}
		if verb == "info" && id == "" {
			return q.fail(400, "Missing session")
		}
		if verb == "node" && id == "" {
			return q.fail(400, "Missing node name")
		}
		return q.sessionList(verb, id)
	}
	return q.fail(404, "")
}

func (q *request) sessionList(verb, id string) []byte {
	out := []*session{}
	bad, ok := q.blocking(subject{sessions: true}, func() uint64 {
		out = []*session{}
		for _, s := range q.a.st.sessions {
			if verb == "list" || verb == "info" && s.ID == id || verb == "node" && s.Node == id {
				out = append(out, s)
			}
		}
		return q.a.st.sesIndex
	})
	if !ok {
		return bad
	}
	return q.json(out)
}

func (q *request) sessionCreate() []byte {
	var ask struct {
		Name, Node, Behavior, TTL string
		LockDelay                 any
		Checks                    []string
	}
	if len(q.body) > 0 {
		if err := json.Unmarshal(q.body, &ask); err != nil {
			return q.fail(400, "Request decode failed: "+err.Error())
		}
	}
	s := &session{
		Name: ask.Name, Node: ask.Node, Checks: ask.Checks, Behavior: ask.Behavior, TTL: ask.TTL, LockDelay: 15 * time.Second,
	}
	switch v := ask.LockDelay.(type) {
	case string:
		d, err := time.ParseDuration(v)
		if err != nil {
			return q.fail(400, "Request decode failed: "+err.Error())
		}
		s.LockDelay = d
	case float64:
		if s.LockDelay = time.Duration(v); s.LockDelay < shortDelay {
			s.LockDelay *= time.Second
		}
	}
	if s.Node == "" {
		s.Node = q.a.cfg.node
	}
	if s.Behavior == "" {
		s.Behavior = "release"
	}
	if s.Checks == nil {
		s.Checks = []string{"serfHealth"}
	}
	if s.Node != q.a.cfg.node {
		return q.fail(500, "Missing node registration")
	}
	for _, c := range s.Checks {
		if c != "serfHealth" {
			return q.fail(500, fmt.Sprintf("Missing check '%s' registration", c))
		}
	}
	s.ID = q.a.uuid()
	if err := q.a.st.create(s); err != nil {
		return q.fail(500, err.Error())
	}
	return q.json(struct{ ID string }{s.ID})
}
