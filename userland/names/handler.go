package names

import (
	"net/netip"
	"time"

	"dnetsim/stack"
)

// Query is one question that a server got.
type Query struct {
	Name string // as asked, without the dot at the end
	Type string // "A", "AAAA", "CNAME", "PTR", …
	From netip.AddrPort
	TCP  bool
}

// Rcode is how a query was answered.
type Rcode int

// The response codes, RFC 1035 §4.1.1.
const (
	Success  Rcode = 0
	ServFail Rcode = 2
	NXDomain Rcode = 3
	NotImpl  Rcode = 4
	Refused  Rcode = 5
)

// Answer is what a [Handler] wants done with a query. The zero value is
// an empty answer: the name exists, and has no such record.
type Answer struct {
	Records []Record
	Rcode   Rcode
	// Authoritative and RecursionAvailable are the header's AA and RA flags.
	Authoritative, RecursionAvailable bool
	// EDNS answers a query's OPT record with one; Compress packs names with
	// pointers. dnsmasq does both, the Docker resolver neither.
	EDNS, Compress bool
	// Delay is how long the server thinks before it sends the answer.
	Delay time.Duration
	// Silent gives no answer at all.
	Silent bool
	// Forward, if not empty, asks these servers in turn and relays what Relay says,
	// as it came; Records and Rcode are then ignored.
	Forward []Upstream
	Relay   Relay
	// ForwardTimeout is the time that each server gets, 0 for 5 s.
	ForwardTimeout time.Duration
}

// Upstream is a server that questions are forwarded to, and the namespace that it is
// asked from, nil for that of the server's process.
type Upstream struct {
	At   netip.AddrPort
	From *stack.Namespace
}

// Relay says which of the replies of several servers the client gets.
type Relay int

const (
	// FirstReply is the first one, whatever it says, and SERVFAIL if there is none.
	FirstReply Relay = iota
	// FirstUseful is the first one that knows the name or, with authority, that there
	// is none; or else the last server's, and nothing at all if that one gave none.
	FirstUseful
)

// Handler answers the queries of a server that [Serve] or [ServeTCP]
// runs. It does not block.
type Handler interface {
	Answer(q Query) Answer
}

// HandlerFunc is a function as a [Handler].
type HandlerFunc func(q Query) Answer

// Answer calls f.
func (f HandlerFunc) Answer(q Query) Answer { return f(q) }
