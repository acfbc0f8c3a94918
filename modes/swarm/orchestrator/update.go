package orchestrator

import (
	"errors"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// defaultMonitor is how long a new task is watched when nobody says it.
const defaultMonitor = 5 * time.Second

// updater replaces the tasks of a service that has changed.
type updater struct {
	o       *Orchestrator
	id      string
	version object.Version // of the specification
	procs   []*sim.Proc
	over    bool
	queue   [][]*object.Task // slots that are still to be done
	total   int
	done    map[string]bool // tasks that were made, by identifier
	failed  map[string]bool
	working int
	changed sim.Cond
}

func (u *updater) stop() {
	u.over = true
	for _, p := range u.procs {
		if p != u.o.Loop.Current() {
			p.Kill()
		}
	}
}

// update begins the work on a service of which there are old tasks, unless it is under
// way or was paused.
func (o *Orchestrator) update(s *object.Service) {
	u := o.updates[s.ID]
	if u != nil && u.version == s.SpecVersion && !u.over {
		return
	}
	var dirty [][]*object.Task
	if !s.Spec.Mode.IsJob() && !s.Pending {
		dirty = o.dirtySlots(s)
	}
	if st := s.UpdateStatus; st != nil && (st.State == object.Paused || st.State == object.RollbackPaused) {
		return
	}
	if len(dirty) == 0 {
		if u != nil && u.version != s.SpecVersion {
			u.stop()
			delete(o.updates, s.ID)
		}
		return
	}
	if u != nil {
		u.stop()
	}
	u = &updater{o: o, id: s.ID, version: s.SpecVersion, queue: dirty, total: len(dirty), done: map[string]bool{}, failed: map[string]bool{}}
	o.updates[s.ID] = u
	u.procs = append(u.procs, o.Loop.Go("swarm update "+s.Spec.Name, func(*sim.Proc) { u.run(s) }))
}

// dirtySlots are those whose tasks are all old.
func (o *Orchestrator) dirtySlots(s *object.Service) (out [][]*object.Task) {
	if s.Spec.Mode.IsGlobal() {
		for _, t := range tasksOf(o.State, s.ID) {
			if t.DesiredState.Live() && t.OutOfDate(s) {
				out = append(out, []*object.Task{t})
			}
		}
		return out
	}
	have := slots(o.State, s)
	for _, slot := range sorted(have) {
		old := true
		for _, t := range have[slot] {
			old = old && t.OutOfDate(s)
		}
		if old {
			out = append(out, have[slot])
		}
	}
	return out
}

func rollingBack(s *object.Service) bool {
	return s.UpdateStatus != nil && s.UpdateStatus.State == object.RollbackStarted
}

// config is how the update works.
func config(s *object.Service) object.UpdateConfig {
	c := object.UpdateConfig{Parallelism: 1, FailureAction: object.FailurePause, Order: object.StopFirst}
	if rollingBack(s) && s.Spec.RollbackConfig != nil {
		c = *s.Spec.RollbackConfig
	} else if !rollingBack(s) && s.Spec.UpdateConfig != nil {
		c = *s.Spec.UpdateConfig
	}
	if c.Monitor == 0 {
		c.Monitor = defaultMonitor
	}
	return c
}

// run works on all slots, as many at a time as the service allows.
func (u *updater) run(s *object.Service) {
	o := u.o
	if s.UpdateStatus == nil && u.status(object.Updating, "update in progress") != nil {
		return
	}
	cfg := config(s)
	workers := int(cfg.Parallelism)
	if workers == 0 || workers > len(u.queue) {
		workers = len(u.queue)
	}
	for range workers {
		u.working++
		u.procs = append(u.procs, o.Loop.Go("swarm update worker", func(*sim.Proc) {
			defer func() {
				u.working--
				u.changed.Broadcast()
			}()
			u.work(s, &cfg)
		}))
	}
	for u.working > 0 && !u.over {
		if u.changed.Wait(o.Loop) != nil {
			return
		}
	}
	// The last ones are still watched.
	for end := o.Loop.Now() + cfg.Monitor; !u.over && o.Loop.Now() < end; {
		if err := o.news.WaitFor(o.Loop, end-o.Loop.Now()); err != nil && !errors.Is(err, sim.ErrTimeout) {
			return
		}
		u.look(s, &cfg)
	}
	if u.over {
		return
	}
	if rollingBack(s) {
		u.status(object.RollbackCompleted, "rollback completed")
	} else {
		u.status(object.Completed, "update completed")
	}
	u.over = true
}

// work takes one slot after the other.
func (u *updater) work(s *object.Service, cfg *object.UpdateConfig) {
	for len(u.queue) > 0 && !u.over {
		slot := u.queue[0]
		u.queue = u.queue[1:]
		if u.slot(s, slot, cfg) != nil {
			return
		}
		if cfg.Delay > 0 && len(u.queue) > 0 {
			for end := u.o.Loop.Now() + cfg.Delay; !u.over && u.o.Loop.Now() < end; {
				if err := u.o.news.WaitFor(u.o.Loop, end-u.o.Loop.Now()); err != nil && !errors.Is(err, sim.ErrTimeout) {
					return
				}
				u.look(s, cfg)
			}
		}
	}
}

// slot replaces the tasks of one slot and waits until the new one runs, or has ended. Since
// the slot was queued some of them may have ended, and others may be in their places.
func (u *updater) slot(s *object.Service, queued []*object.Task, cfg *object.UpdateConfig) error {
	o := u.o
	var made *object.Task
	old := queued[:1]
	startFirst := cfg.Order == object.StartFirst
	err := o.State.Update(func(tx *state.Tx) error {
		now, ok := state.Get[*object.Service](tx, s.ID)
		if !ok {
			return errors.New("service is gone")
		}
		var there []*object.Task
		for _, t := range tasksOf(tx, s.ID) {
			switch {
			case slotKey(t) != slotKey(queued[0]) || !t.DesiredState.Live():
			case t.OutOfDate(now):
				there = append(there, t)
			default:
				made = t
			}
		}
		if made != nil { // a restart was the update
			old = there
			for _, t := range old {
				o.desire(tx, t, object.TaskShutdown)
			}
			return nil
		}
		if len(there) > 0 {
			old = there
		}
		node := ""
		if s.Spec.Mode.IsGlobal() {
			node = old[0].NodeID
		}
		want := object.TaskReady
		if startFirst {
			want = object.TaskRunning
		}
		made = o.create(tx, now, old[0].Slot, node, want)
		u.done[made.ID] = true
		delete(o.history, slotKey(made))
		if startFirst {
			return nil
		}
		for _, t := range old {
			if x, ok := state.Get[*object.Task](tx, t.ID); ok {
				o.desire(tx, x, object.TaskShutdown)
			}
		}
		o.hold(made, old[0], 0)
		return nil
	})
	if err != nil {
		return err
	}
	if err := u.await(s, cfg, made.ID); err != nil {
		return err
	}
	if startFirst {
		err = o.State.Update(func(tx *state.Tx) error {
			for _, t := range old {
				if x, ok := state.Get[*object.Task](tx, t.ID); ok {
					o.desire(tx, x, object.TaskShutdown)
				}
			}
			return nil
		})
	}
	u.look(s, cfg)
	return err
}

// await waits until a task runs, or has ended; the ones before it are watched meanwhile.
func (u *updater) await(s *object.Service, cfg *object.UpdateConfig, id string) error {
	for !u.over {
		t, ok := state.Get[*object.Task](u.o.State, id)
		if !ok || t.Status.State.Rank() >= object.TaskRunning.Rank() {
			return nil
		}
		if err := u.o.news.Wait(u.o.Loop); err != nil {
			return err
		}
		u.look(s, cfg)
	}
	return errors.New("update is over")
}

// look counts new tasks that have failed, and does what the service says when there are
// too many.
func (u *updater) look(s *object.Service, cfg *object.UpdateConfig) {
	last := ""
	for _, t := range tasksOf(u.o.State, u.id) {
		if u.done[t.ID] && !u.failed[t.ID] && t.Status.State.Ended() && t.Status.State != object.TaskShutdown {
			u.failed[t.ID] = true
			last = t.ID
		}
	}
	if last == "" || cfg.FailureAction == object.FailureContinue || float32(len(u.failed))/float32(u.total) <= cfg.MaxFailureRatio {
		return
	}
	u.over = true
	u.changed.Broadcast()
	why := "failure or early termination of task " + last
	switch {
	case rollingBack(s):
		u.status(object.RollbackPaused, "rollback paused due to "+why)
	case cfg.FailureAction == object.FailureRollback && s.PreviousSpec != nil:
		u.rollback("update rolled back due to " + why)
	default:
		u.status(object.Paused, "update paused due to "+why)
	}
}

// rollback takes the specification before the update.
func (u *updater) rollback(why string) {
	u.o.State.Update(func(tx *state.Tx) error {
		s, ok := state.Get[*object.Service](tx, u.id)
		if !ok || s.PreviousSpec == nil {
			return nil
		}
		s = object.Clone(s)
		s.Spec, s.PreviousSpec = *s.PreviousSpec, nil
		s.SpecVersion.Index++
		now := u.o.Wall().UTC()
		s.UpdateStatus = &object.UpdateStatus{State: object.RollbackStarted, StartedAt: &now, Message: why}
		tx.Update(s)
		return nil
	})
}

// status notes how far the update is.
func (u *updater) status(to, msg string) error {
	return u.o.State.Update(func(tx *state.Tx) error {
		s, ok := state.Get[*object.Service](tx, u.id)
		if !ok || s.SpecVersion != u.version {
			return errors.New("service has changed")
		}
		s = object.Clone(s)
		now := u.o.Wall().UTC()
		st := &object.UpdateStatus{State: to, StartedAt: &now, Message: msg}
		if s.UpdateStatus != nil {
			st.StartedAt = s.UpdateStatus.StartedAt
		}
		if to == object.Completed || to == object.RollbackCompleted {
			st.CompletedAt = &now
		}
		s.UpdateStatus = st
		tx.Update(s)
		return nil
	})
}
