package names

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"

	"dnetsim/userland"

	"github.com/miekg/dns"
)

// ResolveOptions narrow a lookup. The zero value asks for both families.
type ResolveOptions struct {
	Family int // 4, 6 or 0 for both
}

// Addresses is [Resolve] for [userland.Machine.Resolve].
func Addresses(p *userland.Process, name string) ([]netip.Addr, error) {
	at, _, err := Resolve(p, name, ResolveOptions{})
	return at, err
}

// Resolve turns a name into addresses as getaddrinfo does on the process's
// machine: an address as text, then /etc/hosts, then the servers of
// /etc/resolv.conf with its search list, over real UDP (TCP when truncated).
// canonical is the name at the end of the CNAME chain. The error is a
// [LookupError], or [sim.ErrInterrupted] when a signal came.
func Resolve(p *userland.Process, name string, opts ResolveOptions) (addrs []netip.Addr, canonical string, err error) {
	if a, ok := ParseAddr(name); ok {
		if !familyFits(a, opts.Family) {
			return nil, "", ErrNoData
		}
		return []netip.Addr{a}, name, nil
	}
	if name == "" || strings.ContainsAny(name, " /\t") {
		return nil, "", ErrNoName
	}
	if addrs, canonical = lookupHosts(p, name, opts.Family); len(addrs) > 0 {
		return addrs, canonical, nil
	}
	addrs, canonical, err = lookupDNS(p, name, opts.Family)
	sortAddresses(p, addrs)
	return addrs, canonical, err
}

// familyFits reports whether a is of the family 4, 6 or 0.
func familyFits(a netip.Addr, family int) bool {
	return family == 0 || (family == 4) == a.Is4()
}

// ParseAddr reads an address: IPv6 text, or IPv4 in any form of inet_aton
// ("10.1" is 10.0.0.1).
func ParseAddr(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a, true
	}
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint32
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(part, 0, 64)
		if err != nil || n >= 1<<bits || strings.Contains(part, "_") {
			return netip.Addr{}, false
		}
		v = v<<bits | uint32(n)
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}

// lookupHosts searches /etc/hosts. Several lines may give several addresses;
// the first line's first name is the canonical one. The root's dot behind a
// name says nothing, in the file or in the question.
func lookupHosts(p *userland.Process, name string, family int) (addrs []netip.Addr, canonical string) {
	name = strings.TrimSuffix(name, ".")
	for _, e := range ReadHosts(p) {
		if !familyFits(e.Addr, family) {
			continue
		}
		for _, n := range e.Names {
			if strings.EqualFold(strings.TrimSuffix(n, "."), name) {
				addrs = append(addrs, e.Addr)
				if canonical == "" {
					canonical = e.Names[0]
				}
				break
			}
		}
	}
	return addrs, canonical
}

type HostsEntry struct {
	Addr  netip.Addr
	Names []string
}

func ReadHosts(p *userland.Process) []HostsEntry {
	data, _ := p.ReadFile("/etc/hosts")
	var es []HostsEntry
	for _, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		if a, err := netip.ParseAddr(f[0]); err == nil {
			es = append(es, HostsEntry{a, f[1:]})
		}
	}
	return es
}

// lookupDNS is res_search: the candidates one after the other until one has an
// address.
func lookupDNS(p *userland.Process, name string, family int) ([]netip.Addr, string, error) {
	types := []uint16{dns.TypeA, dns.TypeAAAA}
	switch family {
	case 4:
		types = types[:1]
	case 6:
		types = types[1:]
	}
	conf := ReadConfig(p)
	var failed, empty bool
	for _, full := range conf.Candidates(name) {
		replies, err := conf.ask(p, full, types)
		if err == ErrTryAgain {
			failed = true
			continue
		}
		if err != nil {
			return nil, "", err
		}
		addrs, canonical, exists := addressesIn(replies, full)
		if len(addrs) > 0 {
			return addrs, canonical, nil
		}
		empty = empty || exists
	}
	switch {
	case failed:
		return nil, "", ErrTryAgain
	case empty:
		return nil, "", ErrNoData
	}
	return nil, "", ErrNoName
}

// addressesIn collects the addresses of the replies along their CNAME chains.
func addressesIn(replies []*Reply, name string) (addrs []netip.Addr, canonical string, exists bool) {
	canonical = name
	for _, m := range replies {
		if m.Rcode != dns.RcodeSuccess {
			continue
		}
		exists = true
		at := dns.Fqdn(name)
		for _, rr := range m.Answer {
			if !strings.EqualFold(rr.Header().Name, at) {
				continue
			}
			switch r := rr.(type) {
			case *dns.CNAME:
				at = r.Target
			case *dns.A:
				if a, ok := netip.AddrFromSlice(r.A.To4()); ok {
					addrs = append(addrs, a)
				}
			case *dns.AAAA:
				if a, ok := netip.AddrFromSlice(r.AAAA.To16()); ok {
					addrs = append(addrs, a)
				}
			}
		}
		if at != dns.Fqdn(name) {
			canonical = strings.TrimSuffix(at, ".")
		}
	}
	return addrs, canonical, exists
}

// sortAddresses puts addresses that have a route first, and IPv6 before IPv4
// among those, which is what RFC 6724 comes to here.
func sortAddresses(p *userland.Process, addrs []netip.Addr) {
	rank := make(map[netip.Addr]int, len(addrs))
	for _, a := range addrs {
		if _, err := p.NS().RouteGet(a, netip.Addr{}); err != nil {
			rank[a] = 2
		}
		if a.Is4() {
			rank[a]++
		}
	}
	sort.SliceStable(addrs, func(i, k int) bool { return rank[addrs[i]] < rank[addrs[k]] })
}

// ReverseLookup is getnameinfo: the name of an address by /etc/hosts or a PTR
// query, "" if there is none.
func ReverseLookup(p *userland.Process, a netip.Addr) string {
	name, _ := LookupAddr(p, a)
	return name
}

// LookupAddr is ReverseLookup that tells an address without a name from a question
// without an answer.
func LookupAddr(p *userland.Process, a netip.Addr) (string, error) {
	for _, e := range ReadHosts(p) {
		if e.Addr == a {
			return e.Names[0], nil
		}
	}
	name, err := dns.ReverseAddr(a.String())
	if err != nil {
		return "", nil
	}
	conf := ReadConfig(p)
	replies, err := conf.ask(p, strings.TrimSuffix(name, "."), []uint16{dns.TypePTR})
	if err != nil {
		return "", err
	}
	for _, rr := range replies[0].Answer {
		if ptr, ok := rr.(*dns.PTR); ok {
			return strings.TrimSuffix(ptr.Ptr, "."), nil
		}
	}
	return "", nil
}
