package trail

import (
	"fmt"
	"time"
)

// ID names a packet for as long as it lives: through queues, bridges, copies of
// its bytes and address translation. Zero is no packet. IDs count up in the
// order in which packets are first told of, within one run.
type ID uint64

// Event is one thing that happened to one packet.
type Event struct {
	At    time.Duration // virtual time
	Seq   uint64        // position in the run's journal, from 1
	Place Place
	Verb  Verb
	// Reason says why, for a drop; and how, for a few others. Rule is the
	// netfilter rule that decided, if one did.
	Reason Reason
	Rule   *Rule
	// Packet is whom it happened to. Parent is where it comes from: the whole
	// that a segment or fragment is a piece of, the packet that a copy is of, the
	// packet that an encapsulation carries, and for Decapsulate the carrier.
	Packet, Parent ID
	// Frame is the packet as an Ethernet frame; a packet that has no link header
	// yet has zero addresses. It is valid during the call only, and nobody
	// changes it.
	Frame []byte
	// Unsummed tells that the transport checksum in Frame is still to be filled
	// in, by a network card or never (CHECKSUM_PARTIAL).
	Unsummed bool
	// Unverified tells that a receiver has still to look whether that checksum is
	// right (CHECKSUM_NONE).
	Unverified bool
}

// Why is the reason as a trace prints it: the rule where one decided, else the
// reason's name, "" for none.
func (e *Event) Why() string {
	if e.Rule != nil && e.Verb == Drop {
		return "netfilter:" + e.Rule.String()
	}
	return e.Reason.String()
}

// Ends reports whether the event is the packet's last: it was delivered or
// dropped.
func (e *Event) Ends() bool { return e.Verb == Deliver || e.Verb == Drop }

// Verb is what happened.
type Verb uint8

// The verbs. A packet's life begins with its first event and ends with Deliver
// or Drop; Segment and Copy tell the birth of another that has this one as its
// Parent.
const (
	Send        Verb = iota + 1 // it leaves here
	Receive                     // it arrives here
	Queue                       // it waits: for a neighbour's address, for its other fragments
	Deliver                     // it has arrived: a socket, a protocol or a kernel service has it
	Rewrite                     // address translation has changed it
	Encapsulate                 // it was made around its Parent
	Decapsulate                 // it comes out of its Parent
	Drop                        // it ends here
	Copy                        // it is another of its Parent: flooded, duplicated
	Segment                     // it is a piece of its Parent: a TCP segment, an IP fragment
	Join                        // it is whole again: its fragments are all here
)

var verbNames = [...]string{"", "send", "receive", "queue", "deliver", "rewrite", "encapsulate", "decapsulate", "drop", "copy", "segment", "join"}

// String is the word in traces.
func (v Verb) String() string {
	if int(v) >= len(verbNames) {
		return fmt.Sprintf("verb(%d)", v)
	}
	return verbNames[v]
}

// Rule is a netfilter rule as it was when it decided.
type Rule struct {
	Table, Chain string // a table of nftables is named with its family: "inet filter"
	Number       int    // in its chain from 1, as iptables -L --line-numbers; 0 is the chain's policy
	Text         string // as iptables -S prints it, without -A CHAIN; as nft -s lists it
}

// String is "filter/FORWARD: -i docker0 -j DROP".
func (r *Rule) String() string { return r.Table + "/" + r.Chain + ": " + r.Text }

// Note is something that happened to no packet in particular.
type Note struct {
	At    time.Duration
	Seq   uint64
	Place Place
	What  string // "carrier", "log", "migrate"
	Text  string // "up", the prefix of the LOG target, what migrated
	More  string
}
