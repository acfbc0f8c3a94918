package traffic

import (
	"net/netip"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// packetSocket is what an interface offers to programs that send whole frames.
type packetSocket interface {
	SendFrame(f *link.Frame) error
}

// send sends one ARP request; it reports whether the interface takes frames.
func (a *arper) send() bool {
	mac := a.iface.MAC()
	b := make([]byte, 42)
	copy(b[0:], a.peer[:])
	copy(b[6:], mac[:])
	copy(b[12:], []byte{0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1})
	copy(b[22:], mac[:])
	src, to := a.src.As4(), a.to.As4()
	copy(b[28:], src[:])
	if !a.peer.IsBroadcast() {
		copy(b[32:], a.peer[:])
	} else if a.gratis {
		copy(b[32:], a.peer[:])
	}
	copy(b[38:], to[:])
	if !sendFrame(a.iface, link.NewFrame(b)) {
		return false
	}
	a.sent++
	// In busybox the option -c has the bit that marks unicast probes.
	if a.peer.IsBroadcast() && !(a.busybox && a.count > 0) {
		a.broadcasts++
	}
	a.lastSent = a.p.Loop().Now()
	return true
}

// sendFrame sends a whole frame out of an interface as a packet socket does; it
// reports whether the interface takes frames. Until the stack has such a socket
// the frame goes straight into what the interface is plugged into, so that the
// interface's own counters and observers miss it.
func sendFrame(i *stack.Interface, f *link.Frame) bool {
	if s, ok := any(i).(packetSocket); ok {
		return s.SendFrame(f) == nil
	}
	switch {
	case i.End() != nil:
		i.End().Send(f)
	case i.Peer() != nil:
		i.Namespace().Loop().After(vethDelay, func() { i.Peer().Receive(f) })
	default:
		return false
	}
	return true
}

// vethDelay is how long a frame takes through a veth pair.
const vethDelay = 20 * time.Microsecond

// see notices replies of the target. It runs on the loop.
func (a *arper) see(dir link.Direction, f *link.Frame) {
	d := f.Payload()
	if dir != link.In || f.EtherType() != link.TypeARP || len(d) < 28 || d[7] != 2 {
		return
	}
	from, _ := netip.AddrFromSlice(d[14:18])
	if from != a.to {
		return
	}
	var mac link.MAC
	copy(mac[:], d[8:14])
	if mac == a.iface.MAC() {
		return
	}
	a.replies = append(a.replies, arpReply{mac, a.p.Loop().Now(), f.Dst().IsBroadcast()})
	a.arrived.Signal()
}

func lowerMAC(m link.MAC) string { return m.String() }

func upperMAC(m link.MAC) string {
	b := []byte(m.String())
	for i, c := range b {
		if c >= 'a' && c <= 'f' {
			b[i] = c - 32
		}
	}
	return string(b)
}
