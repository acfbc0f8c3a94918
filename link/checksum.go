package link

import "encoding/binary"

// FillChecksum computes the transport checksum of a TCP, UDP, ICMP or ICMPv6
// packet into the frame's bytes and marks it complete. It does nothing unless
// the frame is ChecksumPartial. The caller holds the only reference.
func FillChecksum(f *Frame) {
	if f.Checksum != ChecksumPartial {
		return
	}
	fillBytes(f.data)
	f.Checksum = ChecksumComplete
}

// FillChecksumBytes is FillChecksum for a bare frame whose checksum is known to
// be missing.
func FillChecksumBytes(b []byte) { fillBytes(b) }

// fillBytes writes the transport checksum of the packet in b, if it has one.
func fillBytes(b []byte) {
	h, ok := parseHeaders(b)
	if !ok || !h.ip || h.more || h.fragment {
		return
	}
	off, ok := checksumOffset(h.proto)
	if !ok || h.l4+off+2 > h.end {
		return
	}
	field := b[h.l4+off:]
	field[0], field[1] = 0, 0
	sum := transportChecksum(b, &h)
	if sum == 0 && h.proto == protoUDP {
		sum = 0xffff // RFC 768: zero means none
	}
	binary.BigEndian.PutUint16(field, sum)
}

// checksumOffset is where a protocol keeps its checksum.
func checksumOffset(proto uint8) (int, bool) {
	switch proto {
	case protoTCP:
		return 16, true
	case protoUDP:
		return 6, true
	case protoICMP, protoICMPv6, protoIGMP:
		return 2, true
	}
	return 0, false
}

// transportChecksum is the checksum over the transport part as it stands, with
// its pseudo header if it has one: 0 if the field in it is right.
func transportChecksum(b []byte, h *headers) uint16 {
	var s uint32
	n := uint32(h.end - h.l4)
	if h.proto != protoICMP && h.proto != protoIGMP {
		if h.v6 {
			s = sum16(s, b[h.l3+8:h.l3+40])
		} else {
			s = sum16(s, b[h.l3+12:h.l3+20])
		}
		s += uint32(h.proto) + n&0xffff + n>>16
	}
	return fold(sum16(s, b[h.l4:h.end]))
}

// sum16 adds the 16-bit words of b to s, a last odd byte as the high one
// (RFC 1071). Frames are short enough that s cannot overflow when folded once
// per call.
func sum16(s uint32, b []byte) uint32 {
	acc := uint64(s)
	for len(b) >= 8 {
		v := binary.BigEndian.Uint64(b)
		acc += v>>48 + v>>32&0xffff + v>>16&0xffff + v&0xffff
		b = b[8:]
	}
	for len(b) >= 2 {
		acc += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	for acc>>32 != 0 {
		acc = acc>>32 + acc&0xffffffff
	}
	return uint32(acc)
}

func fold(s uint32) uint16 {
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// ChecksumGood reports whether the transport checksum in the frame's bytes is
// right. Fragments, protocols without checksum, and UDP over IPv4 that uses
// none count as good.
func ChecksumGood(f *Frame) bool {
	h, ok := parseHeaders(f.data)
	if !ok || !h.ip || h.more || h.fragment {
		return true
	}
	off, ok := checksumOffset(h.proto)
	if !ok {
		return true
	}
	if h.l4+off+2 > h.end {
		return false
	}
	if h.proto == protoUDP && !h.v6 && binary.BigEndian.Uint16(f.data[h.l4+off:]) == 0 {
		return true
	}
	return transportChecksum(f.data, &h) == 0
}

// SpoilChecksum turns the checksum of a TCP or UDP packet in a frame wrong, and
// leaves other packets alone: it is what a network card does whose checksum
// offload gets tunnelled packets wrong.
func SpoilChecksum(b []byte) {
	h, ok := parseHeaders(b)
	if !ok || !h.ip || h.fragment || h.proto != protoTCP && h.proto != protoUDP {
		return
	}
	if off, _ := checksumOffset(h.proto); h.l4+off+2 <= h.end {
		b[h.l4+off] ^= 0x55
		b[h.l4+off+1] ^= 0xaa
	}
}
