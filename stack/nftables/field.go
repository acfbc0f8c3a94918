package nftables

import (
	"encoding/binary"

	"dnetsim/stack/netfilter"
)

// field is something of a packet that a rule may look at.
type field struct {
	name  string // as it is typed and printed
	short string // as it is printed instead
	typ   datatype
	// load appends the value; false ends the rule, as the kernel does where a
	// packet has nothing of the kind.
	load func(w *walker, b []byte) ([]byte, bool)
	// implies is what the field asks of a packet before: nft leaves a test of it
	// out of its listings.
	implies []implied
	conn    bool // it needs connections
}

// implied is "meta l4proto 6" or "meta nfproto ipv4".
type implied struct {
	field string
	value uint64
}

func wire(proto uint8, at, size int) func(*walker, []byte) ([]byte, bool) {
	return func(w *walker, b []byte) ([]byte, bool) {
		t := w.sight.Transport()
		if w.sight.Protocol() != proto || len(t) < at+size {
			return b, false
		}
		return append(b, t[at:at+size]...), true
	}
}

func header(v6 bool, at, size int) func(*walker, []byte) ([]byte, bool) {
	return func(w *walker, b []byte) ([]byte, bool) {
		h := w.sight.Header()
		if w.sight.Packet().V6 != v6 || len(h) < at+size {
			return b, false
		}
		return append(b, h[at:at+size]...), true
	}
}

// ports are at the same place in all protocols that have them.
func ports(at int) func(*walker, []byte) ([]byte, bool) {
	return func(w *walker, b []byte) ([]byte, bool) {
		t := w.sight.Transport()
		if len(t) < 4 {
			return b, false
		}
		return append(b, t[at:at+2]...), true
	}
}

var (
	asIPv4 = implied{"meta nfproto", 2}
	asIPv6 = implied{"meta nfproto", 10}
)

func of(proto uint64) []implied {
	return []implied{{"meta l4proto", proto}, {"ip protocol", proto}, {"ip6 nexthdr", proto}}
}

// makeFields makes the fields, by what is typed.
func makeFields() map[string]*field {
	four, six := []implied{asIPv4}, []implied{asIPv6}
	list := []*field{
		{name: "ip saddr", typ: ipv4Addr, load: header(false, 12, 4), implies: four},
		{name: "ip daddr", typ: ipv4Addr, load: header(false, 16, 4), implies: four},
		{name: "ip protocol", typ: inetProto, load: header(false, 9, 1), implies: four},
		{name: "ip ttl", typ: integer8, load: header(false, 8, 1), implies: four},
		{name: "ip length", typ: integer16, load: header(false, 2, 2), implies: four},
		{name: "ip id", typ: integer16, load: header(false, 4, 2), implies: four},
		{name: "ip6 saddr", typ: ipv6Addr, load: header(true, 8, 16), implies: six},
		{name: "ip6 daddr", typ: ipv6Addr, load: header(true, 24, 16), implies: six},
		{name: "ip6 nexthdr", typ: inetProto, load: header(true, 6, 1), implies: six},
		{name: "ip6 hoplimit", typ: integer8, load: header(true, 7, 1), implies: six},
		{name: "th sport", typ: inetService, load: ports(0)},
		{name: "th dport", typ: inetService, load: ports(2)},
		{name: "tcp flags", typ: tcpFlag, load: wire(6, 13, 1), implies: of(6)},
		{name: "icmp type", typ: icmpType, load: wire(1, 0, 1), implies: append(of(1), asIPv4)},
		{name: "icmp code", typ: icmpCode, load: wire(1, 1, 1), implies: append(of(1), asIPv4)},
		{name: "icmpv6 type", typ: icmpv6Type, load: wire(58, 0, 1), implies: append(of(58), asIPv6)},
		{name: "icmpv6 code", typ: icmpv6Code, load: wire(58, 1, 1), implies: append(of(58), asIPv6)},
		{name: "ether saddr", typ: etherAddr, load: func(w *walker, b []byte) ([]byte, bool) {
			p := w.sight.Packet()
			return append(b, p.SrcMAC[:]...), p.HasMAC
		}},
		{name: "ether daddr", typ: etherAddr, load: func(w *walker, b []byte) ([]byte, bool) {
			p := w.sight.Packet()
			return append(b, p.DstMAC[:]...), p.HasMAC
		}},
	}
	for name, proto := range map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132, "udplite": 136, "dccp": 33} {
		list = append(list,
			&field{name: name + " sport", typ: inetService, load: wire(proto, 0, 2), implies: of(uint64(proto))},
			&field{name: name + " dport", typ: inetService, load: wire(proto, 2, 2), implies: of(uint64(proto))})
	}
	out := map[string]*field{}
	for _, f := range append(append(list, metaFields()...), ctFields()...) {
		out[f.name] = f
	}
	for _, word := range []string{"iif", "oif", "iifname", "oifname", "mark", "pkttype"} { // meta may be left out
		f := out["meta "+word]
		if out[word] = f; word != "mark" && word != "pkttype" {
			f.short = word
		}
	}
	return out
}

