// Package orchestrator makes tasks of services: as many as a service asks for, or one on
// each node; in the place of tasks that have ended, or whose node is gone; and, when a
// service changes, in the place of old ones, a few at a time. The leader runs it on every
// change of the state. What it remembers beside the state are delays and counts, which
// a new leader begins anew.
//
// Start reading at [Orchestrator.Run], then restart.go and update.go.
package orchestrator

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// Config is what an orchestrator needs of its manager.
type Config struct {
	Loop  *sim.Loop
	Rand  *sim.Rand
	Wall  func() time.Time
	State *state.State
	Log   func(level, msg string, pairs ...string)
	// Again has Run called when time alone has changed something.
	Again func()
}

// Orchestrator is a leader's.
type Orchestrator struct {
	Config
	starts   map[string]*start    // tasks that are held back, by identifier
	history  map[string][]restart // of slots
	updates  map[string]*updater  // by service
	gaveUp   map[string]string    // slots that get no other task, with the specification
	timer    *sim.Timer
	deadline time.Duration
	news     sim.Cond // the state has changed
	stopped  bool
}

// New knows nothing yet.
func New(c Config) *Orchestrator {
	o := &Orchestrator{Config: c, starts: map[string]*start{}, history: map[string][]restart{}, updates: map[string]*updater{}, gaveUp: map[string]string{}}
	o.timer = c.Loop.NewTimer(func() { o.deadline = 0; c.Again() })
	return o
}

// Stop ends what runs beside Run.
func (o *Orchestrator) Stop() {
	o.stopped = true
	o.timer.Stop()
	for _, u := range o.updates { // ending has no order
		u.stop()
	}
}

// wake has Run called at an instant.
func (o *Orchestrator) wake(at time.Duration) {
	if o.deadline == 0 || at < o.deadline {
		o.deadline = at
		o.timer.Reset(max(at-o.Loop.Now(), 0))
	}
}

// Run makes one round of decisions.
func (o *Orchestrator) Run(tx *state.Tx) error {
	o.news.Broadcast()
	o.release(tx)
	for _, s := range state.All[*object.Service](tx) {
		switch {
		case s.Pending:
		case s.Spec.Mode.Global != nil:
			o.global(tx, s)
		case s.Spec.Mode.ReplicatedJob != nil:
			o.job(tx, s)
		case s.Spec.Mode.GlobalJob != nil:
			o.globalJob(tx, s)
		default:
			o.replicated(tx, s)
		}
	}
	o.orphans(tx)
	o.reap(tx)
	return nil
}

// Updates begins and ends the work on services that have changed; it is called when Run
// has nothing left to do.
func (o *Orchestrator) Updates() {
	for _, s := range state.All[*object.Service](o.State) {
		o.update(s)
	}
	for id, u := range o.updates { // each by itself: the order is no matter
		if _, ok := state.Get[*object.Service](o.State, id); !ok {
			u.stop()
			delete(o.updates, id)
		}
	}
}

// tasksOf are a service's.
func tasksOf(r state.Reader, id string) []*object.Task {
	return state.Where(r, func(t *object.Task) bool { return t.ServiceID == id })
}

// slots are a service's tasks that are to run, by slot.
func slots(r state.Reader, s *object.Service) map[int][]*object.Task {
	out := map[int][]*object.Task{}
	for _, t := range tasksOf(r, s.ID) {
		if t.DesiredState.Live() {
			out[t.Slot] = append(out[t.Slot], t)
		}
	}
	return out
}

func sorted(m map[int][]*object.Task) (out []int) {
	for k := range m {
		out = append(out, k)
	}
	sort.Ints(out)
	return out
}

// replicated keeps as many slots as the service asks for.
func (o *Orchestrator) replicated(tx *state.Tx, s *object.Service) {
	want := 1
	if r := s.Spec.Mode.Replicated; r != nil && r.Replicas != nil {
		want = int(*r.Replicas)
	}
	have := slots(tx, s)
	for n, slot := len(have), 0; n < want; n++ {
		for slot++; have[slot] != nil; slot++ {
		}
		if o.gaveUp[slotOf(s, slot)] == asked(s) {
			continue
		}
		have[slot] = []*object.Task{o.create(tx, s, slot, "", object.TaskRunning)}
	}
	if len(have) > want {
		for _, slot := range o.surplus(tx, have)[want:] {
			for _, t := range have[slot] {
				o.desire(tx, t, object.TaskRemove)
			}
		}
	}
	for _, slot := range sorted(have) {
		for _, t := range have[slot] {
			if now, ok := state.Get[*object.Task](tx, t.ID); ok {
				o.mind(tx, s, now)
			}
		}
	}
}

// surplus orders slots: those that stay longest first. Running tasks stay before others,
// and on nodes with few of them.
func (o *Orchestrator) surplus(tx *state.Tx, have map[int][]*object.Task) []int {
	all := sorted(have)
	running := func(slot int) bool {
		for _, t := range have[slot] {
			if t.Status.State == object.TaskRunning {
				return true
			}
		}
		return false
	}
	seen := map[string]int{}
	rank := map[int]int{}
	for _, slot := range all {
		if running(slot) {
			rank[slot] = seen[have[slot][0].NodeID]
			seen[have[slot][0].NodeID]++
		} else {
			rank[slot] = 1 << 20
		}
	}
	sort.SliceStable(all, func(i, k int) bool { return rank[all[i]] < rank[all[k]] })
	return all
}

// desire sets what is wanted of a task.
func (o *Orchestrator) desire(tx *state.Tx, t *object.Task, to object.TaskState) {
	if t.DesiredState.Rank() >= to.Rank() {
		return
	}
	t = object.Clone(t)
	t.DesiredState = to
	tx.Update(t)
}

