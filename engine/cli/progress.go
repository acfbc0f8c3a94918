package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"dnetsim/engine"
	"dnetsim/modes/swarm/object"

	"github.com/docker/cli/cli/streams"
	"github.com/spf13/cobra"
)

// How often docker looks whether a service has converged, and how long that must last if
// nobody says it.
const (
	progressEvery  = 200 * time.Millisecond
	defaultMonitor = 5 * time.Second
)

// converging are the commands that wait for a service to converge, with which services
// they wait for.
var converging = map[string]func(args []string) []string{
	"service create":   func([]string) []string { return nil }, // what it has printed
	"service update":   func(args []string) []string { return args },
	"service rollback": func(args []string) []string { return args },
	"service scale": func(args []string) (out []string) {
		for _, a := range args {
			id, _, _ := strings.Cut(a, "=")
			out = append(out, id)
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
		ids := of(args)
		out := &lastLine{w: h.out}
		if ids == nil {
			was := h.out
			h.out = streams.NewOut(out)
			defer func() { h.out = was }()
		}
		if err := run(cmd, args); err != nil {
			return err
		}
		if ids == nil {
			ids = []string{out.last}
		}
		w := io.Writer(h.out)
		if isSet(cmd.Flags(), "quiet") {
			w = io.Discard
		}
		var errs []error
		for _, id := range ids {
			p := progress{s: s, ctx: cmd.Context(), out: w, id: id}
			if err := p.wait(); err != nil {
				if nameOf(cmd) == "service scale" {
					err = fmt.Errorf("%s: %v", id, err)
				}
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
}

// lastLine remembers the last line that was written.
type lastLine struct {
	w    io.Writer
	last string
}

func (l *lastLine) Write(b []byte) (int, error) {
	if t := strings.TrimSpace(string(b)); t != "" {
		lines := strings.Split(t, "\n")
		l.last = lines[len(lines)-1]
	}
	return l.w.Write(b)
}

// sleep lets virtual time pass; it reports whether it did.
func (s *session) sleep(ctx context.Context, d time.Duration) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return false
	}
	ok := false
	s.Do(r, &engine.Job{Kind: engine.Plain, Method: http.MethodGet, Path: "/", Run: func() {
		ok = s.loop.Current().Sleep(d) == nil
	}})
	return ok && ctx.Err() == nil
}

// now is the loop's time.
func (s *session) now() (t time.Duration) {
	s.do(func() { t = s.loop.Now() })
	return t
}

// get asks the engine for something.
func (s *session) get(ctx context.Context, path string, out any) error {
	t := &http.Transport{DialContext: s.dial}
	defer t.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/v"+s.srv.Version().APIVersion+path, nil)
	if err != nil {
		return err
	}
	res, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var e struct{ Message string }
		json.NewDecoder(res.Body).Decode(&e)
		return errors.New("Error response from daemon: " + e.Message)
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// progress is the wait for one service.
type progress struct {
	s    *session
	ctx  context.Context
	out  io.Writer
	id   string
	back bool // it is rolled back

	begun, done bool
	last        map[string]string // what was printed of each slot
}

// print prints a line as docker does without a terminal.
func (p *progress) print(id, text string) { fmt.Fprintf(p.out, "%s: %s\n", id, text) }

func (p *progress) overall(n, of int) {
	text := "overall progress"
	if p.back {
		text = "overall progress: rolling back update"
	}
	fmt.Fprintf(p.out, "%s: %d out of %d tasks\n", text, n, of)
}

// wait returns when the service has converged and has been watched, or cannot.
func (p *progress) wait() error {
	p.last = map[string]string{}
	since, ended := time.Duration(-1), ""
	for {
		var svc object.Service
		if err := p.s.get(p.ctx, "/services/"+url.PathEscape(p.id), &svc); err != nil {
			return err
		}
		monitor := defaultMonitor
		if u := svc.Spec.UpdateConfig; u != nil && u.Monitor != 0 {
			monitor = u.Monitor
		}
		if st := svc.UpdateStatus; st != nil {
			switch st.State {
			case object.Updating:
				p.back = false
			case object.Completed:
				if since < 0 && p.begun {
					return nil
				}
			case object.Paused:
				return errors.New("service update paused: " + st.Message)
			case object.RollbackStarted:
				if !p.back && st.Message != "" {
					p.print("rollback", st.Message)
				}
				p.back = true
			case object.RollbackPaused:
				return errors.New("service rollback paused: " + st.Message)
			case object.RollbackCompleted:
				if since < 0 {
					ended = st.Message
				}
				p.back = true
			}
		}
		if since >= 0 && p.s.now()-since >= monitor {
			p.converged(svc.ID, ended)
			return nil
		}
		ok, err := p.look(&svc)
		if err != nil {
			return err
		}
		switch {
		case !ok:
			since = -1
		case svc.Spec.Mode.IsJob():
			p.print("verify", "job complete")
			return nil
		default:
			if since < 0 {
				since = p.s.now()
			}
			if wait := monitor - (p.s.now() - since); wait >= 0 {
				left := int((wait + time.Second - 1) / time.Second)
				p.print("verify", fmt.Sprintf("Waiting %d seconds to verify that tasks are stable...", left))
			}
		}
		if !p.s.sleep(p.ctx, progressEvery) {
			return context.Canceled
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
		p.print("rollback", ended)
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

// newer reports whether of two tasks of a slot the first is the one to look at.
func newer(a, b *object.Task) bool {
	if a.DesiredState.Live() != b.DesiredState.Live() {
		return a.DesiredState.Live()
	}
	return a.Status.State.Rank() >= b.Status.State.Rank()
}

// mostBars is up to how many tasks docker shows each.
const mostBars = 20

func (p *progress) replicated(svc *object.Service, tasks []*object.Task, up map[string]bool) bool {
	want := 1
	if r := svc.Spec.Mode.Replicated; r != nil && r.Replicas != nil {
		want = int(*r.Replicas)
	}
	slots := map[int]*object.Task{}
	for _, t := range tasks {
		if _, known := up[t.NodeID]; t.NodeID != "" && (!known || !up[t.NodeID]) {
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
	for i, slot := range order {
		p.task(fmt.Sprintf("%d/%d", i+1, want), slots[slot], want)
		if slots[slot].Status.State == object.TaskRunning && slots[slot].DesiredState.Live() {
			running++
		}
	}
	if !p.done {
		p.overall(running, want)
		p.done = running == want
	}
	return running == want
}

// task prints why a task fails, once.
func (p *progress) task(id string, t *object.Task, of int) {
	if p.done || of > mostBars || t.Status.Err == "" || p.last[id] == t.ID+t.Status.Err {
		return
	}
	p.last[id] = t.ID + t.Status.Err
	p.print(id, strings.ReplaceAll(t.Status.Err, "\n", " "))
}

func (p *progress) global(tasks []*object.Task, up map[string]bool) bool {
	byNode := map[string]*object.Task{}
	for _, t := range tasks {
		if up[t.NodeID] && (byNode[t.NodeID] == nil || newer(t, byNode[t.NodeID])) {
			byNode[t.NodeID] = t
		}
	}
	if !p.begun {
		if len(byNode) == 0 {
			fmt.Fprintf(p.out, "overall progress: waiting for new tasks\n")
			return false
		}
		p.begun = true
		p.overall(0, len(byNode))
	}
	running := 0
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

func (p *progress) job(svc *object.Service, tasks []*object.Task) bool {
	want := len(tasks)
	if j := svc.Spec.Mode.ReplicatedJob; j != nil && j.TotalCompletions != nil {
		want = int(*j.TotalCompletions)
	}
	done, active := 0, 0
	for _, t := range tasks {
		switch {
		case t.Status.State == object.TaskComplete:
			done++
		case t.Status.State == object.TaskRunning:
			active++
		}
	}
	if want == 0 {
		return false
	}
	fmt.Fprintf(p.out, "job progress: %d out of %d complete [%3.f%%]\n", done, want, float64(done)/float64(want)*100)
	fmt.Fprintf(p.out, "active tasks: %d out of %d tasks\n", active, want)
	return done >= want
}
