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
func (un *under) lowers() []*Interface {
	if d, ok := un.i.driver.(*vxlanDevice); ok && d.opts.Device != nil && d.opts.Device.ns != nil {
		return []*Interface{d.opts.Device}
	}
	if un.i.parent != nil {
		return []*Interface{un.i.parent}
	}
	return un.i.slaves()
}

// carried are the devices that send by the interface.
func (un *under) carried() []*Interface {
	if un.i.master == nil {
		return un.uppers
	}
	return append(un.i.Uppers(), un.i.master.i)
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
func (un *under) below() int { return heights{}.of(un.i, lowers) }

// mayCarry is why upper cannot be put on the interface: a circle, or too high a
// stack (__netdev_upper_dev_link).
func (un *under) mayCarry(upper *Interface) error {
	known := heights{}
	n := known.of(un.i, lowers)
	if known[upper] > 0 {
		return ErrBusy
	}
	if n+(heights{}).of(upper, carried) > maxNest {
		return ErrTooManyLinks
	}
	return nil
}

func lowers(i *Interface) []*Interface { return i.under.lowers() }

func carried(i *Interface) []*Interface { return i.under.carried() }
