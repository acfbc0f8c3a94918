package link

import "encoding/binary"

const (
	// VXLANPort is the port of VXLAN (RFC 7348), which Docker's overlay uses too.
	VXLANPort = 4789
	// VXLANHeaderLen is the length of the VXLAN header behind the UDP header.
	VXLANHeaderLen = 8
	// VXLANOverhead is how much smaller a packet has to be to fit through a
	// tunnel over IPv4: the inner Ethernet header, VXLAN, UDP and IPv4.
	VXLANOverhead = HeaderLen + VXLANHeaderLen + 8 + 20
	// MaxVNI is the highest network identifier: it has 24 bits.
	MaxVNI = 1<<24 - 1

	vxlanFlagVNI = 0x08 // "I": the identifier is valid
)

// PutVXLANHeader writes the eight bytes before the inner frame.
func PutVXLANHeader(b []byte, vni uint32) {
	binary.BigEndian.PutUint32(b, vxlanFlagVNI<<24)
	binary.BigEndian.PutUint32(b[4:], vni<<8)
}

// ParseVXLAN splits the payload of a VXLAN datagram. It reports false for one
// that is too short, has no valid network identifier, or has reserved bits set,
// which the kernel drops.
func ParseVXLAN(b []byte) (vni uint32, inner []byte, ok bool) {
	if len(b) < VXLANHeaderLen+HeaderLen {
		return 0, nil, false
	}
	if binary.BigEndian.Uint32(b) != vxlanFlagVNI<<24 || b[7] != 0 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(b[4:]) >> 8, b[VXLANHeaderLen:], true
}

// flowHash is a number that all frames of a conversation have in common, in
// both directions as in the kernel's flow dissector: addresses, protocol and
// ports of IP, else the Ethernet addresses.
func flowHash(b []byte) uint32 {
	h, ok := ParseHeaders(b)
	if !ok {
		return 0
	}
	if !h.IP {
		return mix(mix(0, MACAt(b, 0).key()^MACAt(b, 6).key()), uint64(h.EtherType))
	}
	src, dst := b[h.L3+12:h.L3+16], b[h.L3+16:h.L3+20]
	if h.V6 {
		src, dst = b[h.L3+8:h.L3+24], b[h.L3+24:h.L3+40]
	}
	// xor and sum are the same whichever of two comes first
	s := mix(0, uint64(h.Proto))
	for i := 0; i < len(src); i += 4 {
		x, y := uint64(binary.BigEndian.Uint32(src[i:])), uint64(binary.BigEndian.Uint32(dst[i:]))
		s = mix(mix(s, x^y), x+y)
	}
	if h.Ports && !h.More {
		x, y := uint64(h.SrcPort), uint64(h.DstPort)
		s = mix(mix(s, x^y), x+y)
	}
	return s
}

// mix stirs v into a running hash (FNV-1a over words, with a final avalanche).
func mix(s uint32, v uint64) uint32 {
	h := (uint64(s) ^ v) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return uint32(h >> 32)
}

// flowPort is the source port of a tunnelled frame: udp_flow_src_port over a
// range of ports.
func flowPort(b []byte, low, high uint16) uint16 {
	h := flowHash(b)
	h ^= h << 16
	return low + uint16(uint64(h)*uint64(high-low)>>32)
}