// create makes a task of a service.
func (o *Orchestrator) create(tx *state.Tx, s *object.Service, slot int, node string, want object.TaskState) *object.Task {
	t := &object.Task{ID: object.NewID(o.Rand), ServiceID: s.ID, Slot: slot, NodeID: node, DesiredState: want, Spec: s.Spec.TaskTemplate}
	place := fmt.Sprint(slot)
	if node != "" {
		place = node
	}
	t.Annotations = object.Annotations{Name: s.Spec.Name + "." + place + "." + t.ID, Labels: map[string]string{}}
	if len(t.Spec.Networks) == 0 {
		t.Spec.Networks = s.Spec.Networks
	}
	if t.Spec.LogDriver == nil {
		if c := state.Cluster(tx); c != nil {
			t.Spec.LogDriver = c.Spec.TaskDefaults.LogDriver
		}
	}
	t.Status = object.TaskStatus{Timestamp: o.Wall().UTC(), State: object.TaskNew, Message: "created"}
	version := s.SpecVersion
	t.SpecVersion = &version
	end := s.Endpoint
	t.Service = &object.TaskService{Name: s.Spec.Name, Labels: s.Spec.Labels, Endpoint: &end}
	if s.Spec.Mode.IsJob() && s.JobStatus != nil {
		i := s.JobStatus.JobIteration
		t.JobIteration = &i
	}
	tx.Create(t)
	return t
}

// eligible reports whether a global service has a task on a node.
func eligible(s *object.Service, n *object.Node) bool {
	p := s.Spec.TaskTemplate.Placement
	return n.Status.State != object.NodeDown && n.Status.State != object.NodeUnknown && n.Spec.Availability == object.Active &&
		(p == nil || satisfies(p.Constraints, n))
}

// global keeps one task on each node that the service may use.
func (o *Orchestrator) global(tx *state.Tx, s *object.Service) {
	byNode := map[string][]*object.Task{}
	for _, t := range tasksOf(tx, s.ID) {
		if t.DesiredState.Live() {
			byNode[t.NodeID] = append(byNode[t.NodeID], t)
		}
	}
	for _, n := range state.All[*object.Node](tx) {
		mine := byNode[n.ID]
		switch {
		case n.Status.State == object.NodeUnknown || n.Spec.Availability == object.Pause:
		case !eligible(s, n):
			for _, t := range mine {
				o.desire(tx, t, object.TaskShutdown)
			}
		case len(mine) == 0:
			if !o.leftNode(tx, s, n.ID) {
				o.create(tx, s, 0, n.ID, object.TaskRunning)
			}
		default:
			for _, t := range mine {
				o.mind(tx, s, t)
			}
		}
	}
}

// slotOf names a slot, asked what the service asked for when its last task ended for good:
// a change of either gives the slot a new chance.
func slotOf(s *object.Service, slot int) string {
	return slotKey(&object.Task{ServiceID: s.ID, Slot: slot})
}
func asked(s *object.Service) string {
	b, _ := json.Marshal([]any{s.SpecVersion, s.Spec.Mode, s.JobStatus})
	return string(b)
}

// leftNode reports whether the last task on a node has ended and its policy has no other.
func (o *Orchestrator) leftNode(tx *state.Tx, s *object.Service, node string) bool {
	var last *object.Task
	for _, t := range tasksOf(tx, s.ID) {
		if t.NodeID == node {
			last = t
		}
	}
	return last != nil && last.Status.State.Ended() && last.Status.State != object.TaskShutdown && !last.OutOfDate(s) && !o.again(s, last)
}

// job keeps tasks going until enough have completed.
func (o *Orchestrator) job(tx *state.Tx, s *object.Service) {
	j := s.Spec.Mode.ReplicatedJob
	total, most := 1, 1
	if j.MaxConcurrent != nil {
		most = int(*j.MaxConcurrent)
	}
	if j.TotalCompletions != nil {
		total = int(*j.TotalCompletions)
	}
	done, under, used := 0, 0, map[int]bool{}
	for _, t := range tasksOf(tx, s.ID) {
		if !sameRun(s, t) {
			o.desire(tx, t, object.TaskRemove)
			continue
		}
		switch {
		case t.Status.State == object.TaskComplete:
			done++
			used[t.Slot] = true
		case t.DesiredState.Live():
			used[t.Slot] = true
			if now := o.mind(tx, s, t); now {
				under++
			}
		}
	}
	for slot := 0; under < min(most, total-done); under++ {
		for used[slot] {
			slot++
		}
		used[slot] = true
		if slot > 0 && o.gaveUp[slotOf(s, slot)] == asked(s) || slot == 0 && o.gaveUp[s.ID] == asked(s) {
			continue
		}
		o.create(tx, s, slot, "", object.TaskComplete)
	}
}

func sameRun(s *object.Service, t *object.Task) bool {
	return t.JobIteration != nil && s.JobStatus != nil && *t.JobIteration == s.JobStatus.JobIteration
}

func (o *Orchestrator) globalJob(tx *state.Tx, s *object.Service) {
	have := map[string]bool{}
	for _, t := range tasksOf(tx, s.ID) {
		switch {
		case !sameRun(s, t):
			o.desire(tx, t, object.TaskRemove)
		case t.Status.State == object.TaskComplete:
			have[t.NodeID] = true
		case t.DesiredState.Live():
			have[t.NodeID] = true
			o.mind(tx, s, t)
		}
	}
	for _, n := range state.All[*object.Node](tx) {
		tried := o.gaveUp[slotKey(&object.Task{ServiceID: s.ID, NodeID: n.ID})] == asked(s)
		if !have[n.ID] && !tried && eligible(s, n) {
			o.create(tx, s, 0, n.ID, object.TaskComplete)
		}
	}
}
