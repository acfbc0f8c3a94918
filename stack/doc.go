// Package stack owns one network namespace: its interfaces, addresses, routes,
// neighbours, sysctls, netfilter hooks and sockets.
//
// TCP and UDP are package transport: a gVisor netstack for each namespace, with
// one device. Everything between that device and the wire is the kernel's
// network layer as Linux has it and is written here: the routing
// tables, ARP and neighbour discovery with Linux's states and timers, the
// netfilter hooks with the names of the real interfaces, forwarding, ICMP
// errors, fragmentation, veth pairs, bridges and the loopback.
//
// It knows addresses but no Docker. Frames, wires and the learning bridge
// belong to package link; iptables text belongs to package stack/netfilter.
//
// Start reading at [Namespace] and [Interface]; a packet's way in is ipin.go,
// its way out ipout.go, its way to and from TCP and UDP tolayer.go.
package stack
