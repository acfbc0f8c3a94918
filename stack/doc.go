// Package stack owns one network namespace: its interfaces, addresses, routes,
// neighbours, sysctls, netfilter hooks and sockets.
//
// The transport layer (TCP, UDP) of every namespace is a gVisor netstack with
// one internal device. Everything between that device and the wire is the
// kernel's network layer as Linux has it and is written here: the routing
// tables, ARP and neighbour discovery with Linux's states and timers, the
// netfilter hooks with the names of the real interfaces, forwarding, ICMP
// errors, fragmentation, veth pairs, bridges and the loopback.
//
// It knows addresses but no Docker. Frames, wires and the learning bridge
// belong to package link; iptables text belongs to package stack/netfilter.
//
// Start reading at [Namespace] and [Interface]; a packet's way in is ipin.go,
// its way out ipout.go. Every entry into netstack goes through
// Namespace.enter, which settles its workers before time moves on.
package stack
