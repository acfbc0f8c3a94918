// Package scheduler chooses the node for each task that waits for one: among the nodes
// that are ready and fit, the one with the fewest tasks of the service, and then with the
// fewest at all. The leader runs it on every change of the state.
package scheduler

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
)

// Scheduler is a leader's.
type Scheduler struct {
	Wall func() time.Time
}

// candidate is a node with what it has to do.
type candidate struct {
	node  *object.Node
	tasks []*object.Task // that are to run there
}

// Run gives tasks their nodes.
func (s *Scheduler) Run(tx *state.Tx) error {
	var waiting []*object.Task
	nodes := map[string]*candidate{}
	var order []*candidate
	for _, n := range state.All[*object.Node](tx) {
		c := &candidate{node: n}
		nodes[n.ID] = c
		order = append(order, c)
	}
	sort.Slice(order, func(i, k int) bool { return order[i].node.ID < order[k].node.ID })
	for _, t := range state.All[*object.Task](tx) {
		if !t.DesiredState.Live() || t.Status.State.Ended() {
			continue
		}
		if c := nodes[t.NodeID]; c != nil && t.Status.State.Rank() >= object.TaskAssigned.Rank() {
			c.tasks = append(c.tasks, t)
		}
		if t.Status.State == object.TaskPending {
			waiting = append(waiting, t)
		}
	}
	for _, t := range waiting {
		s.place(tx, t, order, nodes)
	}
	return nil
}

func (s *Scheduler) place(tx *state.Tx, t *object.Task, order []*candidate, nodes map[string]*candidate) {
	if t.Spec.NetworkAttachmentSpec != nil {
		if nodes[t.NodeID] != nil {
			s.assign(tx, t, nodes[t.NodeID])
		}
		return
	}
	if t.NodeID != "" { // of a global service
		if c := nodes[t.NodeID]; c != nil {
			if why := s.unfit(t, c); why == "" {
				s.assign(tx, t, c)
			} else {
				s.wait(tx, t, "no suitable node ("+why+" on 1 node)")
			}
		}
		return
	}
	var fit []*candidate
	counts := map[string]int{}
	for _, c := range order {
		if why := s.unfit(t, c); why != "" {
			counts[why]++
			continue
		}
		fit = append(fit, c)
	}
	if len(fit) == 0 {
		s.wait(tx, t, explain(counts))
		return
	}
	s.assign(tx, t, best(t, fit))
}

// unfit is why a node cannot run a task, "" if it can.
func (s *Scheduler) unfit(t *object.Task, c *candidate) string {
	switch {
	case c.node.Status.State != object.NodeReady || c.node.Spec.Availability != object.Active:
		return unavailable
	case !fits(t, c):
		return "insufficient resources"
	case !pluginsThere(t, c.node):
		return "missing plugin"
	case t.Spec.Placement != nil && !Satisfies(t.Spec.Placement.Constraints, c.node):
		return "scheduling constraints not satisfied"
	case !onPlatform(t, c.node):
		return "unsupported platform"
	case !portsFree(t, c):
		return "host-mode port already in use"
	case !belowMost(t, c):
		return "max replicas per node limit exceed"
	case onClusterVolume(t):
		return "cannot fulfill requested CSI volume mounts"
	}
	return ""
}

const unavailable = "node not available for new tasks" // the pipeline's readiness filter

// explain lists the reasons as swarmkit does.
func explain(counts map[string]int) string {
	var why []string
	for w := range counts {
		why = append(why, w)
	}
	sort.Strings(why)
	var parts []string
	for _, w := range why {
		n := counts[w]
		if w == unavailable {
			if n == 1 {
				parts = append(parts, "1 node not available for new tasks")
			} else {
				parts = append(parts, fmt.Sprintf("%d nodes not available for new tasks", n))
			}
			continue
		}
		if n == 1 {
			parts = append(parts, w+" on 1 node")
		} else {
			parts = append(parts, fmt.Sprintf("%s on %d nodes", w, n))
		}
	}
	if len(parts) == 0 {
		return "no suitable node"
	}
	return "no suitable node (" + strings.Join(parts, "; ") + ")"
}

// wait notes why a task has no node.
func (s *Scheduler) wait(tx *state.Tx, t *object.Task, why string) {
	if t.Status.Err == why {
		return
	}
	t = object.Clone(t)
	t.Status.Err = why
	tx.Update(t)
}

func (s *Scheduler) assign(tx *state.Tx, t *object.Task, c *candidate) {
	t = object.Clone(t)
	t.NodeID = c.node.ID
	t.Status = object.TaskStatus{State: object.TaskAssigned, Timestamp: s.Wall().UTC(), Message: "scheduler assigned task to node"}
	tx.Update(t)
	c.tasks = append(c.tasks, t)
}

// best is the node that a task is spread to: by the preferences first, then by tasks of
// the service, then by all tasks.
func best(t *object.Task, fit []*candidate) *candidate {
	if t.Spec.Placement != nil {
		for _, p := range t.Spec.Placement.Preferences {
			if p.Spread != nil {
				fit = leastLoaded(t, fit, p.Spread.SpreadDescriptor)
			}
		}
	}
	return slices.MinFunc(fit, func(a, b *candidate) int {
		if d := ofService(t, a.tasks) - ofService(t, b.tasks); d != 0 {
			return d
		}
		return len(a.tasks) - len(b.tasks)
	})
}

// leastLoaded are the nodes with the label's value that has the fewest tasks.
func leastLoaded(t *object.Task, fit []*candidate, label string) []*candidate {
	groups := map[string][]*candidate{}
	load := map[string]int{}
	var values []string
	for _, c := range fit {
		v := labelOf(c.node, label)
		if groups[v] == nil {
			values = append(values, v)
		}
		groups[v] = append(groups[v], c)
		load[v] += ofService(t, c.tasks)
	}
	return groups[slices.MinFunc(values, func(a, b string) int { return load[a] - load[b] })]
}

func labelOf(n *object.Node, label string) string {
	if k, ok := strings.CutPrefix(label, "node.labels."); ok {
		return n.Spec.Labels[k]
	}
	if k, ok := strings.CutPrefix(label, "engine.labels."); ok {
		return n.Description.Engine.Labels[k]
	}
	return ""
}

func ofService(t *object.Task, all []*object.Task) (n int) {
	for _, x := range all {
		if x.ServiceID == t.ServiceID {
			n++
		}
	}
	return n
}
