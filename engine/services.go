package engine

import (
	"net/http"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/object"
)

func (s *Server) serviceRoutes() {
	s.handle("GET /services", serviceList)
	s.handle("POST /services/create", serviceCreate)
	s.handle("GET /services/{id}", serviceInspect)
	s.handle("POST /services/{id}/update", serviceUpdate)
	s.handle("DELETE /services/{id}", serviceRemove)
	s.handle("GET /tasks", taskList)
	s.handle("GET /tasks/{id}", taskInspect)
	s.dataRoutes()
}

func serviceList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	if err := f.Validate("name", "id", "label", "mode", "runtime"); err != nil {
		return err
	}
	all, err := ask[*object.Service](c, control.ListServices)
	if err != nil {
		return err
	}
	out := []*object.Service{}
	for _, s := range all {
		if passes(f, s) && hasLabels(f["label"], s.Spec.Labels) && among(f["mode"], modeOf(s)) {
			out = append(out, s.Public())
		}
	}
	if boolean(c.q, "status") {
		if err := addStatus(c, out); err != nil {
			return err
		}
	}
	return c.json(http.StatusOK, out)
}

func modeOf(s *object.Service) string {
	switch m := s.Spec.Mode; {
	case m.Global != nil:
		return "global"
	case m.ReplicatedJob != nil:
		return "replicated-job"
	case m.GlobalJob != nil:
		return "global-job"
	}
	return "replicated"
}

func hasLabels(want []string, have map[string]string) bool {
	for _, w := range want {
		k, v, valued := strings.Cut(w, "=")
		if got, ok := have[k]; !ok || valued && got != v {
			return false
		}
	}
	return true
}

// addStatus counts the tasks of services.
func addStatus(c *call, all []*object.Service) error {
	tasks, err := ask[*object.Task](c, control.ListTasks)
	if err != nil {
		return err
	}
	nodes, err := ask[*object.Node](c, control.ListNodes)
	if err != nil {
		return err
	}
	up := map[string]bool{}
	for _, n := range nodes {
		up[n.ID] = n.Status.State != object.NodeDown
	}
	for _, s := range all {
		st := &object.ServiceStatus{}
		if r := s.Spec.Mode.Replicated; r != nil && r.Replicas != nil {
			st.DesiredTasks = *r.Replicas
		}
		if j := s.Spec.Mode.ReplicatedJob; j != nil && j.MaxConcurrent != nil {
			st.DesiredTasks = *j.MaxConcurrent
		}
		for _, t := range tasks {
			if t.ServiceID != s.ID || s.Spec.Mode.IsJob() && (t.JobIteration == nil || s.JobStatus == nil || *t.JobIteration != s.JobStatus.JobIteration) {
				continue
			}
			done := s.Spec.Mode.IsJob() && t.Status.State == object.TaskComplete // the client adds these
			if s.Spec.Mode.IsGlobal() && t.DesiredState.Live() && !done {
				st.DesiredTasks++
			}
			if t.Status.State == object.TaskRunning && up[t.NodeID] && (t.DesiredState.Live() || s.Spec.Mode.IsJob()) {
				st.RunningTasks++
			}
			if t.Status.State == object.TaskComplete {
				st.CompletedTasks++
			}
		}
		s.ServiceStatus = st
	}
	return nil
}

// resolve replaces the names of networks by their identifiers, as the client may send
// either.
func resolve(c *call, s *object.ServiceSpec) error {
	all, err := ask[*object.Network](c, control.ListNetworks)
	if err != nil {
		return err
	}
	for _, list := range [][]object.NetworkTarget{s.TaskTemplate.Networks, s.Networks} {
		for i := range list {
			n, err := pick(all, "network", list[i].Target)
			if err != nil {
				if local, lerr := c.daemon.Networks.Get(list[i].Target); lerr == nil && local.Scope == "local" {
					if n, err = pick(all, "network", local.Name); err == nil { // by the identifier that this host's has
						list[i].Target = n.ID
						continue
					}
					return &modes.Error{Kind: modes.ErrInvalid, Msg: "The network " + local.Name + " cannot be used with services. Only networks scoped to the swarm can be used, such as those created with the overlay driver."}
				}
				return err
			}
			list[i].Target = n.ID
		}
	}
	return nil
}

