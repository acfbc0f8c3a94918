package stack

// The kernel's bounds on devices above devices (include/linux/netdevice.h,
// net/core/dev.h): how many levels there may be, and how many transmissions may
// be under way within one another. Tunnels need the second, which can lead
// through one another by their routes.
const (
	maxNest           = 8 // MAX_NEST_DEV
	maxTransmitNested = 8 // XMIT_RECURSION_LIMIT
)

// lowers are the devices that the interface sends by.
func (i *Interface) lowers() []*Interface {
	if d, ok := i.driver.(*vxlanDevice); ok && d.opts.Device != nil && d.opts.Device.ns != nil {
		return []*Interface{d.opts.Device}
	}
	if i.parent != nil {
		return []*Interface{i.parent}
	}
	return i.slaves()
}

// carried are the devices that send by the interface.
func (i *Interface) carried() []*Interface {
	if i.master == nil {
		return i.uppers
	}
	return append(i.Uppers(), i.master.i)
}

// heights are the heights of stacks, as far as they are known: many devices may
// share one below.
type heights map[*Interface]int

// of is the height of the stack that begins at an interface and goes on by next.
func (h heights) of(i *Interface, next func(*Interface) []*Interface) int {
	if n := h[i]; n > 0 {
		return n
	}
	n := 0
	for _, x := range next(i) {
		n = max(n, h.of(x, next))
	}
	h[i] = n + 1
	return n + 1
}

// below is the height of what is under the interface, itself included.
func (i *Interface) below() int { return heights{}.of(i, (*Interface).lowers) }

// mayCarry is why upper cannot be put on the interface: a circle, or too high a
// stack (__netdev_upper_dev_link).
func (i *Interface) mayCarry(upper *Interface) error {
	under := heights{}
	n := under.of(i, (*Interface).lowers)
	if under[upper] > 0 {
		return ErrBusy
	}
	if n+(heights{}).of(upper, (*Interface).carried) > maxNest {
		return ErrTooManyLinks
	}
	return nil
}
