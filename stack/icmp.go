package stack

import (
	"encoding/binary"
	"net/netip"
	"time"

	"dnetsim/link/trail"
)

// The ICMP types that the network layer knows (RFC 792).
const (
	icmpEchoReply    = 0
	icmpUnreachable  = 3
	icmpRedirect     = 5
	icmpEcho         = 8
	icmpTimeExceeded = 11
	icmpParameter    = 12

	icmp6Unreachable  = 1
	icmp6TooBig       = 2
	icmp6TimeExceeded = 3
	icmp6Echo         = 128
	icmp6EchoReply    = 129
	icmp6Solicit      = 135
	icmp6Advertise    = 136
)

// unreachable is why a destination cannot be reached, in both families' codes.
type unreachable struct{ code4, code6 uint8 }

var (
	unreachableNet      = unreachable{0, 0}
	unreachableHost     = unreachable{1, 3}
	unreachableProtocol = unreachable{2, 0}
	unreachablePort     = unreachable{3, 4}
	unreachableAdmin    = unreachable{13, 1}
)

// icmpLayer answers and sends ICMP messages, within the kernel's limits, and shows
// them to raw sockets.
type icmpLayer struct {
	ns      *Namespace
	sockets []*ICMPConn
	limit   tokenBucket
	peers   map[netip.Addr]*tokenBucket
}

// in is icmp_rcv: sockets see everything, echo requests are answered,
// errors are told to the transport that they concern.
func (ic *icmpLayer) in(p *packet) {
	m := p.payload()
	if len(m) < 8 || sum(0, m) != 0xffff {
		p.in.count.RxErrors++
		ic.ns.ends.discard(p.in, trail.Checksum, p)
		return
	}
	ic.tellSockets(p)
	switch m[0] {
	case icmpEcho:
		if why := ic.answerEcho(p); why != trail.None {
			ic.ns.ends.discard(p.in, why, p)
			return
		}
	case icmpUnreachable, icmpTimeExceeded, icmpParameter:
		ic.errorIn(p, m)
	case icmpRedirect:
		ic.redirectIn(p, m)
	}
	ic.ns.ends.arrived(p)
}

// answerEcho is icmp_echo. It returns why there is no answer.
func (ic *icmpLayer) answerEcho(p *packet) trail.Reason {
	if ic.ns.sys.read().ignoreEchos {
		return trail.EchoIgnored
	}
	src := p.dst()
	if p.bcast || p.group && !ic.ns.IsLocal(src) {
		if ic.ns.sys.number("net.ipv4.icmp_echo_ignore_broadcasts") != 0 {
			return trail.BroadcastIgnored
		}
		src = p.in.ipAddrs.primaryFor(p.src())
	}
	q := ic.ns.tx.buildIPv4(src, p.src(), protoICMP, ic.ns.tx.defaultTTL(false), false, p.payload())
	q.nf.Data[1] = p.nf.Data[1] // the type of service is echoed
	headerChecksum(q.nf.Data)
	m := q.payload()
	m[0] = icmpEchoReply
	m[2], m[3] = 0, 0
	binary.BigEndian.PutUint16(m[2:], ^sum(0, m))
	ic.ns.tx.output(q)
	return trail.None
}

// errorIn learns a path MTU and tells the transport layer.
func (ic *icmpLayer) errorIn(p *packet, m []byte) {
	inner := m[8:]
	if len(inner) < 28 || inner[0]>>4 != 4 {
		return
	}
	dst := netip.AddrFrom4([4]byte(inner[16:20]))
	if m[0] == icmpUnreachable && m[1] == 4 {
		if mtu := int(binary.BigEndian.Uint16(m[6:])); mtu >= 68 {
			ic.ns.routes.learnMTU(dst, mtu)
		}
	}
	if inner[9] == protoTCP || inner[9] == protoUDP {
		ic.ns.rx.errorToTransport(p)
	}
}

// sendUnreachable answers p with a destination-unreachable message.
func (ic *icmpLayer) sendUnreachable(p *packet, why unreachable) {
	if p.nf.V6 {
		if why == unreachableProtocol {
			ic.sendError6(p, 4, 1, 6)
			return
		}
		ic.sendError6(p, icmp6Unreachable, why.code6, 0)
		return
	}
	ic.sendError(p, icmpUnreachable, why.code4, 0)
}

