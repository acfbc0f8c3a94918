// Package dissect takes a frame apart for people who look at it: layer by layer
// and field by field, each with the bytes that it stands in. It knows what the
// simulator's stacks send: Ethernet, 802.1Q, ARP, IPv4, IPv6, ICMP, ICMPv6, UDP,
// TCP, VXLAN with the frame in it, ESP and DNS; what else there is, is data.
//
// It keeps nothing and decides nothing. What tcpdump prints of a frame in one line
// is package print's.
//
// Start reading at [Frame].
package dissect