func number(size int, get func(w *walker) (uint64, bool)) func(*walker, []byte) ([]byte, bool) {
	return func(w *walker, b []byte) ([]byte, bool) {
		n, ok := get(w)
		var x [8]byte
		binary.BigEndian.PutUint64(x[:], n)
		return append(b, x[8-size:]...), ok
	}
}

func metaFields() []*field {
	return []*field{
		{name: "meta iifname", typ: ifname, load: func(w *walker, b []byte) ([]byte, bool) { return append(b, w.sight.Packet().In...), true }},
		{name: "meta oifname", typ: ifname, load: func(w *walker, b []byte) ([]byte, bool) { return append(b, w.sight.Packet().Out...), true }},
		{name: "meta iif", typ: ifIndex, load: number(4, func(w *walker) (uint64, bool) { return uint64(w.rs.face.Index(w.sight.Packet().In)), true })},
		{name: "meta oif", typ: ifIndex, load: number(4, func(w *walker) (uint64, bool) { return uint64(w.rs.face.Index(w.sight.Packet().Out)), true })},
		{name: "meta mark", typ: markType, load: number(4, func(w *walker) (uint64, bool) { return uint64(w.sight.Packet().Mark), true })},
		{name: "meta l4proto", typ: inetProto, load: number(1, func(w *walker) (uint64, bool) { return uint64(w.sight.Protocol()), true })},
		{name: "meta length", typ: integer32, load: number(4, func(w *walker) (uint64, bool) { return uint64(len(w.sight.Packet().Data)), true })},
		{name: "meta nfproto", typ: nfProto, load: number(1, func(w *walker) (uint64, bool) {
			if w.sight.Packet().V6 {
				return 10, true
			}
			return 2, true
		})},
		{name: "meta protocol", typ: etherType, load: number(2, func(w *walker) (uint64, bool) {
			if w.sight.Packet().V6 {
				return 0x86dd, true
			}
			return 0x0800, true
		})},
		{name: "meta pkttype", typ: pktType, load: number(1, func(w *walker) (uint64, bool) {
			switch w.rs.addrType(w.address(false)) {
			case netfilter.Broadcast:
				return 1, true
			case netfilter.Multicast:
				return 2, true
			}
			return 0, true
		})},
		{name: "fib daddr type", typ: fibType, load: number(4, func(w *walker) (uint64, bool) { return uint64(w.rs.addrType(w.address(false))), true })},
		{name: "fib saddr type", typ: fibType, load: number(4, func(w *walker) (uint64, bool) { return uint64(w.rs.addrType(w.address(true))), true })},
	}
}

func ctFields() []*field {
	return []*field{
		{name: "ct state", typ: ctState, conn: true, load: number(4, func(w *walker) (uint64, bool) { return uint64(w.sight.State()), true })},
		{name: "ct status", typ: ctStatus, conn: true, load: number(4, func(w *walker) (uint64, bool) {
			n, ok := w.sight.Status()
			return uint64(n), ok
		})},
		{name: "ct direction", typ: ctDir, conn: true, load: number(1, func(w *walker) (uint64, bool) {
			reply, ok := w.sight.Reply()
			if reply {
				return 1, ok
			}
			return 0, ok
		})},
	}
}
