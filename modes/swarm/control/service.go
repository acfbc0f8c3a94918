package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/scheduler"
	"dnetsim/modes/swarm/state"
	"dnetsim/modes/swarm/template"
)

// ServiceUpdate changes a service; Rollback "previous" takes its specification before the
// last change instead.
type ServiceUpdate struct {
	ID       string
	Version  uint64
	Spec     object.ServiceSpec
	Rollback string
}

// imageForm is the name of an image: a host and a path, a tag, a digest.
var imageForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,})?$`)
})

func bad(format string, args ...any) error { return rpc.Errorf(rpc.InvalidArgument, format, args...) }

// checkService refuses a specification for what it says.
func checkService(s *object.ServiceSpec) error {
	for _, check := range []func(*object.ServiceSpec) error{checkServiceName, checkMode, checkTask, checkUpdates, checkEndpoint} {
		if err := check(s); err != nil {
			return err
		}
	}
	return nil
}

// mostTasks is how many tasks a service may ask for. A real manager believes any number,
// and dies of it.
const mostTasks = 5000

func checkServiceName(s *object.ServiceSpec) error { return checkName(s.Name) }

func checkMode(s *object.ServiceSpec) error {
	m := &s.Mode
	if m.Replicated == nil && m.Global == nil && m.ReplicatedJob == nil && m.GlobalJob == nil {
		one := uint64(1)
		m.Replicated = &object.Replicated{Replicas: &one}
	}
	if m.Replicated != nil && m.Replicated.Replicas == nil {
		one := uint64(1)
		m.Replicated.Replicas = &one
	}
	tasks := []*uint64{}
	if r := m.Replicated; r != nil {
		tasks = append(tasks, r.Replicas)
	}
	if j := m.ReplicatedJob; j != nil {
		one := uint64(1)
		if j.MaxConcurrent == nil {
			j.MaxConcurrent = &one
		}
		if j.TotalCompletions == nil {
			j.TotalCompletions = j.MaxConcurrent
		}
		tasks = append(tasks, j.TotalCompletions, j.MaxConcurrent)
	}
	for _, n := range tasks {
		if n != nil && *n > mostTasks {
			return rpc.Errorf(rpc.Unimplemented, "dnetsim simulates at most %d tasks of a service, not %d", mostTasks, *n)
		}
	}
	if p := s.TaskTemplate.Placement; p != nil && p.MaxReplicas > 0 && m.Replicated == nil {
		return bad("max-replicas can only be used with replicated mode")
	}
	if m.IsJob() && s.UpdateConfig != nil {
		return bad("job-mode services cannot have an update config")
	}
	return nil
}

func checkTask(s *object.ServiceSpec) error {
	t := &s.TaskTemplate
	if t.Resources != nil {
		if err := checkResources(t.Resources); err != nil {
			return err
		}
	}
	if p := t.RestartPolicy; p != nil {
		switch {
		case p.Delay != nil && *p.Delay < 0:
			return bad("TaskSpec: restart-delay cannot be negative")
		case p.Window != nil && *p.Window < 0:
			return bad("TaskSpec: restart-window cannot be negative")
		}
	}
	if t.Placement != nil {
		if err := scheduler.CheckConstraints(t.Placement.Constraints); err != nil {
			return rpc.Errorf(rpc.Unknown, "%v", err)
		}
	}
	switch t.Runtime {
	case "", "container":
		t.Runtime = "container"
	default:
		return rpc.Errorf(rpc.Unimplemented, "RuntimeSpec: unimplemented runtime in service spec")
	}
	c := t.ContainerSpec
	switch {
	case c == nil:
		return bad("TaskSpec: missing runtime")
	case c.Image == "":
		return bad("ContainerSpec: image reference must be provided")
	case !imageForm().MatchString(c.Image):
		return bad("ContainerSpec: %q is not a valid repository/tag", c.Image)
	}
	targets := map[string]bool{}
	for _, m := range c.Mounts {
		if m.Target == "" {
			return bad("ContainerSpec: duplicate mount point: %s", m.Target)
		}
		if targets[m.Target] {
			return bad("ContainerSpec: duplicate mount point: %s", m.Target)
		}
		targets[m.Target] = true
	}
	if err := checkHealth(c.Healthcheck); err != nil {
		return err
	}
	return checkTemplates(t)
}

func checkHealth(h *object.Healthcheck) error {
	if h == nil {
		return nil
	}
	for _, x := range []struct {
		what string
		d    time.Duration
	}{{"Interval", h.Interval}, {"Timeout", h.Timeout}, {"StartPeriod", h.StartPeriod}, {"StartInterval", h.StartInterval}} {
		if x.d != 0 && x.d < time.Millisecond {
			return bad("ContainerSpec: %s in HealthConfig cannot be less than 1ms", x.what)
		}
	}
	if h.Retries < 0 {
		return bad("ContainerSpec: Retries in HealthConfig cannot be negative")
	}
	return nil
}

// checkTemplates refuses texts that a node could not expand, as far as a task that there
// is not yet can tell.
func checkTemplates(spec *object.TaskSpec) error {
	t := object.Task{
		ServiceID: "serviceid", Slot: 1, NodeID: "nodeid", Annotations: object.Annotations{Name: "taskname"}, Spec: *spec,
		Service: &object.TaskService{Name: "servicename"},
	}
	n := object.NodeDescription{Hostname: "nodeHostname", Platform: object.Platform{Architecture: "architecture", OS: "os"}}
	if _, err := template.Container(n, &t); err != nil {
		return bad("%v", err)
	}
	return nil
}

func checkResources(r *object.Requirements) error {
	check := func(cpu, mem int64) error {
		switch {
		case cpu != 0 && cpu < 1e6:
			return bad("invalid cpu value %v: Must be at least %v", float64(cpu)/1e9, 1e6/1e9)
		case mem != 0 && mem < 4<<20:
			return bad("invalid memory value %d: Must be at least 4MiB", mem)
		}
		return nil
	}
	if l := r.Limits; l != nil {
		if err := check(l.NanoCPUs, l.MemoryBytes); err != nil {
			return err
		}
	}
	if x := r.Reservations; x != nil {
		return check(x.NanoCPUs, x.MemoryBytes)
	}
	return nil
}

func checkUpdates(s *object.ServiceSpec) error {
	for _, u := range []*object.UpdateConfig{s.UpdateConfig, s.RollbackConfig} {
		if u == nil {
			continue
		}
		switch {
		case u.Delay < 0:
			return bad("TaskSpec: update-delay cannot be negative")
		case u.Monitor < 0:
			return bad("TaskSpec: update-monitor cannot be negative")
		case u.MaxFailureRatio < 0 || u.MaxFailureRatio > 1:
			return bad("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1")
		}
		if u.FailureAction == "" {
			u.FailureAction = object.FailurePause
		}
		if u.Order == "" {
			u.Order = object.StopFirst
		}
	}
	return nil
}

func checkEndpoint(s *object.ServiceSpec) error {
	e := s.EndpointSpec
	if e == nil {
		return nil
	}
	seen := map[string]bool{}
	for i := range e.Ports {
		p := &e.Ports[i]
		if p.Protocol == "" {
			p.Protocol = "tcp"
		}
		if p.PublishMode == "" {
			p.PublishMode = object.PublishIngress
		}
		if p.PublishMode == object.PublishIngress && e.Mode == object.ModeDNSRR {
			return bad("EndpointSpec: port published with ingress mode can't be used with dnsrr mode")
		}
		if p.PublishedPort == 0 {
			continue
		}
		key := fmt.Sprint(p.Protocol, p.PublishedPort)
		if seen[key] {
			return bad("EndpointSpec: duplicate published ports provided")
		}
		seen[key] = true
	}
	if e.Mode == "" {
		e.Mode = object.ModeVIP
	}
	return nil
}

// checkPorts refuses ports that another service publishes.
func checkPorts(tx *state.Tx, s *object.ServiceSpec, id string) error {
	if s.EndpointSpec == nil {
		return nil
	}
	for _, x := range state.All[*object.Service](tx) {
		if x.ID == id {
			continue
		}
		ports := x.Endpoint.Ports
		if x.Spec.EndpointSpec != nil {
			ports = append(slices.Clone(ports), x.Spec.EndpointSpec.Ports...)
		}
		for _, p := range s.EndpointSpec.Ports {
			for _, q := range ports {
				same := p.PublishedPort != 0 && p.PublishedPort == q.PublishedPort && p.Protocol == q.Protocol
				if same && (p.PublishMode == object.PublishIngress || q.PublishMode == object.PublishIngress) {
					return bad("port '%d' is already in use by service '%s' (%s) as %s port", p.PublishedPort, x.Spec.Name, x.ID, portKind(q.PublishMode))
				}
			}
		}
	}
	return nil
}

func portKind(mode string) string {
	if mode == object.PublishHost {
		return "a host-published"
	}
	return "an ingress"
}

// checkReferences refuses networks, secrets and configs that are not there.
func checkReferences(tx *state.Tx, s *object.ServiceSpec) error {
	for _, t := range slices.Concat(s.TaskTemplate.Networks, s.Networks) {
		for _, n := range missing(tx) {
			if n.ID == t.Target {
				tx.Create(n)
			}
		}
		n, ok := state.Get[*object.Network](tx, t.Target)
		switch {
		case !ok:
			return bad("network %s not found", t.Target)
		case n.Spec.Ingress:
			return bad("Service cannot be explicitly attached to the ingress network %q", n.Spec.Name)
		}
	}
	c := s.TaskTemplate.ContainerSpec
	if c == nil {
		return nil
	}
	for _, r := range c.Secrets {
		if _, ok := state.Get[*object.Secret](tx, r.SecretID); !ok {
			return bad("secret not found: %s", r.SecretName)
		}
	}
	for _, r := range c.Configs {
		if _, ok := state.Get[*object.Config](tx, r.ConfigID); !ok {
			return bad("config not found: %s", r.ConfigName)
		}
	}
	if s.EndpointSpec != nil && slices.ContainsFunc(s.EndpointSpec.Ports, func(p object.Port) bool { return p.PublishMode == object.PublishIngress }) {
		if !slices.ContainsFunc(state.All[*object.Network](tx), func(n *object.Network) bool { return n.Spec.Ingress }) {
			return rpc.Errorf(rpc.FailedPrecondition, "service needs ingress network, but no ingress network is present")
		}
	}
	return nil
}

func (s *Server) createService(r *rpc.Request) (any, error) {
	var spec object.ServiceSpec
	if err := r.Decode(&spec); err != nil {
		return nil, err
	}
	if err := checkService(&spec); err != nil {
		return nil, err
	}
	out := &object.Service{ID: object.NewID(s.Rand), Spec: spec, SpecVersion: object.Version{Index: 1}}
	if spec.Mode.IsJob() {
		out.JobStatus = &object.JobStatus{LastExecution: s.Wall().UTC()}
	}
	return Ref{ID: out.ID}, s.State.Update(func(tx *state.Tx) error {
		if err := checkReferences(tx, &spec); err != nil {
			return err
		}
		if err := checkPorts(tx, &spec, ""); err != nil {
			return err
		}
		if _, ok := state.Named[*object.Service](tx, spec.Name); ok {
			return rpc.Errorf(rpc.AlreadyExists, "name conflicts with an existing object: service %s already exists", spec.Name)
		}
		tx.Create(out)
		return nil
	})
}

func (s *Server) updateService(r *rpc.Request) (any, error) {
	var q ServiceUpdate
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if q.Rollback == "" {
		if err := checkService(&q.Spec); err != nil {
			return nil, err
		}
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		old, ok := state.Get[*object.Service](tx, q.ID)
		if !ok {
			return rpc.Errorf(rpc.NotFound, "service %s not found", q.ID)
		}
		now := s.Wall().UTC()
		out := object.Clone(old)
		switch {
		case q.Rollback != "":
			if old.PreviousSpec == nil {
				return rpc.Errorf(rpc.FailedPrecondition, "service %s does not have a previous spec", q.ID)
			}
			q.Spec = *old.PreviousSpec
			before := old.Spec
			out.PreviousSpec = &before // another rollback takes this one back
			out.UpdateStatus = &object.UpdateStatus{State: object.RollbackStarted, StartedAt: &now, Message: "manually requested rollback"}
		default:
			if err := s.mayBecome(tx, old, &q.Spec); err != nil {
				return err
			}
			before := old.Spec
			out.PreviousSpec, out.UpdateStatus = &before, nil
		}
		if err := fresh(old, q.Version); err != nil {
			return err
		}
		out.Spec = q.Spec
		if !sameSpec(&old.Spec, &q.Spec) {
			out.PreviousVersion, out.SpecVersion.Index = old.SpecVersion, old.SpecVersion.Index+1
		}
		if out.JobStatus != nil && old.Spec.TaskTemplate.ForceUpdate != q.Spec.TaskTemplate.ForceUpdate {
			out.JobStatus = &object.JobStatus{JobIteration: object.Version{Index: old.JobStatus.JobIteration.Index + 1}, LastExecution: now}
		}
		tx.Update(out)
		return nil
	})
}

// mayBecome refuses what a service cannot become.
func (s *Server) mayBecome(tx *state.Tx, old *object.Service, spec *object.ServiceSpec) error {
	if old.Spec.Name != spec.Name {
		return rpc.Errorf(rpc.Unimplemented, "renaming services is not supported")
	}
	if old.Spec.Mode.IsGlobal() != spec.Mode.IsGlobal() || old.Spec.Mode.IsJob() != spec.Mode.IsJob() {
		return rpc.Errorf(rpc.Unimplemented, "service mode change is not allowed")
	}
	if err := checkReferences(tx, spec); err != nil {
		return err
	}
	return checkPorts(tx, spec, old.ID)
}

// sameSpec reports whether tasks of both are the same.
func sameSpec(a, b *object.ServiceSpec) bool {
	x, _ := json.Marshal([]any{a.TaskTemplate, a.Networks, a.EndpointSpec})
	y, _ := json.Marshal([]any{b.TaskTemplate, b.Networks, b.EndpointSpec})
	return bytes.Equal(x, y)
}

func (s *Server) removeService(r *rpc.Request) (any, error) {
	var q Ref
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	return nil, s.State.Update(func(tx *state.Tx) error {
		if _, ok := state.Get[*object.Service](tx, q.ID); !ok {
			return rpc.Errorf(rpc.NotFound, "service %s not found", q.ID)
		}
		tx.Remove(object.KindService, q.ID)
		return nil
	})
}

// Defaults gives a specification that a user sends what the engine adds: as the API's
// conversion does it.
func Defaults(s *object.ServiceSpec) {
	c := s.TaskTemplate.ContainerSpec
	if c == nil {
		return
	}
	if c.StopGracePeriod == nil {
		d := 10 * time.Second
		c.StopGracePeriod = &d
	}
	if c.DNSConfig == nil {
		c.DNSConfig = &object.DNSConfig{}
	}
	if c.Isolation == "" {
		c.Isolation = "default"
	}
	t := &s.TaskTemplate
	if t.Resources == nil {
		t.Resources = &object.Requirements{}
	}
	if t.Resources.Limits == nil {
		t.Resources.Limits = &object.Limit{}
	}
	if t.Resources.Reservations == nil {
		t.Resources.Reservations = &object.Resources{}
	}
	if t.Placement == nil {
		t.Placement = &object.Placement{}
	}
	if t.RestartPolicy != nil && t.RestartPolicy.MaxAttempts == nil {
		zero := uint64(0)
		t.RestartPolicy.MaxAttempts = &zero
	}
}

// Fallbacks gives a specification what is the case when it says nothing, for who looks at
// it.
func Fallbacks(s *object.ServiceSpec) {
	if s.TaskTemplate.RestartPolicy == nil {
		delay, zero := 5*time.Second, uint64(0)
		s.TaskTemplate.RestartPolicy = &object.RestartPolicy{Condition: object.RestartAny, Delay: &delay, MaxAttempts: &zero}
	}
	if s.Mode.IsJob() {
		return
	}
	for _, u := range []**object.UpdateConfig{&s.UpdateConfig, &s.RollbackConfig} {
		if *u == nil {
			*u = &object.UpdateConfig{Parallelism: 1, FailureAction: object.FailurePause, Monitor: 5 * time.Second, Order: object.StopFirst}
		}
	}
}
