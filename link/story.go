package link

import "dnetsim/link/trail"

// Tell records what happens to the frame, if anybody listens.
func (f *Frame) Tell(t *trail.Trail, at trail.Place, verb trail.Verb, why trail.Reason) {
	if t.On() {
		f.tell(t, trail.Event{Place: at, Verb: verb, Reason: why})
	}
}

// TellRule is Tell for what a netfilter rule did.
func (f *Frame) TellRule(t *trail.Trail, at trail.Place, verb trail.Verb, rule *trail.Rule) {
	if t.On() {
		f.tell(t, trail.Event{Place: at, Verb: verb, Rule: rule})
	}
}

func (f *Frame) tell(t *trail.Trail, e trail.Event) {
	f.tellOf(t, e, f.Tag.Parent)
}

// tellOf records an event in which the packet comes from parent.
func (f *Frame) tellOf(t *trail.Trail, e trail.Event, parent trail.ID) {
	e.Packet, e.Parent = t.Identify(&f.Tag).ID, parent
	e.Frame, e.Unsummed, e.Unverified = f.data, f.Checksum == ChecksumPartial, f.Checksum == ChecksumUnknown
	t.Tell(e)
}

// End is the way out of the world, and there is no other: it records that the
// frame was dropped, and why, and gives the caller's reference back. A rule is
// the netfilter rule that decided, nil if none did.
func (f *Frame) End(t *trail.Trail, at trail.Place, why trail.Reason, rule *trail.Rule) {
	if t.On() {
		f.tell(t, trail.Event{Place: at, Verb: trail.Drop, Reason: why, Rule: rule})
	}
	f.Release()
}

// Arrived is the other end of a frame's life: whom it was for has it. It gives
// the caller's reference back.
func (f *Frame) Arrived(t *trail.Trail, at trail.Place, how trail.Reason) {
	f.Tell(t, at, trail.Deliver, how)
	f.Release()
}

// another is one more of the frame, for another receiver: a second reference, or
// while somebody listens a copy with an identity of its own.
func (f *Frame) another(t *trail.Trail, at trail.Place) *Frame {
	if !t.On() {
		return f.Retain()
	}
	c := f.Clone()
	c.Tag = t.Another(&f.Tag)
	c.Tell(t, at, trail.Copy, trail.None)
	return c
}

// ComesOutOf gives a frame that was in another, whose tag is carrier, its
// identity back.
func (f *Frame) ComesOutOf(t *trail.Trail, at trail.Place, carrier *trail.Tag) {
	if !t.On() {
		return
	}
	from := t.Identify(carrier)
	f.Tag = from.Whole()
	f.tellOf(t, trail.Event{Place: at, Verb: trail.Decapsulate}, from.ID)
}

// piece gives a frame that was cut from whole its identity.
func (f *Frame) piece(t *trail.Trail, at trail.Place, whole *Frame) {
	if t.On() {
		f.Tag = t.Within(&whole.Tag)
		f.Tell(t, at, trail.Segment, trail.None)
	}
}
