package engine

import (
	"slices"

	"dnetsim/modes/swarm/object"
)

// convertible refuses words of a service's specification that dockerd cannot say to the
// managers, whose enumerations they are (moby daemon/cluster/convert).
func convertible(s *object.ServiceSpec) error {
	if c := s.TaskTemplate.ContainerSpec; c != nil {
		for _, m := range c.Mounts {
			if !slices.Contains([]string{"", "bind", "volume", "tmpfs", "npipe", "cluster"}, m.Type) {
				return invalid("invalid MountType: %q", m.Type)
			}
		}
	}
	if p := s.TaskTemplate.RestartPolicy; p != nil && !slices.Contains([]string{"", "none", "on-failure", "any"}, p.Condition) {
		return invalid("invalid RestartCondition: %q", p.Condition)
	}
	for _, u := range []*object.UpdateConfig{s.UpdateConfig, s.RollbackConfig} {
		switch {
		case u == nil:
		case !slices.Contains([]string{"", "pause", "continue", "rollback"}, u.FailureAction):
			return invalid("unrecognized update failure action %s", u.FailureAction)
		case !slices.Contains([]string{"", "stop-first", "start-first"}, u.Order):
			return invalid("unrecognized update order %s", u.Order)
		}
	}
	if e := s.EndpointSpec; e != nil && !slices.Contains([]string{"", "vip", "dnsrr"}, e.Mode) {
		return invalid("invalid ResolutionMode: %q", e.Mode)
	}
	return nil
}
