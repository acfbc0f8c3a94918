package link

import (
	"encoding/binary"
	"net/netip"
	"time"

	"dnetsim/link/trail"
	"dnetsim/sim"
)

// VXLANConfig is what a tunnel device is made with, in the words of ip-link(8).
type VXLANConfig struct {
	VNI      uint32
	Port     uint16 // of the far ends; 0: VXLANPort
	Learning bool   // learn from what arrives
	Proxy    bool   // answer ARP from the neighbour table, never forward it
	L2Miss   bool   // tell of addresses that are not in the forwarding table
	L3Miss   bool   // tell of neighbours that are not known
	Ageing   time.Duration
	// PortLow and PortHigh are the range of outer source ports; 0 is the
	// system's range of ephemeral ports.
	PortLow, PortHigh uint16
	// ZeroChecksum sends datagrams without checksum. Linux has it off for tunnels
	// that do not ask for it.
	ZeroChecksum bool
}

// Underlay carries encapsulated frames: the IP layer of the namespace that the
// tunnel was made in.
type Underlay interface {
	// Tunnel sends a copy of f to r from a source port: the caller keeps f. It
	// returns the reason if it could not.
	Tunnel(v *VXLAN, f *Frame, r VXLANRemote, srcPort uint16) trail.Reason
}

// VXLANStats are a tunnel's counters, in the words of `ip -s link`. Bytes do
// not count the inner Ethernet header, as in the kernel.
type VXLANStats struct {
	RxPackets, RxBytes              uint64 // what it made itself, such as ARP answers, does not count
	TxPackets, TxBytes              uint64
	TxErrors, TxDropped             uint64
	TxCarrierErrors, TxCollisions   uint64
	L2Misses, L3Misses, ARPAnswered uint64
}

// VXLAN is a tunnel device (drivers/net/vxlan). It knows no routes: where
// encapsulated frames go is the [Underlay]'s business, and which of several
// tunnels a datagram belongs to is its as well.
//
// It never floods: a frame whose destination is not in the forwarding table
// needs an entry for the all-zero address, or dies.
type VXLAN struct {
	point
	loop     *sim.Loop
	cfg      VXLANConfig
	mac      MAC
	recv     Receiver
	underlay Underlay
	fdb      vxlanTable
	stats    VXLANStats

	neighbour func(netip.Addr) (mac MAC, found, usable bool)
	onL2Miss  func(MAC)
	onL3Miss  func(netip.Addr)
}

// The range of ephemeral ports (net.ipv4.ip_local_port_range).
const (
	ephemeralLow  = 32768
	ephemeralHigh = 60999
)

// NewVXLAN returns a tunnel device with its own address mac. Decapsulated
// frames go to recv. The name is for the journal.
func NewVXLAN(loop *sim.Loop, at trail.Place, mac MAC, cfg VXLANConfig, u Underlay, recv Receiver) *VXLAN {
	if cfg.Port == 0 {
		cfg.Port = VXLANPort
	}
	if cfg.Ageing == 0 {
		cfg.Ageing = DefaultAgeing
	}
	v := &VXLAN{loop: loop, cfg: cfg, mac: mac, recv: recv, underlay: u}
	v.at, v.trail = at, trail.Of(loop)
	v.fdb.ageing = cfg.Ageing
	return v
}

// Config is what the device was made with.
func (v *VXLAN) Config() VXLANConfig { return v.cfg }

// Stats is a copy of the counters.
func (v *VXLAN) Stats() VXLANStats { return v.stats }

// dropped is how many frames were dropped for a reason.
func (v *VXLAN) dropped(r trail.Reason) uint64 { return v.counters.dropped(r) }

// SetMAC changes the device's own address.
func (v *VXLAN) SetMAC(mac MAC) { v.mac = mac }

// SetName changes the place that the journal gives.
func (v *VXLAN) SetPlace(at trail.Place) { v.at = at }

// SetNeighbours sets where a proxy looks neighbours up: found says that there is
// an entry, usable that it may be answered for.
func (v *VXLAN) SetNeighbours(fn func(netip.Addr) (mac MAC, found, usable bool)) { v.neighbour = fn }

