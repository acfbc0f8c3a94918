package stack

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/link"
)

const (
	arpLength  = 28 // RFC 826 for Ethernet and IPv4
	arpRequest = 1
	arpReply   = 2
)

var broadcastMAC = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// putEther writes an Ethernet header.
func putEther(b []byte, dst, src MAC, typ uint16) {
	copy(b, dst[:])
	copy(b[6:], src[:])
	binary.BigEndian.PutUint16(b[12:], typ)
}

// arp asks and answers for an interface.
type arp struct{ i *Interface }

// send transmits one ARP packet.
func (ar *arp) send(op uint16, ethDst MAC, sha MAC, spa netip.Addr, tha MAC, tpa netip.Addr) {
	b := make([]byte, link.HeaderLen+arpLength)
	putEther(b, ethDst, ar.i.mac, link.TypeARP)
	a := b[link.HeaderLen:]
	copy(a, []byte{0, 1, 8, 0, 6, 4})
	binary.BigEndian.PutUint16(a[6:], op)
	copy(a[8:], sha[:])
	s := spa.As4()
	copy(a[14:], s[:])
	copy(a[18:], tha[:])
	t := tpa.As4()
	copy(a[24:], t[:])
	ar.i.path.transmit(newFrame(b, link.ChecksumComplete, 0))
}

func (ar *arp) request(target, src netip.Addr, to MAC) {
	if !src.IsValid() {
		src = netip.IPv4Unspecified()
	}
	ar.send(arpRequest, to, ar.i.mac, src, MAC{}, target)
}

// in is arp_process: answer requests for our addresses, learn from what
// others say.
func (ar *arp) in(b []byte, toUs bool) {
	if len(b) < arpLength || binary.BigEndian.Uint16(b) != 1 || binary.BigEndian.Uint16(b[2:]) != link.TypeIPv4 {
		return
	}
	op := binary.BigEndian.Uint16(b[6:])
	sha, spa := MAC(b[8:14]), netip.AddrFrom4([4]byte(b[14:18]))
	tpa := netip.AddrFrom4([4]byte(b[24:28]))
	if tpa.IsMulticast() || tpa.IsLoopback() || sha == ar.i.mac && ar.i.kind != KindIPvlan && ar.i.ns.addrs.of(spa) == nil {
		return
	}
	ns := ar.i.ns
	if spa.IsUnspecified() { // duplicate address detection (RFC 5227): answer, learn nothing
		if op == arpRequest && ns.IsLocal(tpa) && !ar.ignored(spa, tpa) {
			ar.send(arpReply, sha, ar.i.mac, tpa, sha, spa)
		}
		return
	}
	if op == arpRequest && ar.answers(spa, tpa) {
		ns.neigh.findOrMake(ar.i, spa).learn(sha, NeighStale, true)
		ar.send(arpReply, sha, ar.i.mac, tpa, sha, spa)
		return
	}
	n := ns.neigh.find(ar.i, spa)
	gratuitous := spa == tpa
	if n == nil && (op == arpReply || gratuitous) && ar.i.conf.flag(false, "arp_accept") {
		n = ns.neigh.findOrMake(ar.i, spa)
	}
	if n == nil {
		return
	}
	state := NeighStale
	if op == arpReply && toUs {
		state = NeighReachable
	}
	override := ns.loop.Now() >= n.updated+neighLockTime || gratuitous
	n.learn(sha, state, override)
}

// answers reports whether a request for tpa is to be answered on this
// interface.
func (ar *arp) answers(spa, tpa netip.Addr) bool {
	ns := ar.i.ns
	if ns.addrs.of(tpa) != nil {
		return !ar.ignored(spa, tpa)
	}
	if !ar.i.conf.flag(false, "proxy_arp") || !ns.sys.forwarding(ar.i, false) {
		return false
	}
	h, err := ns.routes.routeOut(flow{dst: tpa, src: spa, in: ar.i})
	return err == nil && h.dev != ar.i
}

// ignored is the sysctl arp_ignore: 1 answers only for addresses of the
// interface itself, 2 also wants the sender in the same subnet.
func (ar *arp) ignored(spa, tpa netip.Addr) bool {
	switch ar.i.conf.max(false, "arp_ignore") {
	case 0:
		return false
	case 8:
		return true
	case 1:
		return ar.i.ipAddrs.find(tpa) == nil
	}
	a := ar.i.ipAddrs.find(tpa)
	return a == nil || !a.Prefix.Contains(spa)
}

// AnnounceARP asks the whole segment for one of the interface's own addresses, as a
// program does with a packet socket to tell who has it.
func (i *Interface) AnnounceARP(a netip.Addr) error {
	if !i.up || i.ns.Interface(i.name) != i {
		return ErrNetDown
	}
	i.arp.request(a, a, broadcastMAC)
	return nil
}
