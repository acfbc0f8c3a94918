package netfilter

import (
	"net/netip"
	"strconv"
	"strings"
)

// addresses reads "a", "a/24", "a/255.255.255.0", names, and lists of them.
func (ps *parser) addresses(arg string, not bool) ([]addrTest, error) {
	var list []addrTest
	parts := strings.Split(arg, ",")
	if not && len(parts) > 1 {
		return nil, usagef("! not allowed with multiple source or destination IP addresses")
	}
	for _, part := range parts {
		host, mask, hasMask := strings.Cut(part, "/")
		m, err := ps.mask(mask, hasMask)
		if err != nil {
			return nil, err
		}
		hosts, err := ps.hosts(host)
		if err != nil {
			return nil, err
		}
		for _, h := range hosts {
			a := addrTest{not: not, addr: applyMask(h, m), mask: m}
			a.a, a.m = addrWords(a.addr), addrWords(m)
			n, contiguous := maskLen(m)
			a.set = not || !contiguous || n != 0
			list = append(list, a)
		}
	}
	return list, nil
}

func (ps *parser) hosts(host string) ([]netip.Addr, error) {
	v6 := ps.rules.opts.V6
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() == v6 && a.Zone() == "" {
		return []netip.Addr{a}, nil
	}
	if a, ok := shortV4(host); ok && !v6 {
		return []netip.Addr{a}, nil
	}
	if host == "0" && v6 { // inet_pton does not take it, the resolver's :: does
		return []netip.Addr{netip.IPv6Unspecified()}, nil
	}
	if host == "localhost" {
		if v6 {
			return []netip.Addr{netip.IPv6Loopback()}, nil
		}
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
	}
	var list []netip.Addr
	if f := ps.rules.opts.Lookup; f != nil {
		for _, s := range f(host) {
			if a, err := netip.ParseAddr(s); err == nil && a.Is6() == v6 {
				list = append(list, a)
			}
		}
	}
	if list == nil {
		return nil, usagef("host/network `%s' not found", host)
	}
	return list, nil
}

// shortV4 reads networks such as "10.0.0" or "10", the rest being zero.
func shortV4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return netip.Addr{}, false
		}
		b[i] = byte(n)
	}
	return netip.AddrFrom4(b), true
}

func (ps *parser) mask(s string, given bool) (netip.Addr, error) {
	v6 := ps.rules.opts.V6
	bits := 32
	if v6 {
		bits = 128
	}
	if !given {
		return lenMask(bits, v6), nil
	}
	if n, err := strconv.ParseUint(s, 10, 16); err == nil && int(n) <= bits {
		return lenMask(int(n), v6), nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() == v6 && a.Zone() == "" {
		return a, nil
	}
	return netip.Addr{}, usagef("invalid mask `%s' specified", s)
}
