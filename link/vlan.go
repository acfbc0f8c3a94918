package link

import "encoding/binary"

// vLANHeaderLen is the length of an 802.1Q tag. No MTU counts it: a switch
// that carries 1500 bytes carries them tagged too.
const vLANHeaderLen = 4

// maxVLAN is the highest VLAN identifier; 0 means "priority only" and 4095 is
// reserved (IEEE 802.1Q, table 9-2), but Linux takes both.
const maxVLAN = 4095

// VLANID is the VLAN identifier of a tagged frame.
func (f *Frame) VLANID() (id uint16, tagged bool) {
	if len(f.data) < HeaderLen+vLANHeaderLen || f.EtherType() != TypeVLAN {
		return 0, false
	}
	return binary.BigEndian.Uint16(f.data[HeaderLen:]) & maxVLAN, true
}

// PushVLAN puts an 802.1Q tag with priority 0 behind the addresses. It takes
// over one reference and returns another frame.
func PushVLAN(f *Frame, id uint16) *Frame {
	t := f.pool.New(len(f.data) + vLANHeaderLen)
	copy(t.data, f.data[:12])
	binary.BigEndian.PutUint16(t.data[12:], TypeVLAN)
	binary.BigEndian.PutUint16(t.data[14:], id&maxVLAN)
	copy(t.data[16:], f.data[12:])
	t.GSO, t.Checksum, t.Mark = f.GSO, f.Checksum, f.Mark
	f.Release()
	return t
}

// PopVLAN takes the outer tag off. It takes over one reference; a frame without
// tag comes back as it is.
func PopVLAN(f *Frame) *Frame {
	if _, tagged := f.VLANID(); !tagged {
		return f
	}
	t := f.pool.New(len(f.data) - vLANHeaderLen)
	copy(t.data, f.data[:12])
	copy(t.data[12:], f.data[16:])
	t.GSO, t.Checksum, t.Mark = f.GSO, f.Checksum, f.Mark
	f.Release()
	return t
}

// tagLen is how many bytes of a frame are tags, which no MTU counts.
func tagLen(b []byte) int {
	if len(b) >= HeaderLen+vLANHeaderLen && binary.BigEndian.Uint16(b[12:]) == TypeVLAN {
		return vLANHeaderLen
	}
	return 0
}
