package scenarios

import "net/netip"

// unusable is why no machine can have an address, or "".
func unusable(a netip.Addr) string {
	switch {
	case a.IsMulticast():
		return "a group's address"
	case a.IsLoopback():
		return "a loopback address"
	case a.IsUnspecified():
		return "the address of nobody"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "the broadcast address"
	case a.Zone() != "":
		return "an address with a zone"
	case a.Is4In6():
		return "an IPv4 address in IPv6's form"
	case a.Is4() && a.As4()[0] == 0, a.Is4() && a.As4()[0] >= 240:
		return "a reserved address"
	}
	return ""
}

// edge is what an IPv4 address is if it is none of a host's in a subnet: its
// "network" or its "broadcast" address. A subnet of one or two addresses has
// neither (RFC 3021).
func edge(p netip.Prefix, a netip.Addr) string {
	if !a.Is4() || !p.Addr().Is4() || p.Bits() > 30 || !p.Contains(a) {
		return ""
	}
	if a == p.Masked().Addr() {
		return "network"
	}
	if !a.Next().IsValid() || !p.Contains(a.Next()) {
		return "broadcast"
	}
	return ""
}

// last is the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
