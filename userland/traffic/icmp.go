package traffic

import (
	"encoding/binary"
	"net/netip"

	"dnetsim/stack"
)

// The ICMP types that programs here look at.
const (
	icmpEchoReply     = 0
	icmpUnreachable   = 3
	icmpSourceQuench  = 4
	icmpRedirect      = 5
	icmpEcho          = 8
	icmpTimeExceeded  = 11
	icmp6Unreachable  = 1
	icmp6TooBig       = 2
	icmp6TimeExceeded = 3
	icmp6ParamProblem = 4
	icmp6Echo         = 128
	icmp6EchoReply    = 129
	protoICMP         = 1
	protoUDP          = 17
	protoICMPv6       = 58
	icmpHeaderLen     = 8
)

// echoRequest is an ICMP or ICMPv6 echo request with its checksum; the stack
// fills in ICMPv6's, which covers addresses.
func echoRequest(v6 bool, id, seq uint16, data []byte) []byte {
	m := make([]byte, icmpHeaderLen, icmpHeaderLen+len(data))
	m[0] = icmpEcho
	if v6 {
		m[0] = icmp6Echo
	}
	binary.BigEndian.PutUint16(m[4:], id)
	binary.BigEndian.PutUint16(m[6:], seq)
	m = append(m, data...)
	if !v6 {
		binary.BigEndian.PutUint16(m[2:], internetChecksum(m))
	}
	return m
}

// internetChecksum is RFC 1071's.
func internetChecksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// icmpMessage is a received message, taken apart.
type icmpMessage struct {
	typ, code int
	id, seq   uint16 // of an echo message, or of the one that an error quotes
	data      []byte // after the eight bytes of header
	info      uint32 // bytes 4 to 7: an error's MTU or pointer
	// quoted is set for an error: the packet it is about.
	quoted *quotedPacket
}

// quotedPacket is what an ICMP error quotes of the packet that caused it.
type quotedPacket struct {
	src, dst     netip.Addr
	proto        int
	sport, dport uint16 // UDP and TCP
	icmpType     int    // ICMP: the quoted message's type
}

// parseICMP takes a message apart; ok is false if it is too short.
func parseICMP(pkt stack.ICMPPacket) (m icmpMessage, ok bool) {
	d := pkt.Data
	if len(d) < icmpHeaderLen {
		return m, false
	}
	m = icmpMessage{
		typ: int(d[0]), code: int(d[1]), id: binary.BigEndian.Uint16(d[4:]),
		seq: binary.BigEndian.Uint16(d[6:]), info: binary.BigEndian.Uint32(d[4:]), data: d[8:],
	}
	if !m.isError(pkt.From.Is6()) {
		return m, true
	}
	m.quoted = m.quote(d[8:], pkt.From.Is6())
	return m, true
}

func (m *icmpMessage) isError(v6 bool) bool {
	if v6 {
		return m.typ < 128
	}
	switch m.typ {
	case icmpUnreachable, icmpSourceQuench, icmpRedirect, icmpTimeExceeded, 12:
		return true
	}
	return false
}

// gateway is the next hop that a redirect names.
func (m *icmpMessage) gateway() netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, m.info)))
}

// quote reads the quoted packet, and puts a quoted echo's id and seq into m.
func (m *icmpMessage) quote(b []byte, v6 bool) *quotedPacket {
	q := &quotedPacket{}
	if v6 {
		if len(b) < 40 {
			return nil
		}
		q.src, _ = netip.AddrFromSlice(b[8:24])
		q.dst, _ = netip.AddrFromSlice(b[24:40])
		q.proto = int(b[6])
		b = b[40:]
	} else {
		if len(b) < 20 || len(b) < int(b[0]&15)*4 {
			return nil
		}
		q.src, _ = netip.AddrFromSlice(b[12:16])
		q.dst, _ = netip.AddrFromSlice(b[16:20])
		q.proto = int(b[9])
		b = b[int(b[0]&15)*4:]
	}
	if len(b) < 8 {
		return q
	}
	switch q.proto {
	case protoICMP, protoICMPv6:
		q.icmpType = int(b[0])
		m.id, m.seq = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	case protoUDP, 6:
		q.sport, q.dport = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	}
	return q
}
