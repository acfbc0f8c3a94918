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
	Local, Remote netip.AddrPort
	State         string // "LISTEN", "ESTAB", "SYN-SENT", …, "UNCONN" (as ss prints them)
	Owner         string // program name; "" if nobody holds it
	PID           int
	FD            int // of the holder
	RecvQ, SendQ  int
	Icmp          bool // raw socket of protocol ICMP
}

// Socket is one of any kind. Its implementations embed an [Owner].
type Socket interface {
	Info() Info
	Close() error
	Abandon() // the namespace is closing
	owner() *Owner
}
