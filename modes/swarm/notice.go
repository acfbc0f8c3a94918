package swarm

import (
	"strconv"

	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/state"
)

// notice makes an event of a change, on every manager alike, as moby's
// generateClusterEvent does of what it watches. What the log had before the node was
// ready is no news.
func (l *life) notice(c state.Change) {
	o := c.Now
	if o == nil {
		o = c.Old
	}
	kind, id := o.Key()
	if l.over || !l.ready || kind == object.KindCluster || kind == object.KindTask {
		return
	}
	if n, ok := o.(*object.Network); ok && n.Predefined() {
		return // every swarm has had it from its beginning
	}
	a := attributes{"name": o.Title()}
	if c.Old != nil && c.Now != nil {
		switch now := c.Now.(type) {
		case *object.Node:
			a.node(c.Old.(*object.Node), now)
		case *object.Service:
			a.service(c.Old.(*object.Service), now)
		}
	}
	l.n.Event(string(kind), c.Action, id, a)
}

// attributes are what an event says beside the object's identifier.
type attributes map[string]string

// differs notes a value that has changed.
func (a attributes) differs(key, old, now string) {
	if old != now {
		a[key+".old"], a[key+".new"] = old, now
	}
}

func (a attributes) node(old, now *object.Node) {
	a.differs("availability", old.Spec.Availability, now.Spec.Availability)
	a.differs("role", old.Spec.Role, now.Spec.Role)
	a.differs("state", old.Status.State, now.Status.State)
	if was, is := old.ManagerStatus, now.ManagerStatus; was != nil && is != nil {
		a.differs("leader", strconv.FormatBool(was.Leader), strconv.FormatBool(is.Leader))
		a.differs("reachability", was.Reachability, is.Reachability)
	}
}

func (a attributes) service(old, now *object.Service) {
	if was, is := old.Spec.TaskTemplate.ContainerSpec, now.Spec.TaskTemplate.ContainerSpec; was != nil && is != nil {
		a.differs("image", was.Image, is.Image)
	}
	if was, is := replicas(old), replicas(now); was != "" && is != "" {
		a.differs("replicas", was, is)
	}
	switch was, is := old.UpdateStatus, now.UpdateStatus; {
	case is == nil:
	case was == nil:
		a["updatestate.new"] = is.State
	default:
		a.differs("updatestate", was.State, is.State)
	}
}

// replicas are how many tasks a replicated service has, "" of another one.
func replicas(s *object.Service) string {
	if r := s.Spec.Mode.Replicated; r != nil && r.Replicas != nil {
		return strconv.FormatUint(*r.Replicas, 10)
	}
	return ""
}
