package modes

import "dnetsim/stack"

// ContainerInterfaces are the interfaces that docker stats counts: those that
// Docker plugged into a running container's own sandbox. With the host's network,
// another container's or none there are none.
func (d *Daemon) ContainerInterfaces(c *Container) []*stack.Interface {
	sb := c.run.sandbox
	if sb == nil || c.run.base != nil {
		return nil
	}
	var out []*stack.Interface
	for _, ep := range sb.endpoints {
		if ep.Inside != nil {
			out = append(out, ep.Inside)
		}
	}
	return out
}
