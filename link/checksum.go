package link

import (
	"encoding/binary"
	"math/bits"
)

// FillChecksum computes the transport checksum of a TCP, UDP, ICMP or ICMPv6
// packet into the frame's bytes and marks it complete. It does nothing unless
// the frame is ChecksumPartial. The caller holds the only reference.
func FillChecksum(f *Frame) {
	if f.Checksum != ChecksumPartial {
		return
	}
	FillChecksumBytes(f.data)
	f.Checksum = ChecksumComplete
}

// FillChecksumBytes is FillChecksum for a bare frame whose checksum is known to
// be missing.
func FillChecksumBytes(b []byte) {
	h, ok := ParseHeaders(b)
	if !ok || !h.IP || h.More || h.Fragment {
		return
	}
	off, ok := checksumOffset(h.Proto)
	if !ok || h.L4+off+2 > h.End {
		return
	}
	field := b[h.L4+off:]
	field[0], field[1] = 0, 0
	sum := transportChecksum(b, &h)
	if sum == 0 && h.Proto == ProtoUDP {
		sum = 0xffff // RFC 768: zero means none
	}
	binary.BigEndian.PutUint16(field, sum)
}

// checksumOffset is where a protocol keeps its checksum.
func checksumOffset(proto uint8) (int, bool) {
	switch proto {
	case ProtoTCP:
		return 16, true
	case ProtoUDP:
		return 6, true
	case ProtoICMP, ProtoICMPv6, ProtoIGMP:
		return 2, true
	}
	return 0, false
}

// transportChecksum is the checksum over the transport part as it stands, with
// its pseudo header if it has one: 0 if the field in it is right.
func transportChecksum(b []byte, h *Headers) uint16 {
	var s uint32
	n := uint32(h.End - h.L4)
	if h.Proto != ProtoICMP && h.Proto != ProtoIGMP {
		if h.V6 {
			s = Sum16(s, b[h.L3+8:h.L3+40])
		} else {
			s = Sum16(s, b[h.L3+12:h.L3+20])
		}
		s += uint32(h.Proto) + n&0xffff + n>>16
	}
	return Fold(Sum16(s, b[h.L4:h.End]))
}

// Sum16 adds the 16-bit words of b to s, a last odd byte as the high one
// (RFC 1071). It adds eight bytes at a time, carries included: that is the same
// sum once it is folded.
func Sum16(s uint32, b []byte) uint32 {
	acc, carry := uint64(s), uint64(0)
	for len(b) >= 32 {
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b), carry)
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b[8:]), carry)
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b[16:]), carry)
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b[24:]), carry)
		b = b[32:]
	}
	for len(b) >= 8 {
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	acc = acc>>32 + acc&0xffffffff + carry
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

// Fold is the Internet checksum of a sum of 16-bit words (RFC 1071).
func Fold(s uint32) uint16 {
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// ChecksumGood reports whether the transport checksum in the frame's bytes is
// right. Fragments, protocols without checksum, and UDP over IPv4 that uses
// none count as good.
func ChecksumGood(f *Frame) bool {
	h, ok := ParseHeaders(f.data)
	if !ok || !h.IP || h.More || h.Fragment {
		return true
	}
	off, ok := checksumOffset(h.Proto)
	if !ok {
		return true
	}
	if h.L4+off+2 > h.End {
		return false
	}
	if h.Proto == ProtoUDP && !h.V6 && binary.BigEndian.Uint16(f.data[h.L4+off:]) == 0 {
		return true
	}
	return transportChecksum(f.data, &h) == 0
}

// SpoilChecksum turns the checksum of a TCP or UDP packet in a frame wrong, and
// leaves other packets alone: it is what a network card does whose checksum
// offload gets tunnelled packets wrong.
func SpoilChecksum(b []byte) {
	h, ok := ParseHeaders(b)
	if !ok || !h.IP || h.Fragment || h.Proto != ProtoTCP && h.Proto != ProtoUDP {
		return
	}
	if off, _ := checksumOffset(h.Proto); h.L4+off+2 <= h.End {
		b[h.L4+off] ^= 0x55
		b[h.L4+off+1] ^= 0xaa
	}
}
