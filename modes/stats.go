package modes

import "dnetsim/stack"

// Interfaces are the interfaces that docker stats counts: those that
// Docker plugged into a running container's own sandbox. With the host's network,
// another container's or none there are none.
func (c *Container) Interfaces() []*stack.Interface {
	sb := c.run.sandbox
	if sb == nil || c.run.base != nil {
		return nil
	}
	return sb.Interfaces()
}