func (ic *icmpLayer) sendTimeExceeded(p *packet) {
	if p.nf.V6 {
		ic.sendError6(p, icmp6TimeExceeded, 0, 0)
		return
	}
	ic.sendError(p, icmpTimeExceeded, 0, 0)
}

func (ic *icmpLayer) sendFragNeeded(p *packet, mtu int) {
	if p.nf.V6 {
		ic.sendError6(p, icmp6TooBig, 0, uint32(mtu))
		return
	}
	ic.sendError(p, icmpUnreachable, 4, uint32(mtu))
}

// sendError is icmp_send: answer p with an error, unless it is one of the
// packets that must not be answered (RFC 1122, 3.2.2).
func (ic *icmpLayer) sendError(p *packet, typ, code uint8, info uint32) {
	src, dst := p.src(), p.dst()
	if p.bcast || p.group || dst.IsMulticast() || p.laterFragment() || src.IsUnspecified() || src.IsMulticast() {
		return
	}
	if p.proto() == protoICMP && len(p.payload()) > 0 {
		switch p.payload()[0] {
		case icmpEcho, icmpEchoReply, 13, 14:
		default:
			return
		}
	}
	if !ic.ns.IsLocal(src) && typ != icmpRedirect && !ic.limits(src, typ) {
		return
	}
	if ic.ns.IsLocal(dst) {
		ic.ns.tx.output(ic.buildError(p, dst, src, typ, code, info))
		return
	}
	if h, err := ic.ns.routes.routeOut(flow{dst: src}); err == nil { // the way chooses the source
		ic.ns.tx.send(ic.buildError(p, h.src, src, typ, code, info), h)
	}
}

// buildError makes the message: the offending packet as far as 576 bytes
// allow.
func (ic *icmpLayer) buildError(p *packet, from, to netip.Addr, typ, code uint8, info uint32) *packet {
	orig := p.nf.Data[:min(len(p.nf.Data), 576-28)]
	m := make([]byte, 8+len(orig))
	m[0], m[1] = typ, code
	binary.BigEndian.PutUint32(m[4:], info)
	copy(m[8:], orig)
	binary.BigEndian.PutUint16(m[2:], ^sum(0, m))
	q := ic.ns.tx.buildIPv4(from, to, protoICMP, ic.ns.tx.defaultTTL(false), false, m)
	q.nf.Data[1] = p.nf.Data[1]&0x1e | 0xc0 // internetwork control
	headerChecksum(q.nf.Data)
	return q
}

// limits reports whether an error of that type may be sent to dst now: the
// limits for all (icmp_msgs_per_sec) and for each peer (icmp_ratelimit). The
// kernel does not limit what stays on the loopback.
func (ic *icmpLayer) limits(dst netip.Addr, typ uint8) bool {
	now := ic.ns.loop.Now()
	if ic.ns.sys.number("net.ipv4.icmp_ratemask")>>typ&1 == 0 && typ != icmpRedirect {
		return true
	}
	if !ic.limit.take(now, float64(ic.ns.sys.number("net.ipv4.icmp_msgs_per_sec")), ic.ns.sys.number("net.ipv4.icmp_msgs_burst")) {
		return false
	}
	every := ic.ns.sys.number("net.ipv4.icmp_ratelimit")
	if every <= 0 {
		return true
	}
	if ic.peers == nil || len(ic.peers) > 4096 {
		ic.peers = make(map[netip.Addr]*tokenBucket)
	}
	b := ic.peers[dst]
	if b == nil {
		b = &tokenBucket{}
		ic.peers[dst] = b
	}
	return b.take(now, 1000/float64(every), 6)
}

// tokenBucket limits ICMP errors as the kernel does: so many a second, with a
// burst.
type tokenBucket struct {
	tokens  float64
	last    time.Duration
	started bool
}

func (b *tokenBucket) take(now time.Duration, rate float64, burst int) bool {
	if !b.started {
		b.started, b.tokens = true, float64(burst)
	}
	b.tokens = min(float64(burst), b.tokens+(now-b.last).Seconds()*rate)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
