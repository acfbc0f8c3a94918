package link

import (
	"errors"
	"slices"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// MacvlanMode is what a macvlan child may do with its siblings, in the words of
// ip-link(8). The values are bits, as in the kernel (if_link.h).
type MacvlanMode uint8

// The modes.
const (
	// MacvlanPrivate never talks to siblings.
	MacvlanPrivate MacvlanMode = 1 << iota
	// MacvlanVEPA talks to siblings only if the switch sends the frames back.
	MacvlanVEPA
	// MacvlanBridge talks to siblings directly.
	MacvlanBridge
	// MacvlanPassthru has the parent, and its address, for itself.
	MacvlanPassthru
)

const macvlanAnyMode = MacvlanPrivate | MacvlanVEPA | MacvlanBridge | MacvlanPassthru

var macvlanModes = []struct {
	mode MacvlanMode
	name string
}{{MacvlanPrivate, "private"}, {MacvlanVEPA, "vepa"}, {MacvlanBridge, "bridge"}, {MacvlanPassthru, "passthru"}}

// String is the mode's name.
func (m MacvlanMode) String() string {
	for _, x := range macvlanModes {
		if x.mode == m {
			return x.name
		}
	}
	return "unknown"
}

// ParseMacvlanMode reads a mode's name; empty is bridge, Docker's default.
func ParseMacvlanMode(s string) (MacvlanMode, bool) {
	if s == "" {
		return MacvlanBridge, true
	}
	for _, x := range macvlanModes {
		if x.name == s {
			return x.mode, true
		}
	}
	return 0, false
}

// errPassthru is returned when a parent in passthru mode would get a second
// child, or a parent with children one in passthru mode.
var errPassthru = errors.New("passthru mode allows one child")

// siblingDelay is how long a frame takes from one child of a device to another.
const siblingDelay = 10 * time.Microsecond

// Parent is the device that children are stacked on, as they see it.
type Parent struct {
	// Out sends a frame by the device (dev_queue_xmit).
	Out Receiver
	// In brings a frame in at the device as if it came from outside
	// (dev_forward_skb), so that captures on the parent see it.
	In Receiver
}

// Macvlan is what several macvlan devices on one parent have in common: the
// "macvlan port" of drivers/net/macvlan.c. The parent and its children do not
// hear one another: what the parent sends never comes back to Arrive, and what
// a child sends goes out without passing it.
type Macvlan struct {
	point
	loop     *sim.Loop
	parent   Parent
	children []*MacvlanChild
	passthru bool
}

// NewMacvlan returns the macvlan port of a parent; the name is for the journal.
func NewMacvlan(loop *sim.Loop, at trail.Place, parent Parent) *Macvlan {
	m := &Macvlan{loop: loop, parent: parent}
	m.at, m.trail = at, trail.Of(loop)
	return m
}

// MacvlanChild is one macvlan device.
type MacvlanChild struct {
	point
	m     *Macvlan
	mac   MAC
	mode  MacvlanMode
	recv  Receiver
	up    bool
	hears func(group MAC) bool
}

// Add makes a child, down. Frames for it go to recv.
func (m *Macvlan) Add(at trail.Place, mac MAC, mode MacvlanMode, recv Receiver) (*MacvlanChild, error) {
	if m.passthru || mode == MacvlanPassthru && len(m.children) > 0 {
		return nil, errPassthru
	}
	m.passthru = mode == MacvlanPassthru
	c := &MacvlanChild{m: m, mac: mac, mode: mode, recv: recv}
	c.at, c.trail = at, m.trail
	m.children = append(m.children, c)
	return c, nil
}

// Remove takes a child away and reports how many are left.
func (m *Macvlan) Remove(c *MacvlanChild) (left int) {
	for i, x := range m.children {
		if x == c {
			m.children = slices.Concat(m.children[:i], m.children[i+1:])
			m.passthru = m.passthru && len(m.children) > 0
			break
		}
	}
	return len(m.children)
}

// Busy reports whether an address belongs to a child that is up: two may not
// have the same.
func (m *Macvlan) Busy(mac MAC, but *MacvlanChild) bool {
	for _, c := range m.children {
		if c != but && c.up && c.mac == mac {
			return true
		}
	}
	return false
}

// Passthru reports whether the one child has the parent for itself.
func (m *Macvlan) Passthru() bool { return m.passthru }

// Children are the children in the order in which they were added.
func (m *Macvlan) Children() []*MacvlanChild { return append([]*MacvlanChild(nil), m.children...) }

// Mode is the child's mode.
func (c *MacvlanChild) Mode() MacvlanMode { return c.mode }

// SetMAC changes the address that the child hears.
func (c *MacvlanChild) SetMAC(mac MAC) { c.mac = mac }

// SetName changes the place that the journal gives.
func (c *MacvlanChild) SetPlace(at trail.Place) { c.at = at }

// SetUp says whether the child hears anything.
func (c *MacvlanChild) SetUp(up bool) { c.up = up }

// SetGroups sets which multicast groups, broadcast aside, the child listens to;
// nil is all.
func (c *MacvlanChild) SetGroups(hears func(group MAC) bool) { c.hears = hears }

func (c *MacvlanChild) listens(dst MAC) bool {
	return c.up && (dst.IsBroadcast() || c.hears == nil || c.hears(dst))
}

// lookup is the child with an address, or nil.
func (m *Macvlan) lookup(mac MAC) *MacvlanChild {
	for _, c := range m.children {
		if c.mac == mac {
			return c
		}
	}
	return nil
}

// Arrive is a frame that comes in at the parent (macvlan_handle_frame). It
// returns nil if the frame was for a child, else the frame, for the parent
// itself.
func (m *Macvlan) Arrive(f *Frame) *Frame {
	if f.Dst().IsMulticast() {
		return m.arriveGroup(f)
	}
	c := m.lookup(f.Dst())
	if m.passthru {
		c = m.children[0]
	}
	if c == nil {
		return f
	}
	if !c.up {
		c.drop(f, trail.EndDown)
		return nil
	}
	c.recv.Receive(f)
	return nil
}

// arriveGroup gives a broadcast or multicast frame to the children that it
// concerns; the parent hears it too.
func (m *Macvlan) arriveGroup(f *Frame) *Frame {
	src := m.lookup(f.Src())
	switch {
	case src == nil: // from outside
		m.broadcast(f, nil, macvlanAnyMode)
	case src.mode == MacvlanVEPA: // sent back by the switch: nobody has heard it
		m.broadcast(f, src, MacvlanVEPA|MacvlanBridge)
	case src.mode == MacvlanBridge: // its siblings heard it when it went out
		m.broadcast(f, src, MacvlanVEPA)
	default: // sent back to one that must not be heard by others
		if src.listens(f.Dst()) {
			src.recv.Receive(f)
			return nil
		}
		src.drop(f, trail.OtherMode)
		return nil
	}
	return f
}

// broadcast is macvlan_broadcast: a reference for every child of those modes
// that listens, from aside. The caller keeps its own.
func (m *Macvlan) broadcast(f *Frame, from *MacvlanChild, modes MacvlanMode) {
	for _, c := range m.Children() {
		if c != from && c.mode&modes != 0 && c.listens(f.Dst()) {
			m.loop.Schedule(siblingDelay, &sibling{c.recv, f.another(m.trail, m.at)})
		}
	}
}

// sibling is a frame on its way from one child to another, or to the parent.
type sibling struct {
	to Receiver
	f  *Frame
}

// Fire delivers it.
func (s *sibling) Fire() { s.to.Receive(s.f) }

// Send is a frame that the child sends (macvlan_queue_xmit). It takes over one
// reference.
func (c *MacvlanChild) Send(f *Frame) {
	m := c.m
	if c.mode == MacvlanBridge {
		dst := f.Dst()
		if dst.IsMulticast() {
			m.broadcast(f, c, MacvlanBridge)
		} else if to := m.lookup(dst); to != nil && to.mode == MacvlanBridge {
			m.loop.Schedule(siblingDelay, &sibling{m.parent.In, f})
			return
		}
	}
	m.parent.Out.Receive(f)
}
