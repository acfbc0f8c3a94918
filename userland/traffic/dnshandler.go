package traffic

import (
	"net/netip"
	"time"

	"dnetsim/stack"
)

// DNSQuery is one question that a server got.
type DNSQuery struct {
	Name string // as asked, without the dot at the end
	Type string // "A", "AAAA", "CNAME", "PTR", …
	From netip.AddrPort
	TCP  bool
}

// DNSRcode is how a query was answered.
type DNSRcode int

// The response codes, RFC 1035 §4.1.1.
const (
	DNSSuccess  DNSRcode = 0
	DNSServFail DNSRcode = 2
	DNSNXDomain DNSRcode = 3
	DNSNotImpl  DNSRcode = 4
	DNSRefused  DNSRcode = 5
)

// DNSAnswer is what a [DNSHandler] wants done with a query. The zero value is
// an empty answer: the name exists, and has no such record.
type DNSAnswer struct {
	Records []DNSRecord
	Rcode   DNSRcode
	// Authoritative and RecursionAvailable are the header's AA and RA flags.
	Authoritative, RecursionAvailable bool
	// EDNS answers a query's OPT record with one; Compress packs names with
	// pointers. dnsmasq does both, the Docker resolver neither.
	EDNS, Compress bool
	// Delay is how long the server thinks before it sends the answer.
	Delay time.Duration
	// Silent gives no answer at all.
	Silent bool
	// Forward, if not empty, asks these servers in turn and relays the first
	// answer as it came; Records and Rcode are then ignored. ForwardFrom is the
	// namespace to ask from, nil for the server's process. When no server
	// answers the client gets SERVFAIL.
	Forward     []netip.AddrPort
	ForwardFrom *stack.Namespace
	// ForwardTimeout is the time that each server gets, 0 for 5 s.
	ForwardTimeout time.Duration
}

// DNSHandler answers the queries of a server that [ServeDNS] or [ServeDNSTCP]
// runs. It does not block.
type DNSHandler interface {
	Answer(q DNSQuery) DNSAnswer
}

// DNSHandlerFunc is a function as a [DNSHandler].
type DNSHandlerFunc func(q DNSQuery) DNSAnswer

// Answer calls f.
func (f DNSHandlerFunc) Answer(q DNSQuery) DNSAnswer { return f(q) }
