package agent

import (
	"errors"
	"io"
	"slices"

	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// LogReader reads the log of one task.
type LogReader interface {
	// Next is the next line; io.EOF after the last one. It blocks while it follows.
	Next() (message.LogLine, error)
	Close()
}

// watching is a subscription that this node has tasks of.
type watching struct {
	message.Subscription
	pumps map[string]*sim.Proc // by task
	left  int                  // pumps that run
	err   string
}

// listen publishes the logs that somebody asks the managers for, in one session.
func (a *Agent) listen(conn *rpc.Conn) error {
	s, err := conn.Stream(message.ListenLogs, nil)
	if err != nil {
		return err
	}
	a.watched = nil
	defer func() {
		for _, w := range a.watched {
			w.stop(a)
		}
	}()
	for {
		var m message.Subscription
		if err := s.Recv(&m, 0); err != nil {
			return err
		}
		if m.Close {
			a.watched = slices.DeleteFunc(a.watched, func(w *watching) bool {
				if w.ID == m.ID {
					w.stop(a)
				}
				return w.ID == m.ID
			})
			continue
		}
		w := &watching{Subscription: m, pumps: map[string]*sim.Proc{}}
		a.watched = append(a.watched, w)
		for _, r := range a.runs() {
			a.pump(w, r)
		}
		if w.left == 0 && !w.Options.Follow {
			a.publish(message.LogLines{Subscription: w.ID, Close: true})
		}
	}
}

func (w *watching) stop(a *Agent) {
	for _, p := range w.pumps { // killing has no order
		if p != a.Loop.Current() {
			p.Kill()
		}
	}
}

// pumpAll begins with a task whose container is there now.
func (a *Agent) pumpAll(r *run) {
	for _, w := range a.watched {
		if w.Options.Follow {
			a.pump(w, r)
		}
	}
}

// pump publishes the log of a task, if the subscription is about it.
func (a *Agent) pump(w *watching, r *run) {
	if !w.Selector.Selects(r.task) || w.pumps[r.task.ID] != nil {
		return
	}
	log, err := r.ctl.Logs(w.Options)
	if err != nil || log == nil { // there is no container yet
		return
	}
	w.left++
	w.pumps[r.task.ID] = a.Loop.Go("swarm logs "+r.task.ID, func(*sim.Proc) {
		defer log.Close()
		for {
			l, err := log.Next()
			if errors.Is(err, sim.ErrInterrupted) {
				return
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					w.err = err.Error()
				}
				break
			}
			l.Service, l.Node, l.Task = r.task.ServiceID, a.Node, r.task.ID
			if a.publish(message.LogLines{Subscription: w.ID, Lines: []message.LogLine{l}}) != nil {
				return
			}
		}
		if w.left--; w.left == 0 && !w.Options.Follow {
			a.publish(message.LogLines{Subscription: w.ID, Close: true, Err: w.err})
		}
	})
}

func (a *Agent) publish(m message.LogLines) error {
	conn := a.Conn()
	if conn == nil {
		return rpc.Errorf(rpc.Unavailable, "no session")
	}
	return conn.Call(message.PublishLogs, m, nil, rpc.In(a.Loop, sessionTime))
}
