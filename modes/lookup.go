package modes

import (
	"sort"
	"strconv"
	"strings"

	"dnetsim/modes/container"
	"dnetsim/modes/events"
	"dnetsim/modes/filters"
	"dnetsim/modes/ident"
	"dnetsim/modes/nat"
	"dnetsim/sim"
)

// Containers are the containers of the host.
type Containers struct {
	d       *Daemon
	all     []*Container          // in the order of their making
	known   map[string]*Container // by id and by name, nil until somebody asks
	strays  []*Container          // removed ones whose sandboxes are left over
	reaping int                   // those whose first process is over and who count as running
	reaped  sim.Cond
}

// Get finds a container by name, id or the beginning of an id.
func (cs *Containers) Get(ref string) (*Container, error) {
	if err := cs.d.available(); err != nil {
		return nil, err
	}
	return cs.find(ref)
}

func (cs *Containers) find(ref string) (*Container, error) {
	name := strings.TrimPrefix(ref, "/")
	if c := cs.exactly(name); c != nil {
		return c, nil
	}
	c, matches := ident.Find(cs.all, name, func(c *Container) string { return c.ID }, func(c *Container) string { return c.Name })
	switch matches {
	case 0:
		return nil, errf(ErrNotFound, "No such container: %s", ref)
	case 1:
		return c, nil
	}
	return nil, errf(ErrInvalid, "Multiple IDs found with provided prefix: %s", ref)
}

// exactly is the container with this name or this whole id, or nil: with many
// containers nearly every look ends here.
func (cs *Containers) exactly(ref string) *Container {
	if cs.known == nil {
		cs.known = make(map[string]*Container, 2*len(cs.all))
		for _, c := range cs.all {
			cs.know(c)
		}
	}
	return cs.known[ref]
}

// know notes a container, if the notes have been asked for.
func (cs *Containers) know(c *Container) {
	if cs.known == nil {
		return
	}
	for _, ref := range [...]string{c.ID, c.Name} {
		if cs.known[ref] == nil { // the older one, if a name is another's id
			cs.known[ref] = c
		}
	}
}

// List lists containers, the newest first.
func (cs *Containers) List(o ListOptions) ([]*Container, error) {
	if err := cs.d.available(); err != nil {
		return nil, err
	}
	f := o.Filters
	known := []string{"ancestor", "before", "exited", "expose", "health", "id", "isolation", "is-task",
		"label", "name", "network", "publish", "since", "status", "volume"}
	if cs.d.profile.StrictSettings {
		known = append(known, "annotation")
	}
	if err := f.Validate(known...); err != nil {
		return nil, err
	}
	for _, v := range f["status"] {
		switch container.Status(v) {
		case container.Created, container.Running, container.Paused, container.Restarting, container.Removing, container.Exited, container.Dead:
		default:
			return nil, errf(ErrInvalid, "Unrecognised filter value for status: %s", v)
		}
	}
	all := append([]*Container(nil), cs.all...)
	sort.SliceStable(all, func(i, k int) bool { return all[i].Created.After(all[k].Created) })
	var before, since *Container
	for _, bound := range []struct {
		key  string
		into **Container
	}{{"before", &before}, {"since", &since}} {
		for _, v := range f[bound.key] {
			c, err := cs.find(v)
			if err != nil {
				return nil, err
			}
			*bound.into = c
		}
	}
	var out []*Container
	for _, c := range all {
		if o.Limit > 0 && len(out) == o.Limit {
			break
		}
		wanted := o.All || o.Limit > 0 || len(f["status"]) > 0 || len(f["exited"]) > 0 || before != nil || since != nil
		if !wanted && !c.State.Running() {
			continue
		}
		if before != nil && !c.Created.Before(before.Created) || since != nil && !c.Created.After(since.Created) {
			continue
		}
		if cs.d.Containers.passes(c, f) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (cs *Containers) passes(c *Container, f filters.Args) bool {
	if !filters.MatchName(f["name"], c.Name) || !filters.MatchPrefix(f["id"], c.ID) || !filters.MatchLabels(f["label"], c.Config.Labels) ||
		!filters.MatchLabels(f["annotation"], c.HostConfig.Annotations) {
		return false
	}
	if len(f["status"]) > 0 && !f.Has("status", string(c.State.Status)) {
		return false
	}
	if len(f["exited"]) > 0 && (c.State.Running() || c.State.StartedAt.IsZero() || !f.Has("exited", strconv.Itoa(c.State.ExitCode))) {
		return false
	}
	if len(f["health"]) > 0 && !f.Has("health", c.State.Health.Is()) {
		return false
	}
	return cs.passesNetwork(c, f["network"]) && cs.passesAncestor(c, f["ancestor"]) &&
		passesPorts(f["publish"], c.NetworkSettings.Ports, true) && passesPorts(f["expose"], c.NetworkSettings.Ports, false)
}

func (cs *Containers) passesNetwork(c *Container, values []string) bool {
	if len(values) == 0 {
		return true
	}
	for name, es := range c.NetworkSettings.Networks {
		for _, v := range values {
			if v == name || es.NetworkID != "" && strings.HasPrefix(es.NetworkID, v) {
				return true
			}
		}
	}
	return false
}

func (cs *Containers) passesAncestor(c *Container, values []string) bool {
	if len(values) == 0 {
		return true
	}
	for _, v := range values {
		if img, err := cs.d.Images.store.Find(v); err == nil && img.ID == c.Image {
			return true
		}
	}
	return false
}

func passesPorts(values []string, ports map[nat.Port][]nat.PortBinding, published bool) bool {
	if len(values) == 0 {
		return true
	}
	for _, v := range values {
		want, err := nat.ParsePort(v)
		if err != nil {
			return false
		}
		for p, bs := range ports {
			if p.Proto != want.Proto {
				continue
			}
			if !published && p.Number == want.Number {
				return true
			}
			for _, b := range bs {
				if published && b.HostPort == strconv.Itoa(int(want.Number)) {
					return true
				}
			}
		}
	}
	return false
}

// event records something that happened to the container; extra are pairs.
func (c *Container) event(action string, extra ...string) {
	a := map[string]string{"image": c.Config.Image, "name": c.Name}
	for k, v := range c.Config.Labels {
		a[k] = v
	}
	for i := 0; i+1 < len(extra); i += 2 {
		a[extra[i]] = extra[i+1]
	}
	c.run.daemon.Events.Add(events.Event{Type: "container", Action: action, ID: c.ID, From: c.Config.Image, Attributes: a})
}

func (cs *Containers) live() bool {
	for _, c := range cs.all {
		if c.run.pid1 != nil {
			return true
		}
	}
	return false
}
