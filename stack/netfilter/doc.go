// Package netfilter is the firewall of one network namespace: the tables raw,
// mangle, nat and filter of one address family, written and printed as iptables
// v1.8.9 (legacy) does, and carried out on the packets of a gVisor stack.
//
// It owns the rules, their counters, the text forms, connection tracking and
// the translation of addresses. It does not own interfaces or routes, sends
// nothing, and knows nothing of Docker: package stack calls [Rules.Traverse] at
// the five hooks and answers a [Reject] itself.
//
// Start reading at [Rules], then rule.go (one rule), command.go (the command
// line), hook.go (what happens to a packet), tracker.go and nat.go. The base
// chains of nftables, which package nftables has, stand among the tables at the
// hooks: base.go is what they see of a packet.
//
// What is told apart from Linux: windows of TCP are not followed, so an old
// segment is not INVALID; there are no helpers (FTP and the like), zones or
// NOTRACK; a fragment that overtakes the first of its packet is INVALID,
// because packets are put together only where they are delivered.
package netfilter
