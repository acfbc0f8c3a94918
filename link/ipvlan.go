package link

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// IPvlanMode is at which layer an ipvlan's children share their parent, in the
// words of ip-link(8).
type IPvlanMode uint8

// The modes.
const (
	// IPvlanL2: children do their own ARP, with the parent's address.
	IPvlanL2 IPvlanMode = iota
	// IPvlanL3: children know no link layer; the parent's namespace routes for
	// them.
	IPvlanL3
	// IPvlanL3S is IPvlanL3 whose traffic passes the parent's netfilter both ways.
	IPvlanL3S
)

var ipvlanModes = [...]string{"l2", "l3", "l3s"}

// String is the mode's name.
func (m IPvlanMode) String() string {
	if int(m) < len(ipvlanModes) {
		return ipvlanModes[m]
	}
	return "unknown"
}

// ParseIPvlanMode reads a mode's name; empty is l2, Docker's default.
func ParseIPvlanMode(s string) (IPvlanMode, bool) {
	for m, name := range ipvlanModes {
		if s == name {
			return IPvlanMode(m), true
		}
	}
	return IPvlanL2, s == ""
}

// IPvlan is what the ipvlan devices on one parent have in common
// (drivers/net/ipvlan). All have the parent's address; who gets a frame is
// decided by the network address in it.
type IPvlan struct {
	point
	loop     *sim.Loop
	parent   Parent
	route    Receiver
	mode     IPvlanMode
	children []*IPvlanChild
}

// NewIPvlan returns the ipvlan port of a parent. In the L3 modes what leaves
// goes to route, the network layer of the parent's namespace.
func NewIPvlan(loop *sim.Loop, at trail.Place, mode IPvlanMode, parent Parent, route Receiver) *IPvlan {
	p := &IPvlan{loop: loop, parent: parent, mode: mode, route: route}
	p.at, p.trail = at, trail.Of(loop)
	return p
}

// IPvlanChild is one ipvlan device.
type IPvlanChild struct {
	point
	p    *IPvlan
	recv Receiver
	owns func(netip.Addr) bool
	up   bool
}

// Add makes a child, down. owns reports which network addresses it has; frames
// for it go to recv.
func (p *IPvlan) Add(at trail.Place, owns func(netip.Addr) bool, recv Receiver) *IPvlanChild {
	c := &IPvlanChild{p: p, recv: recv, owns: owns}
	c.at, c.trail = at, p.trail
	p.children = append(p.children, c)
	return c
}

// Remove takes a child away and reports how many are left.
func (p *IPvlan) Remove(c *IPvlanChild) (left int) {
	for i, x := range p.children {
		if x == c {
			p.children = slices.Concat(p.children[:i], p.children[i+1:])
			break
		}
	}
	return len(p.children)
}

// Mode is the mode that all children have.
func (p *IPvlan) Mode() IPvlanMode { return p.mode }

// SetMode changes the mode of all children.
func (p *IPvlan) SetMode(mode IPvlanMode) { p.mode = mode }

// SetPlace changes where the trail says that the child is.
func (c *IPvlanChild) SetPlace(at trail.Place) { c.at = at }

// SetUp says whether the child hears anything.
func (c *IPvlanChild) SetUp(up bool) { c.up = up }

// owner is the child that a frame is for by its network address, or nil: the
// destination of IP, the target of ARP and of a neighbour solicitation.
func (p *IPvlan) owner(f *Frame) *IPvlanChild {
	a, ok := targetOf(f.data)
	if !ok {
		return nil
	}
	for _, c := range p.children {
		if c.owns(a) {
			return c
		}
	}
	return nil
}

// targetOf is the network address that a frame is about (ipvlan_get_L3_hdr).
func targetOf(b []byte) (a netip.Addr, ok bool) {
	if len(b) < HeaderLen {
		return a, false
	}
	d := b[HeaderLen:]
	switch binary.BigEndian.Uint16(b[12:]) {
	case TypeARP:
		if len(d) >= 28 {
			return netip.AddrFrom4([4]byte(d[24:28])), true
		}
	case TypeIPv4:
		if len(d) >= 20 {
			return netip.AddrFrom4([4]byte(d[16:20])), true
		}
	case TypeIPv6:
		if len(d) >= 64 && d[6] == ProtoICMPv6 && d[40] == 135 {
			return netip.AddrFrom16([16]byte(d[48:64])), true
		}
		if len(d) >= 40 {
			return netip.AddrFrom16([16]byte(d[24:40])), true
		}
	}
	return a, false
}

// Arrive is a frame that comes in at the parent (ipvlan_handle_frame). It
// returns nil if the frame was for a child, else the frame, for the parent
// itself.
func (p *IPvlan) Arrive(f *Frame) *Frame {
	if p.mode == IPvlanL2 && f.Dst().IsMulticast() {
		p.broadcast(f, nil)
		return f
	}
	c := p.owner(f)
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

// broadcast gives every child but one a reference; the caller keeps its own.
func (p *IPvlan) broadcast(f *Frame, from *IPvlanChild) {
	for _, c := range p.children {
		if c != from && c.up {
			p.loop.Schedule(siblingDelay, &sibling{c.recv, f.another(p.trail, p.at)})
		}
	}
}

// Send is a frame that the child sends (ipvlan_queue_xmit). It takes over one
// reference.
func (c *IPvlanChild) Send(f *Frame) {
	if c.p.mode == IPvlanL2 {
		c.sendL2(f)
		return
	}
	if to := c.p.owner(f); to != nil {
		c.cross(to, f)
		return
	}
	if f.Dst().IsMulticast() {
		c.drop(f, trail.OtherMode)
		return
	}
	c.p.route.Receive(f)
}

func (c *IPvlanChild) sendL2(f *Frame) {
	p := c.p
	switch {
	case f.Dst() == f.Src(): // a sibling, or the parent
		if to := p.owner(f); to != nil {
			c.cross(to, f)
			return
		}
		p.loop.Schedule(siblingDelay, &sibling{p.parent.In, f})
	case f.Dst().IsMulticast():
		p.broadcast(f, c)
		p.parent.Out.Receive(f)
	default:
		p.parent.Out.Receive(f)
	}
}

// cross gives a frame to a sibling.
func (c *IPvlanChild) cross(to *IPvlanChild, f *Frame) {
	if !to.up {
		to.drop(f, trail.EndDown)
		return
	}
	c.p.loop.Schedule(siblingDelay, &sibling{to.recv, f})
}