// OnL2Miss calls fn, as an event of its own, for every frame to an address that
// is not in the forwarding table, if the device was made with L2Miss.
func (v *VXLAN) OnL2Miss(fn func(MAC)) { v.onL2Miss = fn }

// OnL3Miss calls fn, as an event of its own, for every question for a neighbour
// that is not known, if the device was made with L3Miss.
func (v *VXLAN) OnL3Miss(fn func(netip.Addr)) { v.onL3Miss = fn }

// Send is a frame that goes out by the tunnel (vxlan_xmit). It takes over one
// reference.
func (v *VXLAN) Send(f *Frame) {
	if len(f.data) < HeaderLen {
		v.lose(f, trail.Malformed)
		return
	}
	if v.cfg.Proxy && f.EtherType() == TypeARP {
		v.answerARP(f)
		return
	}
	if v.cfg.Proxy && isSolicitation(f.data) {
		v.askedFor6(f)
		return
	}
	dst := f.Dst()
	e := v.fdb.find(dst, v.loop.Now())
	if e == nil {
		e = v.fdb.find(MAC{}, v.loop.Now())
	}
	if e == nil {
		if v.cfg.L2Miss && !dst.IsMulticast() {
			v.tellL2(dst)
		}
		v.lose(f, trail.L2Miss)
		return
	}
	for _, r := range e.remotes[1:] {
		v.sendTo(r, f.another(v.trail, v.at))
	}
	v.sendTo(e.remotes[0], f) // the first last, as the kernel
}

// Lose ends a frame that the interface gives up before the tunnel has it.
func (v *VXLAN) Lose(f *Frame, r trail.Reason) { v.lose(f, r) }

// lose drops a frame on the way out and counts it as the kernel does.
func (v *VXLAN) lose(f *Frame, r trail.Reason) {
	switch r {
	case trail.NoRoute:
		v.stats.TxCarrierErrors++
		v.stats.TxErrors++
	case trail.TunnelLoop:
		v.stats.TxCollisions++
		v.stats.TxErrors++
	case trail.UnknownVNI:
		v.stats.TxErrors++
	case trail.L3Miss, trail.NoAnswer: // consumed, not counted
	case trail.MTU: // answered with an ICMP error: it counts as sent
		v.countSent(f)
	default:
		v.stats.TxDropped++
	}
	v.drop(f, r)
}

// sendTo is vxlan_xmit_one.
func (v *VXLAN) sendTo(r VXLANRemote, f *Frame) {
	if !r.Addr.IsValid() || r.Addr.IsUnspecified() {
		v.lose(f, trail.NoRemote)
		return
	}
	if r.Port == 0 {
		r.Port = v.cfg.Port
	}
	if r.VNI == 0 {
		r.VNI = v.cfg.VNI
	}
	low, high := v.cfg.PortLow, v.cfg.PortHigh
	if low >= high {
		low, high = ephemeralLow, ephemeralHigh
	}
	if why := v.underlay.Tunnel(v, f, r, flowPort(f.data, low, high)); why != trail.None {
		v.lose(f, why)
		return
	}
	v.countSent(f)
	f.Release() // its story goes on within the encapsulation
}

func (v *VXLAN) countSent(f *Frame) {
	v.stats.TxPackets++
	v.stats.TxBytes += uint64(f.Len() - HeaderLen)
}

func (v *VXLAN) countReceived(f *Frame) {
	v.stats.RxPackets++
	v.stats.RxBytes += uint64(f.Len() - HeaderLen)
}

