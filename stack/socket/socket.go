// Package socket owns what all sockets of a namespace have in common: who
// holds one, the list of them, and what ss and netstat know of each. What a
// socket does is its protocol's: TCP and UDP are package transport's, raw ICMP
// is package stack's.
package socket

import "net/netip"

// Info is what ss and netstat know about a socket.
type Info struct {
	Proto         string // "tcp", "udp", "raw"
	V6            bool   // an AF_INET6 socket (also a dual-stack one)
	V6Only        bool   // it takes no IPv4
	Local, Remote netip.AddrPort
	State         State
	Owner         string // program name; "" if nobody holds it
	PID           int
	FD            int // of the holder
	RecvQ, SendQ  int
	Icmp          bool // raw socket of protocol ICMP
}

// State is where a connection, or a socket that has none, stands.
type State uint8

// The states of TCP, and that of sockets that are not connected. The zero value is the
// latter.
const (
	Unconnected State = iota
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	LastAck
	Closing
	TimeWait
	Closed
)

var states = [...]string{
	"UNCONN", "LISTEN", "SYN-SENT", "SYN-RECV", "ESTAB", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "CLOSING", "TIME-WAIT", "CLOSED",
}

// String is the state as ss prints it.
func (s State) String() string { return states[s] }

// Socket is one of any kind. Its implementations embed an [Owner].
type Socket interface {
	Info() Info
	Close() error
	Abandon() // the namespace is closing
	owner() *Owner
}
