package netfilter

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// tuple is one direction of a tracked connection. For ICMP echo the identifier
// is the source port of a request and the destination port of a reply.
type tuple struct {
	src, dst     words
	sport, dport uint16
	proto        uint8
}

func (t tuple) reverse() tuple {
	return tuple{src: t.dst, dst: t.src, sport: t.dport, dport: t.sport, proto: t.proto}
}

// conn is one tracked connection.
type conn struct {
	seq        uint64
	orig, repl tuple
	icmpType   uint8 // of the first packet, for ICMP
	icmpCode   uint8
	created    time.Time
	expires    time.Time
	replied    bool // a packet went back
	assured    bool
	confirmed  bool // the first packet got through: it is in the table
	dstDone    bool // the nat rules for the destination have been asked
	srcDone    bool
	dstBy      natRule // what bound the destination, and the source
	srcBy      natRule
	balanced   bool // IPVS has chosen where it goes
	tcp        tcpState
	packets    [2]uint64 // original, reply
	bytes      [2]uint64
}

func (f *conn) snat() bool { return f.repl.dst != f.orig.src || f.repl.dport != f.orig.sport }

func (f *conn) dnat() bool { return f.repl.src != f.orig.dst || f.repl.sport != f.orig.dport }

func (f *conn) status() (s uint8) {
	if f.replied {
		s |= ctSeenReply
	}
	if f.assured {
		s |= ctAssured
	}
	if f.confirmed {
		s |= ctConfirmed
	}
	return s
}

// Flow is a tracked connection as "conntrack -L" shows it.
type Flow struct {
	Proto   uint8
	Timeout time.Duration // until it is forgotten
	State   string        // of TCP: "ESTABLISHED", …; "" otherwise
	Orig    FlowTuple
	Reply   FlowTuple
	// Replied is false while no packet went back ([UNREPLIED]); Assured flows
	// survive a full table.
	Replied, Assured bool
	ICMPType         uint8 // of the request, for ICMP and ICMPv6
	ICMPCode         uint8
	ICMPID           uint16
	Mark             uint32 // of the connection; nothing sets it yet
}

// FlowTuple is one direction of a [Flow]; the ports are zero unless the
// protocol has them.
type FlowTuple struct {
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	Packets, Bytes   uint64 // bytes of IP packets
}

// String is the line of "conntrack -L" (conntrack v1.4.7), without newline.
func (f Flow) String() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%-8s %d %d ", flowProtoName(f.Proto), f.Proto, int(f.Timeout/time.Second))
	if f.State != "" {
		w.WriteString(f.State + " ")
	}
	f.side(&w, f.Orig, f.ICMPType)
	if !f.Replied {
		w.WriteString("[UNREPLIED] ")
	}
	f.side(&w, f.Reply, echoReply(f.ICMPType))
	if f.Assured {
		w.WriteString("[ASSURED] ")
	}
	fmt.Fprintf(&w, "mark=%d use=1", f.Mark)
	return w.String()
}

func (f Flow) side(w *strings.Builder, t FlowTuple, icmpType uint8) {
	fmt.Fprintf(w, "src=%s dst=%s ", t.Src, t.Dst)
	switch f.Proto {
	case 6, 17, 33, 132, 136:
		fmt.Fprintf(w, "sport=%d dport=%d ", t.SrcPort, t.DstPort)
	case 1, 58:
		fmt.Fprintf(w, "type=%d code=%d id=%d ", icmpType, f.ICMPCode, f.ICMPID)
	}
}

func echoReply(request uint8) uint8 {
	switch request {
	case 8:
		return 0
	case 128:
		return 129
	}
	return request
}

// flowProtoName is libnetfilter_conntrack's name of a protocol.
func flowProtoName(p uint8) string {
	switch p {
	case 1, 6, 17, 33, 47, 132, 136:
		return protoName(p)
	case 58:
		return "icmpv6"
	}
	return "unknown"
}

func (f *conn) export(now time.Time, v6 bool) Flow {
	side := func(t tuple, i int) FlowTuple {
		x := FlowTuple{Src: t.src.addr(v6), Dst: t.dst.addr(v6), Packets: f.packets[i], Bytes: f.bytes[i]}
		if t.proto != 1 && t.proto != 58 {
			x.SrcPort, x.DstPort = t.sport, t.dport
		}
		return x
	}
	x := Flow{
		Proto: f.orig.proto, Timeout: f.expires.Sub(now), Orig: side(f.orig, 0), Reply: side(f.repl, 1),
		Replied: f.replied, Assured: f.assured, ICMPType: f.icmpType, ICMPCode: f.icmpCode,
	}
	switch x.Proto {
	case 1, 58:
		x.ICMPID = f.orig.sport
	case 6:
		x.State = f.tcp.String()
	}
	return x
}