func serviceCreate(c *call) error {
	var spec object.ServiceSpec
	if err := c.decode(&spec); err != nil {
		return err
	}
	if err := resolve(c, &spec); err != nil {
		return err
	}
	if spec.Name == "" {
		spec.Name = c.daemon.RandomName()
	}
	if err := convertible(&spec); err != nil {
		return err
	}
	control.Defaults(&spec)
	var ref control.Ref
	if err := c.daemon.Swarm.Ask(control.CreateService, spec, &ref); err != nil {
		return err
	}
	return c.json(http.StatusCreated, struct {
		ID       string
		Warnings []string `json:",omitempty"`
	}{ref.ID, notSimulatedInService(&spec)})
}

func serviceInspect(c *call) error {
	s, err := one[*object.Service](c, control.ListServices, "service", c.job.Ref)
	if err != nil {
		return err
	}
	if boolean(c.q, "insertDefaults") {
		control.Fallbacks(&s.Spec)
	}
	return c.json(http.StatusOK, s.Public())
}

func serviceUpdate(c *call) error {
	r := control.ServiceUpdate{}
	if c.q.Get("rollback") == "previous" {
		r.Rollback = "previous"
	}
	if from := c.q.Get("rollback"); from != "" && from != "none" && from != "previous" {
		return invalid("unrecognized rollback option %s", from)
	}
	if err := c.decode(&r.Spec); err != nil {
		return err
	}
	if cs := r.Spec.TaskTemplate.ContainerSpec; cs != nil {
		slices.Sort(cs.Env) // docker goes over a map of them, and two runs would differ
	}
	var err error
	if r.Version, err = versionOf(c); err != nil {
		return err
	}
	s, err := one[*object.Service](c, control.ListServices, "service", c.job.Ref)
	if err != nil {
		return err
	}
	r.ID = s.ID
	if err := resolve(c, &r.Spec); err != nil {
		return err
	}
	if err := convertible(&r.Spec); err != nil {
		return err
	}
	control.Defaults(&r.Spec)
	if err := c.daemon.Swarm.Ask(control.UpdateService, r, nil); err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		Warnings []string `json:",omitempty"`
	}{notSimulatedInService(&r.Spec)})
}

func serviceRemove(c *call) error {
	s, err := one[*object.Service](c, control.ListServices, "service", c.job.Ref)
	if err != nil {
		return err
	}
	if err := c.daemon.Swarm.Ask(control.RemoveService, control.Ref{ID: s.ID}, nil); err != nil {
		return err
	}
	return c.done(http.StatusOK)
}

func taskList(c *call) error {
	f, err := filters(c.q)
	if err != nil {
		return err
	}
	if err := f.Validate("name", "id", "label", "service", "node", "desired-state", "_up-to-date", "runtime"); err != nil {
		return err
	}
	states, err := words(f, "desired-state", object.TaskStates()...)
	if err != nil {
		return err
	}
	all, err := ask[*object.Task](c, control.ListTasks)
	if err != nil {
		return err
	}
	services, err := idsOf[*object.Service](c, control.ListServices, "service", f["service"])
	if err != nil {
		return err
	}
	nodes, err := idsOf[*object.Node](c, control.ListNodes, "node", f["node"])
	if err != nil {
		return err
	}
	current, err := ask[*object.Service](c, control.ListServices)
	if err != nil {
		return err
	}
	now := map[string]*object.Service{}
	for _, s := range current {
		now[s.ID] = s
	}
	out := []*object.Task{}
	for _, t := range all {
		if t.Spec.NetworkAttachmentSpec != nil && !f.Has("runtime", "attachment") {
			continue
		}
		if s := now[t.ServiceID]; len(f["_up-to-date"]) > 0 && (s == nil || t.OutOfDate(s)) {
			continue
		}
		if passes(f, t) && among(services, t.ServiceID) && among(nodes, t.NodeID) && desired(states, t) && hasLabels(f["label"], t.ServiceLabels()) {
			out = append(out, t.Public())
		}
	}
	return c.json(http.StatusOK, out)
}

func desired(want []string, t *object.Task) bool {
	return len(want) == 0 || among(want, string(t.DesiredState)) || among(want, "accepted") && t.DesiredState.Rank() <= object.TaskAccepted.Rank()
}

// idsOf are the identifiers of those that a filter names.
func idsOf[T object.Object](c *call, method, noun string, refs []string) (ids []string, err error) {
	if len(refs) == 0 {
		return nil, nil
	}
	all, err := ask[T](c, method)
	if err != nil {
		return nil, err
	}
	for _, r := range refs {
		o, err := pick(all, noun, r)
		if err != nil {
			ids = append(ids, r) // nobody has it
			continue
		}
		_, id := o.Key()
		ids = append(ids, id)
	}
	return ids, nil
}

func taskInspect(c *call) error {
	t, err := one[*object.Task](c, control.ListTasks, "task", c.job.Ref)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, t.Public())
}
