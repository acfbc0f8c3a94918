package link

import "fmt"

// MAC is a 48-bit Ethernet address.
type MAC [6]byte

// broadcastMAC is ff:ff:ff:ff:ff:ff.
var broadcastMAC = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

const hexDigits = "0123456789abcdef"

// String is the address as Linux prints it: "02:42:ac:11:00:02".
func (m MAC) String() string {
	var b [17]byte
	for i, v := range m {
		b[3*i], b[3*i+1] = hexDigits[v>>4], hexDigits[v&15]
		if i < 5 {
			b[3*i+2] = ':'
		}
	}
	return string(b[:])
}

// ParseMAC reads six groups of one or two hexadecimal digits joined by colons
// or hyphens.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	group, digits := 0, 0
	var v byte
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ':' || s[i] == '-' {
			if digits == 0 || group > 5 {
				return MAC{}, fmt.Errorf("invalid MAC address %q", s)
			}
			m[group] = v
			group, digits, v = group+1, 0, 0
			continue
		}
		d := unhex(s[i])
		if d < 0 || digits == 2 {
			return MAC{}, fmt.Errorf("invalid MAC address %q", s)
		}
		v, digits = v<<4|byte(d), digits+1
	}
	if group != 6 {
		return MAC{}, fmt.Errorf("invalid MAC address %q", s)
	}
	return m, nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// IsBroadcast reports whether m is ff:ff:ff:ff:ff:ff.
func (m MAC) IsBroadcast() bool { return m == broadcastMAC }

// IsMulticast reports whether the group bit is set; broadcast has it too.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// IsZero reports whether m is 00:00:00:00:00:00.
func (m MAC) IsZero() bool { return m == MAC{} }

// key is the address as a number: maps of machine words are faster.
func (m MAC) key() uint64 {
	return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 |
		uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
}

// keyGroup is the group bit in a key.
const keyGroup = 1 << 40
