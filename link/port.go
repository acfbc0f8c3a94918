package link

import (
	"time"

	"dnetsim/link/trail"
)

// Port is one port of a [Bridge]. Frames come in with Receive and go out to
// what is attached.
type Port struct {
	point
	bridge   *Bridge
	label    string
	number   int
	recv     Receiver
	hairpin  bool
	isolated bool
	down     bool
	enabled  time.Duration // when it was enabled last
	removed  bool
	mtu      int
	macs     map[uint64]bool
	entries  *fdbEntry // of the bridge's forwarding table
}

// Name is the name of the port, as given to AddPort: the interface that is
// enslaved.
func (p *Port) Name() string { return p.label }

// SetName renames the port, as renaming the interface does.
func (p *Port) SetName(name string) {
	p.label = name
	p.at = p.bridge.at.PortOf(name)
}

// Number counts ports from 1 in port order; the local port is 0.
func (p *Port) Number() int { return p.number }

// Attach sets where the bridge sends out; nil detaches.
func (p *Port) Attach(r Receiver) { p.recv = r }

// Connect joins the port and the end of a wire both ways, as plugging a cable
// into a switch does.
func (p *Port) Connect(e *End) {
	p.Attach(e)
	e.Attach(p)
}

// Receive takes over one reference: a frame comes in from what is attached. On
// the local port it is one that the machine sends.
func (p *Port) Receive(f *Frame) {
	b := p.bridge
	if p != &b.local {
		b.arrive(p, f)
		return
	}
	if len(f.data) < HeaderLen {
		p.drop(f, trail.Malformed)
		return
	}
	if p.down {
		p.drop(f, trail.PortDown)
		return
	}
	p.sent(f)
	b.route(nil, f)
}

// handUp gives a frame to the machine that the bridge is an interface of.
func (p *Port) handUp(f *Frame) {
	if p.down {
		p.drop(f, trail.PortDown)
		return
	}
	p.received(f)
	p.recv.Receive(f)
}

// Observe attaches an observer until stop is called. In is what comes in by the
// port; at the local port In is what the machine gets, Out what it sends.
func (p *Port) Observe(o Observer) (stop func()) { return p.observe(o) }

// Counters is a copy of the port's counters.
func (p *Port) Counters() Counters { return p.counters }

// SetHairpin lets frames leave by the port they came in by; off is the default.
func (p *Port) SetHairpin(on bool) { p.hairpin = on }

// Hairpin reports whether frames may leave by the port they came in by.
func (p *Port) Hairpin() bool { return p.hairpin }

// SetIsolated forbids traffic between this port and other isolated ports.
func (p *Port) SetIsolated(on bool) { p.isolated = on }

// Isolated reports whether the port is isolated.
func (p *Port) Isolated() bool { return p.isolated }

// SetMTU sets the MTU of the interface behind the port, in bytes; 0 is no limit.
// A frame whose payload is larger by more than a VLAN tag, which any frame may
// have, ends without a word when it would leave here; GSO frames pass
// (is_skb_forwardable of Linux).
func (p *Port) SetMTU(mtu int) { p.mtu = mtu }

// MTU is what SetMTU has set.
func (p *Port) MTU() int { return p.mtu }

// Push sends a frame out that was forwarded here, and takes over one reference
// (br_dev_queue_push_xmit). A hook that has stolen a frame pushes what it made
// of it.
func (p *Port) Push(f *Frame) {
	switch {
	case p.recv == nil:
		p.drop(f, trail.NoReceiver)
	case p.mtu > 0 && f.GSO == 0 && len(f.data) > p.mtu+HeaderLen+vLANHeaderLen:
		p.drop(f, trail.MTU)
	default:
		p.sent(f)
		p.recv.Receive(f)
	}
}

// SetDown disables the port, or enables it again. Disabling forgets what was
// learned on it.
func (p *Port) SetDown(down bool) {
	if down && !p.down {
		p.bridge.fdb.flush(p, learned)
	}
	if p.down && !down {
		p.enabled = p.bridge.loop.Now()
	}
	p.down = down
}

// forwardDelay is the bridge's forward_delay, in which a spanning tree would listen
// and learn.
const forwardDelay = 15 * time.Second

// ForwardDelay is what is left of the port's forward delay timer: it runs without a
// spanning tree, too, and decides nothing then (br_make_forwarding).
func (p *Port) ForwardDelay() time.Duration {
	if p.down {
		return 0
	}
	return max(0, p.enabled+forwardDelay-p.bridge.loop.Now())
}

// SetMACFilter lets only these addresses pass: frames from others are dropped
// when they come in, frames to others when they go out; groups always go out.
// It is how a virtual switch refuses forged transmits and promiscuous mode. An
// empty list lifts the filter.
func (p *Port) SetMACFilter(allowed ...MAC) {
	p.macs = nil
	for _, m := range allowed {
		if p.macs == nil {
			p.macs = make(map[uint64]bool)
		}
		p.macs[m.key()] = true
	}
}

func (p *Port) hears(dst MAC) bool { return dst.IsMulticast() || p.macs[dst.key()] }

// refuse is why a frame may not come in here.
func (p *Port) refuse(f *Frame) trail.Reason {
	if len(f.data) < HeaderLen {
		return trail.Malformed
	}
	if p.down || p.removed {
		return trail.PortDown
	}
	src := f.srcKey()
	if src&keyGroup != 0 || src == 0 {
		return trail.InvalidSource
	}
	if p.macs != nil && !p.macs[src] {
		return trail.MACFilter
	}
	return trail.None
}
