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

// sendARP transmits one ARP packet.
func (i *Interface) sendARP(op uint16, ethDst MAC, sha MAC, spa netip.Addr, tha MAC, tpa netip.Addr) {
	b := make([]byte, link.HeaderLen+arpLength)
	putEther(b, ethDst, i.mac, link.TypeARP)
	a := b[link.HeaderLen:]
	copy(a, []byte{0, 1, 8, 0, 6, 4})
	binary.BigEndian.PutUint16(a[6:], op)
	copy(a[8:], sha[:])
	s := spa.As4()
	copy(a[14:], s[:])
	copy(a[18:], tha[:])
	t := tpa.As4()
	copy(a[24:], t[:])
	i.transmit(newFrame(b, link.ChecksumComplete, 0))
}

func (i *Interface) sendARPRequest(target, src netip.Addr, to MAC) {
	if !src.IsValid() {
		src = netip.IPv4Unspecified()
	}
	i.sendARP(arpRequest, to, i.mac, src, MAC{}, target)
}

// arpIn is arp_process: answer requests for our addresses, learn from what
// others say.
func (i *Interface) arpIn(b []byte, toUs bool) {
	if len(b) < arpLength || binary.BigEndian.Uint16(b) != 1 || binary.BigEndian.Uint16(b[2:]) != link.TypeIPv4 {
		return
	}
	op := binary.BigEndian.Uint16(b[6:])
	sha, spa := MAC(b[8:14]), netip.AddrFrom4([4]byte(b[14:18]))
	tpa := netip.AddrFrom4([4]byte(b[24:28]))
	if tpa.IsMulticast() || tpa.IsLoopback() || sha == i.mac && i.kind != KindIPvlan && i.ns.addrs.of(spa) == nil {
		return
	}
	ns := i.ns
	if spa.IsUnspecified() { // duplicate address detection (RFC 5227): answer, learn nothing
		if op == arpRequest && ns.addrs.of(tpa) != nil && !i.arpIgnored(spa, tpa) {
			i.sendARP(arpReply, sha, i.mac, tpa, sha, spa)
		}
		return
	}
	if op == arpRequest && i.arpAnswers(spa, tpa) {
		ns.neigh.findOrMake(i, spa).learn(sha, NeighStale, true)
		i.sendARP(arpReply, sha, i.mac, tpa, sha, spa)
		return
	}
	n := ns.neigh.find(i, spa)
	gratuitous := spa == tpa
	if n == nil && (op == arpReply || gratuitous) && i.confFlag(false, "arp_accept") {
		n = ns.neigh.findOrMake(i, spa)
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

// arpAnswers reports whether a request for tpa is to be answered on this
// interface.
func (i *Interface) arpAnswers(spa, tpa netip.Addr) bool {
	ns := i.ns
	if ns.addrs.of(tpa) != nil {
		return !i.arpIgnored(spa, tpa)
	}
	if !i.confFlag(false, "proxy_arp") || !ns.sys.forwarding(i, false) {
		return false
	}
	h, err := ns.routes.routeOut(flow{dst: tpa, src: spa, in: i})
	return err == nil && h.dev != i
}

// arpIgnored is the sysctl arp_ignore: 1 answers only for addresses of the
// interface itself, 2 also wants the sender in the same subnet.
func (i *Interface) arpIgnored(spa, tpa netip.Addr) bool {
	switch i.confMax(false, "arp_ignore") {
	case 0:
		return false
	case 8:
		return true
	case 1:
		return i.addr(tpa) == nil
	}
	a := i.addr(tpa)
	return a == nil || !a.Prefix.Contains(spa)
}
