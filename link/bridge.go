package link

import (
	"slices"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// DefaultAgeing is how long a learned address is believed (Linux, IEEE 802.1D).
const DefaultAgeing = 300 * time.Second

// Verdict is what a hook decides about a frame.
type Verdict uint8

const (
	// Accept lets the frame pass.
	Accept Verdict = iota
	// Drop ends it, with [trail.Filter].
	Drop
	// Stolen means that the hook took over the bridge's reference and told of
	// the frame's end, if that is what it was.
	Stolen
)

// ForwardHook is asked before a frame that came in by one port leaves by
// another: the place of br_netfilter. It may change the frame's bytes: nobody
// else holds it. Frames that the machine itself sends do
// not pass it, as they do not pass NF_BR_FORWARD.
type ForwardHook func(in, out *Port, f *Frame) Verdict

// ArrivalHook is asked for every frame that comes in by a port, before the
// forwarding decision: NF_BR_PRE_ROUTING. It may change the frame's bytes, its
// destination address too: nobody else holds it.
type ArrivalHook func(in *Port, f *Frame) Verdict

// Bridge is a learning bridge as Linux has it (net/bridge): a docker0, or the
// switch of a LAN. It forwards within the call that brings the frame.
//
// A bridge that is also an interface of its machine has a receiver attached at
// its [Bridge.Local] port; a bare switch has none.
type Bridge struct {
	loop      *sim.Loop
	at        trail.Place
	trail     *trail.Trail
	ports     []*Port
	local     Port
	fdb       forwardingTable
	onForward ForwardHook
	onArrival ArrivalHook
}

// NewBridge returns a bridge without ports. The name is for the journal.
func NewBridge(loop *sim.Loop, name string) *Bridge {
	return NewBridgeAt(loop, trail.Place{Machine: name})
}

// NewBridgeAt is NewBridge for a bridge that is an interface of a machine.
func NewBridgeAt(loop *sim.Loop, at trail.Place) *Bridge {
	b := &Bridge{loop: loop, trail: trail.Of(loop)}
	b.fdb.init(DefaultAgeing)
	b.local = Port{bridge: b}
	b.local.trail = b.trail
	b.SetPlace(at)
	return b
}

// Name is the bridge's place as text.
func (b *Bridge) Name() string { return b.at.String() }

// SetPlace changes where the bridge and its ports are. A device says it at every
// change of its state, so that the same again must cost nothing: a bridge with a
// thousand ports hears it for each of them.
func (b *Bridge) SetPlace(at trail.Place) {
	if at == b.at && b.local.label != "" {
		return
	}
	b.at = at
	b.local.at, b.local.label = at.PortOf(localPort), at.String()
	for _, p := range b.ports {
		p.at = at.PortOf(p.label)
	}
}

// localPort sets the bridge's own port apart from the interface that a machine
// has there, which tells its story by itself.
const localPort = "local"

// Local is the bridge seen as an interface of its machine: what is attached
// there receives frames for the bridge's own addresses and for groups, and
// sends with its Receive. It is not in Ports and never hears unknown
// destinations.
func (b *Bridge) Local() *Port { return &b.local }

// Ports is the ports in the order in which they were added.
func (b *Bridge) Ports() []*Port { return append([]*Port(nil), b.ports...) }

// AddPort adds a port, up and without anything attached.
func (b *Bridge) AddPort(name string) *Port {
	p := &Port{bridge: b, label: name, enabled: b.loop.Now()}
	p.at, p.trail = b.at.PortOf(name), b.trail
	b.ports = append(b.ports, p)
	p.number = len(b.ports)
	return p
}

// RemovePort takes a port away and forgets what was learned on it. Removing it
// again does nothing.
func (b *Bridge) RemovePort(p *Port) {
	for i, q := range b.ports {
		if q != p {
			continue
		}
		b.ports = slices.Concat(b.ports[:i], b.ports[i+1:])
		b.fdb.flush(p, everything)
		p.removed = true
		for k, later := range b.ports[i:] {
			later.number = i + k + 1
		}
		return
	}
}

// SetForwardHook sets the hook between two ports; nil removes it.
func (b *Bridge) SetForwardHook(h ForwardHook) { b.onForward = h }

// SetArrivalHook sets the hook before the forwarding decision; nil removes it.
func (b *Bridge) SetArrivalHook(h ArrivalHook) { b.onArrival = h }

// SetAgeing sets how long a learned address is believed; 0 makes the bridge a
// hub, which floods everything.
func (b *Bridge) SetAgeing(d time.Duration) { b.fdb.ageing = d }

// Ageing is how long a learned address is believed.
func (b *Bridge) Ageing() time.Duration { return b.fdb.ageing }

// FDB is the forwarding table: by port in port order, the local port first, and
// by address within a port. Entries too old are not in it.
func (b *Bridge) FDB() []FDBEntry { return b.fdb.entries(b.loop.Now()) }

// AddStatic puts an address on a port for good; it replaces what was learned.
func (b *Bridge) AddStatic(mac MAC, p *Port) { b.fdb.put(mac, p, static) }

// AddLocal makes an address one of the bridge's own: frames to it go to what is
// attached at Local. A bridge has its own address and those of its ports. p is
// the port whose address it is, Local for the bridge's.
func (b *Bridge) AddLocal(mac MAC, p *Port) { b.fdb.put(mac, p, local) }

// Forget removes an entry of any kind and reports whether there was one.
func (b *Bridge) Forget(mac MAC) bool { return b.fdb.remove(mac) }

// Flush removes what was learned on p, or on every port if p is nil. Static and
// local entries stay.
func (b *Bridge) Flush(p *Port) { b.fdb.flush(p, learned) }

// Lookup is the port an address is on, as the bridge would decide now.
func (b *Bridge) Lookup(mac MAC) (*Port, bool) {
	e := b.fdb.find(mac.key(), b.loop.Now())
	if e == nil {
		return nil, false
	}
	return e.port, true
}

// arrive is a frame that came in by p (br_handle_frame).
func (b *Bridge) arrive(p *Port, f *Frame) {
	if r := p.refuse(f); r != trail.None {
		p.drop(f, r)
		return
	}
	p.received(f)
	if b.onArrival != nil {
		f = f.Private()
		switch b.onArrival(p, f) {
		case Drop:
			p.drop(f, trail.Filter)
			return
		case Stolen:
			p.counters.refused()
			return
		}
	}
	if f.dstKey()&keyGroup != 0 && isLinkLocalGroup(f.Dst()) {
		p.drop(f, trail.LinkLocal)
		return
	}
	b.fdb.learn(f.srcKey(), p, b.loop.Now())
	b.route(p, f)
}

// route decides where a frame goes (br_handle_frame_finish). in is nil for
// frames from the machine itself.
func (b *Bridge) route(in *Port, f *Frame) {
	dst := f.dstKey()
	if dst&keyGroup != 0 {
		if in == nil || b.local.recv == nil {
			b.flood(in, f)
			return
		}
		if b.floods(in) {
			b.flood(in, f.another(b.trail, b.origin(in).at))
		}
		b.local.handUp(f)
		return
	}
	e := b.fdb.find(dst, b.loop.Now())
	switch {
	case e == nil:
		b.flood(in, f)
	case e.kind == local && in != nil:
		if b.local.recv == nil {
			in.drop(f, trail.NoReceiver)
			return
		}
		b.local.handUp(f)
	case e.port == &b.local:
		b.local.drop(f, trail.NoPort)
	default:
		b.forward(in, e.port, f)
	}
}

// flood sends a frame to every port but the one it came by, in port order.
func (b *Bridge) flood(in *Port, f *Frame) {
	var last *Port // gets the frame itself
	for _, out := range b.ports {
		if !out.floodedFrom(in) {
			continue
		}
		if last != nil {
			b.forward(in, last, f.another(b.trail, b.origin(in).at))
		}
		last = out
	}
	if last == nil {
		b.origin(in).drop(f, trail.NoPort)
		return
	}
	b.forward(in, last, f)
}

// floods reports whether any port gets what is flooded from in.
func (b *Bridge) floods(in *Port) bool {
	for _, out := range b.ports {
		if out.floodedFrom(in) {
			return true
		}
	}
	return false
}

// floodedFrom reports whether the port gets what is flooded from in.
func (p *Port) floodedFrom(in *Port) bool {
	return (p != in || p.hairpin) && !p.down && p.recv != nil && (in == nil || !in.isolated || !p.isolated)
}

// origin is the place where a frame that came from in is dropped.
func (b *Bridge) origin(in *Port) *Port {
	if in == nil {
		return &b.local
	}
	return in
}

// forward sends a frame out by one port, if everything agrees.
func (b *Bridge) forward(in, out *Port, f *Frame) {
	r := trail.None
	switch {
	case out == in && !out.hairpin:
		r = trail.Hairpin
	case in != nil && in.isolated && out.isolated:
		r = trail.Isolated
	case out.down:
		r = trail.PortDown
	case out.recv == nil:
		r = trail.NoReceiver
	case out.macs != nil && !out.hears(f.Dst()):
		r = trail.MACFilter
	}
	if r != trail.None {
		out.drop(f, r)
		return
	}
	if b.onForward != nil && in != nil {
		f = f.Private()
		switch b.onForward(in, out, f) {
		case Drop:
			out.drop(f, trail.Filter)
			return
		case Stolen:
			out.counters.refused()
			return
		}
	}
	out.Push(f)
}

// isLinkLocalGroup reports whether m is one of 01:80:c2:00:00:00 to 0f, which
// no bridge forwards (IEEE 802.1D, table 7-10).
func isLinkLocalGroup(m MAC) bool {
	return m[0] == 0x01 && m[1] == 0x80 && m[2] == 0xc2 && m[3] == 0 && m[4] == 0 && m[5] < 0x10
}
