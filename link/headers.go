package link

import (
	"encoding/binary"
	"strconv"
)

// headers is where things are in a frame that carries IP: as much as cutting,
// blocking and filtering need. Offsets count from the start of the frame.
type headers struct {
	etherType uint16
	l3        int // start of the network header
	ip        bool
	v6        bool
	proto     uint8 // transport protocol, IPv6 extension headers skipped
	fragment  bool  // not the first fragment: there is no transport header
	more      bool  // any fragment of a fragmented packet
	l4        int   // start of the transport header
	end       int   // end of the packet by its own length field
	ports     bool  // TCP, UDP or SCTP, with the ports within the frame
	srcPort   uint16
	dstPort   uint16
}

// Transport protocols (IANA).
const (
	protoICMP   = 1
	protoIGMP   = 2
	protoTCP    = 6
	protoUDP    = 17
	protoESP    = 50
	protoICMPv6 = 58
	protoSCTP   = 132
)

// protocolNumber reads a protocol as a tcpdump word or a decimal number.
func protocolNumber(s string) (uint8, bool) {
	switch s {
	case "icmp":
		return protoICMP, true
	case "igmp":
		return protoIGMP, true
	case "tcp":
		return protoTCP, true
	case "udp":
		return protoUDP, true
	case "esp":
		return protoESP, true
	case "icmp6", "icmpv6":
		return protoICMPv6, true
	case "sctp":
		return protoSCTP, true
	}
	n, err := strconv.ParseUint(s, 0, 8)
	return uint8(n), err == nil
}

// parseHeaders reads a frame's headers. It reports false for what is too short
// to be Ethernet; a frame that is not IP has only its type.
func parseHeaders(b []byte) (h headers, ok bool) {
	if len(b) < HeaderLen {
		return h, false
	}
	h.etherType = binary.BigEndian.Uint16(b[12:])
	h.l3 = HeaderLen
	for h.etherType == TypeVLAN && len(b) >= h.l3+4 {
		h.etherType = binary.BigEndian.Uint16(b[h.l3+2:])
		h.l3 += 4
	}
	switch h.etherType {
	case TypeIPv4:
		h.parseIPv4(b)
	case TypeIPv6:
		h.parseIPv6(b)
	}
	if h.ip && !h.fragment {
		h.parsePorts(b)
	}
	return h, true
}

func (h *headers) parseIPv4(b []byte) {
	p := b[h.l3:]
	if len(p) < 20 || p[0]>>4 != 4 || int(p[0]&15)*4 < 20 {
		return
	}
	h.ip = true
	h.proto = p[9]
	h.l4 = h.l3 + int(p[0]&15)*4
	h.end = min(len(b), h.l3+int(binary.BigEndian.Uint16(p[2:])))
	frag := binary.BigEndian.Uint16(p[6:])
	h.fragment = frag&0x1fff != 0
	h.more = frag&0x3fff != 0
}

func (h *headers) parseIPv6(b []byte) {
	p := b[h.l3:]
	if len(p) < 40 || p[0]>>4 != 6 {
		return
	}
	h.ip, h.v6 = true, true
	h.end = min(len(b), h.l3+40+int(binary.BigEndian.Uint16(p[4:])))
	next, at := p[6], h.l3+40
	for {
		switch next {
		case 0, 43, 60: // hop-by-hop, routing, destination options
			if len(b) < at+8 {
				h.proto, h.l4, h.fragment = next, at, true
				return
			}
			next, at = b[at], at+8*(int(b[at+1])+1)
		case 44: // fragment
			if len(b) < at+8 {
				h.proto, h.l4, h.fragment = next, at, true
				return
			}
			off := binary.BigEndian.Uint16(b[at+2:])
			h.more = true
			next, at = b[at], at+8
			if off>>3 != 0 {
				h.proto, h.l4, h.fragment = next, at, true
				return
			}
		default:
			h.proto, h.l4 = next, at
			return
		}
	}
}

func (h *headers) parsePorts(b []byte) {
	if h.proto != protoTCP && h.proto != protoUDP && h.proto != protoSCTP {
		return
	}
	if len(b) < h.l4+4 {
		return
	}
	h.ports = true
	h.srcPort = binary.BigEndian.Uint16(b[h.l4:])
	h.dstPort = binary.BigEndian.Uint16(b[h.l4+2:])
}
