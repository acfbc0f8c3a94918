package explain

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"dnetsim/link/trail"
)

// Protocol is what a probe speaks.
type Protocol uint8

// The protocols.
const (
	ICMP Protocol = iota // an echo request, as ping
	TCP                  // a connection
	UDP                  // a datagram
)

func (p Protocol) String() string { return [...]string{"icmp", "tcp", "udp"}[p] }

// number is the protocol's in an IP header.
func (p Protocol) number(v6 bool) byte {
	switch {
	case p == TCP:
		return 6
	case p == UDP:
		return 17
	case v6:
		return 58
	}
	return 1
}

// Flow is a question: does From reach To?
type Flow struct {
	From  string // a host, a container's name, or HOST/CONTAINER
	To    string // an address, HOST/CONTAINER, or a name that From would resolve
	Proto Protocol
	Port  uint16 // of TCP and UDP
	Large bool   // packets of the interface's MTU
}

// String is "bdc01/c1 → c2 tcp/80".
func (f Flow) String() string {
	s := f.From + " → " + f.To
	if f.Proto != ICMP {
		s += fmt.Sprintf(" %s/%d", f.Proto, f.Port)
	}
	if f.Large {
		s += ", large"
	}
	return s
}

// Command is what the words of the question are on the command line.
func (f Flow) Command() string {
	s := "--from " + f.From + " --to " + f.To
	if f.Proto != ICMP {
		s += fmt.Sprintf(" --port %d/%s", f.Port, f.Proto)
	}
	if f.Large {
		s += " --large"
	}
	return s
}

// ParsePort reads "80", "80/tcp" or "53/udp"; "" and "icmp" are a ping.
func ParsePort(text string) (Protocol, uint16, error) {
	if text == "" || text == "icmp" {
		return ICMP, 0, nil
	}
	num, name, given := strings.Cut(text, "/")
	proto := TCP
	if given && name == "udp" {
		proto = UDP
	} else if given && name != "tcp" {
		return 0, 0, &UsageError{fmt.Sprintf("port %q: write a number with its protocol, such as 80/tcp or 53/udp", text)}
	}
	n, err := strconv.ParseUint(num, 10, 16)
	if err != nil || n == 0 {
		return 0, 0, &UsageError{fmt.Sprintf("port %q: write a number from 1 to 65535, such as 80/tcp or 53/udp", text)}
	}
	return proto, uint16(n), nil
}

// Verdict is what became of a flow: one closed set.
type Verdict uint8

// The verdicts.
const (
	Delivered       Verdict = iota + 1 // it got there, and the answer came back
	NoReturn                           // it got there, and no answer came back
	Refused                            // somebody said no: a reset, an ICMP error
	Dropped                            // it died on the way
	Unresolved                         // nobody answered for the next hop's link address
	NoRoute                            // there is no way to send it
	NameNotResolved                    // the name has no address
	Looped                             // it went in circles until its TTL ran out
	Lost                               // a cable lost it
	Waiting                            // it is still on its way
)

var verdictNames = [...]string{"", "delivered", "delivered-no-return", "refused", "dropped", "unresolved", "no-route", "name-not-resolved", "looped", "lost", "waiting"}

// String is the stable name, "delivered-no-return".
func (v Verdict) String() string { return verdictNames[v] }

// verdictWords say what a name of verdictNames leaves open.
var verdictWords = map[Verdict]string{
	NoReturn:        "it got there, and no answer came back",
	Refused:         "it got there, and was told that nobody takes it",
	Unresolved:      "nobody answers for the link (MAC) address of the next hop",
	NoRoute:         "there is no way to send it",
	NameNotResolved: "the name has no address",
	Looped:          "it went in circles until its TTL ran out",
	Lost:            "the network loses it",
}

// inWords is the name and what it means.
func (v Verdict) inWords() string {
	if s := verdictWords[v]; s != "" {
		return v.String() + ", " + s
	}
	return v.String()
}

// reasonWords say in plain words why a packet was dropped, where the reason's
// name is not plain.
var reasonWords = map[trail.Reason]string{
	trail.WireDown:           "the cable is cut",
	trail.EndDown:            "the interface at one end of the cable is down",
	trail.NoReceiver:         "nothing is plugged in at the other end",
	trail.Blocked:            "the network between the machines does not let this protocol or port pass",
	trail.MTU:                "the packet is larger than what fits through here, and nobody is told",
	trail.Loss:               "the cable loses some",
	trail.Hairpin:            "it would leave by the bridge port that it came in by",
	trail.MACFilter:          "the switch port does not take this link (MAC) address",
	trail.L2Miss:             "the tunnel was not told which host has this link (MAC) address",
	trail.L3Miss:             "nobody has told the tunnel's device of this address",
	trail.NoAnswer:           "the tunnel's device knows the address and may not answer for it",
	trail.NoRemote:           "the tunnel's table does not say which host it is for",
	trail.TunnelLoop:         "the way to the tunnel's other end leads into the tunnel",
	trail.UnknownVNI:         "no tunnel here has the packet's network number (VNI)",
	trail.OwnAddress:         "it comes from outside with the tunnel's own address as its sender",
	trail.EntryExists:        "the table has its sender behind another host",
	trail.OtherMode:          "the mode of the macvlan or ipvlan device does not let it pass",
	trail.OtherHost:          "it is addressed to another link (MAC) address",
	trail.NoProtocol:         "nothing here takes this IP protocol",
	trail.Checksum:           "its checksum is wrong",
	trail.ForwardingDisabled: "it is for somebody else, and net.ipv4.ip_forward is 0",
	trail.TTLExceeded:        "it went in circles",
	trail.TooBig:             "it is larger than the way's MTU and must not be cut",
	trail.BlackholeRoute:     "a route says so (blackhole)",
	trail.MartianSource:      "it cannot come from that sender here",
	trail.RPFilter:           "answers to its sender would go another way (net.ipv4.conf.*.rp_filter)",
	trail.EchoIgnored:        "net.ipv4.icmp_echo_ignore_all is 1",
	trail.NeighbourQueueFull: "too many wait for the same link (MAC) address",
	trail.HostUnreachable:    "nobody answered for the link (MAC) address",
	trail.Swallowed:          "a dummy interface keeps what it is given",
	trail.NoState:            "IPsec has no key for it (ip xfrm state)",
}

// MarshalJSON writes the name.
func (v Verdict) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }
