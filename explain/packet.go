package explain

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"dnetsim/link"
)

// packet is what the headers of a frame say, as far as a journey needs it.
type packet struct {
	arp      bool
	request  bool // of ARP or NDP: a question
	target   netip.Addr
	ip       bool
	src, dst netip.Addr
	proto    byte
	sport    uint16 // for echo messages, the identifier
	dport    uint16
	icmpType byte
	icmpCode byte
	flags    byte // of TCP
	ttl      byte
	size     int     // of the IP packet
	quoted   *packet // within an ICMP error
}

// protoESP is the IP protocol of encrypted packets.
const protoESP = 50

const (
	tcpSYN = 2
	tcpRST = 4
	tcpACK = 16
)

// decode reads a frame; the zero packet is one that is of no interest.
func decode(frame []byte) packet {
	if len(frame) < link.HeaderLen {
		return packet{}
	}
	kind, b := binary.BigEndian.Uint16(frame[12:]), frame[link.HeaderLen:]
	for kind == 0x8100 && len(b) >= 4 {
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	switch {
	case kind == 0x0806 && len(b) >= 28:
		return packet{arp: true, request: b[7] == 1, src: netip.AddrFrom4([4]byte(b[14:18])), target: netip.AddrFrom4([4]byte(b[24:28]))}
	case kind == 0x0800:
		return decode4(b)
	case kind == 0x86dd:
		return decode6(b)
	}
	return packet{}
}

func decode4(b []byte) packet {
	if len(b) < 20 || len(b) < int(b[0]&15)*4 {
		return packet{}
	}
	p := packet{
		ip: true, src: netip.AddrFrom4([4]byte(b[12:16])), dst: netip.AddrFrom4([4]byte(b[16:20])),
		proto: b[9], ttl: b[8], size: int(binary.BigEndian.Uint16(b[2:])),
	}
	if binary.BigEndian.Uint16(b[6:])&0x1fff == 0 {
		p.above(b[int(b[0]&15)*4:], false)
	}
	return p
}

func decode6(b []byte) packet {
	if len(b) < 40 {
		return packet{}
	}
	p := packet{
		ip: true, src: netip.AddrFrom16([16]byte(b[8:24])), dst: netip.AddrFrom16([16]byte(b[24:40])),
		proto: b[6], ttl: b[7], size: 40 + int(binary.BigEndian.Uint16(b[4:])),
	}
	p.above(b[40:], true)
	return p
}

// above reads the header above IP.
func (p *packet) above(b []byte, v6 bool) {
	switch {
	case (p.proto == 6 || p.proto == 17) && len(b) >= 8:
		p.sport, p.dport = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		if p.proto == 6 && len(b) >= 14 {
			p.flags = b[13]
		}
	case p.proto == 1 && len(b) >= 8:
		p.icmpType, p.icmpCode = b[0], b[1]
		switch b[0] {
		case 0, 8:
			p.sport = binary.BigEndian.Uint16(b[4:])
		case 3, 11, 12:
			q := decode4(b[8:])
			p.quoted = &q
		}
	case p.proto == 58 && v6 && len(b) >= 8:
		p.above6(b)
	}
}

func (p *packet) above6(b []byte) {
	p.icmpType, p.icmpCode = b[0], b[1]
	switch b[0] {
	case 128, 129:
		p.sport = binary.BigEndian.Uint16(b[4:])
	case 1, 2, 3, 4:
		q := decode6(b[8:])
		p.quoted = &q
	case 135:
		if len(b) >= 24 {
			p.ip, p.arp, p.request, p.target = false, true, true, netip.AddrFrom16([16]byte(b[8:24]))
		}
	case 136:
		p.ip, p.arp = false, true
	}
}

// tuple is what makes packets one flow.
type tuple struct {
	src, dst     netip.Addr
	proto        byte
	sport, dport uint16
}

func (p *packet) tuple() tuple { return tuple{p.src, p.dst, p.proto, p.sport, p.dport} }

// back is the tuple of an answer.
func (t tuple) back() tuple {
	if t.proto == 1 || t.proto == 58 {
		return tuple{t.dst, t.src, t.proto, t.sport, t.dport}
	}
	return tuple{t.dst, t.src, t.proto, t.dport, t.sport}
}

// isError reports whether the packet is an ICMP error.
func (p *packet) isError() bool { return p.quoted != nil }

// echoReply reports whether the packet answers a ping.
func (p *packet) echoReply() bool {
	return p.proto == 1 && p.icmpType == 0 || p.proto == 58 && p.icmpType == 129
}

// String is the packet in a few words, "172.16.0.1 → 172.16.0.2 ICMP echo request".
func (p *packet) String() string {
	switch {
	case p.arp && p.request:
		return fmt.Sprintf("who has %s? tell %s", p.target, p.src)
	case p.arp:
		return fmt.Sprintf("%s answers for its link address", p.src)
	case !p.ip:
		return "a frame"
	case p.proto == 6 || p.proto == 17:
		return fmt.Sprintf("%s → %s %s", end(p.src, p.sport), end(p.dst, p.dport), p.word())
	}
	return fmt.Sprintf("%s → %s %s", p.src, p.dst, p.word())
}

func end(a netip.Addr, port uint16) string { return netip.AddrPortFrom(a, port).String() }

// word is what kind of packet it is.
func (p *packet) word() string {
	switch {
	case p.proto == 17:
		return "UDP"
	case p.proto == 6 && p.flags&tcpRST != 0:
		return "TCP RST"
	case p.proto == 6 && p.flags&(tcpSYN|tcpACK) == tcpSYN|tcpACK:
		return "TCP SYN-ACK"
	case p.proto == 6 && p.flags&tcpSYN != 0:
		return "TCP SYN"
	case p.proto == 6:
		return "TCP"
	case p.isError():
		return "ICMP " + errorWord(p)
	case p.proto == 1 && p.icmpType == 8 || p.proto == 58 && p.icmpType == 128:
		return "ICMP echo request"
	case p.echoReply():
		return "ICMP echo reply"
	}
	return fmt.Sprintf("protocol %d", p.proto)
}

func errorWord(p *packet) string {
	if p.proto == 58 {
		return [...]string{"", "unreachable", "packet too big", "time exceeded", "parameter problem"}[min(p.icmpType, 4)]
	}
	switch {
	case p.icmpType == 11:
		return "time exceeded"
	case p.icmpType == 3 && int(p.icmpCode) < len(unreachableWords):
		return unreachableWords[p.icmpCode]
	}
	return "unreachable"
}

// unreachableWords are the codes of RFC 792 and RFC 1812, section 5.2.7.1.
var unreachableWords = [...]string{
	"net unreachable", "host unreachable", "protocol unreachable", "port unreachable", "fragmentation needed", "source route failed",
	"net unknown", "host unknown", "source host isolated", "net prohibited", "host prohibited", "net unreachable for this service",
	"host unreachable for this service", "administratively prohibited",
}
