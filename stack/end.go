package stack

import (
	"dnetsim/link"
	"dnetsim/link/trail"
)

// What happens to packets is told here, and every end goes through here:
// [Namespace.discard] and [Interface.lose] for what is dropped,
// [packet.arrived] for what is delivered. Each tells, and gives the frame back.

// endings tells the trail what happens to packets, and ends them.
type endings struct{ ns *Namespace }

// at is where something happens: the interface, or the network layer.
func (en *endings) at(i *Interface) trail.Place {
	if i == nil {
		return trail.Place{Machine: en.ns.name}
	}
	return i.place
}

// frame is the packet's frame as the trail tells of it: with the state of its
// checksum, which on the way through the network layer is the packet's.
func (p *packet) frame() *link.Frame {
	if p.f != nil && p.nf.ChecksumPartial {
		p.f.Checksum = link.ChecksumPartial
	}
	return p.f
}

// discard ends a packet that the network layer does not want.
func (en *endings) discard(i *Interface, why trail.Reason, p *packet) { en.refuse(i, why, nil, p) }

// refuse is discard with the rule that decided. Nobody may look at the packet
// any more.
func (en *endings) refuse(i *Interface, why trail.Reason, rule *trail.Rule, p *packet) {
	p.frame().End(en.ns.trail, en.at(i), why, rule)
	p.gone()
}

// lose ends a frame at the interface.
func (dp *datapath) lose(f *link.Frame, why trail.Reason) { f.End(dp.i.trail, dp.i.place, why, nil) }

// arrived ends a packet that its protocol or socket has. Nobody may look at it
// any more.
func (en *endings) arrived(p *packet) {
	p.frame().Arrived(en.ns.trail, en.at(p.in), trail.None)
	p.gone()
}

// tell records what happens to a packet on its way.
func (en *endings) tell(i *Interface, verb trail.Verb, p *packet) {
	if f := p.frame(); f != nil {
		f.Tell(en.ns.trail, en.at(i), verb, trail.None)
	}
}

// another gives q, a copy of p, an identity of its own.
func (en *endings) another(i *Interface, q, p *packet) {
	if en.ns.trail.On() {
		q.f.Tag = en.ns.trail.Another(&p.f.Tag)
		en.tell(i, trail.Copy, q)
	}
}
