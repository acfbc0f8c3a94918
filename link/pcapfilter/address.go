package pcapfilter

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"dnetsim/link"
	"dnetsim/link/print"
)

func portFilter(q qualifier, id string) (predicate, error) {
	lo, hi, err := portRange(q, id)
	if err != nil {
		return nil, err
	}
	want, any := uint8(0), true
	switch q.proto {
	case "tcp", "udp", "sctp":
		want, _ = link.ProtocolNumber(q.proto)
		any = false
	case "", "ip", "ip6":
	default:
		return nil, fmt.Errorf("illegal qualifier of 'port'")
	}
	return func(k *packet) bool {
		h := &k.h
		if !h.Ports || !any && h.Proto != want || q.proto == "ip" && h.V6 || q.proto == "ip6" && !h.V6 {
			return false
		}
		return choose(q.dir, h.SrcPort >= lo && h.SrcPort <= hi, h.DstPort >= lo && h.DstPort <= hi)
	}, nil
}

func portRange(q qualifier, id string) (lo, hi uint16, err error) {
	from, to, ok := strings.Cut(id, "-")
	if !ok || q.kind == "port" {
		from, to = id, id
	}
	for i, s := range []string{from, to} {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			known, ok := print.ServicePort(s)
			if !ok {
				return 0, 0, fmt.Errorf("unknown port '%s'", s)
			}
			n = uint64(known)
		}
		if n > 65535 {
			return 0, 0, fmt.Errorf("illegal port number %d > 65535", n)
		}
		if i == 0 {
			lo = uint16(n)
		} else {
			hi = uint16(n)
		}
	}
	if lo > hi {
		lo, hi = hi, lo
	}
	return lo, hi, nil
}

func (p *parser) netFilter(q qualifier, id string) (predicate, error) {
	if p.accept("mask") {
		addr, err := netip.ParseAddr(id)
		mask, err2 := netip.ParseAddr(p.next())
		if err != nil || err2 != nil || !addr.Is4() || !mask.Is4() {
			return nil, errSyntax
		}
		m := mask.As4()
		bits := 0
		for _, b := range m {
			for ; b&0x80 != 0; b <<= 1 {
				bits++
			}
		}
		return addressFilter(q, netip.PrefixFrom(addr, bits)), nil
	}
	pre, ok := shortNet(id)
	if !ok {
		return nil, fmt.Errorf("unknown network '%s'", id)
	}
	if pre.Masked() != pre {
		return nil, fmt.Errorf("non-network bits set in \"%s\"", id)
	}
	return addressFilter(q, pre), nil
}

// shortNet reads "10.0.0.0/8", "172.17" (a /16), or an address.
func shortNet(id string) (netip.Prefix, bool) {
	addr, bits, slash := strings.Cut(id, "/")
	if strings.Contains(addr, ":") {
		a, err := netip.ParseAddr(addr)
		n := 128
		if slash {
			var err2 error
			n, err2 = strconv.Atoi(bits)
			if err2 != nil {
				return netip.Prefix{}, false
			}
		}
		return netip.PrefixFrom(a, n), err == nil && n <= 128
	}
	parts := strings.Count(addr, ".") + 1
	a, err := netip.ParseAddr(addr + strings.Repeat(".0", max(0, 4-parts)))
	if err != nil {
		return netip.Prefix{}, false
	}
	n := 8 * parts
	if parts == 4 {
		n = 32
		if !slash {
			// a trailing zero is a shorter network, as in "net 10.0.0.0"
			b := a.As4()
			for n > 0 && b[n/8-1] == 0 {
				n -= 8
			}
		}
	}
	if slash {
		if n, err = strconv.Atoi(bits); err != nil || n > 32 {
			return netip.Prefix{}, false
		}
	}
	return netip.PrefixFrom(a, n), true
}

// addressFilter matches IP packets, and ARP for IPv4, by address.
func addressFilter(q qualifier, pre netip.Prefix) predicate {
	v6 := pre.Addr().Is6()
	return func(k *packet) bool {
		src, dst, kind := addresses(k)
		if kind == "" || src.Is6() != v6 {
			return false
		}
		switch q.proto {
		case "", kind:
		case "tcp", "udp", "icmp", "icmp6", "igmp", "sctp":
			n, _ := link.ProtocolNumber(q.proto)
			if !k.h.IP || k.h.Proto != n {
				return false
			}
		default:
			return false
		}
		return choose(q.dir, pre.Contains(src), pre.Contains(dst))
	}
}

// addresses are the network addresses of a packet, ARP's included; kind is
// "ip", "ip6", "arp", "rarp", or empty.
func addresses(k *packet) (src, dst netip.Addr, kind string) {
	b, at := k.b, k.h.L3
	switch {
	case k.h.V6:
		return netip.AddrFrom16([16]byte(b[at+8 : at+24])), netip.AddrFrom16([16]byte(b[at+24 : at+40])), "ip6"
	case k.h.IP:
		return netip.AddrFrom4([4]byte(b[at+12 : at+16])), netip.AddrFrom4([4]byte(b[at+16 : at+20])), "ip"
	case (k.h.EtherType == link.TypeARP || k.h.EtherType == 0x8035) && len(b) >= at+28:
		kind = "arp"
		if k.h.EtherType != link.TypeARP {
			kind = "rarp"
		}
		return netip.AddrFrom4([4]byte(b[at+14 : at+18])), netip.AddrFrom4([4]byte(b[at+24 : at+28])), kind
	}
	return src, dst, ""
}
