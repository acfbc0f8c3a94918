package names

import (
	"fmt"
	"net/netip"
	"time"

	"dnetsim/userland"

	"github.com/miekg/dns"
)

// RcodeError is a server's refusal by its code (RFC 1035, 4.1.1).
type RcodeError int

// Error is the code's name.
func (e RcodeError) Error() string {
	return fmt.Sprintf("the server answers %s", dns.RcodeToString[int(e)])
}

// AddressesAt asks one server, and nothing else of the machine, for the addresses
// of a name, IPv4's first, as programs with a resolver of their own do. ttl is how
// long all of them may be kept. A server that refuses is a [RcodeError].
func AddressesAt(p *userland.Process, server netip.AddrPort, name string, timeout time.Duration) (addrs []netip.Addr, ttl time.Duration, err error) {
	queries := []*dns.Msg{NewQuery(p, name, dns.TypeA), NewQuery(p, name, dns.TypeAAAA)}
	replies, err := Exchange(p, server, queries, timeout)
	if err != nil {
		return nil, 0, err
	}
	least := uint32(1 << 31)
	for _, m := range replies {
		if m.Rcode != dns.RcodeSuccess {
			return nil, 0, RcodeError(m.Rcode)
		}
		for _, rr := range m.Answer {
			least = min(least, rr.Header().Ttl)
			var ip []byte
			switch a := rr.(type) {
			case *dns.A:
				ip = a.A.To4()
			case *dns.AAAA:
				ip = a.AAAA
			}
			if a, ok := netip.AddrFromSlice(ip); ok {
				addrs = append(addrs, a)
			}
		}
	}
	return addrs, time.Duration(least) * time.Second, nil
}
