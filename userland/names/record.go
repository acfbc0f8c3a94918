package names

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Record is one resource record in the words of a zone file. Names have no
// dot at the end.
type Record struct {
	Name  string
	Type  string // "A", "AAAA", "CNAME", "PTR", …
	TTL   uint32 // seconds
	Value string // an address, or a name
}

// rr is the record as miekg/dns packs it.
func (r Record) rr() (dns.RR, error) {
	value := r.Value
	switch r.Type {
	case "CNAME", "PTR", "NS":
		value = dns.Fqdn(value)
	}
	return dns.NewRR(fmt.Sprintf("%s %d IN %s %s", dns.Fqdn(r.Name), r.TTL, r.Type, value))
}

// addressRecord is the A or AAAA record of a name.
func addressRecord(name string, a netip.Addr, ttl uint32) Record {
	kind := "A"
	if !a.Is4() {
		kind = "AAAA"
	}
	return Record{Name: name, Type: kind, TTL: ttl, Value: a.String()}
}

// ReverseName is the name of an address in in-addr.arpa or ip6.arpa.
func ReverseName(a netip.Addr) string {
	name, _ := dns.ReverseAddr(a.String())
	return strings.TrimSuffix(name, ".")
}