// answerARP is arp_reduce: every ARP packet ends here. A question for a known
// neighbour is answered in its name.
func (v *VXLAN) answerARP(f *Frame) {
	a := f.Payload()
	if len(a) < 28 {
		v.lose(f, trail.Malformed)
		return
	}
	if binary.BigEndian.Uint16(a[6:]) != 1 {
		v.lose(f, trail.NoAnswer) // not a question
		return
	}
	target := netip.AddrFrom4([4]byte(a[24:28]))
	if target.IsLoopback() || target.IsMulticast() {
		v.lose(f, trail.NoAnswer)
		return
	}
	mac, found, usable := v.lookUp(target)
	if !found {
		if v.cfg.L3Miss {
			v.tellL3(target)
		}
		v.lose(f, trail.L3Miss)
		return
	}
	if e := v.fdb.find(mac, v.loop.Now()); !usable || e != nil && e.remotes[0].Addr.IsUnspecified() {
		v.lose(f, trail.NoAnswer)
		return
	}
	reply := f.pool.New(HeaderLen + 28)
	writeARPReply(reply.data, a, mac)
	v.stats.ARPAnswered++
	f.Arrived(v.trail, v.at, trail.ARPProxy)
	v.loop.Schedule(siblingDelay, &sibling{v.recv, reply})
}

// writeARPReply answers question in the name of mac.
func writeARPReply(b, question []byte, mac MAC) {
	copy(b[0:6], question[8:14])
	copy(b[6:12], mac[:])
	binary.BigEndian.PutUint16(b[12:], TypeARP)
	r := b[HeaderLen:]
	copy(r, question[:6])
	r[6], r[7] = 0, 2
	copy(r[8:14], mac[:])
	copy(r[14:18], question[24:28])
	copy(r[18:28], question[8:18])
}

// isSolicitation reports whether a frame asks for an IPv6 neighbour.
func isSolicitation(b []byte) bool {
	return len(b) >= HeaderLen+64 && binary.BigEndian.Uint16(b[12:]) == TypeIPv6 &&
		b[HeaderLen+6] == ProtoICMPv6 && b[HeaderLen+40] == 135
}

// askedFor6 is neigh_reduce as far as it misses: Docker's overlay has no IPv6
// neighbours, so a question is never answered.
func (v *VXLAN) askedFor6(f *Frame) {
	target := netip.AddrFrom16([16]byte(f.data[HeaderLen+48 : HeaderLen+64]))
	if _, found, _ := v.lookUp(target); found {
		v.lose(f, trail.NoAnswer)
		return
	}
	if v.cfg.L3Miss {
		v.tellL3(target)
	}
	v.lose(f, trail.L3Miss)
}

func (v *VXLAN) lookUp(a netip.Addr) (mac MAC, found, usable bool) {
	if v.neighbour == nil {
		return mac, false, false
	}
	return v.neighbour(a)
}

// tellL2 and tellL3 are the netlink notifications: they arrive later.
func (v *VXLAN) tellL2(mac MAC) {
	v.stats.L2Misses++
	v.loop.After(0, func() {
		if v.onL2Miss != nil {
			v.onL2Miss(mac)
		}
	})
}

func (v *VXLAN) tellL3(a netip.Addr) {
	v.stats.L3Misses++
	v.loop.After(0, func() {
		if v.onL3Miss != nil {
			v.onL3Miss(a)
		}
	})
}

// Arrive is an inner frame of this tunnel's identifier that came from a far end
// (vxlan_rcv behind the look-up). It takes over one reference.
func (v *VXLAN) Arrive(from netip.Addr, f *Frame) {
	src := f.Src()
	r := trail.None
	switch {
	case len(f.data) < HeaderLen:
		r = trail.Malformed
	case src == v.mac:
		r = trail.OwnAddress
	case src.IsMulticast() || src.IsZero():
		r = trail.InvalidSource
	case v.cfg.Learning:
		r = v.snoop(src, from)
	}
	if r != trail.None {
		v.drop(f, r)
		return
	}
	v.countReceived(f)
	v.recv.Receive(f)
}

// Bypass brings a frame in that another tunnel, or this one, sent to an address
// of its own underlay (vxlan_encap_bypass): it is not encapsulated. The sender
// is learned as the loopback address. Bypass takes over one reference.
func (v *VXLAN) Bypass(f *Frame) {
	if v.cfg.Learning {
		v.snoop(f.Src(), netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	v.countReceived(f)
	v.loop.Schedule(siblingDelay, &sibling{v.recv, f})
}

// Return gives a frame to the device's own receiver: an ICMP error about one
// that was too large for the underlay.
func (v *VXLAN) Return(f *Frame) {
	v.countReceived(f)
	v.loop.Schedule(siblingDelay, &sibling{v.recv, f})
}
