package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sort"
	"strings"
	"time"

	"dnetsim/modes/swarm/object"

	"github.com/docker/cli/cli/streams"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/spf13/cobra"
)

// How often docker looks whether a service has converged, and how long that must last if
// nobody says it.
const (
	progressEvery  = 200 * time.Millisecond
	defaultMonitor = 5 * time.Second
)

// converging are the commands that wait for services to converge, with which ones they
// wait for: by their arguments, or by the lines that they have printed.
var converging = map[string]func(args, lines []string) []string{
	"service create":   func(_, lines []string) []string { return lines[len(lines)-1:] },
	"service update":   func(args, _ []string) []string { return args },
	"service rollback": func(args, _ []string) []string { return args },
	"service scale": func(_, lines []string) (out []string) {
		for _, l := range lines {
			if id, _, ok := strings.Cut(l, " scaled to "); ok {
				out = append(out, id)
			}
		}
		return out
	},
}

// adaptProgress has a command that waits for a service leave that to us: docker's own
// waits by the real machine's clock.
func (s *session) adaptProgress(cmd *cobra.Command, h *dockerCLI) {
	of := converging[nameOf(cmd)]
	if of == nil || cmd.Flags().Lookup("detach") == nil {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if isSet(cmd.Flags(), "detach") {
			return run(cmd, args)
		}
		cmd.Flags().Lookup("detach").Value.Set("true")
		out, was, scales := &printed{w: h.out}, h.out, nameOf(cmd) == "service scale"
		h.out = streams.NewOut(out)
		err := run(cmd, args)
		h.out = was
		if err != nil && !scales {
			return err
		}
		errs := []error{err}
		for _, id := range of(args, strings.Split(strings.TrimSpace(out.text.String()), "\n")) {
			err := converge(cmd.Context(), s, h, id, isSet(cmd.Flags(), "quiet"))
			if err != nil && scales {
				err = fmt.Errorf("%s: %v", id, err)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
}

// converge shows how a service converges until it has, as docker's WaitOnService: docker's
// own waits by the real machine's clock.
func converge(ctx context.Context, s *session, h *dockerCLI, id string, quiet bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w := io.Writer(h.out)
	if quiet {
		w = io.Discard
	}
	p := progress{s: s, ctx: ctx, rows: rows{out: w, width: s.columns(false), lines: map[string]uint{}}, id: id}
	caught, stop := notify(s)
	defer stop()
	err := p.wait(caught)
	if !quiet && err == nil { // jsonstream.Display's
		err = ctx.Err()
	}
	return err
}

// printed remembers what was written.
type printed struct {
	w    io.Writer
	text strings.Builder
}

func (p *printed) Write(b []byte) (int, error) {
	p.text.Write(b)
	return p.w.Write(b)
}

// progress is the wait for one service.
type progress struct {
	s    *session
	ctx  context.Context
	rows rows
	id   string
	back bool // it is rolled back

	begun, done bool
	slots       map[int]int // where each slot is shown
}

// stages are the states of a task as its bar has them; those behind running are for
// the choice between tasks only.
var stages = map[object.TaskState]int64{
	object.TaskNew: 1, object.TaskAllocated: 2, object.TaskPending: 3, object.TaskAssigned: 4, object.TaskAccepted: 5, object.TaskPreparing: 6,
	object.TaskReady: 7, object.TaskStarting: 8, object.TaskRunning: 9, object.TaskComplete: 10, object.TaskShutdown: 11, object.TaskFailed: 12, object.TaskRejected: 13,
}

// Of a bar: all of it, and how long the longest word of its states is.
const (
	wholeBar = 9
	bothBars = 10 // of a job's task
	widest   = 9
)

// print shows what goes on.
func (p *progress) print(id, text string) {
	p.rows.show(jsonstream.Message{ID: id, Status: text, Progress: &jsonstream.Progress{}})
}

func (p *progress) overall(n, of int) {
	text := fmt.Sprintf("%d out of %d tasks", n, of)
	if p.back {
		text = "rolling back update: " + text
	}
	p.print("overall progress", text)
}

// wait returns when the service has converged and has been watched, or cannot, or when
// caught tells of Ctrl-C: docker hears of that between two looks, and those are short.
func (p *progress) wait(caught func() bool) error {
	p.slots = map[int]int{}
	converged, err := p.follow(caught)
	if !errors.Is(err, context.Canceled) || !caught() {
		return err
	}
	if !converged {
		p.rows.show(jsonstream.Message{Status: "Operation continuing in background."})
		p.rows.show(jsonstream.Message{Status: fmt.Sprintf("Use `docker service ps %s` to check progress.", p.id)})
	}
	return nil
}

// follow looks at the service until it has converged and has been watched, or cannot, or
// [context.Canceled]; it tells whether the service had converged when it last looked.
func (p *progress) follow(caught func() bool) (ok bool, err error) {
	since, ended := time.Duration(-1), ""
	monitor := defaultMonitor // the last that a specification said: one that is rolled back to may say none
	for {
		var svc object.Service
		if err := p.s.get(p.ctx, "/services/"+url.PathEscape(p.id), &svc); err != nil {
			return ok, err
		}
		if u := svc.Spec.UpdateConfig; u != nil && u.Monitor != 0 {
			monitor = u.Monitor
		}
		if st := svc.UpdateStatus; st != nil {
			switch st.State {
			case object.Updating:
				p.back = false
			case object.Completed:
				if since < 0 && p.begun {
					return ok, nil
				}
			case object.Paused:
				return ok, errors.New("service update paused: " + st.Message)
			case object.RollbackStarted:
				if !p.back && st.Message != "" {
					p.print("rollback", st.Message)
				}
				p.back = true
			case object.RollbackPaused:
				return ok, errors.New("service rollback paused: " + st.Message)
			case object.RollbackCompleted:
				if since < 0 {
					ended = st.Message
				}
				p.back = true
			}
		}
		if since >= 0 && p.s.now()-since >= monitor {
			p.converged(svc.ID, ended)
			return ok, nil
		}
		now, err := p.look(&svc)
		if err != nil {
			return ok, err
		}
		ok = now
		switch {
		case !ok:
			if since >= 0 {
				p.print("verify", "Detected task failure")
			}
			since = -1
		case svc.Spec.Mode.IsJob():
			p.rows.show(jsonstream.Message{Status: "job complete"})
			return ok, nil
		default:
			if since < 0 {
				since = p.s.now()
			}
			if wait := monitor - (p.s.now() - since); wait >= 0 {
				left := int((wait + time.Second - 1) / time.Second)
				p.print("verify", fmt.Sprintf("Waiting %d seconds to verify that tasks are stable...", left))
			}
		}
		if caught() || !p.s.sleep(p.ctx, progressEvery) || caught() {
			return ok, context.Canceled
		}
	}
}

func (p *progress) converged(id, ended string) {
	if p.s.release.Older {
		p.print("verify", "Service converged")
	} else {
		p.print("verify", "Service "+id+" converged")
	}
	if ended != "" {
		p.rows.show(jsonstream.Message{ID: "rollback", Status: ended})
	}
}

// look looks at the tasks once, and reports whether they are what the service asks for.
func (p *progress) look(svc *object.Service) (bool, error) {
	f, _ := json.Marshal(map[string]map[string]bool{"service": {svc.ID: true}, "_up-to-date": {"true": true}})
	var tasks []*object.Task
	if err := p.s.get(p.ctx, "/tasks?filters="+url.QueryEscape(string(f)), &tasks); err != nil {
		return false, err
	}
	var nodes []*object.Node
	if err := p.s.get(p.ctx, "/nodes", &nodes); err != nil {
		return false, err
	}
	up := map[string]bool{}
	for _, n := range nodes {
		up[n.ID] = n.Status.State != object.NodeDown
	}
	sort.SliceStable(tasks, func(i, k int) bool { return tasks[i].ID < tasks[k].ID })
	switch m := svc.Spec.Mode; {
	case m.IsJob():
		return p.job(svc, tasks), nil
	case m.Global != nil:
		return p.global(tasks, up), nil
	default:
		return p.replicated(svc, tasks, up), nil
	}
}

// newer reports whether of two tasks of a slot the first is the one to look at: the one
// that is to go on, and of two the one that is not as far.
func newer(a, b *object.Task) bool {
	if x, y := stages[a.DesiredState], stages[b.DesiredState]; x != y {
		return x < y
	}
	return stages[a.Status.State] < stages[b.Status.State]
}

// known reports whether a task is one to show: those that are removed are none.
func known(t *object.Task) bool { return stages[t.DesiredState] != 0 && stages[t.Status.State] != 0 }

// mostBars is up to how many tasks docker shows each.
const mostBars = 20

func (p *progress) replicated(svc *object.Service, tasks []*object.Task, up map[string]bool) bool {
	want := 1
	if r := svc.Spec.Mode.Replicated; r != nil && r.Replicas != nil {
		want = int(*r.Replicas)
	}
	slots := map[int]*object.Task{}
	for _, t := range tasks {
		if !known(t) || t.NodeID != "" && !up[t.NodeID] {
			continue
		}
		if old := slots[t.Slot]; old == nil || newer(t, old) {
			slots[t.Slot] = t
		}
	}
	if !p.begun {
		p.begun = true
		p.overall(0, want)
		for i := 1; want <= mostBars && i <= want; i++ {
			p.print(fmt.Sprintf("%d/%d", i, want), " ")
		}
	}
	var order []int
	for slot := range slots {
		order = append(order, slot)
	}
	sort.Ints(order)
	running := 0
	p.still(slots)
	for _, slot := range order {
		if p.slots[slot] == 0 {
			p.slots[slot] = len(p.slots) + 1
		}
		t := slots[slot]
		if t.DesiredState.Live() && t.Status.State == object.TaskRunning {
			running++
		}
		if i := p.slots[slot]; i <= want {
			p.task(fmt.Sprintf("%d/%d", i, want), t, want)
		}
	}
	if !p.done {
		p.overall(running, want)
		p.done = running == want
	}
	return running == want
}

// still notes that what had converged has not any more.
func (p *progress) still(tasks map[int]*object.Task) {
	for _, t := range tasks { // whether there is one
		p.done = p.done && t.Status.State == object.TaskRunning
	}
}

// task shows how far a task is, or why it fails.
func (p *progress) task(id string, t *object.Task, of int) {
	live := func(s object.TaskState) bool { return stages[s] <= stages[object.TaskRunning] }
	switch {
	case p.done || of > mostBars:
	case t.Status.Err != "":
		p.print(id, shortened(t.Status.Err))
	case live(t.DesiredState) && live(t.Status.State):
		p.bar(id, fmt.Sprintf("%-*s", widest, t.Status.State), stages[t.Status.State], wholeBar)
	}
}

// bar shows what goes on with a bar, which only a terminal has.
func (p *progress) bar(id, text string, n, of int64) {
	p.rows.show(jsonstream.Message{ID: id, Status: text, Progress: &jsonstream.Progress{Current: n, Total: of, HideCounts: true}})
}

// mostWords is how long an error may be on a terminal that is narrow.
const mostWords = 75

func shortened(text string) string {
	if text = strings.ReplaceAll(text, "\n", " "); len(text) > mostWords {
		return text[:mostWords-1] + "…"
	}
	return text
}

func (p *progress) global(tasks []*object.Task, up map[string]bool) bool {
	byNode := map[string]*object.Task{}
	for _, t := range tasks {
		if known(t) && up[t.NodeID] && (byNode[t.NodeID] == nil || newer(t, byNode[t.NodeID])) {
			byNode[t.NodeID] = t
		}
	}
	if !p.begun {
		if len(byNode) == 0 {
			p.print("overall progress", "waiting for new tasks")
			return false
		}
		p.begun = true
		p.overall(0, len(byNode))
	}
	running := 0
	for _, t := range byNode { // whether there is one
		p.done = p.done && t.Status.State == object.TaskRunning
	}
	for _, t := range tasks {
		if byNode[t.NodeID] != t {
			continue
		}
		p.task(t.NodeID[:min(12, len(t.NodeID))], t, len(byNode))
		if t.Status.State == object.TaskRunning && t.DesiredState.Live() {
			running++
		}
	}
	if !p.done {
		p.overall(running, len(byNode))
		p.done = running == len(byNode)
	}
	return running == len(byNode)
}

// job shows a job: how many of its tasks have ended, how many run, and each.
func (p *progress) job(svc *object.Service, tasks []*object.Task) bool {
	want, most := len(tasks), len(tasks)
	replicated := svc.Spec.Mode.ReplicatedJob
	if replicated != nil && replicated.TotalCompletions != nil {
		want = int(*replicated.TotalCompletions)
		most = want
		if replicated.MaxConcurrent != nil {
			most = min(most, int(*replicated.MaxConcurrent))
		}
	}
	if want == 0 {
		p.print("job progress", "waiting for tasks")
		return false
	}
	overall := func(active, done int) {
		p.bar("job progress", fmt.Sprintf("%*d out of %d complete", len(fmt.Sprint(want)), done, want), int64(done), int64(want))
		if replicated != nil {
			n := len(fmt.Sprint(most))
			p.print("active tasks", fmt.Sprintf("%*d out of %*d tasks", n, active, n, min(want-done, most)))
		}
	}
	name := func(i int, t *object.Task) string {
		if replicated != nil {
			return fmt.Sprintf("%d/%d", i+1, want)
		}
		return t.NodeID[:min(12, len(t.NodeID))]
	}
	if !p.begun {
		p.begun = true
		overall(0, 0)
		for i := 0; replicated != nil && want <= mostBars && i < want; i++ {
			p.print(name(i, nil), " ")
		}
	}
	done, active := 0, 0
	for _, t := range tasks {
		switch {
		case !known(t):
			continue
		case t.Status.State == object.TaskComplete:
			done++
		case stages[t.Status.State] < stages[object.TaskComplete]:
			active++
		}
		switch id := name(t.Slot, t); {
		case want > mostBars:
		case t.Status.Err != "":
			p.print(id, shortened(t.Status.Err))
		default:
			p.bar(id, fmt.Sprintf("%-*s", widest, t.Status.State), stages[t.Status.State], bothBars)
		}
	}
	overall(active, done)
	return done >= want
}
