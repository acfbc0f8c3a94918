package orchestrator

import (
	"sort"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/scheduler"
	"dnetsim/modes/swarm/state"
)

// defaultDelay is how long a restart waits when nobody says it; stopTime is how long one
// waits for the task before to stop, beyond its grace.
const (
	defaultDelay = 5 * time.Second
	defaultGrace = 10 * time.Second
	stopTime     = time.Minute
)

func satisfies(all []string, n *object.Node) bool { return scheduler.Satisfies(all, n) }

// start is a task that is held back: until an instant, and until another has stopped.
type start struct {
	old   string
	at    time.Duration
	until time.Duration // no longer than that for the other one
}

// restart is one in a slot's history.
type restart struct{ at time.Duration }

// mind looks after a task that is to run: one that has ended, or whose node cannot run it
// any more, is replaced. It reports whether there is still one to run.
func (o *Orchestrator) mind(tx *state.Tx, s *object.Service, t *object.Task) bool {
	if st := o.starts[t.ID]; st != nil && t.Status.State.Ended() && o.Loop.Now() < st.at {
		o.wake(st.at) // it was not even to start yet
		return true
	}
	if t.Status.State.Ended() {
		return o.replace(tx, s, t, o.delay(s), false)
	}
	if t.NodeID == "" || t.Status.State.Rank() < object.TaskAssigned.Rank() {
		return true
	}
	n, ok := state.Get[*object.Node](tx, t.NodeID)
	switch {
	case !ok || n.Status.State == object.NodeDown || n.Spec.Availability == object.Drain:
		return o.replace(tx, s, t, 0, true)
	case s.Spec.TaskTemplate.Placement != nil && !satisfies(s.Spec.TaskTemplate.Placement.Constraints, n) && !t.OutOfDate(s):
		return o.replace(tx, s, t, 0, true)
	}
	return true
}

func (o *Orchestrator) delay(s *object.Service) time.Duration {
	if p := s.Spec.TaskTemplate.RestartPolicy; p != nil && p.Delay != nil {
		return *p.Delay
	}
	return defaultDelay
}

func slotKey(t *object.Task) string {
	if t.Slot == 0 {
		return t.ServiceID + "/" + t.NodeID
	}
	return t.ServiceID + "/" + time.Duration(t.Slot).String()
}

// again reports whether the policy has another task in the place of one that ended.
func (o *Orchestrator) again(s *object.Service, t *object.Task) bool {
	p := s.Spec.TaskTemplate.RestartPolicy
	switch {
	case s.Spec.Mode.IsJob() && t.Status.State == object.TaskComplete:
		return false
	case p == nil:
		return true
	case p.Condition == object.RestartNone:
		return false
	case p.Condition == object.RestartOnFailure && t.Status.State == object.TaskComplete:
		return false
	}
	if p.MaxAttempts == nil || *p.MaxAttempts == 0 {
		return true
	}
	n := uint64(0)
	for _, r := range o.history[slotKey(t)] {
		if p.Window == nil || *p.Window == 0 || o.Loop.Now()-r.at <= *p.Window {
			n++
		}
	}
	return n < *p.MaxAttempts
}

// replace ends a task and makes another in its place, which starts after a delay and when
// the old one has stopped. Moved: its node is the reason, not its end.
func (o *Orchestrator) replace(tx *state.Tx, s *object.Service, t *object.Task, delay time.Duration, moved bool) bool {
	keep := !moved && !o.again(s, t)
	o.desire(tx, t, object.TaskShutdown)
	if keep {
		o.gaveUp[slotKey(t)] = asked(s)
		if t.Slot == 0 && !s.Spec.Mode.IsGlobal() {
			o.gaveUp[s.ID] = asked(s)
		}
		return false
	}
	if moved && s.Spec.Mode.IsGlobal() {
		return false
	}
	if !moved {
		o.history[slotKey(t)] = append(o.history[slotKey(t)], restart{o.Loop.Now()})
	}
	node := ""
	if s.Spec.Mode.IsGlobal() {
		node = t.NodeID
	}
	n := o.create(tx, s, t.Slot, node, object.TaskReady)
	o.hold(n, t, delay)
	return true
}

// hold keeps a task from starting.
func (o *Orchestrator) hold(t, old *object.Task, delay time.Duration) {
	st := &start{at: o.Loop.Now() + delay}
	if old != nil {
		st.old = old.ID
		grace := defaultGrace
		if c := old.Spec.ContainerSpec; c != nil && c.StopGracePeriod != nil {
			grace = *c.StopGracePeriod
		}
		st.until = o.Loop.Now() + grace + stopTime
	}
	o.starts[t.ID] = st
	o.wake(st.at)
}

// release lets held tasks start whose time has come.
func (o *Orchestrator) release(tx *state.Tx) {
	for _, t := range state.All[*object.Task](tx) {
		if t.DesiredState != object.TaskReady {
			continue
		}
		st := o.starts[t.ID]
		if st != nil && !o.may(tx, st) {
			continue
		}
		delete(o.starts, t.ID)
		to := object.TaskRunning
		if t.JobIteration != nil {
			to = object.TaskComplete
		}
		o.desire(tx, t, to)
	}
}

func (o *Orchestrator) may(tx *state.Tx, st *start) bool {
	now := o.Loop.Now()
	if now < st.at {
		o.wake(st.at)
		return false
	}
	old, ok := state.Get[*object.Task](tx, st.old)
	if !ok || old.Status.State.Ended() || old.Status.State.Rank() < object.TaskAssigned.Rank() || now >= st.until {
		return true
	}
	if n, ok := state.Get[*object.Node](tx, old.NodeID); !ok || n.Status.State == object.NodeDown {
		return true
	}
	o.wake(st.until)
	return false
}

// orphans has the tasks of services that are gone removed.
func (o *Orchestrator) orphans(tx *state.Tx) {
	for _, t := range state.All[*object.Task](tx) {
		if t.ServiceID == "" {
			continue
		}
		if _, ok := state.Get[*object.Service](tx, t.ServiceID); !ok {
			o.desire(tx, t, object.TaskRemove)
		}
	}
}

// reap forgets tasks that were to be removed and have ended, and of the others as many of
// each slot as the swarm keeps.
func (o *Orchestrator) reap(tx *state.Tx) {
	limit := 5
	if c := state.Cluster(tx); c != nil && c.Spec.Orchestration.TaskHistoryRetentionLimit != nil {
		limit = int(*c.Spec.Orchestration.TaskHistoryRetentionLimit)
	}
	old := map[string][]*object.Task{}
	var keys []string
	for _, t := range state.All[*object.Task](tx) {
		if t.ServiceID == "" {
			continue
		}
		n, ok := state.Get[*object.Node](tx, t.NodeID)
		lost := !ok || n.Status.State == object.NodeDown
		if t.DesiredState == object.TaskRemove && (t.Status.State.Ended() || t.Status.State.Rank() < object.TaskAssigned.Rank() || lost) {
			tx.Remove(object.KindTask, t.ID)
			continue
		}
		k := slotKey(t)
		if old[k] == nil {
			keys = append(keys, k)
		}
		old[k] = append(old[k], t)
	}
	for _, k := range keys {
		all := old[k]
		if limit < 0 || len(all) <= limit {
			continue
		}
		sort.SliceStable(all, func(i, k int) bool { return all[i].Status.Timestamp.Before(all[k].Status.Timestamp) })
		left := len(all)
		for _, t := range all {
			if left > limit && !t.DesiredState.Live() && t.Status.State.Ended() {
				tx.Remove(object.KindTask, t.ID)
				left--
			}
		}
	}
}
