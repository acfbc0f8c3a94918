package link

import (
	"encoding/binary"
	"strconv"
)

// Headers is where things are in a frame that carries IP: as much as cutting,
// blocking and filtering need. Offsets count from the start of the frame.
type Headers struct {
	EtherType uint16
	L3        int // start of the network header
	IP        bool
	V6        bool
	Proto     uint8 // transport protocol, IPv6 extension headers skipped
	Fragment  bool  // not the first fragment: there is no transport header
	More      bool  // any fragment of a fragmented packet
	L4        int   // start of the transport header
	End       int   // end of the packet by its own length field
	Ports     bool  // TCP, UDP or SCTP, with the ports within the frame
	SrcPort   uint16
	DstPort   uint16
}

// Transport protocols (IANA).
const (
	ProtoICMP   = 1
	ProtoIGMP   = 2
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoESP    = 50
	ProtoICMPv6 = 58
	ProtoSCTP   = 132
)

// ProtocolNumber reads a protocol as a tcpdump word or a decimal number.
func ProtocolNumber(s string) (uint8, bool) {
	switch s {
	case "icmp":
		return ProtoICMP, true
	case "igmp":
		return ProtoIGMP, true
	case "tcp":
		return ProtoTCP, true
	case "udp":
		return ProtoUDP, true
	case "esp":
		return ProtoESP, true
	case "icmp6", "icmpv6":
		return ProtoICMPv6, true
	case "sctp":
		return ProtoSCTP, true
	}
	n, err := strconv.ParseUint(s, 0, 8)
	return uint8(n), err == nil
}

// ParseHeaders reads a frame's headers. It reports false for what is too short
// to be Ethernet; a frame that is not IP has only its type.
func ParseHeaders(b []byte) (h Headers, ok bool) {
	if len(b) < HeaderLen {
		return h, false
	}
	h.EtherType = binary.BigEndian.Uint16(b[12:])
	h.L3 = HeaderLen
	for h.EtherType == TypeVLAN && len(b) >= h.L3+4 {
		h.EtherType = binary.BigEndian.Uint16(b[h.L3+2:])
		h.L3 += 4
	}
	switch h.EtherType {
	case TypeIPv4:
		h.parseIPv4(b)
	case TypeIPv6:
		h.parseIPv6(b)
	}
	if h.IP && !h.Fragment {
		h.parsePorts(b)
	}
	return h, true
}

func (h *Headers) parseIPv4(b []byte) {
	p := b[h.L3:]
	if len(p) < 20 || p[0]>>4 != 4 || int(p[0]&15)*4 < 20 {
		return
	}
	h.IP = true
	h.Proto = p[9]
	h.L4 = h.L3 + int(p[0]&15)*4
	h.End = min(len(b), h.L3+int(binary.BigEndian.Uint16(p[2:])))
	frag := binary.BigEndian.Uint16(p[6:])
	h.Fragment = frag&0x1fff != 0
	h.More = frag&0x3fff != 0
}

func (h *Headers) parseIPv6(b []byte) {
	p := b[h.L3:]
	if len(p) < 40 || p[0]>>4 != 6 {
		return
	}
	h.IP, h.V6 = true, true
	h.End = min(len(b), h.L3+40+int(binary.BigEndian.Uint16(p[4:])))
	next, at := p[6], h.L3+40
	for {
		switch next {
		case 0, 43, 60: // hop-by-hop, routing, destination options
			if len(b) < at+8 {
				h.Proto, h.L4, h.Fragment = next, at, true
				return
			}
			next, at = b[at], at+8*(int(b[at+1])+1)
		case 44: // fragment
			if len(b) < at+8 {
				h.Proto, h.L4, h.Fragment = next, at, true
				return
			}
			off := binary.BigEndian.Uint16(b[at+2:])
			h.More = true
			next, at = b[at], at+8
			if off>>3 != 0 {
				h.Proto, h.L4, h.Fragment = next, at, true
				return
			}
		default:
			h.Proto, h.L4 = next, at
			return
		}
	}
}

func (h *Headers) parsePorts(b []byte) {
	if h.Proto != ProtoTCP && h.Proto != ProtoUDP && h.Proto != ProtoSCTP {
		return
	}
	if len(b) < h.L4+4 {
		return
	}
	h.Ports = true
	h.SrcPort = binary.BigEndian.Uint16(b[h.L4:])
	h.DstPort = binary.BigEndian.Uint16(b[h.L4+2:])
}
