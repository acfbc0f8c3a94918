package agent

import (
	"errors"
	"maps"
	"slices"
	"time"

	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/sim"
)

// run is the work on one task.
type run struct {
	a       *Agent
	task    *object.Task
	status  object.TaskStatus
	ctl     Controller
	proc    *sim.Proc
	step    *sim.Proc // what the controller does at the moment
	ended   bool      // the last step is over, with
	err     error
	gone    bool // the managers have forgotten the task
	changed sim.Cond
}

func (a *Agent) runs() (out []*run) {
	for _, id := range slices.Sorted(maps.Keys(a.tasks)) {
		out = append(out, a.tasks[id])
	}
	return out
}

// mounts is what tasks here mount.
type mounts struct{ a *Agent }

func (m mounts) Secret(id string) *object.Secret { return m.a.secrets[id] }
func (m mounts) Config(id string) *object.Config { return m.a.configs[id] }

// assign takes in what the node is to run.
func (a *Agent) assign(m *message.Assigned) {
	for _, s := range m.Secrets {
		a.secrets[s.ID] = s
	}
	for _, c := range m.Configs {
		a.configs[c.ID] = c
	}
	here := map[string]bool{}
	for _, t := range m.Tasks {
		here[t.ID] = true
		if r := a.tasks[t.ID]; r != nil {
			r.task = t
			r.changed.Broadcast()
			continue
		}
		a.begin(t)
	}
	gone := m.Gone
	if m.Complete {
		for _, r := range a.runs() {
			if !here[r.task.ID] {
				gone = append(gone, r.task.ID)
			}
		}
	}
	for _, id := range gone {
		if r := a.tasks[id]; r != nil {
			r.gone = true
			r.changed.Broadcast()
		}
	}
}

func (a *Agent) begin(t *object.Task) {
	r := &run{a: a, task: t, status: t.Status}
	r.ctl = a.Executor.Controller(t, mounts{a})
	a.tasks[t.ID] = r
	r.proc = a.Loop.Go("swarm task "+t.ID, func(*sim.Proc) { r.work() })
}

func (r *run) kill() {
	for _, p := range []*sim.Proc{r.step, r.proc} {
		if p != nil && p != r.a.Loop.Current() {
			p.Kill()
		}
	}
}

// set notes how far the task is, and tells the managers.
func (r *run) set(s object.TaskState, msg string, err error) {
	r.status = object.TaskStatus{Timestamp: r.a.Wall().UTC(), State: s, Message: msg}
	if err != nil {
		r.status.Err = err.Error()
		r.a.Log("error", "fatal task error", "error", r.status.Err, "module", "node/agent/taskmanager", "node.id", r.a.Node, "service.id", r.task.ServiceID, "task.id", r.task.ID)
	}
	if s.Rank() >= object.TaskPreparing.Rank() {
		r.status.ContainerStatus, r.status.PortStatus.Ports = r.ctl.Status()
	}
	r.a.report(message.TaskUpdate{Task: r.task.ID, Status: r.status})
}

// do has the controller do something beside the task's own process.
func (r *run) do(fn func() error) {
	r.ended, r.err = false, nil
	r.step = r.a.Loop.Go("swarm step "+r.task.ID, func(*sim.Proc) {
		err := fn()
		r.ended, r.err, r.step = true, err, nil
		r.changed.Broadcast()
	})
}

// finish waits until the step is over.
func (r *run) finish() bool {
	for !r.ended {
		if r.changed.Wait(r.a.Loop) != nil {
			return false
		}
	}
	return true
}

// work brings the task towards the state that is desired of it, until the managers
// have forgotten it.
func (r *run) work() {
	for {
		switch at := r.status.State; {
		case r.gone:
			r.remove()
			return
		case !at.Ended() && !r.task.DesiredState.Live():
			r.shutdown()
		case at.Ended():
			if r.changed.Wait(r.a.Loop) != nil {
				return
			}
		case at.Rank() < object.TaskAccepted.Rank():
			r.set(object.TaskAccepted, "accepted", nil)
		case at.Rank() < object.TaskPreparing.Rank():
			r.set(object.TaskPreparing, "preparing", nil)
		case at.Rank() < object.TaskReady.Rank():
			r.do(r.ctl.Prepare)
			if !r.finish() {
				return
			}
			if r.err != nil {
				r.set(object.TaskRejected, "preparing", r.err)
			} else {
				r.set(object.TaskReady, "prepared", nil)
			}
		case r.task.DesiredState.Rank() < object.TaskRunning.Rank():
			if r.changed.Wait(r.a.Loop) != nil { // it is to be ready, no more
				return
			}
		case at == object.TaskReady:
			r.set(object.TaskStarting, "starting", nil)
		case at == object.TaskStarting:
			r.do(r.ctl.Start)
			if !r.finish() {
				return
			}
			if r.err != nil {
				r.set(object.TaskFailed, "starting", r.err)
			} else {
				r.set(object.TaskRunning, "started", nil)
				r.a.pumpAll(r)
			}
		default:
			if !r.await() {
				return
			}
		}
	}
}

// await waits for the end of a task that runs, or for another wish of the managers.
func (r *run) await() bool {
	if r.step == nil {
		r.do(r.ctl.Wait)
	}
	for !r.ended && !r.gone && r.task.DesiredState.Live() {
		if r.changed.Wait(r.a.Loop) != nil {
			return false
		}
	}
	switch {
	case !r.ended:
	case r.err != nil:
		r.set(object.TaskFailed, "started", r.err)
	default:
		r.set(object.TaskComplete, "finished", nil)
	}
	return true
}

func (r *run) shutdown() {
	r.ctl.Shutdown()
	if p := r.step; p != nil {
		p.Kill()
		r.step = nil
	}
	r.set(object.TaskShutdown, "shutdown", nil)
}

func (r *run) remove() {
	if !r.status.State.Ended() && r.status.State.Rank() > object.TaskPreparing.Rank() {
		r.ctl.Shutdown()
	}
	if p := r.step; p != nil {
		p.Kill()
		r.step = nil
	}
	r.ctl.Remove()
	delete(r.a.tasks, r.task.ID)
}

// report queues an update; what is queued goes out together, as soon as there is a
// session.
func (a *Agent) report(u message.TaskUpdate) {
	a.reports = slices.DeleteFunc(a.reports, func(x message.TaskUpdate) bool { return x.Task == u.Task })
	a.reports = append(a.reports, u)
	a.flush()
}

// reportAll tells a new session how far all tasks are.
func (a *Agent) reportAll() {
	for _, r := range a.runs() {
		if r.status.State.Rank() > object.TaskAssigned.Rank() {
			a.report(message.TaskUpdate{Task: r.task.ID, Status: r.status})
		}
	}
}

func (a *Agent) flush() {
	if a.reporter {
		return
	}
	a.reporter = true
	a.Loop.Go("swarm report "+a.Node, func(p *sim.Proc) {
		defer func() { a.reporter = false }()
		for len(a.reports) > 0 && !a.stopped {
			conn := a.Conn()
			if conn == nil {
				return // reportAll begins again
			}
			out := a.reports
			a.reports = nil
			q := message.StatusRequest{SessionID: a.session, Updates: out}
			err := conn.Call(message.UpdateTaskStatus, q, nil, rpc.In(a.Loop, sessionTime))
			if errors.Is(err, sim.ErrInterrupted) {
				return
			}
			if err != nil && conn.Alive() {
				p.Sleep(time.Second)
			}
		}
	})
}
